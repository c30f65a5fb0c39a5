// What the rest of Berth may ask of the container hosts. One method is one short exchange with one engine; nothing here waits for a
// pod to become healthy, a pull to end or a process to stop: those come back as facts in `live()`, announced by `watch`.
import type { Key } from '../base/key.ts'
import type { PodSpec } from '../manifests/types.ts'
import type {
  ContainerConfig,
  ContainerResources,
  LastEnd,
  LiveHost,
  LivePod,
  LiveVolume,
  PublishedPort,
} from './live.ts'
import type { Allocation, NetworkTable } from './network/table.ts'

export interface PodRef {
  readonly host: string
  readonly namespace: string
  readonly name: string
}

/** All that a sandbox container and its labels hold. */
export interface SandboxSpec {
  readonly app: string
  /** `Kind/name`. */
  readonly owner: string
  readonly template: string
  readonly commit: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  readonly hostname: string
  /** Names of Services that Docker itself tells other pods of the namespace; only where nothing else does. */
  readonly aliases?: readonly string[]
  readonly ports: readonly PublishedPort[]
  /** The sandbox mounts all of them, so that they can be filled and prepared through it. */
  readonly volumes: readonly PodVolume[]
}

/** One volume of a pod, by its name in the pod's spec. */
export type PodVolume =
  /** Made with the pod, removed with it. `options` and `driver` are Docker's; size 0: no limit. */
  | {
      readonly kind: 'empty'
      readonly name: string
      readonly medium: 'disk' | 'memory'
      readonly sizeBytes: number
      readonly driver: string
      readonly options: Readonly<Record<string, string>>
    }
  /** Filled by `setUpVolumes`, made and removed with the pod. `secret`: kept in memory only. */
  | { readonly kind: 'files'; readonly name: string; readonly secret: boolean }
  /** A volume made by `createVolume` for this subject of the pod's namespace: the data of a claim. */
  | { readonly kind: 'docker'; readonly name: string; readonly subject: string }
  | { readonly kind: 'host'; readonly name: string; readonly path: string; readonly type: HostPathType }

/** Empty: not checked, a missing directory is made. */
export type HostPathType =
  | ''
  | 'DirectoryOrCreate'
  | 'Directory'
  | 'FileOrCreate'
  | 'File'
  | 'Socket'
  | 'CharDevice'
  | 'BlockDevice'

/** What has to be true of a volume before containers that use it start. Doing it again changes nothing. */
export interface VolumeSetup {
  readonly volume: string
  /** Directories that `subPath` mounts need, relative to the volume. */
  readonly directories: readonly string[]
  /** The pod's fsGroup: the group of all that is in it, writable for it. */
  readonly group: number | undefined
  /** True: only looked into if its root does not belong to the group yet (OnRootMismatch). */
  readonly groupByRoot: boolean
  /** The root of a claim's new volume is made writable for all, as provisioners of local storage do. */
  readonly opens?: boolean
  /** Only of `files`: swapped in as a whole, readers never see half of it. */
  readonly contents: VolumeContents | undefined
}

export interface VolumeContents {
  /** Hash of the files. */
  readonly version: string
  readonly files: readonly VolumeFile[]
}

export interface VolumeFile {
  /** Relative, may have directories. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly data: string
  /** How `data` is written: binaryData and Secrets may be no text. */
  readonly encoding: 'utf8' | 'base64'
}

/** A Docker volume to be made; see LiveVolume. */
export interface VolumeSpec {
  readonly app: string
  readonly namespace: string
  readonly subject: string
  readonly detail: string
  readonly facts: Readonly<Record<string, string>>
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
}

/** What is to be copied into a volume that nobody uses yet. */
export interface VolumeFill extends Pick<VolumeSpec, 'namespace' | 'subject'> {
  /** Another volume of the installation on the same host. */
  readonly from: Pick<VolumeSpec, 'namespace' | 'subject'>
  /** More is not copied. */
  readonly limitBytes: number
}

/** For one pull, from an imagePullSecret. Never logged. */
export interface RegistryAuth {
  readonly username: string
  readonly password: string
  readonly serverAddress: string
}

/** One-shot figures of a running container. */
export interface ContainerUsage {
  readonly id: string
  /** When Docker read them, ms. */
  readonly at: number
  /** CPU time used since it started, ns. */
  readonly cpuNanos: number
  /** Working set: without what the kernel could drop. */
  readonly memoryBytes: number
}

/** What a container of a restarted process carries over from the attempt before. */
export interface Attempt {
  readonly restarts: number
  readonly backoffMs: number
  readonly last: LastEnd | undefined
}

export interface Runtime {
  readonly hosts: readonly string[]

  /** Connects, lists everything, begins to follow events and to probe. Unreachable hosts do not fail it. */
  start(): Promise<void>
  close(): Promise<void>
  /** Lists everything again on every host (done by itself at start, after an event gap, and every few minutes). */
  refresh(): Promise<void>

