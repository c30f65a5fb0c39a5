export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/** What one container reports; `undefined` as a whole: nothing yet. `lastExitCode`: it ran before and waits for its next start. */
export interface ContainerReport {
  readonly state: 'running' | 'waiting' | 'terminated'
  readonly exitCode?: number
  readonly lastExitCode?: number
}

export interface InitReport extends ContainerReport {
  /** Started once and kept running (`restartPolicy: Always`). */
  readonly sidecar: boolean
  readonly started: boolean
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

export interface PodReport {
  readonly restartPolicy: RestartPolicy
  readonly initContainers: readonly (InitReport | undefined)[]
  readonly containers: readonly (ContainerReport | undefined)[]
  /** Nothing of it will be started again. */
  readonly terminal: boolean
  readonly initialized: boolean
}

/** The phase that the kubelet would report (getPhase). */
export function podPhase(pod: PodReport): Phase {
  const init = pod.initContainers.map((report) => initState(report, pod.restartPolicy))
  if (init.includes('failed')) return 'Failed'
  const states = pod.containers.map(containerState)
  const sidecars = pod.initContainers.filter((report) => report?.sidecar)
  const unknown = states.filter((state) => state === 'unknown').length
  const running = states.concat(sidecars.map(containerState)).filter((state) => state === 'running').length
  const stopped = states.filter((state) => state === 'stopped' || state === 'succeeded').length
  if (init.includes('pending') && !pod.initialized) return 'Pending'
  if (states.includes('waiting') || unknown > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (stopped === 0) return 'Pending'
  return endedPhase(pod, states.includes('stopped'))
}

function endedPhase(pod: PodReport, someFailed: boolean): Phase {
  if (pod.terminal) return someFailed ? 'Failed' : 'Succeeded'
  if (pod.restartPolicy === 'Always') return 'Running'
  if (!someFailed) return 'Succeeded'
  return pod.restartPolicy === 'Never' ? 'Failed' : 'Running'
}

function containerState(
  report: ContainerReport | undefined,
): 'unknown' | 'running' | 'waiting' | 'stopped' | 'succeeded' {
  if (!report) return 'unknown'
  if (report.state === 'running') return 'running'
  if (report.state === 'terminated') return report.exitCode === 0 ? 'succeeded' : 'stopped'
  return report.lastExitCode === undefined ? 'waiting' : 'stopped'
}

function initState(report: InitReport | undefined, policy: RestartPolicy): 'done' | 'pending' | 'failed' {
  if (!report) return 'pending'
  if (report.sidecar) {
    if (report.state === 'running') return report.started ? 'done' : 'pending'
    return report.state === 'terminated' || report.lastExitCode !== undefined ? 'done' : 'pending'
  }
  const exitCode = report.state === 'terminated' ? report.exitCode : report.lastExitCode
  if (report.state === 'running' || exitCode === undefined) return 'pending'
  if (exitCode === 0) return report.state === 'terminated' ? 'done' : 'pending'
  return policy === 'Never' ? 'failed' : 'pending'
}

export interface Readiness {
  readonly podReady: boolean
  readonly containersReady: boolean
  readonly reason: 'PodCompleted' | 'ContainersNotReady' | 'ReadinessGatesNotReady' | undefined
}

export function podReadiness(
  phase: Phase,
  containersReady: readonly boolean[],
  gates: readonly string[],
  conditions: Readonly<Record<string, string>>,
): Readiness {
  if (phase === 'Succeeded') return { podReady: false, containersReady: false, reason: 'PodCompleted' }
  if (phase === 'Failed' || containersReady.includes(false)) {
    return { podReady: false, containersReady: false, reason: 'ContainersNotReady' }
  }
  if (gates.some((gate) => conditions[gate] !== 'True')) {
    return { podReady: false, containersReady: true, reason: 'ReadinessGatesNotReady' }
  }
  return { podReady: true, containersReady: true, reason: undefined }
}

/** Ready without a break for at least `minReadyMs`. */
export function isAvailable(ready: boolean, minReadyMs: number, readyForMs: number): boolean {
  return ready && (minReadyMs === 0 || readyForMs >= minReadyMs)
}
