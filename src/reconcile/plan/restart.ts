import { backoffMs } from '../../base/backoff.ts'
import type { RestartPolicy } from './phase.ts'

export const firstWaitMs = 10_000
export const longestWaitMs = 300_000

export function shouldRestart(policy: RestartPolicy, exitCode: number): boolean {
  if (policy === 'Always') return true
  return policy === 'OnFailure' && exitCode !== 0
}

/** What is known of a container that ended, enough to say when it may run again. */
export interface EndedRun {
  /** Restarts before this run; 0 for the first run. */
  readonly restarts: number
  /** The wait that came before this run, ms. */
  readonly backoffMs: number
  readonly ranMs: number
}

/**
 * The wait before the next run: none after the first run, then 10 s doubling to 5 min. A run longer than twice the longest wait
 * starts the count anew (client-go Backoff, kubelet doBackOff).
 */
export function restartWaitMs(run: EndedRun, initialMs = firstWaitMs, maxMs = longestWaitMs): number {
  if (run.restarts === 0 || run.ranMs > 2 * maxMs) return 0
  return run.backoffMs === 0 ? Math.min(initialMs, maxMs) : Math.min(run.backoffMs * 2, maxMs)
}

/** The wait after the `attempts`th failed pull in a row. */
export function pullWaitMs(attempts: number): number {
  return backoffMs(attempts, firstWaitMs, longestWaitMs)
}

/** Sizes of the batches in which `count` things are made: 1, 2, 4, …; the batch in which item `firstErrorAt` (from 1) fails is the last. */
export function slowStartBatches(count: number, firstErrorAt?: number): number[] {
  const batches: number[] = []
  let done = 0
  while (done < count) {
    const size = Math.min(2 ** batches.length, count - done)
    batches.push(size)
    done += size
    if (firstErrorAt !== undefined && done >= firstErrorAt) break
  }
  return batches
}
