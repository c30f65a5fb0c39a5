import type { Clock } from '../../base/clock.ts'
import { type Key, keyOf, keyParts } from '../../base/key.ts'
import type { Log } from '../../base/log.ts'
import { RuntimeError } from '../errors.ts'
import type { ContainerConfig, ContainerResources, LiveHost, LivePod, LiveVolume, PodTraffic } from '../live.ts'
import type { Allocation, NetworkTable } from '../network/table.ts'
import type {
  Attempt,
  ContainerUsage,
  PodRef,
  RegistryAuth,
  Runtime,
  SandboxSpec,
  VolumeFill,
  VolumeSetup,
  VolumeSpec,
} from '../port.ts'
import { hostBlock, hostBlockCount, overlap, parseRange, type Range, rangeText } from './addresses.ts'
import { Fills } from './fills.ts'
import { Hooks } from './hooks.ts'
import { Host } from './host.ts'
import { type Deadlines, defaultDeadlines } from './host-api.ts'
import type { HostMarks } from './host-facts.ts'
import { type NetworkOptions, type NodeOptions, nodeOptions } from './node/options.ts'
import type { ContainerRecord } from './observe.ts'
import { PodCalls } from './pod-calls.ts'
import { PodIndex, podOf } from './pod-index.ts'
import { Stops } from './pod-stop.ts'
import { Prober } from './prober.ts'
import { readUsage } from './usage.ts'
import { VolumeCalls } from './volume-calls.ts'

export interface DockerRuntimeOptions {
  /** Id of this installation: lower-case letters, digits and dashes. */
  readonly engine: string
  readonly hosts: readonly ({ readonly name: string; readonly endpoint: string } & HostMarks)[]
  /** Any image with sh, sleep, tar, find and the usual commands for files: volumes are prepared in it. */
  readonly pauseImage: string
  readonly network: NetworkOptions
  readonly clock: Clock
  readonly log: Log
  /** For tests. */
  readonly deadlines?: Partial<Deadlines>
}

/** The runtime over the engines of one or more Docker hosts. Throws a RuntimeError for options that cannot work. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  return new DockerRuntime(options)
}

/** Of several hosts' words about one pod the first of these counts. */
const trafficOrder: readonly PodTraffic[] = ['draining', 'joining', 'serving', 'out', 'none']

interface HostParts {
  readonly host: Host
  readonly calls: PodCalls
  readonly hooks: Hooks
  readonly volumes: VolumeCalls
  readonly fills: Fills
  readonly prober: Prober
}

class DockerRuntime implements Runtime {
  readonly hosts: readonly string[]
  readonly #hosts = new Map<string, HostParts>()
  readonly #index: PodIndex
  readonly #watchers = new Set<(keys: readonly Key[]) => void>()
  readonly #useWatchers = new Set<(uses: ReadonlyMap<string, number>) => void>()
  readonly #podRange: Range
  /** Host blocks chosen by this process, before a network bears them. */
  readonly #claimed = new Map<string, readonly number[]>()

