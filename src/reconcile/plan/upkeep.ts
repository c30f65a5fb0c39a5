import type { ContainerConfig, LiveContainer, LiveHost, LivePod } from '../../runtime/live.ts'
import type { Attempt, PodRef } from '../../runtime/port.ts'
import type { Action, Effect, Task } from './action.ts'
import { endedAt, endReason, hasEnded, isCutOff, missingContainers, restartAt } from './observe.ts'
import { earliest, type LookAgain } from './time.ts'

/** What one pod needs to run as it was made, and when to look at it again. */
export interface Upkeep {
  readonly task: Task | undefined
  readonly again: LookAgain | undefined
}

/** One repair: its actions, what it does in words, and why. */
interface Repair {
  readonly actions: readonly Action[]
  readonly text: string
  readonly cause: string
  readonly effect: Effect
  readonly again?: LookAgain
}

export interface UpkeepView {
  readonly now: number
  readonly host: LiveHost
  /** The pod's configuration as it should be; empty for a pod of an old template, which is only kept as it is. */
  readonly configs: readonly ContainerConfig[]
  /** Changes that Docker makes in place, and what differs. */
  readonly updates: readonly Action[]
  readonly updateCause: string
}

/**
 * Keeps a pod that is to stay: starts what does not run, makes again what ended (as the restart policy and its back-off say), stops what
 * its probes gave up, finishes what was half made. One pod, one task: its actions never race each other.
 */
export function planUpkeep(pod: LivePod, view: UpkeepView): Upkeep {
  const ref = podRef(pod)
  const sandbox = repairSandbox(pod, ref, view)
  const starts = sandbox !== undefined && pod.sandbox?.state !== 'paused'
  const repairs = [sandbox, ...containerRepairs(pod, ref, view, starts), inPlace(view), leftovers(pod, ref)]
  const found = repairs.filter((repair) => repair !== undefined)
  const actions = found.flatMap((repair) => repair.actions)
  const main = found.find((repair) => repair.actions.length > 0)
  return {
    again: earliest(found.map((repair) => repair.again)),
    task: main && {
      host: pod.host,
      text: `${main.text} of pod ${pod.name}`,
      cause: main.cause,
      effect: found.some((repair) => repair.effect === 'restart') ? 'restart' : main.effect,
      actions,
    },
  }
}

export function podRef(pod: LivePod): PodRef {
  return { host: pod.host, namespace: pod.namespace, name: pod.name }
}

function repairSandbox(pod: LivePod, ref: PodRef, view: UpkeepView): Repair | undefined {
  const sandbox = pod.sandbox
  if (!sandbox) return undefined
  if (sandbox.state === 'paused') {
    const unpause: Action = { kind: 'unpause', pod: ref, id: sandbox.id }
    return { actions: [unpause], text: 'unpause sandbox', cause: 'it was paused', effect: 'inPlace' }
  }
  if (sandbox.state !== 'created' && sandbox.state !== 'exited') return undefined
  const start: Action = { kind: 'start', pod: ref, container: '' }
  const network: Action[] = view.host.networks.has(pod.namespace)
    ? []
    : [{ kind: 'ensureNetwork', host: pod.host, namespace: pod.namespace }]
  return sandbox.state === 'created'
    ? { actions: [...network, start], text: 'start sandbox', cause: 'it was not started yet', effect: 'none' }
    : { actions: [...network, start], text: 'start sandbox', cause: 'it ended', effect: 'restart' }
}

function containerRepairs(
  pod: LivePod,
  ref: PodRef,
  view: UpkeepView,
  sandboxStarts: boolean,
): readonly (Repair | undefined)[] {
  if (!sandboxStarts && pod.sandbox?.state !== 'running') return []
  const existing = pod.containers.map((container) => {
    if (hasEnded(container)) return repairEnded(container, pod, ref, view.now, sandboxStarts)
    return repairLiving(container, pod, ref, view.now, sandboxStarts)
  })
  return [...existing, repairMissing(pod, ref, view)]
}

