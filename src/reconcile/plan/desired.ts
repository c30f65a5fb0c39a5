import type { Deployment, Namespace, Pod, PodSpec, ReplicaSet } from '../../manifests/types.ts'
import type { ContainerConfig, LiveHost, LivePod } from '../../runtime/live.ts'

/** A pod template with every reference followed; what the planner compares and creates. Made by `resolveTemplate`. */
export interface Template {
  /**
   * Hash of the owner and of all that needs a new pod when it changes: resources that Docker can update in place are left out.
   * The owner is in it, so that pod names of different owners never meet, even when cut.
   */
  readonly hash: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  /** One per container of the spec, in its order; facts of the pod are still stand-ins: see `containersFor`. */
  readonly containers: readonly ContainerConfig[]
  /** What one pod asks for; placement sums these. */
  readonly requests: Requests
  /** What a required reference does not find: `ConfigMap shop/web`, `key "url" of Secret shop/db`. The pod waits. */
  readonly missing: readonly string[]
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

export interface DesiredWorkload<K extends 'Pod' | 'ReplicaSet' | 'Deployment', O> extends DesiredCommon {
  readonly kind: K
  readonly object: O
  readonly template: Template
}

export type DesiredPod = DesiredWorkload<'Pod', Pod>
export type DesiredReplicaSet = DesiredWorkload<'ReplicaSet', ReplicaSet>
export type DesiredDeployment = DesiredWorkload<'Deployment', Deployment>
export interface DesiredNamespace extends DesiredCommon {
  readonly kind: 'Namespace'
  readonly object: Namespace
}

export type Desired = DesiredPod | DesiredReplicaSet | DesiredDeployment | DesiredNamespace

/** What a planner may look at besides the desired object. */
export interface View {
  /** The pods of the key's owner, leaving ones included. */
  readonly pods: readonly LivePod[]
  readonly hosts: readonly LiveHost[]
  /** Requests already placed on each host by all pods, for placement. */
  readonly placed: ReadonlyMap<string, Requests & { readonly pods: number }>
  /** ms. */
  readonly now: number
}
