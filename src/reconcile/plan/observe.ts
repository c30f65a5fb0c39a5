import type { LiveContainer, LiveHost, LivePod } from '../../runtime/live.ts'
import { hasEnded, isCrashLooping, isCutOff, policyOf, restarts } from './container-state.ts'
import { deadlineText, isOverdue } from './deadline.ts'
import type { Template } from './desired.ts'
import { emptiedForGood } from './files-of-pod.ts'
import { type ContainerReport, type InitReport, isAvailable, type Phase, podPhase } from './phase.ts'
import { failureOf, problemOf } from './pod-problem.ts'
import { lacks, type Progress, progressOf } from './progress.ts'
import { roleOf } from './start-order.ts'

/**
 * What a pod counts as. `leaving`: on its way out. `unknown`: nothing may be decided from it now. `lost`: cannot come back, what is left
 * is to be removed. `finished`: ended for good. The others run: ready for long enough and in traffic, ready, not ready.
 */
export type Bucket = 'leaving' | 'unknown' | 'lost' | 'finished' | 'available' | 'ready' | 'unready'

export interface Observed {
  readonly pod: LivePod
  readonly bucket: Bucket
  readonly reachable: boolean
  readonly phase: Phase
  /** Why it failed, where the ends of its containers do not tell: `DeadlineExceeded: …`. */
  readonly reason: string
  readonly ready: boolean
  /** It is ready, but not in traffic everywhere yet: nobody may go on its account. */
  readonly joining: boolean
  /** When the last of its containers became ready, ms. */
  readonly readySince: number | undefined
  readonly restarts: number
  /** Why it is not ready, reason first. */
  readonly problem: string
  /** Waits for its next start after several crashes. */
  readonly crashLooping: boolean
}

export interface Eye {
  readonly now: number
  readonly hosts: readonly LiveHost[]
  readonly minReadyMs: number
  /** The template that missing containers can be made from. */
  readonly hash: string
  /** The wanted template, if what is in the volumes of older pods is to be asked for. */
  readonly template?: Template
}

interface Facts {
  readonly pod: LivePod
  readonly host: LiveHost | undefined
  readonly phase: Phase
  readonly ready: boolean
  readonly joining: boolean
  readonly readySince: number | undefined
  readonly eye: Eye
}

const rules: readonly { readonly bucket: Bucket; readonly when: (facts: Facts) => boolean }[] = [
  { bucket: 'leaving', when: ({ pod }) => pod.leaving },
  { bucket: 'unknown', when: ({ host }) => !host?.reachable },
  { bucket: 'lost', when: (facts) => isLost(facts) },
  { bucket: 'finished', when: ({ phase }) => isFinal(phase) },
  { bucket: 'unknown', when: ({ pod }) => lasting(pod).some(isUnseen) },
  {
    bucket: 'available',
    when: ({ ready, joining, readySince, eye }) =>
      !joining && isAvailable(ready, eye.minReadyMs, eye.now - (readySince ?? eye.now)),
  },
  { bucket: 'ready', when: ({ ready }) => ready },
  { bucket: 'unready', when: () => true },
]

export function observe(pod: LivePod, eye: Eye): Observed {
  const host = eye.hosts.find((candidate) => candidate.name === pod.host)
  const ready = isReady(pod, eye.now)
  const { phase, reason } = phaseOf(pod, eye.now)
  const joining = ready && pod.traffic === 'joining'
  const facts: Facts = { pod, host, phase, ready, joining, readySince: readySince(pod, ready), eye }
  return {
    pod,
    bucket: rules.find((rule) => rule.when(facts))?.bucket ?? 'unready',
    reachable: host?.reachable ?? false,
    phase,
    reason,
    ready,
    joining,
    readySince: facts.readySince,
    restarts: pod.containers.reduce((total, container) => total + container.restarts, 0),
    problem: problemIn(facts, reason),
    crashLooping: pod.containers.some((container) => isCrashLooping(container, pod, eye.now)),
  }
}

