export type IntOrPercent = number | string

/** A number as it is, or a percentage of `total`, rounded; undefined when the text is no percentage. */
export function scaledValue(value: IntOrPercent, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value
  const percent = percentOf(value)
  if (percent === undefined) return undefined
  const share = (total * percent) / 100
  return round === 'up' ? Math.ceil(share) : Math.floor(share)
}

/** `25%` -> 25. */
export function percentOf(text: string): number | undefined {
  const match = /^([0-9]{1,9})%$/.exec(text)
  return match ? Number(match[1]) : undefined
}

export interface RolloutBounds {
  /** Pods above the desired number. */
  readonly maxSurge: number
  /** Pods missing from the desired number. */
  readonly maxUnavailable: number
}

/**
 * Both limits of a rolling update as numbers: surge is rounded up, unavailable down, and if nothing is left one pod may
 * be missing, or the rollout could never move. Not limited by `desired`. Undefined when a text is no percentage.
 */
export function rolloutBounds(
  maxSurge: IntOrPercent | undefined,
  maxUnavailable: IntOrPercent | undefined,
  desired: number,
): RolloutBounds | undefined {
  const surge = scaledValue(maxSurge ?? 0, desired, 'up')
  const unavailable = scaledValue(maxUnavailable ?? 0, desired, 'down')
  if (surge === undefined || unavailable === undefined) return undefined
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

/** As `rolloutBounds`, for one pod per node: both are rounded up. */
export function perNodeBounds(
  maxSurge: IntOrPercent | undefined,
  maxUnavailable: IntOrPercent | undefined,
  nodes: number,
): RolloutBounds | undefined {
  const surge = scaledValue(maxSurge ?? 0, nodes, 'up')
  const unavailable = scaledValue(maxUnavailable ?? 1, nodes, 'up')
  if (surge === undefined || unavailable === undefined) return undefined
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}
