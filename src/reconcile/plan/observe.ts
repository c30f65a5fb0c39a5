import type { LiveContainer, LiveHost, LivePod } from '../../runtime/live.ts'
import { type ContainerReport, isAvailable, type Phase, podPhase } from './phase.ts'
import { longestWaitMs, restartWaitMs, shouldRestart } from './restart.ts'

/**
 * What a pod counts as. `leaving`: on its way out. `unknown`: nothing may be decided from it now. `lost`: cannot come back, what is left
 * is to be removed. `finished`: ended for good. The others run: ready for long enough, ready, not ready.
 */
export type Bucket = 'leaving' | 'unknown' | 'lost' | 'finished' | 'available' | 'ready' | 'unready'

export interface Observed {
  readonly pod: LivePod
  readonly bucket: Bucket
  readonly reachable: boolean
  readonly phase: Phase
  readonly ready: boolean
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
}

interface Facts {
  readonly pod: LivePod
  readonly host: LiveHost | undefined
  readonly phase: Phase
  readonly ready: boolean
  readonly readySince: number | undefined
  readonly eye: Eye
}

const rules: readonly { readonly bucket: Bucket; readonly when: (facts: Facts) => boolean }[] = [
  { bucket: 'leaving', when: ({ pod }) => pod.leaving },
  { bucket: 'unknown', when: ({ host }) => !host?.reachable },
  { bucket: 'lost', when: ({ pod, eye }) => isLost(pod, eye.hash) },
  { bucket: 'finished', when: ({ phase }) => phase === 'Succeeded' || phase === 'Failed' },
  { bucket: 'unknown', when: ({ pod }) => pod.containers.some(isUnseen) },
  {
    bucket: 'available',
    when: ({ ready, readySince, eye }) => isAvailable(ready, eye.minReadyMs, eye.now - (readySince ?? eye.now)),
  },
  { bucket: 'ready', when: ({ ready }) => ready },
  { bucket: 'unready', when: () => true },
]

export function observe(pod: LivePod, eye: Eye): Observed {
  const host = eye.hosts.find((candidate) => candidate.name === pod.host)
  const ready = isReady(pod, eye.now)
  const facts: Facts = { pod, host, phase: phaseOf(pod), ready, readySince: readySince(pod, ready), eye }
  return {
    pod,
    bucket: rules.find((rule) => rule.when(facts))?.bucket ?? 'unready',
    reachable: host?.reachable ?? false,
    phase: facts.phase,
    ready,
    readySince: facts.readySince,
    restarts: pod.containers.reduce((total, container) => total + container.restarts, 0),
    problem: problemOf(pod, host, ready, eye.now),
    crashLooping: pod.containers.some((container) => isCrashLooping(container, pod, eye.now)),
  }
}

/** Its sandbox is gone, or a container of an old template, of which nobody knows the configuration any more. */
function isLost(pod: LivePod, hash: string): boolean {
  if (!pod.sandbox || pod.sandbox.state === 'dead') return true
  return pod.template !== hash && missingContainers(pod).length > 0
}

/** Names of containers that the pod's spec asks for and that do not exist. */
export function missingContainers(pod: LivePod): readonly string[] {
  const there = new Set(pod.containers.map((container) => container.name))
  return (pod.spec?.containers ?? []).map((container) => container.name).filter((name) => !there.has(name))
}

function isUnseen(container: LiveContainer): boolean {
  return container.state === 'running' && !container.health.known
}

function isReady(pod: LivePod, now: number): boolean {
  return (
    pod.sandbox?.state === 'running' &&
    pod.containers.length > 0 &&
    missingContainers(pod).length === 0 &&
    pod.containers.every(
      (container) => container.state === 'running' && container.health.ready && !isCutOff(container, pod, now),
    )
  )
}

/**
 * Started before the sandbox last did: it has no network any more. A sandbox that started in the future says that the clock was set
 * back: then the order of times means nothing, and containers made since must not be restarted for ever.
 */
export function isCutOff(container: LiveContainer, { sandbox }: LivePod, now: number): boolean {
  if (!sandbox || sandbox.startedAt > now) return false
  return container.startedAt !== 0 && container.startedAt < sandbox.startedAt
}

