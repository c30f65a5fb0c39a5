import { container, podSecurityContext, probe, securityContext } from './fields/container.ts'
import {
  endpointSlice,
  endpoints,
  ingressClass,
  ingressSpec,
  networkPolicySpec,
  servicePort,
  serviceSpec,
  sliceEndpoint,
} from './fields/network.ts'
import { affinity, lifecycle, podSpec, topologySpread } from './fields/pod.ts'
import { autoscalerSpec, disruptionBudgetSpec, limitRangeItem, metric, resourceQuotaSpec } from './fields/policy.ts'
import type { FieldRule } from './fields/rule.ts'
import { claimSpec, persistentVolumeSpec, projection, storageClass, volume, volumeMount } from './fields/storage.ts'
import {
  cronJobSpec,
  daemonSetSpec,
  deploymentSpec,
  jobSpec,
  replicaSetSpec,
  replicationControllerSpec,
  statefulSetSpec,
} from './fields/workloads.ts'

export type { FieldRule } from './fields/rule.ts'

/** What is done with each field; a field that the schema gains does not compile before it has a row here. */
export const fields = {
  'Deployment.spec': deploymentSpec,
  'ReplicaSet.spec': replicaSetSpec,
  'ReplicationController.spec': replicationControllerSpec,
  'StatefulSet.spec': statefulSetSpec,
  'DaemonSet.spec': daemonSetSpec,
  'Job.spec': jobSpec,
  'CronJob.spec': cronJobSpec,
  'Pod.spec': podSpec,
  'Pod.spec.affinity': affinity,
  'Pod.spec.topologySpreadConstraints[]': topologySpread,
  'Pod.spec.securityContext': podSecurityContext,
  'Pod.spec.volumes[]': volume,
  'Pod.spec.volumes[].projected.sources[]': projection,
  'Pod.spec.containers[]': container,
  'Pod.spec.containers[].volumeMounts[]': volumeMount,
  'Pod.spec.containers[].lifecycle': lifecycle,
  'Pod.spec.containers[].securityContext': securityContext,
  'Probes (readiness, liveness, startup)': probe,
  'Service.spec': serviceSpec,
  'Service.spec.ports[]': servicePort,
  'Ingress.spec': ingressSpec,
  IngressClass: ingressClass,
  'NetworkPolicy.spec': networkPolicySpec,
  Endpoints: endpoints,
  EndpointSlice: endpointSlice,
  'EndpointSlice.endpoints[]': sliceEndpoint,
  'PersistentVolumeClaim.spec': claimSpec,
  'PersistentVolume.spec': persistentVolumeSpec,
  StorageClass: storageClass,
  'HorizontalPodAutoscaler.spec': autoscalerSpec,
  'HorizontalPodAutoscaler.spec.metrics[]': metric,
  'ResourceQuota.spec': resourceQuotaSpec,
  'LimitRange.spec.limits[]': limitRangeItem,
  'PodDisruptionBudget.spec': disruptionBudgetSpec,
} as const

export type FieldTable = keyof typeof fields

/** Written, and not just in words that change nothing: `[]`, `{}`, `false`, `""`. */
export function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  if (typeof value === 'object') return Object.keys(value).length > 0
  return true
}

/** Fields of `written` that are not honoured, with their rule. */
export function* unhonoured(table: FieldTable, written: object): Generator<[string, FieldRule]> {
  const rules: Readonly<Record<string, FieldRule>> = fields[table]
  for (const [name, value] of Object.entries(written)) {
    const rule = rules[name]
    if (rule && rule.policy !== 'honoured' && isSet(value)) yield [name, rule]
  }
}