function problemIn({ pod, host, phase, ready, joining, eye }: Facts, reason: string): string {
  if (host?.reachable && isFinal(phase)) return reason || failureOf(pod)
  return problemOf(pod, host, ready, eye.now) || (joining ? 'joins traffic' : '')
}

function isFinal(phase: Phase): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

/** Its sandbox is gone, or a container or files of an old template, which nobody can make again. */
function isLost({ pod, phase, eye: { hash, template, now } }: Facts): boolean {
  if (!pod.sandbox || pod.sandbox.state === 'dead') return true
  if (pod.template === hash) return false
  return lacks(pod, now) || (!isFinal(phase) && template !== undefined && emptiedForGood(pod, template, now))
}

function isUnseen(container: LiveContainer): boolean {
  return container.state === 'running' && !container.health.known
}

/** Containers that readiness depends on: all but plain init containers. */
function lasting(pod: LivePod): readonly LiveContainer[] {
  return pod.containers.filter(({ name }) => roleOf(pod.spec, name) !== 'init')
}

function isReady(pod: LivePod, now: number): boolean {
  const containers = lasting(pod)
  return (
    pod.sandbox?.state === 'running' &&
    containers.length > 0 &&
    containers.every(
      (container) => container.state === 'running' && container.health.ready && !isCutOff(container, pod, now),
    ) &&
    !lacks(pod, now)
  )
}

function readySince(pod: LivePod, ready: boolean): number | undefined {
  if (!ready) return undefined
  return Math.max(...lasting(pod).map((container) => container.health.readySince ?? 0))
}

/** `reason`: why it failed, where the containers' ends do not tell. */
export function phaseOf(pod: LivePod, now: number): { readonly phase: Phase; readonly reason: string } {
  const phase = phaseByContainers(pod, now)
  return isOverdue(pod, isFinal(phase), now) ? { phase: 'Failed', reason: deadlineText } : { phase, reason: '' }
}

function phaseByContainers(pod: LivePod, now: number): Phase {
  const live = new Map(pod.containers.map((container) => [container.name, container]))
  const containers = (pod.spec?.containers ?? pod.containers).map(({ name }) => reportOf(live.get(name)))
  const restartPolicy = policyOf(pod)
  const report = { restartPolicy, containers, terminal: false }
  // Main containers that ended for good decide alone: sidecars are stopped then, and a sandbox that ended is not started again.
  if (restartPolicy !== 'Always' && allEnded(pod, live)) {
    return podPhase({ ...report, initContainers: [], initialized: true })
  }
  const progress = progressOf(pod, now)
  const initContainers = (pod.spec?.initContainers ?? []).map(({ name }) =>
    initReportOf(pod, name, live.get(name), progress),
  )
  return podPhase({ ...report, initContainers, initialized: progress.initialized })
}

function allEnded(pod: LivePod, live: ReadonlyMap<string, LiveContainer>): boolean {
  return (pod.spec?.containers ?? []).every(({ name }) => {
    const container = live.get(name)
    return container !== undefined && hasEnded(container) && !restarts(container, pod)
  })
}

function initReportOf(
  pod: LivePod,
  name: string,
  container: LiveContainer | undefined,
  { done }: Progress,
): InitReport | undefined {
  const sidecar = roleOf(pod.spec, name) === 'sidecar'
  if (done.has(name)) return { state: 'terminated', exitCode: 0, sidecar, started: true }
  const report = reportOf(container)
  if (!container || !report) return undefined
  const started = container.health.started
  // It ended well before the sandbox was started again: its turn comes once more.
  if (report.state === 'terminated' && report.exitCode === 0 && !sidecar) {
    return { state: 'waiting', sidecar, started }
  }
  return { ...report, sidecar, started }
}

function reportOf(container: LiveContainer | undefined): ContainerReport | undefined {
  if (!container) return undefined
  if (hasEnded(container)) return { state: 'terminated', exitCode: container.exitCode }
  if (container.state === 'created') {
    return container.last ? { state: 'waiting', lastExitCode: container.last.exitCode } : { state: 'waiting' }
  }
  return { state: 'running' }
}
