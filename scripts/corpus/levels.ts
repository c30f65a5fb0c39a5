// How much of Kubernetes a document uses, as a level from 0 (a Deployment with an image) to 6 (hardware and clouds); 7: custom resources.
// A document is of the level of the rarest thing in it.

type Json = unknown

interface Thing {
  readonly level: number
  readonly what: string
}

const kindLevels: readonly (readonly string[])[] = [
  ['Deployment', 'Pod', 'Namespace', 'Service'],
  ['ConfigMap', 'Secret', 'PersistentVolumeClaim'],
  ['Endpoints'],
  [
    ...['StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob'],
    ...['HorizontalPodAutoscaler', 'Ingress', 'IngressClass', 'PersistentVolume', 'StorageClass'],
  ],
  [
    ...['NetworkPolicy', 'PodDisruptionBudget', 'ResourceQuota', 'LimitRange', 'PriorityClass', 'ServiceAccount'],
    ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'EndpointSlice'],
  ],
]

/** Fields of a pod spec or container by the level that brings them in; of those not named, the level is 0. */
const fieldLevels: Readonly<Record<string, number>> = {
  ...levels(1, ['valueFrom', 'envFrom', 'volumes', 'volumeMounts', 'persistentVolumeClaim', 'configMap', 'secret']),
  ...levels(2, ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'initContainers', 'sessionAffinity']),
  ...levels(2, ['terminationGracePeriodSeconds', 'strategy', 'minReadySeconds', 'progressDeadlineSeconds']),
  ...levels(2, ['revisionHistoryLimit', 'externalName', 'publishNotReadyAddresses']),
  ...levels(3, ['securityContext', 'fieldRef', 'resourceFieldRef', 'projected', 'downwardAPI', 'medium', 'sizeLimit']),
  ...levels(3, ['hostPort', 'hostname', 'subdomain', 'dnsConfig', 'hostAliases', 'imagePullSecrets']),
  ...levels(3, ['shareProcessNamespace']),
  ...levels(4, ['nodeSelector', 'affinity', 'topologySpreadConstraints', 'nodeName', 'activeDeadlineSeconds']),
  ...levels(4, ['tolerations', 'priorityClassName', 'schedulerName', 'runtimeClassName', 'serviceAccountName']),
  ...levels(4, ['serviceAccount', 'automountServiceAccountToken', 'ephemeral-storage', 'terminationMessagePath']),
  ...levels(4, ['terminationMessagePolicy']),
  ...levels(5, ['hostPath', 'hostNetwork', 'dnsPolicy', 'hostPID', 'hostIPC', 'ephemeral', 'grpc', 'mountPropagation']),
  ...levels(6, [
    'csi',
    'nfs',
    'awsElasticBlockStore',
    'gcePersistentDisk',
    'azureDisk',
    'azureFile',
    'cephfs',
    'cinder',
  ]),
  ...levels(6, ['flexVolume', 'flocker', 'glusterfs', 'iscsi', 'photonPersistentDisk', 'portworxVolume', 'quobyte']),
  ...levels(6, ['rbd', 'scaleIO', 'storageos', 'vsphereVolume', 'fc', 'gitRepo', 'image-volume', 'volumeDevices']),
  ...levels(6, ['seLinuxOptions', 'sysctls', 'windowsOptions', 'podFailurePolicy', 'successPolicy', 'resourceClaims']),
}

/** Text in these is no field. */
const dataFields: ReadonlySet<string> = new Set([
  'data',
  'stringData',
  'binaryData',
  'annotations',
  'labels',
  'matchLabels',
])

function levels(level: number, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, level]))
}

/** The level of one document, and the thing that made it so. */
export function levelOf(document: Readonly<Record<string, Json>>): Thing {
  const kind = String(document.kind ?? '')
  const apiVersion = String(document.apiVersion ?? '')
  const things = [kindThing(kind, apiVersion), ...fieldThings(document.spec), ...selfThings(document)]
  return things.reduce((most, thing) => (thing.level > most.level ? thing : most))
}

function kindThing(kind: string, apiVersion: string): Thing {
  const level = kindLevels.findIndex((kinds) => kinds.includes(kind))
  if (level < 0) return { level: 7, what: kind }
  const legacy =
    /^(extensions\/|apps\/v1(alpha|beta)|batch\/v[12](alpha|beta)|policy\/v1beta|autoscaling\/v2beta|.*\.k8s\.io\/v1(alpha|beta))/
  return legacy.test(apiVersion) ? { level: Math.max(level, 5), what: apiVersion } : { level, what: kind }
}

/** A Role's rules, a StorageClass's parameters and the like say nothing of a level of their own. */
function selfThings(document: Readonly<Record<string, Json>>): Thing[] {
  return document.kind === 'Service' && isHeadless(document.spec) ? [{ level: 2, what: 'headless Service' }] : []
}

function isHeadless(spec: Json): boolean {
  return typeof spec === 'object' && spec !== null && 'clusterIP' in spec && spec.clusterIP === 'None'
}

function* fieldThings(value: Json): Generator<Thing> {
  if (Array.isArray(value)) {
    for (const item of value) yield* fieldThings(item)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const level = fieldLevels[name]
      if (level !== undefined) yield { level, what: name }
      if (/^(nvidia|amd|intel|gpu|smarter-devices|xilinx)[.\w-]*\//.test(name)) yield { level: 6, what: name }
      if (!dataFields.has(name)) yield* fieldThings(member)
    }
  }
}
