import type { Plan } from './action.ts'
import { planDeployment } from './deployment.ts'
import type { DesiredDeployment, DesiredNamespace, DesiredPod, DesiredReplicaSet, View } from './desired.ts'
import { planNamespace } from './namespace.ts'
import { planPod } from './pod.ts'
import { planReplicaSet } from './replica-set.ts'

export { planGone } from './gone.ts'

interface DesiredByKind {
  readonly Namespace: DesiredNamespace
  readonly Pod: DesiredPod
  readonly ReplicaSet: DesiredReplicaSet
  readonly Deployment: DesiredDeployment
}

type Kind = keyof DesiredByKind

/** One row per kind that acts: a kind without a planner does not compile. */
const planners: { readonly [K in Kind]: (desired: DesiredByKind[K], view: View) => Plan } = {
  Namespace: planNamespace,
  Pod: planPod,
  ReplicaSet: planReplicaSet,
  Deployment: planDeployment,
}

/** What to do about one object now. Same input, same plan. */
export function plan<K extends Kind>(desired: DesiredByKind[K] & { readonly kind: K }, view: View): Plan {
  return planners[desired.kind](desired, view)
}
