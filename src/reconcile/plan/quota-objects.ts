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

/** Of lists that were counted before: a report asks for every quota, each time. */
const counted = new WeakMap<readonly ManifestObject[], Usage>()

/** What the wanted objects of a namespace use of a quota; pods are counted where they run. A list must not change once it was asked about. */
export function objectUsage(objects: readonly ManifestObject[]): Usage {
  const known = counted.get(objects)
  if (known) return known
  const usage = new Map<string, Quantity>()
  const add = (name: string, amount: Quantity) => {
    const before = usage.get(name)
    usage.set(name, before ? sumQuantities([before, amount]) : amount)
  }
  const kinds = Map.groupBy(objects, ({ kind }) => kind)
  for (const [kind, alike] of kinds) {
    if (kind === 'Pod') continue
    const [plural, group] = groups[kind]
    const many = times(one, alike.length)
    add(`count/${group === '' ? plural : `${plural}.${group}`}`, many)
    if (group === '') add(plural, many)
    for (const object of alike) for (const [name, amount] of beyondCount(object)) add(name, amount)
  }
  counted.set(objects, usage)
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

/** What it uses besides being one of its kind. */
function beyondCount(object: ManifestObject): readonly (readonly [string, Quantity])[] {
  switch (object.kind) {
    case 'Service':
      return ofService(object)
    case 'PersistentVolumeClaim':
      return ofClaim(object)
    case 'StatefulSet':
      return ofClaimTemplates(object)
    default:
      return []
  }
}

const one: Quantity = { nano: 10n ** 9n, format: 'DecimalSI', letter: '' }

function times(amount: Quantity, count: number): Quantity {
  return { ...amount, nano: amount.nano * BigInt(count) }
}

function ofService({ spec }: Service): (readonly [string, Quantity])[] {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return []
  const withPorts = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false
  const ports = withPorts ? (spec.ports ?? []).length : 0
  return [
    ['services.nodeports', times(one, ports)],
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
  return claims.map(([name, amount]) => [name, times(amount, spec.replicas)])
}

function ofClaim({ spec }: Pick<PersistentVolumeClaim, 'spec'>): (readonly [string, Quantity])[] {
  const storage = parseQuantity(spec.resources?.requests?.storage ?? '')
  const ofClass = spec.storageClassName ? [`${spec.storageClassName}.storageclass.storage.k8s.io/`] : []
  return ['', ...ofClass].flatMap((prefix) => [
    ...(prefix === '' ? [] : [[`${prefix}persistentvolumeclaims`, one] as const]),
    ...(storage ? [[`${prefix}requests.storage`, storage] as const] : []),
  ])
}
