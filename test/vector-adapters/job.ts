import type { PodFailurePolicyRule } from '../../src/manifests/types.ts'
import { completionIndexKey, indexIdentity, jobPodName } from '../../src/reconcile/plan/job-identity.ts'
import {
  failedIndexes,
  indexesText,
  mergedIndexes,
  parseIndexes,
  pendingIndexes,
} from '../../src/reconcile/plan/job-indexes.ts'
import { matchFailurePolicy } from '../../src/reconcile/plan/job-policy.ts'
import {
  backoffRemaining,
  deadlineAt,
  exceedsBackoffLimit,
  expiresAt,
  failureRecord,
  isJobComplete,
  type JobCounts,
  jobSizing,
  podFinishedAt,
} from '../../src/reconcile/plan/job-rules.ts'

type OrNull<T> = { [K in keyof T]: T[K] | null }

interface FinishedAt {
  containersFinishedAt: (number | null)[]
  deletionTimestamp: number | null
  deletionGracePeriodSeconds: number | null
  readyCondition: { status: string; lastTransition: number } | null
  creationTimestamp: number
}

interface Failing {
  restartPolicy: 'Never' | 'OnFailure'
  backoffLimit: number
  failedPods: number
  runningPodRestartCounts: number[]
}

export const job = {
  manage(input: Omit<JobCounts, 'completions'> & OrNull<{ completions: number }>) {
    const { remove, ...sizing } = jobSizing({ ...input, completions: input.completions ?? undefined })
    return { ...sizing, delete: remove }
  },
  complete: ({ completions, ...rest }: { completions: number | null; succeeded: number; active: number }) => ({
    complete: isJobComplete({ ...rest, completions: completions ?? undefined }),
  }),
  backoffLimitExceeded({ runningPodRestartCounts, ...failures }: Failing) {
    const failed = exceedsBackoffLimit({ ...failures, restarts: runningPodRestartCounts })
    return { failed, reason: failed ? 'BackoffLimitExceeded' : null }
  },
  backoffRemaining: (input: {
    failuresAfterLastSuccess: number
    secondsSinceLastFailure: number
    initialSeconds: number
    maxSeconds: number
  }) => ({
    remainingSeconds:
      backoffRemaining(
        input.failuresAfterLastSuccess,
        input.secondsSinceLastFailure * 1000,
        input.initialSeconds * 1000,
        input.maxSeconds * 1000,
      ) / 1000,
  }),
  backoffRecord(input: { previousFailures: number; newSucceededAtMs: number[]; newFailedAtMs: number[] }) {
    const record = failureRecord(input.newSucceededAtMs, input.newFailedAtMs, input.previousFailures)
    return { failuresAfterLastSuccess: record.failures, lastFailureAtMs: record.lastAt ?? null }
  },
  succeededIndexes(input: { previous: string; succeededPodIndexes: (number | null)[]; completions: number }) {
    const more = input.succeededPodIndexes.map((index) => index ?? undefined)
    const indexes = mergedIndexes(parseIndexes(input.previous, input.completions), more, input.completions)
    return { count: indexes.length, indexes, text: indexesText(indexes) }
  },
  failedIndexes(input: {
    backoffLimitPerIndex: number | null
    completions: number
    previous: string
    failedPods: { index: number; indexFailureCount: number; policyAction?: string }[]
  }) {
    const pods = input.failedPods.map(({ index, indexFailureCount, policyAction }) => ({
      index,
      earlierFailures: indexFailureCount,
      failsIndex: policyAction === 'FailIndex',
    }))
    const previous = parseIndexes(input.previous, input.completions)
    return { indexes: failedIndexes(pods, input.backoffLimitPerIndex ?? undefined, input.completions, previous) }
  },
  pendingIndexes(input: {
    completions: number
    activeIndexes: number[]
    succeededIndexes: number[]
    failedIndexes: number[]
    count: number
  }) {
    const taken = new Set([...input.activeIndexes, ...input.succeededIndexes, ...input.failedIndexes])
    return { indexes: pendingIndexes(taken, input.completions, input.count) }
  },
  indexedPod({ jobName, index }: { jobName: string; index: number }) {
    const { labels, annotations, hostname } = indexIdentity(jobName, index)
    const name = jobPodName(jobName, undefined, index, 'hash', 0)
    return {
      env: { JOB_COMPLETION_INDEX: annotations[completionIndexKey] },
      annotation: annotations,
      label: labels,
      hostname,
      namePrefix: name.slice(0, name.indexOf('hash')),
    }
  },
  podFailurePolicy(input: {
    rules: PodFailurePolicyRule[]
    containers: { name: string; exitCode: number | null }[]
    conditions: { type: string; status: string }[]
  }) {
    const containers = input.containers.map(({ name, exitCode }) => ({ name, exitCode: exitCode ?? undefined }))
    const match = matchFailurePolicy(input.rules, { containers, conditions: input.conditions })
    return { action: match.action ?? null, counted: match.counted, ruleIndex: match.ruleIndex ?? null }
  },
  ttl(input: { ttlSecondsAfterFinished: number | null; finishedAt: number | null; now: number }) {
    const finishedAtMs = input.finishedAt === null ? undefined : input.finishedAt * 1000
    const at = expiresAt(input.ttlSecondsAfterFinished ?? undefined, finishedAtMs)
    if (at === undefined) return { expired: false, remainingSeconds: null }
    const left = Math.max(0, at / 1000 - input.now)
    return { expired: left === 0, remainingSeconds: left }
  },
  activeDeadline(input: {
    activeDeadlineSeconds: number | null
    startTime: number | null
    suspend: boolean
    now: number
  }) {
    const startedAt = input.startTime === null ? undefined : input.startTime * 1000
    const at = deadlineAt(input.activeDeadlineSeconds ?? undefined, startedAt, input.suspend)
    const failed = at !== undefined && input.now * 1000 >= at
    return { failed, reason: failed ? 'DeadlineExceeded' : null }
  },
  podFinishedAt: (input: FinishedAt) => ({
    finishedAt: podFinishedAt({
      containers: input.containersFinishedAt.map((at) => at ?? undefined),
      unreadySince: input.readyCondition?.status === 'False' ? input.readyCondition.lastTransition : undefined,
      deletedAt: input.deletionTimestamp ?? undefined,
      deletionGraceMs: input.deletionGracePeriodSeconds ?? undefined,
      createdAt: input.creationTimestamp,
    }),
  }),
}
