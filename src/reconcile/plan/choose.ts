import { deletionCostAnnotation, deletionOrder } from './deletion-order.ts'
import type { Observed } from './observe.ts'

/**
 * Who goes when a group of pods shrinks by `count`: Kubernetes' preferences, the same as for any set. Pods of which nothing is known now
 * are never taken. Available ones only while more than `floor` are available among `all`; ready ones, which may have been available
 * before a restart of Berth, only while the floor holds without them.
 */
export function chooseVictims(
  group: readonly Observed[],
  count: number,
  all: readonly Observed[],
  floor: number,
  now: number,
): Observed[] {
  const known = group.filter((observed) => observed.bucket !== 'unknown')
  const candidates = deletionOrder(known.map(candidateOf), now, all.map(candidateOf))
  let available = all.filter(({ bucket }) => bucket === 'available').length
  const victims: Observed[] = []
  for (const { observed } of candidates) {
    if (victims.length >= count) break
    if (observed.bucket === 'available' && available <= floor) continue
    if (observed.bucket === 'ready' && available < floor) continue
    if (observed.bucket === 'available') available -= 1
    victims.push(observed)
  }
  return victims
}

function candidateOf(observed: Observed) {
  const { pod } = observed
  const phase = observed.phase === 'Running' ? ('Running' as const) : ('Pending' as const)
  return {
    observed,
    name: pod.name,
    uid: pod.uid,
    host: pod.host,
    phase,
    ready: observed.ready && !observed.joining,
    readySince: observed.readySince,
    deletionCost: costOf(pod.annotations[deletionCostAnnotation]),
    restarts: observed.restarts,
    createdAt: pod.createdAt,
  }
}

/** A 32-bit whole number; anything else counts as unset. */
function costOf(text: string | undefined): number {
  const cost = /^-?(0|[1-9][0-9]{0,9})$/.test(text ?? '') ? Number(text) : 0
  return Math.abs(cost) < 2 ** 31 ? cost : 0
}
