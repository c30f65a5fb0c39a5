import type { Plan } from './action.ts'
import { planClaim } from './claim.ts'
import { withConfigNote } from './config-note.ts'
import { planCronJob } from './cron-job.ts'
import { planDaemonSet } from './daemon-set.ts'
import { planDeployment } from './deployment.ts'
import type { Desired, View } from './desired.ts'
import { planJob } from './job.ts'
import { planNamespace } from './namespace.ts'
import type { PlannedKind } from './planned.ts'
import { planPod } from './pod.ts'
import { planReplicaSet } from './replica-set.ts'

import { planStatefulSet } from './stateful-set.ts'

export { planGone } from './gone.ts'

type Kind = PlannedKind
type DesiredOf<K extends Kind> = Extract<Desired, { readonly kind: K }>

/** One row per kind that acts: a kind without a planner does not compile. */
const planners: { readonly [K in Kind]: (desired: DesiredOf<K>, view: View) => Plan } = {
  Namespace: planNamespace,
  Pod: planPod,
  ReplicaSet: planReplicaSet,
  Deployment: planDeployment,
  ReplicationController: planReplicaSet,
  StatefulSet: planStatefulSet,
  DaemonSet: planDaemonSet,
  Job: planJob,
  CronJob: planCronJob,
  PersistentVolumeClaim: planClaim,
}

/** What to do about one object now. Same input, same plan. */
export function plan<K extends Kind>(desired: DesiredOf<K> & { readonly kind: K }, view: View): Plan {
  return withConfigNote(planners[desired.kind](desired, view), desired, view)
}