  /** Facts, from memory. */
  hostFacts(): readonly LiveHost[]
  /** The pods of one owner, from memory, sorted by name. Key: `namespace/Kind/name` of the owner. */
  podsOf(owner: Key): readonly LivePod[]
  /** All pods of the installation, from memory. */
  pods(): readonly LivePod[]
  /** The volumes of one claim, or the records of one object, on all hosts, from memory. Key: `namespace/PersistentVolumeClaim/data`. */
  volumesOf(subject: Key): readonly LiveVolume[]
  /** All volumes of the installation that outlive pods, from memory. */
  volumes(): readonly LiveVolume[]
  /** Things that carry our marks but are not ours, or hold a name that we need: said in the status, never touched. */
  conflicts(): readonly string[]
  /**
   * Calls back with the keys of the owners whose facts changed, the moment it is known; `/Namespace/name` where a network or a pod came
   * or went; `/Host/name` where the reachability, images, pulls or
   * conflicts of a host are others (whoever waits for them is to look again).
   */
  watch(changed: (keys: readonly Key[]) => void): () => void

  /** There will be a table. Until it is there, nobody knows who is in traffic: all pods count as joining, for half a minute at most. */
  expectNetwork(): void
  /**
   * The data path of every host is brought to this table from now on. Returns at once; `LivePod.traffic` of the pods in it is right when it
   * returns, the rest comes as facts of hosts and pods. `allocations` are remembered on the hosts.
   */
  setNetwork(table: NetworkTable, allocations: ReadonlyMap<Key, Allocation>): void
  /** Whether hosts that answer are at the newest table, or have said why they are not. */
  networkRests(): boolean
  /** Calls back when previews of the table were asked for through Ingresses or node ports, within a second while a request may wake one: namespace -> when last, ms. */
  watchUses(used: (uses: ReadonlyMap<string, number>) => void): () => void
  ensureNetwork(host: string, namespace: string): Promise<void>
  removeNetwork(host: string, namespace: string): Promise<void>
  /** Begins a pull and returns; the outcome is a fact of the host. `auths` are tried in order, then without. `forPreview`: others do not wait for it. */
  pull(host: string, image: string, auths?: readonly RegistryAuth[], forPreview?: boolean): void
  /** Where a pull of this image has failed, the next one need not wait for its time. */
  pullSoon(image: string): void
  /**
   * Has a host ask the registry for the digest (`sha256:…`) of an image, with credentials as for a pull; undefined: the registry does not
   * have it. Throws a RuntimeError where that cannot be told: refused, out of reach, no host answers.
   */
  registryDigest(image: string, auths?: readonly RegistryAuth[]): Promise<string | undefined>
  /** Docker's name comes from the spec; taken by an equal one of ours: success. */
  createVolume(host: string, volume: VolumeSpec): Promise<void>
  /**
   * Begins to copy one volume into another, whatever is in that, and returns; under way already, or done: success. It goes on without this process.
   * `LiveVolume.filling` tells how it goes. Its good end is a record, `filled`, of the subject; a volume without it may have a part of the data.
   */
  fillVolume(host: string, fill: VolumeFill): Promise<void>
  /** Already gone: success. In use, or not ours: RuntimeError. A copy into it ends. */
  removeVolume(host: string, name: string): Promise<void>
  /** Prepares and fills volumes through the pod's running sandbox. Throws VOLUME_REFUSED when a hostPath is not of its type. */
  setUpVolumes(pod: PodRef, volumes: readonly VolumeSetup[]): Promise<void>
  createSandbox(pod: PodRef, sandbox: SandboxSpec): Promise<void>
  /** Creates a container joined to the pod's sandbox. Taken by an equal one of ours (an answer was lost): success. `attempt` undefined: the first. */
  createContainer(pod: PodRef, config: ContainerConfig, attempt?: Attempt): Promise<void>
  /** Makes an ended container again, with the same configuration, under the next attempt's name. */
  recreateContainer(pod: PodRef, id: string, attempt: Attempt): Promise<void>
  /** `container` is the name in the pod's spec, empty for the sandbox; the newest attempt is meant. */
  startContainer(pod: PodRef, container: string): Promise<void>
  updateContainer(pod: PodRef, id: string, resources: ContainerResources): Promise<void>
  unpauseContainer(pod: PodRef, id: string): Promise<void>
  /** Marks the pod for removal, durably (the sandbox is renamed). */
  markLeaving(pod: PodRef): Promise<void>
  /** Begins an orderly stop (preStop hook, SIGTERM, SIGKILL `graceMs` after the call, at least 2 s after the hook) and returns; the end is an event. */
  stopContainer(pod: PodRef, id: string, graceMs: number): void
  /** Kills if need be, and removes. Already gone: success. */
  removeContainer(pod: PodRef, id: string): Promise<void>
  /** Figures of running containers of one host; those that cannot be read are left out. */
  usage(host: string, ids: readonly string[]): Promise<ContainerUsage[]>
  /** The last lines of a container's output, newest last; empty when there are none. */
  logTail(pod: PodRef, id: string, lines: number): Promise<string[]>
}
