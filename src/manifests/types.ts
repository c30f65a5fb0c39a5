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

/** Every kind of a repository that describes what runs. */
export interface ObjectOf {
  Namespace: Namespace
  Pod: Pod
  ReplicaSet: ReplicaSet
  Deployment: Deployment
  ConfigMap: ConfigMap
  Secret: Secret
  Service: Service
}

export type Kind = keyof ObjectOf

/** One object of a manifest, told apart by `kind`. */
export type ManifestObject = ObjectOf[Kind]

/** Kinds that configure Berth itself. */
export interface ConfigOf {
  Engine: Engine
  Application: Application
}
