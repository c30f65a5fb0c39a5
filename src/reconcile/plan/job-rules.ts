import { backoffMs } from '../../base/backoff.ts'

export interface JobCounts {
  readonly parallelism: number
  /** Undefined: a work queue, whose pods know when all is done. */
  readonly completions: number | undefined
  readonly succeeded: number
  readonly active: number
  readonly terminating: number
  /** `Failed`: a pod is replaced once it has ended, not as soon as it is told to. */
  readonly podReplacementPolicy: 'TerminatingOrFailed' | 'Failed'
  readonly suspend: boolean
}

export interface Sizing {
  /** Pods that are to run at the same time. */
  readonly wantActive: number
  readonly create: number
  readonly remove: number
}

const mostAtOnce = 500

/** How many pods a Job makes or takes away now. */
export function jobSizing(counts: JobCounts): Sizing {
  const { active } = counts
  if (counts.suspend) return { wantActive: 0, create: 0, remove: Math.min(active, mostAtOnce) }
  const wantActive = counts.completions === undefined ? queueSize(counts) : remaining(counts.completions, counts)
  const remove = Math.min(Math.max(0, active - Math.max(0, wantActive)), mostAtOnce)
  if (remove > 0) return { wantActive, create: 0, remove }
  const ending = counts.podReplacementPolicy === 'Failed' ? counts.terminating : 0
  return { wantActive, create: Math.min(Math.max(0, wantActive - ending - active), mostAtOnce), remove }
}

/** After the first success of a work queue only what runs goes on. */
function queueSize({ succeeded, active, parallelism }: JobCounts): number {
  return succeeded > 0 ? active : parallelism
}

function remaining(completions: number, { succeeded, parallelism }: JobCounts): number {
  return Math.max(0, Math.min(completions - succeeded, parallelism))
}

export function isJobComplete({
  completions,
  succeeded,
  active,
}: Pick<JobCounts, 'completions' | 'succeeded' | 'active'>) {
  return active === 0 && (completions === undefined ? succeeded > 0 : succeeded >= completions)
}

export interface Failures {
  readonly restartPolicy: 'OnFailure' | 'Never' | 'Always'
  readonly backoffLimit: number
  readonly failedPods: number
  /** Of pods that run or are about to. */
  readonly restarts: readonly number[]
}

export function exceedsBackoffLimit({ restartPolicy, backoffLimit, failedPods, restarts }: Failures): boolean {
  if (failedPods > backoffLimit) return true
  if (restartPolicy !== 'OnFailure') return false
  const sum = restarts.reduce((total, count) => total + count, 0)
  return backoffLimit === 0 ? sum > 0 : sum >= backoffLimit
}

/** Failures since the newest success. Times are ms. */
export interface FailureRecord {
  readonly failures: number
  readonly lastAt: number | undefined
}

/** A success makes all failures up to it forgotten. */
export function failureRecord(
  succeededAt: readonly number[],
  failedAt: readonly number[],
  previous: number = 0,
): FailureRecord {
  const since = succeededAt.length > 0 ? Math.max(...succeededAt) : undefined
  const later = since === undefined ? failedAt : failedAt.filter((at) => at > since)
  return {
    failures: later.length + (since === undefined ? previous : 0),
    lastAt: later.length > 0 ? Math.max(...later) : undefined,
  }
}

export const firstBackoffMs = 10_000
export const longestBackoffMs = 600_000

/** How long a failed pod is not yet replaced, ms. */
export function backoffRemaining(
  failures: number,
  sinceLastMs: number,
  initialMs = firstBackoffMs,
  maxMs = longestBackoffMs,
): number {
  return Math.max(0, backoffMs(failures, initialMs, maxMs) - Math.max(0, sinceLastMs))
}

/** When what is left of a finished Job may go, ms; undefined: never, or it has not finished. */
export function expiresAt(ttlSeconds: number | undefined, finishedAt: number | undefined): number | undefined {
  return ttlSeconds === undefined || finishedAt === undefined ? undefined : finishedAt + ttlSeconds * 1000
}

/** When a Job fails for taking too long, ms; undefined: never. */
export function deadlineAt(
  seconds: number | undefined,
  startedAt: number | undefined,
  suspend: boolean,
): number | undefined {
  return seconds === undefined || startedAt === undefined || suspend ? undefined : startedAt + seconds * 1000
}

export interface PodEnd {
  /** One per container; 0: ended, nobody knows when; undefined: it runs. */
  readonly containers: readonly (number | undefined)[]
  /** When it stopped being ready. */
  readonly unreadySince?: number | undefined
  readonly deletedAt?: number | undefined
  readonly deletionGraceMs?: number | undefined
  readonly createdAt: number
}

/** When a pod ended, as well as it can be told. */
export function podFinishedAt(pod: PodEnd): number {
  const { containers } = pod
  if (containers.length > 0 && containers.every((at) => at !== undefined && at !== 0)) {
    return Math.max(...containers.map((at) => at ?? 0))
  }
  if (pod.unreadySince !== undefined) return pod.unreadySince
  if (pod.deletedAt !== undefined) return pod.deletedAt - (pod.deletionGraceMs ?? 0)
  return pod.createdAt
}
