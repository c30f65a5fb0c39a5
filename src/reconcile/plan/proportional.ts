import { sum } from './rolling.ts'

/** A generation as the last scaling left it. */
export interface ScaledGeneration {
  readonly name: string
  readonly replicas: number
  readonly available: number
  /** Larger = older, any unit. */
  readonly age: number
  /** `replicas` of the Deployment at the last scaling. */
  readonly desiredThen: number | undefined
  /** The ceiling at the last scaling. */
  readonly ceilingThen: number | undefined
}

/**
 * How a change of size in mid-rollout is shared between the generations (Kubernetes' `scale`): each gets its part of the change, what
 * rounding leaves goes to the largest. `old` newest first.
 */
export function proportionalSizes(
  desired: number,
  maxSurge: number,
  next: ScaledGeneration | undefined,
  old: readonly ScaledGeneration[],
): ReadonlyMap<string, number> {
  const all = next ? [next, ...old] : [...old]
  const sizes = new Map(all.map((generation) => [generation.name, generation.replicas]))
  const active = all.filter((generation) => generation.replicas > 0)
  if (active.length <= 1) {
    const only = active[0] ?? all[0]
    if (only) sizes.set(only.name, desired)
    return sizes
  }
  if (next && saturated(next, desired)) {
    for (const generation of old) sizes.set(generation.name, 0)
    return sizes
  }
  return shared(active, desired, maxSurge, sizes)
}

function shared(
  active: readonly ScaledGeneration[],
  desired: number,
  maxSurge: number,
  sizes: Map<string, number>,
): ReadonlyMap<string, number> {
  const ceiling = desired > 0 ? desired + maxSurge : 0
  const change = ceiling - sum(active, (generation) => generation.replicas)
  const older = change > 0 ? 1 : -1
  const ordered = [...active].sort((a, b) => b.replicas - a.replicas || older * (a.age - b.age))
  let given = 0
  for (const generation of ordered) {
    const part = change === 0 ? 0 : capped(fractionOf(generation, desired, maxSurge, 0), change, given)
    given += part
    sizes.set(generation.name, Math.max(0, generation.replicas + part))
  }
  const first = ordered[0]
  if (first && change !== given) {
    sizes.set(first.name, Math.max(0, (sizes.get(first.name) ?? 0) + change - given))
  }
  return sizes
}

function capped(part: number, change: number, given: number): number {
  return change > 0 ? Math.min(part, change - given) : Math.max(part, change - given)
}

function saturated(next: ScaledGeneration, desired: number): boolean {
  return next.replicas === desired && next.desiredThen === desired && next.available === desired
}

/** By how much one generation should change; `statusReplicas` stands in for a ceiling that was not recorded. */
export function fractionOf(
  generation: Pick<ScaledGeneration, 'replicas' | 'ceilingThen'>,
  desired: number,
  maxSurge: number,
  statusReplicas: number,
): number {
  if (desired === 0) return -generation.replicas
  const before = generation.ceilingThen || statusReplicas
  if (!before) return 0
  const exact = (generation.replicas * (desired + maxSurge)) / before
  return Math.round(exact) - generation.replicas
}
