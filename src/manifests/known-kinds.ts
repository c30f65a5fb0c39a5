import { oneOf, quoted } from './found.ts'
import { nearest } from './nearest.ts'

const later = 'not run by this version of berth'
const access = 'there is no API server to give access to'
const cluster = 'describes a Kubernetes cluster'

/** Kinds of Kubernetes that are accepted and do nothing, with the reason. */
export const ignoredKinds: Readonly<Record<string, string>> = {
  PriorityClass: 'nothing is preempted',
  RuntimeClass: 'containers run with the default runtime of the host',
  ServiceAccount: access,
  Role: access,
  RoleBinding: access,
  ClusterRole: access,
  ClusterRoleBinding: access,
  CertificateSigningRequest: access,
  TokenRequest: access,
  CustomResourceDefinition: 'no controller runs for custom resources',
  APIService: cluster,
  MutatingWebhookConfiguration: cluster,
  ValidatingWebhookConfiguration: cluster,
  InitializerConfiguration: cluster,
  MutatingAdmissionPolicy: cluster,
  MutatingAdmissionPolicyBinding: cluster,
  ValidatingAdmissionPolicy: cluster,
  ValidatingAdmissionPolicyBinding: cluster,
  FlowSchema: cluster,
  PriorityLevelConfiguration: cluster,
  CSIDriver: cluster,
  CSINode: cluster,
  CSIStorageCapacity: cluster,
  VolumeAttachment: cluster,
  VolumeAttributesClass: cluster,
  VolumeSnapshot: later,
  VolumeSnapshotClass: cluster,
  DeviceClass: cluster,
  ResourceClaim: cluster,
  ResourceClaimTemplate: cluster,
  ResourceSlice: cluster,
  ClusterTrustBundle: cluster,
  ServiceCIDR: cluster,
  IPAddress: cluster,
  Lease: cluster,
  Node: cluster,
  Event: cluster,
  Binding: cluster,
  ComponentStatus: cluster,
  ControllerRevision: cluster,
  PodTemplate: cluster,
  PodSecurityPolicy: 'removed from Kubernetes; use the podSecurity setting of the application',
}

const apiVersions = {
  Namespace: 'v1',
  Pod: 'v1',
  ReplicaSet: 'apps/v1',
  Deployment: 'apps/v1',
  ConfigMap: 'v1',
  Secret: 'v1',
  Service: 'v1',
  ReplicationController: 'v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  PersistentVolume: 'v1',
  PersistentVolumeClaim: 'v1',
  StorageClass: 'storage.k8s.io/v1',
  ResourceQuota: 'v1',
  LimitRange: 'v1',
  PodDisruptionBudget: 'policy/v1',
  Ingress: 'networking.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  Endpoints: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Engine: 'berth.dev/v1',
  Application: 'berth.dev/v1',
} as const

export type KnownKind = keyof typeof apiVersions

export type Verdict =
  | { readonly is: 'known'; readonly kind: KnownKind }
  | { readonly is: 'ignored'; readonly reason: string }
  | { readonly is: 'refused'; readonly at: 'kind' | 'apiVersion'; readonly message: string }

/** What is to be done with a document, by its kind and apiVersion alone. */
export function judgeKind(kind: string, apiVersion: string): Verdict {
  if (apiVersion === '') return refused('apiVersion', 'expected an apiVersion like "v1" or "apps/v1", found nothing')
  if (kind === '') return refused('kind', 'expected a kind like "Deployment", found nothing')
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  if (/^kustomize\.config\.k8s\.io$/.test(group)) {
    return refused(
      'kind',
      'expected plain manifests, found a kustomization: run `kustomize build` and commit its output',
    )
  }
  if (group !== 'berth.dev' && !isKubernetes(group)) {
    return { is: 'ignored', reason: 'a custom resource: no controller runs for it' }
  }
  if (isKnown(kind)) {
    const wanted = apiVersions[kind]
    if (apiVersion === wanted) return { is: 'known', kind }
    return refused(
      'apiVersion',
      `expected ${wanted} for ${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}, found ${quoted(apiVersion)}`,
    )
  }
  const reason = ignoredKinds[kind]
  if (reason !== undefined && Object.hasOwn(ignoredKinds, kind) && group !== 'berth.dev')
    return { is: 'ignored', reason }
  const candidates =
    group === 'berth.dev' ? ['Engine', 'Application'] : [...Object.keys(apiVersions), ...Object.keys(ignoredKinds)]
  const close = nearest(kind, candidates)
  const hint = close ? `: did you mean "${close}"?` : ''
  const wanted = group === 'berth.dev' ? oneOf(candidates) : 'a kind that Kubernetes knows'
  return refused('kind', `expected ${wanted}, found ${quoted(kind)}${hint}`)
}

function isKnown(kind: string): kind is KnownKind {
  return Object.hasOwn(apiVersions, kind)
}

/** Groups that Kubernetes itself serves; k8s.io has others that are installed as custom resources. */
const kubernetesGroups: ReadonlySet<string> = new Set(
  [
    'admissionregistration',
    'apiextensions',
    'apiregistration',
    'authentication',
    'authorization',
    'certificates',
    'coordination',
    'discovery',
    'events',
    'flowcontrol.apiserver',
    'networking',
    'node',
    'rbac.authorization',
    'resource',
    'scheduling',
    'storage',
    'storagemigration',
  ].map((name) => `${name}.k8s.io`),
)

function isKubernetes(group: string): boolean {
  return !group.includes('.') || kubernetesGroups.has(group)
}

function refused(at: 'kind' | 'apiVersion', message: string): Verdict {
  return { is: 'refused', at, message }
}
