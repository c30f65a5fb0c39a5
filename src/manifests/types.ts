// Checked objects: validated, defaults filled in. The interfaces are generated from schema/.
import type { ConfigMap, Deployment, Namespace, Pod, ReplicaSet, Secret, Service } from './generated/types.ts'

export type {
  Application,
  ConfigMap,
  Container,
  ContainerPort,
  Deployment,
  DeploymentStrategy,
  Engine,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  HTTPGetAction,
  LabelSelector,
  Namespace,
  ObjectMeta,
  Pod,
  PodSecurityContext,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ReplicaSet,
  ResourceRequirements,
  Secret,
  SecurityContext,
  Service,
  ServicePort,
  ServiceSpec,
  TCPSocketAction,
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
