// What runs, as facts. Types only: pure rooms read these and nothing else of the runtime.
import type { Key } from '../base/key.ts'
import type { PodSpec } from '../manifests/types.ts'
import type { Allocation, NetworkProblem } from './network/table.ts'

export interface LiveHost {
  readonly name: string
  /** False: nothing is known of its pods beyond the last answer; never read as "no pods". */
  readonly reachable: boolean
  /** Why it is not reachable. */
  readonly message: string
  readonly cpuMillis: number
  readonly memoryBytes: number
  /** Image references (and ids) present on the host -> image id. */
  readonly images: ReadonlyMap<string, string>
  readonly pulls: ReadonlyMap<string, LivePull>
  /** Namespaces that have their network on this host. */
  readonly networks: ReadonlySet<string>
  /** `kubernetes.io/hostname`, `kubernetes.io/os`, `kubernetes.io/arch` and those of the configuration. */
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly HostTaint[]
  /** Address of the host itself, which pods with `hostNetwork` have; empty when it is not known. */
  readonly address: string
  readonly network: HostNetwork
}

/** How far the data path of a host is. */
export interface HostNetwork {
  /**
   * `services`: a node container serves the table. `names`: Docker's own names and nothing else, because the configuration says so or the
   * host cannot do more (`message` says why). `starting`: not known yet, or on its way; nothing is to be concluded from it.
   */
  readonly mode: 'services' | 'names' | 'starting'
  /** Why it is not as wished; empty: it is. */
  readonly message: string
  readonly problems: readonly NetworkProblem[]
  /** What Services were given, as this host remembers it. Undefined: not read yet. */
  readonly allocations: ReadonlyMap<Key, Allocation> | undefined
}

/**
 * A pod's part in the data path. `none`: no Service sends it anything, or there is no data path. `joining`: it is ready, but not yet in
 * traffic everywhere. `serving`. `draining`: out of new traffic, or about to be; what it has is being finished. `out`: finished.
 */
export type PodTraffic = 'none' | 'joining' | 'serving' | 'draining' | 'out'

