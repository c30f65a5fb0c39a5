import { type Key, keyOf } from '../../base/key.ts'
import { matchesSelector } from '../../manifests/selector.ts'
import type { PodDisruptionBudget } from '../../manifests/types.ts'
import type { LiveHost, LivePod } from '../../runtime/live.ts'
import { disruptionStatus, mayEvict } from './disruption.ts'
import { type Observed, observe } from './observe.ts'

export interface ProtectionFacts {
  /** Of the namespace. */
  readonly pods: readonly LivePod[]
  readonly hosts: readonly LiveHost[]
  /** How many pods an owner wants; undefined: it has no number. */
  readonly replicasOf: (owner: Key) => number | undefined
  readonly now: number
}

/** Why a pod may not be taken away by choice now; empty: it may. All budgets that select it have to allow it. */
export function protection(pod: LivePod, budgets: readonly PodDisruptionBudget[], facts: ProtectionFacts): string {
  const refusals = [...budgets]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .filter((budget) => selects(budget, pod))
    .map((budget) => refusalOf(pod, budget, facts))
  return refusals.find((refusal) => refusal !== '') ?? ''
}

function refusalOf(pod: LivePod, budget: PodDisruptionBudget, facts: ProtectionFacts): string {
  const selected = facts.pods.filter((other) => selects(budget, other))
  const guarded = selected.filter(({ leaving }) => !leaving)
  const currentHealthy = guarded.filter((other) => isHealthy(seen(other, facts))).length
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy = 'IfHealthyBudget' } = budget.spec
  const { desiredHealthy, disruptionsAllowed } = disruptionStatus({
    minAvailable,
    maxUnavailable,
    controllerReplicas: wantedBy(selected, facts),
    matchingPods: guarded.length,
    healthyPods: currentHealthy,
  })
  const observed = seen(pod, facts)
  const allowed = mayEvict({
    podReady: isHealthy(observed),
    podPhase: observed.phase,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    unhealthyPodEvictionPolicy,
  })
  const { name } = budget.metadata
  return allowed ? '' : `disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy}`
}

function selects({ metadata, spec }: PodDisruptionBudget, { namespace, labels }: LivePod): boolean {
  return namespace === metadata.namespace && matchesSelector(spec.selector, labels) === true
}

function seen(pod: LivePod, { hosts, now }: ProtectionFacts): Observed {
  return observe(pod, { hosts, now, minReadyMs: 0, hash: pod.template })
}

function isHealthy({ ready, joining }: Observed): boolean {
  return ready && !joining
}

/**
 * What the owners of the pods want together, also of those whose only pod is ending; an owner without a number counts for the pods that it
 * has.
 */
function wantedBy(pods: readonly LivePod[], { replicasOf }: ProtectionFacts): number {
  const counts = new Map<Key, number>()
  for (const { namespace, owner, leaving } of pods) {
    const [kind = '', name = ''] = owner.split('/')
    const key = keyOf({ namespace, kind, name })
    counts.set(key, (counts.get(key) ?? 0) + Number(!leaving))
  }
  return [...counts].reduce((total, [owner, count]) => total + (replicasOf(owner) ?? count), 0)
}
