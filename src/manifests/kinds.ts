import { configMap } from './kinds/config-map.ts'
import { cronJob } from './kinds/cron-job.ts'
import { daemonSet } from './kinds/daemon-set.ts'
import { deployment } from './kinds/deployment.ts'
import { endpointSlice } from './kinds/endpoint-slice.ts'
import { endpoints } from './kinds/endpoints.ts'
import { horizontalPodAutoscaler } from './kinds/horizontal-pod-autoscaler.ts'
import { ingress } from './kinds/ingress.ts'
import { ingressClass } from './kinds/ingress-class.ts'
import { job } from './kinds/job.ts'
import type { KindRow } from './kinds/kind.ts'
import { limitRange } from './kinds/limit-range.ts'
import { namespace } from './kinds/namespace.ts'
import { networkPolicy } from './kinds/network-policy.ts'
import { persistentVolume } from './kinds/persistent-volume.ts'
import { persistentVolumeClaim } from './kinds/persistent-volume-claim.ts'
import { pod } from './kinds/pod.ts'
import { podDisruptionBudget } from './kinds/pod-disruption-budget.ts'
import { replicaSet } from './kinds/replica-set.ts'
import { replicationController } from './kinds/replication-controller.ts'
import { resourceQuota } from './kinds/resource-quota.ts'
import { secret } from './kinds/secret.ts'
import { service } from './kinds/service.ts'
import { statefulSet } from './kinds/stateful-set.ts'
import { storageClass } from './kinds/storage-class.ts'
import type { Kind } from './types.ts'

/** One row per kind: a kind without a row does not compile. */
export const kinds: { readonly [K in Kind]: KindRow<K> } = {
  Namespace: namespace,
  Pod: pod,
  ReplicaSet: replicaSet,
  Deployment: deployment,
  ConfigMap: configMap,
  Secret: secret,
  Service: service,
  ReplicationController: replicationController,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  CronJob: cronJob,
  HorizontalPodAutoscaler: horizontalPodAutoscaler,
  PersistentVolume: persistentVolume,
  PersistentVolumeClaim: persistentVolumeClaim,
  StorageClass: storageClass,
  ResourceQuota: resourceQuota,
  LimitRange: limitRange,
  PodDisruptionBudget: podDisruptionBudget,
  Ingress: ingress,
  IngressClass: ingressClass,
  NetworkPolicy: networkPolicy,
  Endpoints: endpoints,
  EndpointSlice: endpointSlice,
}