export interface HostTaint {
  readonly key: string
  readonly value: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

/**
 * A Docker volume that outlives pods: the data of a claim, or a record (an empty volume whose labels say what must not be forgotten, such
 * as that a Job has run). Volumes of a single pod are not listed: they come and go with its sandbox.
 */
export interface LiveVolume {
  readonly host: string
  /** Docker's name. */
  readonly name: string
  readonly app: string
  readonly namespace: string
  /** `Kind/name` of the object that it belongs to: `PersistentVolumeClaim/data`, `Job/migrate`. */
  readonly subject: string
  /** Tells several volumes of one subject apart; empty for a claim's data. */
  readonly detail: string
  /** What was written into its labels when it was made: capacity, class, outcome, … */
  readonly facts: Readonly<Record<string, string>>
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
  readonly createdAt: number
  /** A copy into it that is under way, or failed and was not begun again; absent: there is none that this process knows of. */
  readonly filling?: VolumeFilling
}

export interface VolumeFilling {
  readonly state: 'running' | 'failed'
  /** That failed since the last success. */
  readonly attempts: number
  /** When the state was entered, ms. */
  readonly at: number
  /** Why it failed. */
  readonly message: string
}

/** The last pull of one image reference on one host. */
export interface LivePull {
  readonly state: 'pulling' | 'done' | 'failed'
  /** Failed attempts since the last success. */
  readonly attempts: number
  /** When the state was entered, ms. `-Infinity`: it failed, and its time to wait is over. */
  readonly at: number
  /** The registry's words, when failed. */
  readonly message: string
}

/** One pod: a sandbox (pause) container and the containers joined to it. */
export interface LivePod {
  readonly host: string
  readonly namespace: string
  readonly name: string
  readonly app: string
  /** `Kind/name` of the object whose pod this is. */
  readonly owner: string
  /** Template hash that it was made from. */
  readonly template: string
  /** Commit that it was made for. */
  readonly commit: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The pod's spec as it was when made (kept in a label), so that pods of an old revision can be probed and kept. Undefined when the sandbox is gone. */
  readonly spec: PodSpec | undefined
  /** Identity of the sandbox container; empty when it is gone. */
  readonly uid: string
  readonly createdAt: number
  readonly address: string | undefined
  readonly traffic: PodTraffic
  /** Marked for removal (survives a restart of Berth): no longer counted, no longer kept alive. */
  readonly leaving: boolean
  /** When it was marked, ms: its grace period runs from here. */
  readonly leavingSince: number | undefined
  /** Volumes of the pod that are filled by us -> version of what is in them; not in the map: empty, or not known. */
  readonly contents: ReadonlyMap<string, string>
  /** Undefined: the sandbox container was removed behind our back. */
  readonly sandbox: LiveContainer | undefined
  /** Without the sandbox, sorted by name; one per container name, the newest attempt. */
  readonly containers: readonly LiveContainer[]
  /** Containers of earlier attempts that are still to be removed. */
  readonly leftovers: readonly LiveContainer[]
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

export interface LiveContainer {
  readonly id: string
  /** Container name in the pod's spec; empty for the sandbox. */
  readonly name: string
  readonly state: ContainerState
  readonly exitCode: number
  /** Docker's words when a start failed. */
  readonly error: string
  readonly oomKilled: boolean
  /** ms; 0: never started. */
  readonly startedAt: number
  /** ms; 0: not finished. */
  readonly finishedAt: number
  readonly createdAt: number
  /** How often this container of the pod was made again after its process ended. */
  readonly restarts: number
  /** The wait that came before this attempt, ms: the next one doubles it. */
  readonly backoffMs: number
  /** What it said of its end, where it was asked to: several lines, without Secrets of its variables. Absent: nothing. */
  readonly message?: string
  /** How the attempt before this one ended. */
  readonly last: LastEnd | undefined
  readonly image: string
  readonly imageId: string
  /** A stop was sent by this process and has not ended yet. */
  readonly stopping: boolean
  /** What runs, field by field; compared with the desired configuration to find drift. */
  readonly config: ContainerConfig
  readonly health: ContainerHealth
}

export interface LastEnd {
  readonly exitCode: number
  readonly reason: string
  /** ms */
  readonly finishedAt: number
  readonly message?: string
}

/** Probe results. Without a probe: `started` and `ready` follow the running process. */
export interface ContainerHealth {
  /** False: running, but not looked at yet (Berth just started); nothing may be decided from `ready`. */
  readonly known: boolean
  readonly started: boolean
  /** It runs, and its postStart hook has ended well, or it has none. */
  readonly hookDone: boolean
  readonly ready: boolean
  /** ms since when it is ready without a break; undefined when it is not. */
  readonly readySince: number | undefined
  /** Liveness or startup threshold reached: the container has to be restarted. */
  readonly failing: boolean
  /** The last failing probe's words. */
  readonly message: string
}

/**
 * What a container is to run, in the terms that Docker can report back. Made by the planner, compared by `diff`,
 * turned into API options by the runtime. `$(VAR)` is already expanded. The text `podAddress` stands for the pod's
 * address, which is only known once the sandbox runs.
 */
export interface ContainerConfig {
  readonly name: string
  readonly image: string
  /** Docker's Entrypoint; undefined: the image's. */
  readonly command: readonly string[] | undefined
  /** Docker's Cmd; undefined: the image's (none if `command` is set, as in Kubernetes). */
  readonly args: readonly string[] | undefined
  readonly workingDir: string | undefined
  readonly env: readonly EnvValue[]
  /** `uid`, `uid:gid`, `:gid` with the image's user, or undefined for the image's. */
  readonly user: string | undefined
  readonly groups: readonly string[]
  readonly tty: boolean
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly privileged: boolean
  readonly readOnlyRootFilesystem: boolean
  readonly noNewPrivileges: boolean
  /** Upper case, sorted, without `CAP_`. */
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  /** `runtime/default` | `unconfined` */
  readonly seccomp: 'default' | 'unconfined'
  readonly resources: ContainerResources
  readonly oomScoreAdjust: number
  /** Sorted by path. */
  readonly mounts: readonly Mount[]
  /** Paths of differences that do not count (`env.LEVEL`, `args`): they stay as they were when the container was made. */
  readonly unfollowed?: readonly string[]
}

/** One volume of the pod, seen in one container. */
export interface Mount {
  /** Name in the pod's spec: one of `SandboxSpec.volumes`. */
  readonly volume: string
  /** In the container. */
  readonly path: string
  /** Relative path inside the volume; empty: all of it. Variables are expanded already. */
  readonly subPath: string
  readonly readOnly: boolean
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
}

export interface EnvValue {
  readonly name: string
  readonly value: string
  /** From a Secret: never shown. */
  readonly secret: boolean
}

/** Zero: not set. */
export interface ContainerResources {
  readonly cpuRequestMillis: number
  readonly cpuLimitMillis: number
  readonly memoryLimitBytes: number
}

export interface PublishedPort {
  readonly containerPort: number
  readonly hostPort: number
  readonly hostIP: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
}
