import { type Fenceposts, minAvailable } from './fenceposts.ts'

/** The pods of one template hash, counted. `replicas` counts those that stay: not leaving, not finished. */
export interface Generation {
  readonly name: string
  readonly replicas: number
  readonly available: number
  /** Pods whose readiness is not known now: neither available nor broken. */
  readonly unknown?: number
}

export interface Rollout {
  readonly strategy: 'RollingUpdate' | 'Recreate'
  readonly replicas: number
  readonly fenceposts: Fenceposts
}

/**
 * The size that the new generation should have: it grows into what the ceiling (`replicas` + surge) leaves beside the old ones,
 * and never beyond `replicas`. With 10 replicas, surge 3 and 10 old pods it starts with 3; once 5 old ones are gone it grows to 8.
 */
export function newGenerationSize(rollout: Rollout, total: number, current: number): number {
  return current >= rollout.replicas ? rollout.replicas : grownSize(rollout, total, current)
}

/** The same while the generation is not above its size: how far it may grow now. */
export function grownSize(rollout: Rollout, total: number, current: number): number {
  if (rollout.strategy === 'Recreate') return rollout.replicas
  const room = rollout.replicas + rollout.fenceposts.maxSurge - total
  return room <= 0 ? current : current + Math.min(room, rollout.replicas - current)
}

/**
 * The sizes that old generations (oldest first) should have. Broken old pods go first, then available ones while more than the
 * floor are available. With 10 replicas and floor 8, 10 available old pods and 3 new ones that are not yet available: two old
 * ones go; the others stay until new ones are available.
 */
export function oldGenerationSizes(
  rollout: Rollout,
  next: Generation | undefined,
  old: readonly Generation[],
): ReadonlyMap<string, number> {
  const sizes = new Map(old.map((generation) => [generation.name, generation.replicas]))
  const floor = minAvailable(rollout)
  const total = sum(old, (generation) => generation.replicas) + (next?.replicas ?? 0)
  const newUnavailable = next ? next.replicas - next.available : 0
  const cleanup = total - floor - newUnavailable
  if (cleanup <= 0) return sizes
  const cleaned = cleanupBroken(old, sizes, cleanup)
  const available = sum(old, (generation) => generation.available) + (next?.available ?? 0)
  scaleDownAvailable(old, cleaned, available - floor)
  return cleaned
}

/** Step one: broken pods, oldest generation first, at most `budget`. */
export function cleanupBroken(
  old: readonly Generation[],
  sizes: ReadonlyMap<string, number>,
  budget: number,
): Map<string, number> {
  const result = new Map(sizes)
  let left = budget
  for (const generation of old) {
    const broken = Math.max(0, generation.replicas - generation.available - (generation.unknown ?? 0))
    const taken = Math.min(left, broken)
    result.set(generation.name, generation.replicas - taken)
    left -= taken
  }
  return result
}

/** Step two, into `sizes`: any pods, oldest generation first, as many as are available beyond the floor. */
function scaleDownAvailable(old: readonly Generation[], sizes: Map<string, number>, spare: number): void {
  let left = spare
  for (const generation of old) {
    if (left <= 0) return
    const size = sizes.get(generation.name) ?? 0
    const taken = Math.min(size, left)
    sizes.set(generation.name, size - taken)
    left -= taken
  }
}

export interface RolloutCounts {
  readonly replicas: number
  readonly updatedReplicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
}

/** Nothing is left to do: all pods are of the new generation, and available. */
export function rolloutComplete(replicas: number, counts: Omit<RolloutCounts, 'readyReplicas'>): boolean {
  return counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas
}

/** Anything that restarts the progress deadline. */
export function rolloutProgressed(before: RolloutCounts, after: RolloutCounts): boolean {
  return (
    after.updatedReplicas > before.updatedReplicas ||
    after.replicas - after.updatedReplicas < before.replicas - before.updatedReplicas ||
    after.readyReplicas > before.readyReplicas ||
    after.availableReplicas > before.availableReplicas
  )
}

/** Kubernetes' way to say that there is no deadline. */
const noDeadline = 2 ** 31 - 1

export function deadlinePassed(deadlineSeconds: number | undefined, sinceProgressSeconds: number): boolean {
  if (deadlineSeconds === undefined || deadlineSeconds === noDeadline) return false
  return sinceProgressSeconds > deadlineSeconds
}

export function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
