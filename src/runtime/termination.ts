// When a container that has to stop is told so, and when it is killed, as the kubelet does it. Pure.

/** What is left to a container after its preStop hook, even where the hook used up the grace period. */
const leastAfterHookMs = 2000

export interface StopTimes {
  /** SIGTERM. */
  readonly signalMs: number
  /** SIGKILL, if it still runs. */
  readonly killMs: number
}

/**
 * Times in ms from the call. `hookMs` is how long the preStop hook runs if it is let (undefined: there is none): 20 s of a grace period
 * of 30 s leave 10 s, 60 s are cut at 30 s and leave 2 s. No grace at all means no hook either.
 */
export function stopTimes(graceMs: number, hookMs: number | undefined): StopTimes {
  if (hookMs === undefined || graceMs <= 0) return { signalMs: 0, killMs: graceMs }
  const signalMs = Math.min(hookMs, graceMs)
  return { signalMs, killMs: Math.max(graceMs, signalMs + leastAfterHookMs) }
}
