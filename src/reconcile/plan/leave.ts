import type { LiveContainer, LivePod } from '../../runtime/live.ts'
import type { Action, Effect, Task } from './action.ts'
import { graceMs, podRef } from './upkeep.ts'

/** The first look at a pod that is to go: marked for good, its processes told to end. What does not run goes at once. */
export function planLeave(pod: LivePod, cause: string, effect: Effect): Task {
  const ref = podRef(pod)
  const stops = stopActions(pod)
  const mark: Action[] = pod.sandbox ? [{ kind: 'markLeaving', pod: ref }] : []
  const stopping = stops.length > 0 && pod.sandbox !== undefined
  const text = `${stopping ? 'stop' : 'remove'} pod ${pod.name}`
  return { host: pod.host, text, cause, effect, actions: [...mark, ...(stopping ? stops : removeActions(pod))] }
}

/** Later looks at a leaving pod: stop again what still runs (a restart of Berth forgets the stops it sent), then remove. */
export function planLeaving(pod: LivePod): Task | undefined {
  const { host, name } = pod
  if (!pod.containers.concat(pod.leftovers).some(isAlive)) {
    return { host, text: `remove pod ${name}`, cause: 'it has ended', effect: 'none', actions: removeActions(pod) }
  }
  const actions = stopActions(pod)
  if (actions.length === 0) return undefined
  return { host, text: `stop pod ${name}`, cause: 'marked for removal', effect: 'none', actions }
}

/** A pod that cannot come back. Without its sandbox it is cut off from the network: it cannot end in an orderly way any more. */
export function planRemains(pod: LivePod, cause: string): Task {
  if (pod.sandbox && pod.sandbox.state !== 'dead') return planLeave(pod, cause, 'none')
  return { host: pod.host, text: `remove pod ${pod.name}`, cause, effect: 'none', actions: removeActions(pod) }
}

/** The sandbox goes last: it carries the mark. */
export function removeActions(pod: LivePod): Action[] {
  const ref = podRef(pod)
  const all = [...pod.containers, ...pod.leftovers, ...(pod.sandbox ? [pod.sandbox] : [])]
  return all.map((container) => ({ kind: 'remove', pod: ref, id: container.id }))
}

function stopActions(pod: LivePod): Action[] {
  const ref = podRef(pod)
  return pod.containers
    .concat(pod.leftovers)
    .filter((container) => isAlive(container) && !container.stopping)
    .flatMap((container): Action[] => {
      const stop: Action = { kind: 'stop', pod: ref, id: container.id, graceMs: graceMs(pod) }
      return container.state === 'paused' ? [{ kind: 'unpause', pod: ref, id: container.id }, stop] : [stop]
    })
}

function isAlive(container: LiveContainer): boolean {
  return container.state === 'running' || container.state === 'paused' || container.state === 'restarting'
}
