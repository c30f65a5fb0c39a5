// Checked objects: validated, defaults filled in. The interfaces are generated from schema/.
import type {
  Application,
  ConfigMap,
  Deployment,
  Engine,
  Namespace,
  Pod,
  ReplicaSet,
  Secret,
  Service,
} from './generated/types.ts'

export type {
  Application,
  ApplicationSpec,
  Capabilities,
  ConfigMap,
  Container,
  ContainerPort,
  Deployment,
  DeploymentSpec,
  DeploymentStrategy,
  Engine,
  EngineHost,
  EngineSpec,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ExecAction,
  HTTPGetAction,
  LabelSelector,
  LabelSelectorRequirement,
  Namespace,
  ObjectMeta,
  Pod,
  PodSecurityContext,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ReplicaSet,
  ReplicaSetSpec,
  ResourceRequirements,
  RollingUpdateDeployment,
  SeccompProfile,
  Secret,
  SecurityContext,
  Service,
  ServicePort,
  ServiceSpec,
  TCPSocketAction,
  TemplateMeta,
} from './generated/types.ts'

/** Every kind that this build understands. */
export interface ObjectOf {
  Namespace: Namespace
  Pod: Pod
  ReplicaSet: ReplicaSet
  Deployment: Deployment
  ConfigMap: ConfigMap
  Secret: Secret
  Service: Service
  Engine: Engine
  Application: Application
}

export type Kind = keyof ObjectOf

/** Kinds of a repository that describe what runs; the others configure Berth. */
export type WorkloadKind = Exclude<Kind, 'Engine' | 'Application'>

/** One object of a manifest, told apart by `kind`. */
export type ManifestObject = ObjectOf[Kind]
