import { type IntOrPercent, scaledValue } from '../../manifests/int-or-percent.ts'
import type { Phase } from './phase.ts'

/** The pods that a PodDisruptionBudget selects, in numbers. */
export interface Guarded {
  readonly minAvailable: IntOrPercent | undefined
  readonly maxUnavailable: IntOrPercent | undefined
  /** What the owners of the pods want. */
  readonly controllerReplicas: number
  readonly matchingPods: number
  readonly healthyPods: number
}

export interface DisruptionStatus {
  readonly expectedPods: number
  readonly desiredHealthy: number
  /** How many healthy pods may go by choice now. */
  readonly disruptionsAllowed: number
}

/** Numbers are held against the pods that are there, percentages and `maxUnavailable` against those that should be; rounded up. */
export function disruptionStatus(guarded: Guarded): DisruptionStatus {
  const { expectedPods, desiredHealthy } = expectation(guarded)
  const spare = expectedPods === 0 ? 0 : Math.max(0, guarded.healthyPods - desiredHealthy)
  return { expectedPods, desiredHealthy, disruptionsAllowed: spare }
}

function expectation({ minAvailable, maxUnavailable, controllerReplicas, matchingPods }: Guarded) {
  if (maxUnavailable !== undefined) {
    const missing = scaledValue(maxUnavailable, controllerReplicas, 'up') ?? 0
    return { expectedPods: controllerReplicas, desiredHealthy: Math.max(0, controllerReplicas - missing) }
  }
  if (typeof minAvailable === 'number') return { expectedPods: matchingPods, desiredHealthy: minAvailable }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 }
  const desiredHealthy = scaledValue(minAvailable, controllerReplicas, 'up') ?? controllerReplicas
  return { expectedPods: controllerReplicas, desiredHealthy }
}

export interface Eviction extends Pick<DisruptionStatus, 'desiredHealthy' | 'disruptionsAllowed'> {
  readonly podReady: boolean
  readonly podPhase: Phase
  readonly currentHealthy: number
  readonly unhealthyPodEvictionPolicy: 'IfHealthyBudget' | 'AlwaysAllow'
}

/** Whether one pod may be taken away by choice. One that serves nobody is worth protecting only while too few others do. */
export function mayEvict(eviction: Eviction): boolean {
  const { podReady, podPhase, currentHealthy, desiredHealthy, disruptionsAllowed } = eviction
  if (podPhase !== 'Running') return true
  if (!podReady) {
    if (eviction.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
    if (desiredHealthy > 0 && currentHealthy >= desiredHealthy) return true
  }
  return disruptionsAllowed > 0
}