  constructor(options: DockerRuntimeOptions) {
    checkEngine(options.engine)
    this.#podRange = parsePodCIDR(options.network.podCIDR)
    this.hosts = options.hosts.map((host) => host.name)
    this.#index = new PodIndex({
      health: (host, record) => this.#on(host).prober.health(record),
      stopping: (host, id) => this.#on(host).host.stopping.has(id),
      traffic: (pod) => this.#trafficOf(pod),
      contents: (host, sandbox) => this.#on(host).volumes.filled.contents(sandbox),
    })
    const node = nodeOptions(options.engine, options.network)
    for (const host of options.hosts) this.#addHost(host, options, node)
  }

  #addHost(
    { name, endpoint, ...marks }: DockerRuntimeOptions['hosts'][number],
    options: DockerRuntimeOptions,
    node: NodeOptions | undefined,
  ): void {
    const { engine, pauseImage, clock, log, network, deadlines } = options
    const host = new Host({
      name,
      endpoint,
      engine,
      pauseImage,
      podRange: this.#podRange,
      mtu: network.mtu,
      clock,
      log,
      deadlines: { ...defaultDeadlines, ...deadlines },
      hostBlock: (full) => this.#hostBlock(name, full),
      containerChanged: (before, after) => this.#containerChanged(name, before, after),
      hostChanged: () => this.#tell([hostKey(name)]),
      reachabilityChanged: () => this.#tell([hostKey(name), ...this.#index.ownersIn(name)]),
      networksChanged: (namespaces) =>
        this.#tell(namespaces.map((each) => keyOf({ namespace: '', kind: 'Namespace', name: each }))),
      // Pods that wait for a claim are not known by name.
      volumesChanged: (subjects) => this.#tell([...subjects, ...(subjects.some(isClaim) ? [hostKey(name)] : [])]),
      reviewVolumes: async () => {
        await this.#on(name).volumes.review()
        await this.#on(name).fills.review()
      },
      marks,
      node,
      trafficChanged: (pods) => this.#trafficChanged(pods && new Set(pods)),
      previewsUsed: (uses) => {
        for (const used of this.#useWatchers) used(uses)
      },
    })
    const touched = (record: ContainerRecord) => this.#tell([this.#index.touch(name, record)])
    const record = (id: string) => host.containers.get(id)
    const hooks = new Hooks(host.api, clock, record, (hooked) => {
      prober.follow(hooked, hooked)
      touched(hooked)
    })
    const volumes = new VolumeCalls(host, engine, log, touched)
    const stops = new Stops(host, hooks, log, touched)
    const calls = new PodCalls(host, engine, (pod) => this.#index.records(pod), hooks, stops, volumes)
    const prober = new Prober(host.api, clock, hooks, record, touched)
    const fills = new Fills(host, { engine, nodeImage: node?.image })
    this.#hosts.set(name, { host, calls, hooks, volumes, fills, prober })
  }

  async start(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(({ host }) => host.start()))
  }

  async close(): Promise<void> {
    this.#watchers.clear()
    for (const { host, hooks, prober, fills } of this.#hosts.values()) {
      fills.close()
      hooks.close()
      prober.close()
      host.close()
    }
  }

  async refresh(): Promise<void> {
    const reachable = [...this.#hosts.values()].filter(({ host }) => host.facts().reachable)
    await Promise.all(reachable.map(({ host }) => host.relist('all')))
  }

  hostFacts(): readonly LiveHost[] {
    return [...this.#hosts.values()].map(({ host }) => host.facts())
  }

  podsOf(owner: Key): readonly LivePod[] {
    return this.#index.podsOf(owner)
  }

  pods(): readonly LivePod[] {
    return this.#index.all()
  }

  volumesOf(subject: Key): readonly LiveVolume[] {
    return [...this.#hosts.values()].flatMap(({ host }) => host.volumes.of(subject))
  }

  volumes(): readonly LiveVolume[] {
    return [...this.#hosts.values()].flatMap(({ host }) => [...host.volumes.all()])
  }

  async createVolume(host: string, volume: VolumeSpec): Promise<void> {
    await this.#on(host).host.volumes.create(volume)
  }

  async fillVolume(host: string, fill: VolumeFill): Promise<void> {
    await this.#on(host).fills.fill(fill)
  }

  async removeVolume(host: string, name: string): Promise<void> {
    const { fills, host: on } = this.#on(host)
    await fills.end(name)
    await on.volumes.remove(name)
  }

  async setUpVolumes(pod: PodRef, volumes: readonly VolumeSetup[]): Promise<void> {
    await this.#on(pod.host).calls.setUpVolumes(pod, volumes)
  }

  usage(host: string, ids: readonly string[]): Promise<ContainerUsage[]> {
    const { api } = this.#on(host).host
    return readUsage((id) => api.stats(id), ids)
  }

  conflicts(): readonly string[] {
    return [...this.#hosts.values()].flatMap(({ host }) => host.conflicts()).sort()
  }

  watch(changed: (keys: readonly Key[]) => void): () => void {
    const watcher = (keys: readonly Key[]) => changed(keys)
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  watchUses(used: (uses: ReadonlyMap<string, number>) => void): () => void {
    const watcher = (uses: ReadonlyMap<string, number>) => used(uses)
    this.#useWatchers.add(watcher)
    return () => void this.#useWatchers.delete(watcher)
  }

  expectNetwork(): void {
    for (const { host } of this.#hosts.values()) host.dataPath.expect()
    this.#trafficChanged()
  }

  setNetwork(table: NetworkTable, allocations: ReadonlyMap<Key, Allocation>): void {
    for (const { host } of this.#hosts.values()) host.dataPath.set(table, allocations)
    this.#trafficChanged()
  }

  networkRests(): boolean {
    return [...this.#hosts.values()].every(({ host }) => !host.facts().reachable || host.dataPath.rests)
  }

  async ensureNetwork(host: string, namespace: string): Promise<void> {
    const { host: on } = this.#on(host)
    const before = on.networks.namespaces()
    await on.networks.ensure(namespace)
    on.noteNetworks(before)
  }

  async removeNetwork(host: string, namespace: string): Promise<void> {
    const { host: on } = this.#on(host)
    const before = on.networks.namespaces()
    await on.networks.remove(namespace)
    on.noteNetworks(before)
  }

  pull(host: string, image: string, auths: readonly RegistryAuth[] = [], forPreview = false): void {
    this.#on(host).host.images.pull(image, auths, forPreview)
  }

  pullSoon(image: string): void {
    for (const { host } of this.#hosts.values()) host.images.pullSoon(image)
  }

  async registryDigest(image: string, auths: readonly RegistryAuth[] = []): Promise<string | undefined> {
    const asked = [...this.#hosts.values()].find(({ host }) => host.facts().reachable)
    if (asked) return asked.host.images.registryDigest(image, auths)
    throw new RuntimeError('HOST_UNREACHABLE', image, 'no host answers that could ask the registry')
  }

  async createSandbox(pod: PodRef, sandbox: SandboxSpec): Promise<void> {
    await this.#on(pod.host).calls.createSandbox(pod, sandbox)
  }

  async createContainer(pod: PodRef, config: ContainerConfig, attempt?: Attempt): Promise<void> {
    await this.#on(pod.host).calls.createContainer(pod, config, attempt)
  }

  async recreateContainer(pod: PodRef, id: string, attempt: Attempt): Promise<void> {
    await this.#on(pod.host).calls.recreateContainer(pod, id, attempt)
  }

  async startContainer(pod: PodRef, container: string): Promise<void> {
    await this.#on(pod.host).calls.startContainer(pod, container)
  }

  async updateContainer(pod: PodRef, id: string, resources: ContainerResources): Promise<void> {
    await this.#on(pod.host).calls.updateContainer(pod, id, resources)
  }

  async unpauseContainer(pod: PodRef, id: string): Promise<void> {
    await this.#on(pod.host).calls.unpauseContainer(pod, id)
  }

  async markLeaving(pod: PodRef): Promise<void> {
    await this.#on(pod.host).calls.markLeaving(pod)
  }

  stopContainer(pod: PodRef, id: string, graceMs: number): void {
    this.#on(pod.host).calls.stopContainer(pod, id, graceMs)
  }

  async removeContainer(pod: PodRef, id: string): Promise<void> {
    await this.#on(pod.host).calls.removeContainer(pod, id)
  }

  logTail(pod: PodRef, id: string, lines: number): Promise<string[]> {
    return this.#on(pod.host).calls.logTail(pod, id, lines)
  }

  #on(host: string) {
    const found = this.#hosts.get(host)
    if (found) return found
    throw new RuntimeError('REFUSED', host, `no host ${host}: expected one of ${this.hosts.join(', ')}`)
  }

  #containerChanged(host: string, before: ContainerRecord | undefined, after: ContainerRecord | undefined): void {
    const { hooks, prober, volumes } = this.#on(host)
    if (after?.sandbox) volumes.noted(podOf(host, after), after)
    hooks.follow(after?.id ?? before?.id ?? '', after)
    prober.follow(before, after)
    const keys = this.#index.change(host, before, after)
    if (before && !after) {
      volumes.filled.forget(before.id)
      if (this.#index.records(podOf(host, before)).length === 0) volumes.podGone(podOf(host, before))
    }
    // What the others are probed by is on the sandbox, which may be seen after them.
    if (after?.sandbox) for (const record of this.#index.records(podOf(host, after))) prober.follow(record, record)
    this.#tell(keys)
  }

  /** Every host carries requests to every pod: it is out of traffic when the last one says so. */
  #trafficOf({ namespace, name }: PodRef): PodTraffic {
    const pod = `${namespace}/${name}`
    const found = new Set([...this.#hosts.values()].map(({ host }) => host.dataPath.trafficOf(pod)))
    return trafficOrder.find((traffic) => found.has(traffic)) ?? 'none'
  }

  #trafficChanged(pods?: ReadonlySet<string>): void {
    const keys = this.#index.traffic(pods)
    if (keys.length > 0) this.#tell(keys)
  }

  #tell(keys: readonly Key[]): void {
    for (const watcher of this.#watchers) watcher(keys)
  }

  /** A block that a host's networks bear and that is none of `full`; else the lowest that no host uses, which only a look at all of them can tell. */
  #hostBlock(name: string, full: readonly Range[]): Range {
    const isFull = ({ base }: Range) => full.some((block) => block.base === base)
    const own = this.#on(name).host
    const [found] = own.networks
      .records()
      .flatMap((network) => parseRange(network.mark.hostBlock) ?? [])
      .filter((range) => overlap(range, this.#podRange) && !isFull(range))
    if (found) return found
    const claimed = this.#claimed.get(name) ?? []
    const open = claimed.map((index) => hostBlock(this.#podRange, index)).find((block) => !isFull(block))
    if (open) return open
    const hosts = [...this.#hosts.values()].map(({ host }) => host)
    const silent = hosts.find((host) => !host.listed)
    if (silent) {
      const message = `host ${silent.name} has not answered yet, so no address block can be chosen for host ${name}`
      throw new RuntimeError('HOST_UNREACHABLE', name, message)
    }
    const used = hosts.flatMap((host) => host.networks.hostBlocks())
    const taken = new Set(used)
    const claims = new Set([...this.#claimed.values()].flat())
    for (let index = 0; index < hostBlockCount(this.#podRange); index += 1) {
      const block = hostBlock(this.#podRange, index)
      if (claims.has(index) || taken.has(rangeText(block))) continue
      this.#claimed.set(name, [...claimed, index])
      return block
    }
    throw new RuntimeError('SUBNET_TAKEN', name, `all host blocks of ${rangeText(this.#podRange)} are in use`)
  }
}

function isClaim(subject: Key): boolean {
  return keyParts(subject).kind === 'PersistentVolumeClaim'
}

function hostKey(name: string): Key {
  return keyOf({ namespace: '', kind: 'Host', name })
}

function checkEngine(engine: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(engine)) return
  throw new RuntimeError(
    'REFUSED',
    engine,
    `installation id ${JSON.stringify(engine)}: expected lower-case letters, digits and dashes`,
  )
}

function parsePodCIDR(text: string): Range {
  const range = parseRange(text)
  if (range && hostBlockCount(range) > 0) return range
  throw new RuntimeError(
    'REFUSED',
    text,
    `network.podCIDR ${text}: expected an IPv4 range of at least /20, as 10.244.0.0/14`,
  )
}
