/** A count or a share such as `25%`; undefined: not set. */
export type IntOrPercent = number | string | undefined

export interface Fenceposts {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/**
 * Surge rounds up, unavailable down, so that neither is ever more permissive than asked; both zero would block every rollout, so
 * one pod may then be unavailable. Throws RangeError for a text that is no percentage.
 */
export function resolveFenceposts(maxSurge: IntOrPercent, maxUnavailable: IntOrPercent, replicas: number): Fenceposts {
  const surge = scaled(maxSurge, replicas, Math.ceil)
  const unavailable = scaled(maxUnavailable, replicas, Math.floor)
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

/** DaemonSets round both up. */
export function daemonSetFenceposts(maxSurge: IntOrPercent, maxUnavailable: IntOrPercent, nodes: number): Fenceposts {
  const surge = scaled(maxSurge ?? 0, nodes, Math.ceil)
  const unavailable = scaled(maxUnavailable ?? 1, nodes, Math.ceil)
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

interface Bounded {
  readonly strategy: 'RollingUpdate' | 'Recreate'
  readonly replicas: number
  readonly fenceposts: Fenceposts
}

/** How many pods may be missing in mid-rollout. */
export function maxUnavailable(rollout: Bounded): number {
  if (rollout.strategy === 'Recreate' || rollout.replicas === 0) return 0
  return Math.min(rollout.fenceposts.maxUnavailable, rollout.replicas)
}

/** The floor: how many pods stay available throughout. */
export function minAvailable(rollout: Bounded): number {
  return rollout.strategy === 'Recreate' ? 0 : rollout.replicas - maxUnavailable(rollout)
}

function scaled(value: IntOrPercent, total: number, round: (share: number) => number): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)?.[1]
  if (percent === undefined) throw new RangeError(`expected a number or a percentage, found ${JSON.stringify(value)}`)
  return round((total * Number(percent)) / 100)
}
