// What the rest of Berth may ask of the container hosts. One method is one short exchange with one engine; nothing here waits for a
// pod to become healthy, a pull to end or a process to stop: those come back as facts in `live()`, announced by `watch`.
import type { Key } from '../base/key.ts'
import type { PodSpec } from '../manifests/types.ts'
import type { ContainerConfig, ContainerResources, LiveHost, LivePod, PublishedPort } from './live.ts'

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
  readonly ports: readonly PublishedPort[]
}

/** What a container of a restarted process carries over from the attempt before. */
export interface Attempt {
  readonly restarts: number
  readonly backoffMs: number
  readonly last: { readonly exitCode: number; readonly reason: string; readonly finishedAt: number } | undefined
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
  /** Things that carry our marks but are not ours, or hold a name that we need: said in the status, never touched. */
  conflicts(): readonly string[]
  /**
   * Calls back with the keys of the owners whose facts changed, the moment it is known; `/Namespace/name` where a network or a pod came
   * or went; `/Host/name` where the reachability, images, pulls or
   * conflicts of a host are others (whoever waits for them is to look again).
   */
  watch(changed: (keys: readonly Key[]) => void): () => void

  ensureNetwork(host: string, namespace: string): Promise<void>
  removeNetwork(host: string, namespace: string): Promise<void>
  /** Begins a pull and returns; the outcome is a fact of the host. */
  pull(host: string, image: string): void
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
  /** Begins an orderly stop (SIGTERM, SIGKILL after `graceMs`) and returns; the end is an event. */
  stopContainer(pod: PodRef, id: string, graceMs: number): void
  /** Kills if need be, and removes. Already gone: success. */
  removeContainer(pod: PodRef, id: string): Promise<void>
  /** The last lines of a container's output, newest last; empty when there are none. */
  logTail(pod: PodRef, id: string, lines: number): Promise<string[]>
}
