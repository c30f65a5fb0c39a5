import type { Key } from '../../base/key.ts'
import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../manifests/types.ts'
import type { ContainerConfig, LiveHost, LivePod, LiveVolume } from '../../runtime/live.ts'
import type { PodVolume, RegistryAuth, VolumeContents, VolumeSpec } from '../../runtime/port.ts'

/** A pod template with every reference followed; what the planner compares and creates. Made by `resolveTemplate`. */
export interface Template {
  /**
   * Hash of the owner and of all that needs a new pod when it changes: resources that Docker can update in place are left out, and so is
   * what is in volumes, unless the annotation `berth.dev/on-config-change: roll` asks for it.
   * The owner is in it, so that pod names of different owners never meet, even when cut.
   */
  readonly hash: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  /** One per container of the spec, init containers first, in its order; facts of the pod are still stand-ins: see `containersFor`. */
  readonly containers: readonly ContainerConfig[]
  /** In the order of the spec; names of claims may hold stand-ins. */
  readonly volumes: readonly TemplateVolume[]
  /** What one pod asks for; placement sums these. */
  readonly requests: Requests
  /** What a required reference does not find: `ConfigMap shop/web`, `key "url" of Secret shop/db`. The pod waits. */
  readonly missing: readonly string[]
  /** Of these what containers need to be made, as against what is to be in volumes. */
  readonly missingVariables: readonly string[]
  /** From imagePullSecrets, for all registries that they know. */
  readonly auths: readonly RegistryAuth[]
  /** Why a rule of the namespace (LimitRange) or a volume allows no such pod; empty: nothing does. The pod waits. */
  readonly forbidden: string
  /** False: what is in the volumes of running pods stays as it is (`berth.dev/on-config-change: ignore`, or `roll`: new pods have it). */
  readonly followsConfig: boolean
}

/** A volume of the pod template. */
export interface TemplateVolume {
  /** As the sandbox is told; of a claim, its subject may hold a stand-in for the pod's name. */
  readonly volume: PodVolume
  /** Of `files`: what is to be in it now; facts of the pod are still stand-ins. Undefined while a part of it is missing. */
  readonly contents: VolumeContents | undefined
  /** Of a claim: how it is provided; `claim` may hold a stand-in for the pod's name. */
  readonly claim: ClaimUse | undefined
}

export interface ClaimUse {
  readonly name: string
  /** Undefined: there is no such claim among the wanted objects, nor a template for it. The pod waits. */
  readonly provision: Provision | undefined
  /** Claims of single pods, by their full names, that are provided in another way: bound to a static volume, written in Git. */
  readonly own?: ReadonlyMap<string, Provision>
}

/** How a claim gets its storage. Made by `provisionOf` from the claim, its class and the static volumes. */
export interface Provision {
  /** The Docker volume that holds its data, or, for a path on the host, records the binding. */
  readonly volume: VolumeSpec
  /** Static volumes of type hostPath or local: what pods really mount; undefined: the Docker volume. */
  readonly hostPath: string | undefined
  /** Hosts on which it may be (nodeAffinity of the volume, topology of the class); undefined: any. */
  readonly hosts: readonly string[] | undefined
  /** Made with the first pod that uses it, on that pod's host (WaitForFirstConsumer). */
  readonly waits: boolean
  /** Why it cannot be provided: no such class, no volume fits. Empty: it can. */
  readonly problem: string
  /** Why a LimitRange allows no such claim: nothing is made for it, what is there stays in use. */
  readonly forbidden?: string
  /** The claim whose data it begins with, and the most of it, bytes; absent: it begins with nothing. */
  readonly seed?: { readonly from: Key; readonly limitBytes: number } | undefined
  /** What is not kept of the wish: `expansion of a local volume has no effect`. */
  readonly conditions: readonly string[]
}

/** Zero: nothing asked for. */
export interface Requests {
  readonly cpuMillis: number
  readonly memoryBytes: number
}

interface DesiredCommon {
  readonly app: string
  readonly commit: string
  /** When this process began to want the object as it is (its template hash), ms. A commit that leaves it alone keeps the time. */
  readonly since: number
}

interface DesiredWorkload<K extends string, O> extends DesiredCommon {
  readonly kind: K
  readonly object: O
  readonly template: Template
}

/** Its number of pods is what an autoscaler says, else what the manifest says. */
interface Scaled {
  readonly replicas: number
}

export type DesiredPod = DesiredWorkload<'Pod', Pod>
export type DesiredReplicaSet = DesiredWorkload<'ReplicaSet', ReplicaSet> & Scaled
export type DesiredReplicationController = DesiredWorkload<'ReplicationController', ReplicationController> & Scaled
export type DesiredDeployment = DesiredWorkload<'Deployment', Deployment> & Scaled
export type DesiredStatefulSet = DesiredWorkload<'StatefulSet', StatefulSet> & Scaled
export type DesiredDaemonSet = DesiredWorkload<'DaemonSet', DaemonSet>
export type DesiredJob = DesiredWorkload<'Job', Job>
/** The template is that of its jobs. */
export type DesiredCronJob = DesiredWorkload<'CronJob', CronJob>

/** What has pods. */
export type Workload =
  | DesiredPod
  | DesiredReplicaSet
  | DesiredReplicationController
  | DesiredDeployment
  | DesiredStatefulSet
  | DesiredDaemonSet
  | DesiredJob
  | DesiredCronJob

export interface DesiredNamespace extends DesiredCommon {
  readonly kind: 'Namespace'
  readonly object: Namespace
}

export interface DesiredClaim extends DesiredCommon {
  readonly kind: 'PersistentVolumeClaim'
  readonly object: PersistentVolumeClaim
  readonly provision: Provision
}

export type Desired = Workload | DesiredNamespace | DesiredClaim

/** What a planner may look at besides the desired object. */
export interface View {
  /** The pods of the key's owner, leaving ones included. */
  readonly pods: readonly LivePod[]
  readonly hosts: readonly LiveHost[]
  /** Requests already placed on each host by all pods, for placement. */
  readonly placed: ReadonlyMap<string, Requests & { readonly pods: number }>
  /** Volumes of a claim (`namespace/PersistentVolumeClaim/name`), or records of an object, on all hosts. */
  readonly volumesOf: (subject: Key) => readonly LiveVolume[]
  /** All pods of the installation, for rules that look at other owners' pods. Dear with many pods: asked for only where a rule needs it. */
  readonly allPods: () => readonly LivePod[]
  /** Of all pods those that keep others away (required anti-affinity): asked for with every new pod. */
  readonly guards: () => readonly LivePod[]
  /** Why `count` more pods of this spec are not admitted to the namespace now (quota); empty: they are. */
  readonly refuses: (namespace: string, spec: PodSpec, count: number) => string
  /** Why a healthy pod may not be taken away by choice now (PodDisruptionBudget); empty: it may. Rollouts do not ask. */
  readonly protects: (pod: LivePod) => string
  /** ms. */
  readonly now: number
}