function readySince(pod: LivePod, ready: boolean): number | undefined {
  if (!ready) return undefined
  return Math.max(...pod.containers.map((container) => container.health.readySince ?? 0))
}

export function phaseOf(pod: LivePod): Phase {
  const reports = (pod.spec?.containers ?? pod.containers).map(({ name }) =>
    reportOf(pod.containers.find((container) => container.name === name)),
  )
  return podPhase({
    restartPolicy: pod.spec?.restartPolicy ?? 'Always',
    initContainers: [],
    containers: reports,
    terminal: false,
    initialized: true,
  })
}

function reportOf(container: LiveContainer | undefined): ContainerReport | undefined {
  if (!container) return undefined
  if (hasEnded(container)) return { state: 'terminated', exitCode: container.exitCode }
  if (container.state === 'created') {
    return container.last ? { state: 'waiting', lastExitCode: container.last.exitCode } : { state: 'waiting' }
  }
  return { state: 'running' }
}

/** Its process ended, or could not be started. */
export function hasEnded(container: LiveContainer): boolean {
  if (container.state === 'exited' || container.state === 'dead') return true
  return container.state === 'created' && container.error !== ''
}

/** When its process ended, or its start failed, ms. */
export function endedAt(container: LiveContainer): number {
  return container.finishedAt || container.startedAt || container.createdAt
}

/** When it may run again; undefined: never, by the pod's restart policy. An end far in the future (a clock set back) is waited for no longer. */
export function restartAt(
  container: LiveContainer,
  pod: LivePod,
  now: number,
): { at: number; waitMs: number } | undefined {
  if (!shouldRestart(pod.spec?.restartPolicy ?? 'Always', container.exitCode)) return undefined
  const ended = endedAt(container)
  const ranMs = container.startedAt === 0 ? 0 : ended - container.startedAt
  const waitMs = restartWaitMs({ restarts: container.restarts, backoffMs: container.backoffMs, ranMs })
  return { at: ended > now + longestWaitMs ? now : ended + waitMs, waitMs }
}

const crashesOfALoop = 3

function isCrashLooping(container: LiveContainer, pod: LivePod, now: number): boolean {
  if (!hasEnded(container) || container.restarts < crashesOfALoop) return false
  const next = restartAt(container, pod, now)
  return next !== undefined && next.at > now
}

/** `OOMKilled`, `StartError`, `Completed` or `Error`. */
export function endReason(container: LiveContainer): string {
  if (container.state === 'created') return 'StartError'
  if (container.oomKilled) return 'OOMKilled'
  return container.exitCode === 0 ? 'Completed' : 'Error'
}

function problemOf(pod: LivePod, host: LiveHost | undefined, ready: boolean, now: number): string {
  if (!host?.reachable) return `host ${pod.host} is unreachable${host?.message ? `: ${host.message}` : ''}`
  if (ready) return ''
  if (!pod.sandbox) return 'its sandbox is gone'
  if (pod.sandbox.error) return `sandbox does not start: ${pod.sandbox.error}`
  for (const container of pod.containers) {
    const problem = containerProblem(container, pod, now)
    if (problem) return problem
  }
  return 'starting'
}

function containerProblem(container: LiveContainer, pod: LivePod, now: number): string {
  if (hasEnded(container)) {
    const next = restartAt(container, pod, now)
    const why = container.error || `${endReason(container)}, exit code ${container.exitCode}`
    if (next && next.at > now)
      return `CrashLoopBackOff: container ${container.name}: ${why}, ${restartsText(container)}`
    return `container ${container.name} ended: ${why}`
  }
  if (container.state === 'paused') return `container ${container.name} is paused`
  if (container.state !== 'running' || container.health.ready || !container.health.known) return ''
  const last = container.last ? ` (last end: ${container.last.reason}, exit code ${container.last.exitCode})` : ''
  return `${container.health.message || `container ${container.name} is not ready`}${last}`
}

function restartsText(container: LiveContainer): string {
  return container.restarts === 1 ? 'restarted once' : `restarted ${container.restarts} times`
}
