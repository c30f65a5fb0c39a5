import { type Key, type KeyParts, keyParts } from '../base/key.ts'
import type { ObjectStatus } from '../reconcile/plan/action.ts'
import { isPlannedKind } from '../reconcile/plan/planned.ts'

/** Of what is only read or shown, and never looked at; undefined for all else. */
export function shapeStatus(key: Key): ObjectStatus | undefined {
  const { kind, namespace, name } = keyParts(key)
  if (isPlannedKind(kind)) return undefined
  return { kind, namespace, name, sync: 'Synced', health: 'Healthy', ready: '', message: '', failed: false }
}

const kinds = [
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

const kindOrder: ReadonlyMap<string, number> = new Map(kinds.map((kind, index) => [kind, index]))

/** For `sort`: by kind, then by namespace and name. */
export function inReportOrder(a: KeyParts, b: KeyParts): number {
  const byKind = (kindOrder.get(a.kind) ?? -1) - (kindOrder.get(b.kind) ?? -1)
  return byKind || compared(a.namespace, b.namespace) || compared(a.name, b.name)
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
