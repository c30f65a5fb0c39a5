// Checked objects: validated, defaults filled in. The interfaces are generated from schema/.
import type {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  Job,
  LimitRange,
  Namespace,
  NetworkPolicy,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  StatefulSet,
  StorageClass,
} from './generated/types.ts'

export type {
  Affinity,
  Application,
  ApplicationCredentials,
  ApplicationForge,
  ApplicationGitHubApp,
  ApplicationPreviewImages,
  ApplicationPreviews,
  ApplicationRollback,
  ApplicationVerify,
  ClaimTemplate,
  ConfigMap,
  Container,
  ContainerPort,
  CronJob,
  CronJobSpec,
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentStrategy,
  DownwardAPIVolumeFile,
  Endpoint,
  EndpointAddress,
  EndpointPort,
  EndpointSlice,
  EndpointSlicePort,
  Endpoints,
  Engine,
  EngineNetwork,
  EngineNotification,
  EngineServer,
  EngineTaint,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  GRPCAction,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  HTTPGetAction,
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressRule,
  IngressSpec,
  IngressTLS,
  Job,
  JobSpec,
  KeyToPath,
  LabelSelector,
  Lifecycle,
  LifecycleHandler,
  LimitRange,
  LimitRangeItem,
  MetricSpec,
  Namespace,
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
  NFSVolumeSource,
  NodeSelectorTerm,
  ObjectMeta,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  Pod,
  PodAffinityTerm,
  PodDisruptionBudget,
  PodFailurePolicyRule,
  PodSecurityContext,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ReplicaSet,
  ReplicationController,
  ResourceFieldSelector,
  ResourceQuota,
  ResourceQuotaSpec,
  ResourceRequirements,
  Secret,
  SecurityContext,
  Service,
  ServicePort,
  ServiceSpec,
  StatefulSet,
  StatefulSetSpec,
  StorageClass,
  TCPSocketAction,
  Toleration,
  TopologySpreadConstraint,
  Volume,
  VolumeMount,
  VolumeProjection,
} from './generated/types.ts'

/** Every kind of a repository that describes what runs. */
export interface ObjectOf {
  Namespace: Namespace
  Pod: Pod
  ReplicaSet: ReplicaSet
  Deployment: Deployment
  ConfigMap: ConfigMap
  Secret: Secret
  Service: Service
  ReplicationController: ReplicationController
  StatefulSet: StatefulSet
  DaemonSet: DaemonSet
  Job: Job
  CronJob: CronJob
  HorizontalPodAutoscaler: HorizontalPodAutoscaler
  PersistentVolume: PersistentVolume
  PersistentVolumeClaim: PersistentVolumeClaim
  StorageClass: StorageClass
  ResourceQuota: ResourceQuota
  LimitRange: LimitRange
  PodDisruptionBudget: PodDisruptionBudget
  Ingress: Ingress
  IngressClass: IngressClass
  NetworkPolicy: NetworkPolicy
  Endpoints: Endpoints
  EndpointSlice: EndpointSlice
}

export type Kind = keyof ObjectOf

/** One object of a manifest, told apart by `kind`. */
export type ManifestObject = ObjectOf[Kind]
