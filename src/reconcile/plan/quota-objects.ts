import { parseQuantity, type Quantity, renderQuantity, sumQuantities } from '../../manifests/quantity.ts'
import type {
  ManifestObject,
  PersistentVolumeClaim,
  ResourceQuota,
  Service,
  StatefulSet,
} from '../../manifests/types.ts'
import { hardOf, type Usage } from './quota.ts'

/** API group of each kind, as `count/<plural>.<group>` names it. */
const groups: Readonly<Record<ManifestObject['kind'], readonly [plural: string, group: string]>> = {
  Namespace: ['namespaces', ''],
  Pod: ['pods', ''],
  ReplicaSet: ['replicasets', 'apps'],
  Deployment: ['deployments', 'apps'],
  ConfigMap: ['configmaps', ''],
  Secret: ['secrets', ''],
  Service: ['services', ''],
  ReplicationController: ['replicationcontrollers', ''],
  StatefulSet: ['statefulsets', 'apps'],
  DaemonSet: ['daemonsets', 'apps'],
  Job: ['jobs', 'batch'],
  CronJob: ['cronjobs', 'batch'],
  HorizontalPodAutoscaler: ['horizontalpodautoscalers', 'autoscaling'],
  PersistentVolume: ['persistentvolumes', ''],
  PersistentVolumeClaim: ['persistentvolumeclaims', ''],
  StorageClass: ['storageclasses', 'storage.k8s.io'],
  ResourceQuota: ['resourcequotas', ''],
  LimitRange: ['limitranges', ''],
  PodDisruptionBudget: ['poddisruptionbudgets', 'policy'],
  Ingress: ['ingresses', 'networking.k8s.io'],
  IngressClass: ['ingressclasses', 'networking.k8s.io'],
  NetworkPolicy: ['networkpolicies', 'networking.k8s.io'],
  Endpoints: ['endpoints', ''],
  EndpointSlice: ['endpointslices', 'discovery.k8s.io'],
}

/** What the wanted objects of a namespace use of a quota; pods are counted where they run. */
export function objectUsage(objects: readonly ManifestObject[]): Usage {
  const usage = new Map<string, Quantity>()
  for (const [name, amount] of objects.flatMap(usageOfObject)) {
    const before = usage.get(name)
    usage.set(name, before ? sumQuantities([before, amount]) : amount)
  }
  return usage
}

/** Where the objects of a namespace are more than a quota allows: `configmaps: 12 of 10`. Quotas with scopes are about pods alone. */
export function exceededByObjects(quota: ResourceQuota, objects: readonly ManifestObject[]): readonly string[] {
  if ((quota.spec.scopes ?? []).length > 0 || quota.spec.scopeSelector) return []
  const used = objectUsage(objects)
  return [...hardOf(quota)].flatMap(([name, most]) => {
    const amount = used.get(name)
    return amount && amount.nano > most.nano ? [`${name}: ${renderQuantity(amount)} of ${renderQuantity(most)}`] : []
  })
}

function usageOfObject(object: ManifestObject): (readonly [string, Quantity])[] {
  if (object.kind === 'Pod') return []
  const [plural, group] = groups[object.kind]
  const title = group === '' ? plural : `${plural}.${group}`
  return [
    [`count/${title}`, one],
    ...(group === '' ? [[plural, one] as const] : []),
    ...(object.kind === 'Service' ? ofService(object) : []),
    ...(object.kind === 'PersistentVolumeClaim' ? ofClaim(object) : []),
    ...(object.kind === 'StatefulSet' ? ofClaimTemplates(object) : []),
  ]
}

const one: Quantity = { nano: 10n ** 9n, format: 'DecimalSI', letter: '' }

function ofService({ spec }: Service): (readonly [string, Quantity])[] {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return []
  const withPorts = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false
  const ports = withPorts ? (spec.ports ?? []).length : 0
  return [
    ['services.nodeports', { ...one, nano: one.nano * BigInt(ports) }],
    ...(spec.type === 'LoadBalancer' ? [['services.loadbalancers', one] as const] : []),
  ]
}

/** The claims that it makes for its pods. */
function ofClaimTemplates({ spec }: StatefulSet): (readonly [string, Quantity])[] {
  const claims = (spec.volumeClaimTemplates ?? []).flatMap((template): (readonly [string, Quantity])[] => [
    ['persistentvolumeclaims', one],
    ['count/persistentvolumeclaims', one],
    ...ofClaim(template),
  ])
  return claims.map(([name, amount]) => [name, { ...amount, nano: amount.nano * BigInt(spec.replicas) }])
}

function ofClaim({ spec }: Pick<PersistentVolumeClaim, 'spec'>): (readonly [string, Quantity])[] {
  const storage = parseQuantity(spec.resources?.requests?.storage ?? '')
  const ofClass = spec.storageClassName ? [`${spec.storageClassName}.storageclass.storage.k8s.io/`] : []
  return ['', ...ofClass].flatMap((prefix) => [
    ...(prefix === '' ? [] : [[`${prefix}persistentvolumeclaims`, one] as const]),
    ...(storage ? [[`${prefix}requests.storage`, storage] as const] : []),
  ])
}
