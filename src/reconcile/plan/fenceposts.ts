import { type IntOrPercent, type RolloutBounds, rolloutBounds } from '../../manifests/int-or-percent.ts'

export type Fenceposts = RolloutBounds

/** How many pods may be there above `replicas`, and how many may be missing. Throws RangeError for a text that is no percentage. */
export function resolveFenceposts(
  maxSurge: IntOrPercent | undefined,
  maxUnavailable: IntOrPercent | undefined,
  replicas: number,
): Fenceposts {
  const bounds = rolloutBounds(maxSurge, maxUnavailable, replicas)
  if (!bounds) throw new RangeError(`expected numbers or percentages, found ${maxSurge} and ${maxUnavailable}`)
  return bounds
}

/** The floor: how many pods stay available throughout. */
export function minAvailable(rollout: {
  readonly strategy: 'RollingUpdate' | 'Recreate'
  readonly replicas: number
  readonly fenceposts: Fenceposts
}): number {
  if (rollout.strategy === 'Recreate') return 0
  return rollout.replicas - Math.min(rollout.fenceposts.maxUnavailable, rollout.replicas)
}
