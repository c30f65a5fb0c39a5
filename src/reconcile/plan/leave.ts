import type { LiveContainer, LivePod } from '../../runtime/live.ts'
import type { Action, Effect, Task } from './action.ts'
import { isAlive } from './container-state.ts'
import { holdsPorts } from './host-ports.ts'
import { stopOrder } from './start-order.ts'
import type { LookAgain } from './time.ts'
import { graceMs, named, podRef } from './upkeep.ts'

/**
 * The first look at a pod that is to go: marked for good, its processes told to end. One that has traffic is only marked: that takes it out
 * of new traffic. What does not run goes at once.
 */
export function planLeave(pod: LivePod, cause: string, effect: Effect): Task {
  const ref = podRef(pod)
  const mark: Action[] = pod.sandbox ? [{ kind: 'markLeaving', pod: ref }] : []
  const stopping = aliveIn(pod).length > 0 && pod.sandbox !== undefined
  if (stopping && hasTraffic(pod) && drainMs(pod) > 0) {
    return { host: pod.host, text: `take pod ${pod.name} out of traffic`, cause, effect, actions: mark }
  }
  const text = `${stopping ? 'stop' : 'remove'} pod ${pod.name}`
  const rest = stopping ? stopActions(pod, graceMs(pod)) : removeActions(pod)
  return { host: pod.host, text, cause, effect, actions: [...mark, ...rest] }
}

/** What a later look at a leaving pod does, and when the next one is due though nothing happens. */
export interface Leaving {
  readonly tasks: readonly Task[]
  readonly again: LookAgain | undefined
}

/**
 * Later looks at a leaving pod: wait for the end of its traffic, stop what runs (again: a restart of Berth forgets the stops it sent), then
 * sidecars, one after the other, then remove.
 */
export function planLeaving(pod: LivePod, now: number): Leaving {
  const { host, name } = pod
  if (aliveIn(pod).length === 0) {
    const actions = removeActions(pod)
    return only({ host, text: `remove pod ${name}`, cause: 'it has ended', effect: 'none', actions })
  }
  const drainedAt = drainsUntil(pod, now)
  if (drainedAt !== undefined) {
    return { tasks: [], again: { at: drainedAt, reason: `pod ${name} has had its time to finish what it has` } }
  }
  const actions = stopActions(pod, graceLeftMs(pod, now))
  if (actions.length === 0) return { tasks: [], again: undefined }
  return only({ host, text: `stop pod ${name}`, cause: leavingCause(pod), effect: 'none', actions })
}

function only(task: Task): Leaving {
  return { tasks: [task], again: undefined }
}

function leavingCause(pod: LivePod): string {
  if (pod.traffic === 'out') return 'out of traffic'
  return hasTraffic(pod) ? `still in traffic after ${drainMs(pod) / 1000} s` : 'marked for removal'
}

/** It gets requests, may get some at any moment, or has not finished those that it has. */
function hasTraffic({ traffic }: LivePod): boolean {
  return traffic !== 'none' && traffic !== 'out'
}

const longestDrainMs = 5_000

/** How long a pod's processes are spared for what they have begun: a part of its grace period. */
function drainMs(pod: LivePod): number {
  return Math.min(longestDrainMs, Math.floor(graceMs(pod) / 3))
}

/** Until when it is only waited for its traffic, ms; undefined: no longer, or nobody can tell since when (the clock was set back). */
function drainsUntil(pod: LivePod, now: number): number | undefined {
  const { leavingSince } = pod
  if (!hasTraffic(pod) || leavingSince === undefined || leavingSince > now) return undefined
  const until = leavingSince + drainMs(pod)
  return until > now ? until : undefined
}

/** A pod that ended for good and stays: what still runs of it is stopped, sidecars in the end. */
export function planFinished(pod: LivePod, cause: string): Task | undefined {
  const next = nextToStop(pod).filter((container) => !container.stopping)
  if (next.length === 0) return freePorts(pod)
  const text = `stop ${named(next.map((container) => container.name))} of pod ${pod.name}`
  return { host: pod.host, text, cause, effect: 'none', actions: stopActions(pod, graceMs(pod)) }
}

/** Whoever comes next on that host needs them. */
function freePorts(pod: LivePod): Task | undefined {
  const { host, name, sandbox } = pod
  if (!sandbox || sandbox.stopping || aliveIn(pod).length > 0 || !holdsPorts(pod)) return undefined
  const stop: Action = { kind: 'stop', pod: podRef(pod), id: sandbox.id, graceMs: leastGraceMs }
  return {
    host,
    text: `stop sandbox of pod ${name}`,
    cause: 'it holds ports of the host',
    effect: 'none',
    actions: [stop],
  }
}

/** A pod that cannot come back. Without its sandbox it is cut off from the network: it cannot end in an orderly way any more. */
export function planRemains(pod: LivePod, cause: string): Task {
  if (pod.sandbox && pod.sandbox.state !== 'dead') return planLeave(pod, cause, 'none')
  return { host: pod.host, text: `remove pod ${pod.name}`, cause, effect: 'none', actions: removeActions(pod) }
}

/** Marked and told to end, as `planLeave`, but what is left of it stays. */
export function planSetAside(pod: LivePod, cause: string): Task {
  const mark: Action = { kind: 'markLeaving', pod: podRef(pod) }
  return {
    host: pod.host,
    text: `stop pod ${pod.name}`,
    cause,
    effect: 'none',
    actions: [mark, ...stopActions(pod, graceMs(pod))],
  }
}

/** The sandbox goes last: it carries the mark. */
export function removeActions(pod: LivePod): Action[] {
  const ref = podRef(pod)
  const all = [...pod.containers, ...pod.leftovers, ...(pod.sandbox ? [pod.sandbox] : [])]
  return all.map((container) => ({ kind: 'remove', pod: ref, id: container.id }))
}

function stopActions(pod: LivePod, grace: number): Action[] {
  const ref = podRef(pod)
  return nextToStop(pod)
    .filter((container) => !container.stopping)
    .flatMap((container): Action[] => {
      const stop: Action = { kind: 'stop', pod: ref, id: container.id, graceMs: grace }
      return container.state === 'paused' ? [{ kind: 'unpause', pod: ref, id: container.id }, stop] : [stop]
    })
}

function aliveIn(pod: LivePod): readonly LiveContainer[] {
  return pod.containers.concat(pod.leftovers).filter(isAlive)
}

/** The first group of the order of stopping in which something is left; all of it has to end before the next one's turn. */
function nextToStop(pod: LivePod): readonly LiveContainer[] {
  const alive = aliveIn(pod)
  const [, ...later] = pod.spec ? stopOrder(pod.spec) : []
  const sidecars = new Set(later.flat())
  const first = alive.filter(({ name }) => !sidecars.has(name))
  if (first.length > 0) return first
  const name = later.flat().find((sidecar) => alive.some((container) => container.name === sidecar))
  return alive.filter((container) => container.name === name)
}

/** However long the others took, everything gets this much time for its end. */
const leastGraceMs = 2_000

function graceLeftMs(pod: LivePod, now: number): number {
  const grace = graceMs(pod)
  if (pod.leavingSince === undefined) return grace
  return Math.max(leastGraceMs, grace - Math.max(0, now - pod.leavingSince))
}
