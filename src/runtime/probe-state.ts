// What a series of probe outcomes means, as in kubelet's prober. Pure.
export type ProbeKind = 'startup' | 'readiness' | 'liveness'

/** `error`: the probe itself could not be carried out, which says nothing of the container. */
export type ProbeOutcome = 'success' | 'failure' | 'error'

export type ProbeResult = 'Success' | 'Failure' | 'Unknown'

export interface ProbeThresholds {
  readonly successThreshold: number
  readonly failureThreshold: number
}

export interface ProbeState {
  /** What is reported; changes only when a threshold is reached. */
  readonly result: ProbeResult
  readonly last: 'success' | 'failure' | undefined
  /** How often `last` came in a row. */
  readonly run: number
}

/** Nothing is sent traffic, and nothing is killed, before a probe has said so. */
const initialResult: Readonly<Record<ProbeKind, ProbeResult>> = {
  startup: 'Unknown',
  readiness: 'Failure',
  liveness: 'Success',
}

export function initialProbeState(kind: ProbeKind): ProbeState {
  return { result: initialResult[kind], last: undefined, run: 0 }
}

/** Two failures, then a success, with a failure threshold of three: the count starts again. */
export function afterProbe(state: ProbeState, thresholds: ProbeThresholds, outcome: ProbeOutcome): ProbeState {
  if (outcome === 'error') return state
  const run = outcome === state.last ? state.run + 1 : 1
  const threshold = outcome === 'success' ? thresholds.successThreshold : thresholds.failureThreshold
  const reached = outcome === 'success' ? 'Success' : 'Failure'
  return { result: run >= threshold ? reached : state.result, last: outcome, run }
}

/** The startup probe gates the others, and is over once it has succeeded. */
export function probeRuns(kind: ProbeKind, hasStartupProbe: boolean, started: boolean): boolean {
  return kind === 'startup' ? !started : !hasStartupProbe || started
}

export function pastInitialDelay(initialDelaySeconds: number, startedSecondsAgo: number): boolean {
  return startedSecondsAgo >= initialDelaySeconds
}

export function httpStatusSucceeds(status: number): boolean {
  return status >= 200 && status < 400
}

/** `exitCode` null: it did not end in time. */
export function execSucceeds(exitCode: number | null): boolean {
  return exitCode === 0
}

/** How long a container may take to start before its startup probe has it killed. */
export function startupBudgetSeconds(probe: {
  readonly initialDelaySeconds: number
  readonly periodSeconds: number
  readonly failureThreshold: number
}): number {
  return probe.initialDelaySeconds + probe.periodSeconds * probe.failureThreshold
}
