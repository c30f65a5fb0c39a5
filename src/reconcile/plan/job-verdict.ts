import type { JobSpec } from '../../manifests/types.ts'
import { failedIndexes, indexesText, mergedIndexes } from './job-indexes.ts'
import { type JobPod, policyMatch } from './job-pods.ts'
import { meetsSuccessPolicy, type PolicyMatch } from './job-policy.ts'
import type { JobEnd } from './job-record.ts'
import { deadlineAt, exceedsBackoffLimit, isJobComplete } from './job-rules.ts'

/** What the pods of one job say about it. */
export interface JobFacts {
  readonly spec: JobSpec
  readonly active: readonly JobPod[]
  readonly succeeded: readonly JobPod[]
  readonly failed: readonly FailedJobPod[]
  readonly ending: readonly JobPod[]
  /** Of an Indexed job, sorted. */
  readonly succeededIndexes: readonly number[]
  readonly failedIndexes: readonly number[]
  /** ms */
  readonly startedAt: number
}

export interface FailedJobPod extends JobPod {
  readonly match: PolicyMatch
  /** Counted failures of the same index that ended before. */
  readonly earlierFailures: number
}

export function jobFacts(spec: JobSpec, pods: readonly JobPod[], startedAt: number): JobFacts {
  const of = (state: JobPod['state']): JobPod[] => pods.filter((pod) => pod.state === state)
  const succeeded = of('succeeded')
  const failed = failedPods(spec, of('failed'))
  const completions = spec.completions ?? 0
  const indexes = failed
    .filter(({ match }) => match.counted)
    .map(({ index, earlierFailures, match }) => ({ index, earlierFailures, failsIndex: match.action === 'FailIndex' }))
  const done = succeeded.map(({ index }) => index)
  return {
    spec,
    active: of('active'),
    succeeded,
    failed,
    ending: of('ending'),
    succeededIndexes: isIndexed(spec) ? mergedIndexes([], done, completions) : [],
    failedIndexes: isIndexed(spec) ? failedIndexes(indexes, spec.backoffLimitPerIndex, completions) : [],
    startedAt,
  }
}

export function isIndexed(spec: JobSpec): boolean {
  return spec.completionMode === 'Indexed'
}

function failedPods(spec: JobSpec, pods: readonly JobPod[]): FailedJobPod[] {
  const counts = new Map<number | undefined, number>()
  return [...pods]
    .sort((a, b) => a.finishedAt - b.finishedAt || (a.observed.pod.name < b.observed.pod.name ? -1 : 1))
    .map((pod) => {
      const match = policyMatch(pod, spec.podFailurePolicy?.rules ?? [])
      const earlierFailures = counts.get(pod.index) ?? 0
      if (match.counted) counts.set(pod.index, earlierFailures + 1)
      return { ...pod, match, earlierFailures }
    })
}

/** Indexes count once, however many pods of theirs ended well. */
export function successes({ spec, succeeded, succeededIndexes }: JobFacts): number {
  return isIndexed(spec) ? succeededIndexes.length : succeeded.length
}

/** Whether the job has come to its end, and how; undefined: it goes on. Pods may still have to be ended for it. */
export function jobVerdict(facts: JobFacts, now: number): JobEnd | undefined {
  const found = failure(facts) ?? indexFailure(facts) ?? success(facts) ?? lateness(facts, now)
  if (!found) return undefined
  const ends = [...facts.succeeded, ...facts.failed].map(({ finishedAt }) => finishedAt)
  return {
    outcome: 'Failed',
    finishedAt: Math.max(facts.startedAt, ...ends),
    succeeded: successes(facts),
    failed: facts.failed.length,
    ...found,
  }
}

type Found = Pick<JobEnd, 'reason' | 'message'> & Partial<JobEnd>

function failure({ spec, failed, active }: JobFacts): Found | undefined {
  const fatal = failed.find(({ match }) => match.action === 'FailJob')
  if (fatal) {
    const message = `${endText(fatal)} matches rule ${fatal.match.ruleIndex} with action FailJob`
    return { reason: 'PodFailurePolicy', message }
  }
  const counted = failed.filter(({ match }) => match.counted)
  const exceeded = exceedsBackoffLimit({
    restartPolicy: spec.template.spec.restartPolicy,
    backoffLimit: spec.backoffLimit,
    failedPods: counted.length,
    restarts: active.map(({ observed }) => observed.restarts),
  })
  if (!exceeded) return undefined
  const last = counted[counted.length - 1] ?? active.find(({ observed }) => observed.restarts > 0)
  const message = `backoffLimit ${spec.backoffLimit} was reached${last ? `: ${endText(last)}` : ''}`
  return { reason: 'BackoffLimitExceeded', message }
}

function endText({ observed }: JobPod): string {
  return `pod ${observed.pod.name}: ${observed.problem}`
}

function indexFailure({ spec, failedIndexes: failed, succeededIndexes }: JobFacts): Found | undefined {
  if (failed.length === 0) return undefined
  const message = `indexes that failed: ${indexesText(failed)}`
  if (spec.maxFailedIndexes !== undefined && failed.length > spec.maxFailedIndexes) {
    return { reason: 'MaxFailedIndexesExceeded', message }
  }
  const done = new Set([...failed, ...succeededIndexes]).size
  return done >= (spec.completions ?? 0) ? { reason: 'FailedIndexes', message } : undefined
}

function success(facts: JobFacts): Found | undefined {
  const { spec, succeededIndexes, active } = facts
  const { completions, successPolicy } = spec
  if (successPolicy && meetsSuccessPolicy(successPolicy, succeededIndexes, completions ?? 0)) {
    return { outcome: 'Complete', reason: 'SuccessPolicy', message: '' }
  }
  const complete = isJobComplete({ completions, succeeded: successes(facts), active: active.length })
  return complete ? { outcome: 'Complete', reason: 'CompletionsReached', message: '' } : undefined
}

function lateness({ spec, startedAt }: JobFacts, now: number): Found | undefined {
  const at = deadlineAt(spec.activeDeadlineSeconds, startedAt, spec.suspend)
  if (at === undefined || now < at) return undefined
  const message = `it took longer than ${spec.activeDeadlineSeconds} s`
  return { reason: 'DeadlineExceeded', message, finishedAt: at }
}
