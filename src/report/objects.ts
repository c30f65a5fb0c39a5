import { type Key, keyParts } from '../base/key.ts'
import type { ObjectStatus } from '../reconcile/plan/action.ts'
import { isPlannedKind } from '../reconcile/plan/planned.ts'

/** Of what is only read or shown, and never looked at; undefined for all else. */
export function shapeStatus(key: Key): ObjectStatus | undefined {
  const { kind, namespace, name } = keyParts(key)
  if (isPlannedKind(kind)) return undefined
  return { kind, namespace, name, sync: 'Synced', health: 'Healthy', ready: '', message: '', failed: false }
}

const kindOrder = [
  'Namespace',
  'NetworkPolicy',
  'IngressClass',
  'StorageClass',
  'PersistentVolume',
  'ResourceQuota',
  'LimitRange',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'Service',
  'Endpoints',
  'EndpointSlice',
  'StatefulSet',
  'Deployment',
  'ReplicaSet',
  'ReplicationController',
  'DaemonSet',
  'Job',
  'CronJob',
  'Pod',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'Ingress',
]

/** For `sort`: by kind, then by namespace and name. */
export function inReportOrder(a: ObjectStatus, b: ObjectStatus): number {
  const byKind = kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind)
  return byKind || (a.namespace + a.name < b.namespace + b.name ? -1 : 1)
}