function repairMissing(pod: LivePod, ref: PodRef, view: UpkeepView): Repair | undefined {
  const missing = new Set(missingContainers(pod))
  const configs = view.configs.filter((config) => missing.has(config.name))
  if (configs.length === 0) return undefined
  return {
    actions: [
      ...configs.map((config): Action => ({ kind: 'createContainer', pod: ref, config })),
      ...configs.map((config): Action => ({ kind: 'start', pod: ref, container: config.name })),
    ],
    text: `create ${named(configs.map((config) => config.name))}`,
    cause: pod.containers.length === 0 ? 'the pod was half made' : 'missing',
    effect: 'restart',
  }
}

/** The container's process runs, or is about to. */
function repairLiving(
  container: LiveContainer,
  pod: LivePod,
  ref: PodRef,
  now: number,
  sandboxStarts: boolean,
): Repair | undefined {
  const subject = `container ${container.name}`
  if (container.state === 'created') {
    const start: Action = { kind: 'start', pod: ref, container: container.name }
    return { actions: [start], text: `start ${subject}`, cause: 'it was not started yet', effect: 'none' }
  }
  if (container.state === 'paused') {
    const unpause: Action = { kind: 'unpause', pod: ref, id: container.id }
    return { actions: [unpause], text: `unpause ${subject}`, cause: 'it was paused', effect: 'inPlace' }
  }
  if (container.state !== 'running' || container.stopping) return undefined
  const stop: Action = { kind: 'stop', pod: ref, id: container.id, graceMs: graceMs(pod) }
  if (sandboxStarts || isCutOff(container, pod, now)) {
    return { actions: [stop], text: `restart ${subject}`, cause: 'its sandbox was restarted', effect: 'restart' }
  }
  if (!container.health.failing) return undefined
  return {
    actions: [{ ...stop, graceMs: probeGraceMs(container, pod) }],
    text: `restart ${subject}`,
    cause: container.health.message,
    effect: 'restart',
  }
}

function repairEnded(
  container: LiveContainer,
  pod: LivePod,
  ref: PodRef,
  now: number,
  sandboxStarts: boolean,
): Repair | undefined {
  const next = restartAt(container, pod, now)
  if (!next) return undefined
  const why = container.error || `${endReason(container)}, exit code ${container.exitCode}`
  const withSandbox = sandboxStarts || isCutOff(container, pod, now)
  if (next.at > now && !withSandbox) {
    const again = { at: next.at, reason: `container ${container.name} of pod ${pod.name} starts again` }
    return { actions: [], text: '', cause: '', effect: 'none', again }
  }
  const attempt: Attempt = {
    restarts: container.restarts + 1,
    backoffMs: withSandbox ? container.backoffMs : next.waitMs,
    last: { exitCode: container.exitCode, reason: endReason(container), finishedAt: endedAt(container) },
  }
  return {
    actions: [
      { kind: 'recreateContainer', pod: ref, id: container.id, attempt },
      { kind: 'start', pod: ref, container: container.name },
      { kind: 'remove', pod: ref, id: container.id },
    ],
    text: `restart container ${container.name}`,
    cause: withSandbox ? 'its sandbox was restarted' : why,
    effect: 'restart',
  }
}

function inPlace(view: UpkeepView): Repair | undefined {
  if (view.updates.length === 0) return undefined
  return { actions: view.updates, text: 'update resources', cause: view.updateCause, effect: 'inPlace' }
}

/** Containers of earlier attempts: their removal was cut short. */
function leftovers(pod: LivePod, ref: PodRef): Repair | undefined {
  if (pod.leftovers.length === 0) return undefined
  const actions = pod.leftovers.map((container): Action => ({ kind: 'remove', pod: ref, id: container.id }))
  return { actions, text: 'remove ended containers', cause: 'replaced by a later attempt', effect: 'none' }
}

/** The probe that gave the container up may have a grace period of its own. */
function probeGraceMs(container: LiveContainer, pod: LivePod): number {
  const spec = pod.spec?.containers.find((candidate) => candidate.name === container.name)
  const probe = container.health.started ? spec?.livenessProbe : spec?.startupProbe
  const seconds = probe?.terminationGracePeriodSeconds
  return seconds === undefined ? graceMs(pod) : seconds * 1000
}

export function graceMs(pod: LivePod): number {
  return (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
}

export function named(names: readonly string[]): string {
  return `${names.length === 1 ? 'container' : 'containers'} ${names.join(', ')}`
}
