import { stableText } from '../../src/base/hash.ts'
import { type Key, keyOf, keyParts } from '../../src/base/key.ts'
import { emptyConfig } from '../../src/reconcile/plan/empty-config.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'
import type { ContainerConfig, ContainerResources, LiveHost, LivePod, LiveVolume } from '../../src/runtime/live.ts'
import type { Allocation, NetworkTable } from '../../src/runtime/network/table.ts'
import { podAddress } from '../../src/runtime/pod-address.ts'
import type {
  Attempt,
  ContainerUsage,
  PodRef,
  Runtime,
  SandboxSpec,
  VolumeFill,
  VolumeSetup,
  VolumeSpec,
} from '../../src/runtime/port.ts'
import type { Dice } from './dice.ts'
import type { FakeClock } from './fake-clock.ts'
import { type Box, FakeDocker, ours } from './fake-docker.ts'
import { fillVolume } from './fake-fills.ts'
import { FakeNetwork } from './fake-network.ts'
import { liveHost, livePod, ownerParts } from './fake-pods.ts'
import { programOf } from './fake-programs.ts'
import { digestOf, endWait, pullImage } from './fake-registry.ts'
import {
  checkClaims,
  checkMounts,
  createVolume,
  type FakeVolume,
  removeVolume,
  setUpVolumes,
  subjectKey,
} from './fake-volumes.ts'

export interface Faults {
  /** Chance that a call fails before it has any effect. */
  readonly before: number
  /** Chance that the answer is lost after the effect. */
  readonly after: number
}

export interface FakeOptions {
  readonly hosts: readonly string[]
  readonly clock: FakeClock
  readonly dice: Dice
  /** Images that can be pulled -> id. */
  readonly registry: ReadonlyMap<string, string>
  /** Engines that are there already, with all that is on them. */
  readonly engines?: ReadonlyMap<string, FakeDocker>
  readonly installation?: string
  /** The hosts have a data path; else names are all they have. */
  readonly network?: boolean
}

type NewBox = Pick<Box, 'name' | 'sandbox' | 'mark' | 'config' | 'imageId' | 'attempt'>

const firstAttempt: Attempt = { restarts: 0, backoffMs: 0, last: undefined }
const probeDelayMs = 400

/** The runtime's port over fake engines. `restart` forgets what a new process would not know. */
export class FakeRuntime implements Runtime {
  readonly hosts: readonly string[]
  readonly engines: ReadonlyMap<string, FakeDocker>
  faults: Faults = { before: 0, after: 0 }
  /** Why the registry cannot be asked; empty: it can. */
  registryFault = ''
  /** Images that it was asked for. */
  readonly registryAsked: string[] = []
  /** Undefined: hosts have names and nothing else. */
  readonly network: FakeNetwork | undefined
  readonly #options: FakeOptions
  readonly #watchers = new Set<(keys: readonly Key[]) => void>()
  readonly #stopping = new Map<string, number>()
  readonly #wrote = new Map<string, number>()
  readonly #installation: string
  /** Names that were refused because somebody else has them, as `host/namespace/pod`. */
  readonly #held = new Set<string>()
  #seenFrom: number

  constructor(options: FakeOptions) {
    this.#options = options
    this.hosts = options.hosts
    this.#installation = options.installation ?? ours
    this.#seenFrom = options.clock.ticks()
    this.engines = options.engines ?? new Map(options.hosts.map((name) => [name, new FakeDocker(name, options.clock)]))
    this.network = options.network ? new FakeNetwork(this, options) : undefined
    this.network?.watch((box) => this.#tell(keyOf(ownerParts(box.namespace, box.mark.owner))))
    for (const engine of this.engines.values()) {
      engine.watch((box) => this.#changed(box))
      engine.watchVolumes((volume) => this.#volumeChanged(volume))
    }
  }

  async start(): Promise<void> {}
  async close(): Promise<void> {}
  async refresh(): Promise<void> {}

  readonly networkRests = () => true
  /** Somebody asks for previews: by namespace, when, ms. */
  used = (_uses: ReadonlyMap<string, number>): void => {}
  watchUses(used: typeof this.used): () => void {
    this.used = used
    return () => {}
  }
  expectNetwork(): void {}
  setNetwork(table: NetworkTable, allocations: ReadonlyMap<Key, Allocation>): void {
    this.network?.set(table, allocations)
  }

  /** The process is new: stops that it sent and probe results are forgotten. */
  restart(): void {
    this.#stopping.clear()
    this.#wrote.clear()
    this.network?.restart()
    for (const engine of this.engines.values()) {
      engine.pulls.clear()
      engine.forget()
    }
    this.#seenFrom = this.#options.clock.ticks() + probeDelayMs
    this.#options.clock.after(probeDelayMs, () => this.tellAll())
  }

  hostFacts(): readonly LiveHost[] {
    return Array.from(this.engines.values(), (engine) => liveHost(engine, this.network?.facts()))
  }

  podsOf(owner: Key): readonly LivePod[] {
    const { namespace, kind, name } = keyParts(owner)
    const mark = `${kind}/${name}`
    return this.#assemble((box) => box.mark.owner === mark && box.namespace === namespace)
  }

  pods(): readonly LivePod[] {
    return this.#assemble(() => true)
  }

  #assemble(of: (box: Box) => boolean): LivePod[] {
    const groups = new Map<string, Box[]>()
    for (const engine of this.engines.values()) {
      for (const box of engine.seen()) {
        if (box.installation !== this.#installation || !of(box)) continue
        const name = `${box.pod}/${box.host}/${box.namespace}`
        const group = groups.get(name)
        if (group) group.push(box)
        else groups.set(name, [box])
      }
    }
    const knows = {
      ...{ clock: this.#options.clock, seenFrom: this.#seenFrom, stopping: this.#stopping, wrote: this.#wrote },
      trafficOf: (sandbox: string) => this.network?.trafficOf(sandbox) ?? 'none',
    }
    return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, boxes]) => livePod(boxes, knows))
  }

  volumesOf(subject: Key): readonly LiveVolume[] {
    return this.#volumes((volume) => subjectKey(volume) === subject)
  }

  volumes(): readonly LiveVolume[] {
    return this.#volumes(() => true)
  }

  #volumes(which: (volume: FakeVolume) => boolean): LiveVolume[] {
    const all = [...this.engines.values()].flatMap((engine) => [...engine.seenVolumes()])
    const ours = all.filter((volume) => volume.installation === this.#installation && which(volume))
    return ours.map(({ live }) => live).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async createVolume(host: string, volume: VolumeSpec): Promise<void> {
    this.#call(host, (engine) => createVolume(engine, this.#installation, volume, this.#options.clock.now()))
  }

  async fillVolume(host: string, fill: VolumeFill): Promise<void> {
    this.#call(host, (engine) => fillVolume(engine, this.#installation, fill, this.#options.clock))
  }

  async removeVolume(host: string, name: string): Promise<void> {
    this.#call(host, (engine) => removeVolume(engine, this.#installation, name))
  }

  async setUpVolumes(pod: PodRef, volumes: readonly VolumeSetup[]): Promise<void> {
    this.#call(pod.host, (engine) => {
      const sandbox = this.#must(engine, this.#find(engine, pod, ''), pod.name)
      this.#wrote.set(sandbox.id, sandbox.run)
      setUpVolumes(engine, sandbox, volumes)
    })
  }

  async usage(): Promise<ContainerUsage[]> {
    return []
  }

  conflicts(): readonly string[] {
    return [...this.engines.values()].flatMap((engine) =>
      [...engine.boxes.values()].flatMap((box) => {
        if (box.copied) return [`container ${box.id} carries our labels`]
        const held = box.installation === '' && this.#held.has(`${box.host}/${box.namespace}/${box.pod}`)
        return held ? [`container ${box.id} has the name of pod ${box.pod}`] : []
      }),
    )
  }

  watch(changed: (keys: readonly Key[]) => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  async ensureNetwork(host: string, namespace: string): Promise<void> {
    this.#call(host, (engine) => engine.networks.add(namespace))
  }

  async removeNetwork(host: string, namespace: string): Promise<void> {
    this.#call(host, (engine) => {
      const users = [...engine.boxes.values()].some((box) => box.namespace === namespace && box.state === 'running')
      if (users) throw new RuntimeError('ENGINE_ERROR', namespace, 'network has active endpoints')
      engine.networks.delete(namespace)
    })
  }

  pull(host: string, image: string): void {
    const engine = this.engines.get(host)
    if (!engine?.reachable) return
    pullImage(engine, image, this.#options, this.faults.before, () => this.tellAll())
  }

  readonly pullSoon = (image: string): void => endWait(this, image)
  async registryDigest(image: string): Promise<string | undefined> {
    this.registryAsked.push(image)
    return digestOf(image, this.#options, this.registryFault)
  }

  async createSandbox(pod: PodRef, sandbox: SandboxSpec): Promise<void> {
    this.#call(pod.host, (engine) => {
      if (!engine.networks.has(pod.namespace)) {
        throw new RuntimeError('NO_SUCH_NETWORK', pod.namespace, `network ${pod.namespace} not found`)
      }
      this.#checkName(engine, pod)
      const there = this.#find(engine, pod, '')
      if (there?.sandbox && !there.leaving && stableText(there.sandbox) === stableText(sandbox)) return
      if (there) throw new RuntimeError('NAME_TAKEN', pod.name, `the name ${pod.name} is already in use`)
      checkClaims(engine, this.#installation, pod.namespace, sandbox.volumes)
      const { app, owner, template, commit } = sandbox
      const mark = { app, owner, template, commit }
      const config = { ...emptyConfig, image: 'pause' }
      this.#add(engine, pod, { name: '', sandbox, mark, config, imageId: 'sha256:pause', attempt: firstAttempt })
    })
  }

  async createContainer(pod: PodRef, config: ContainerConfig, attempt: Attempt = firstAttempt): Promise<void> {
    this.#call(pod.host, (engine) => {
      const there = this.#find(engine, pod, config.name)
      if (there && stableText(there.config) === stableText(config)) return
      if (there && there.startedAt !== 0) {
        throw new RuntimeError('NAME_TAKEN', config.name, `the name ${config.name} is already in use`)
      }
      const sandbox = this.#find(engine, pod, '')
      if (!sandbox) throw new RuntimeError('NO_SUCH_CONTAINER', pod.name, 'no such sandbox')
      if (stableText(config).includes(stableText(podAddress).slice(1, -1)) && sandbox.state !== 'running') {
        throw new RuntimeError('START_FAILED', pod.name, 'the pod has no address yet')
      }
      const imageId = engine.images.get(config.image) ?? (config.image.startsWith('sha256:') ? config.image : undefined)
      if (!imageId) throw new RuntimeError('NO_SUCH_IMAGE', config.image, `no such image: ${config.image}`)
      checkMounts(sandbox, config.mounts)
      if (there) engine.remove(there)
      this.#add(engine, pod, { name: config.name, sandbox: undefined, mark: sandbox.mark, config, imageId, attempt })
    })
  }

  async recreateContainer(pod: PodRef, id: string, attempt: Attempt): Promise<void> {
    this.#call(pod.host, (engine) => {
      const old = engine.boxes.get(id)
      const newest = old && this.#find(engine, pod, old.name)
      if (!old && this.#hasAttempt(engine, pod, attempt)) return
      if (!old || !newest) throw new RuntimeError('NO_SUCH_CONTAINER', id, 'no such container')
      if (newest.attempt.restarts >= attempt.restarts) return
      const { name, mark, config, imageId } = old
      this.#add(engine, pod, { name, sandbox: undefined, mark, config, imageId, attempt })
    })
  }

  async startContainer(pod: PodRef, container: string): Promise<void> {
    this.#call(pod.host, (engine) => engine.start(this.#must(engine, this.#find(engine, pod, container), container)))
  }

  async updateContainer(pod: PodRef, id: string, resources: ContainerResources): Promise<void> {
    this.#call(pod.host, (engine) => {
      const box = this.#must(engine, engine.boxes.get(id), id)
      box.config = { ...box.config, resources }
      engine.change(box)
    })
  }

  async unpauseContainer(pod: PodRef, id: string): Promise<void> {
    this.#call(pod.host, (engine) => engine.pause(this.#must(engine, engine.boxes.get(id), id), false))
  }

  async markLeaving(pod: PodRef): Promise<void> {
    this.#call(pod.host, (engine) => {
      const sandbox = this.#must(engine, this.#find(engine, pod, ''), pod.name)
      if (sandbox.leaving) return
      sandbox.leaving = true
      sandbox.leavingSince = this.#options.clock.now()
      engine.change(sandbox)
    })
  }

  stopContainer(pod: PodRef, id: string, graceMs: number): void {
    const engine = this.engines.get(pod.host)
    const box = engine?.boxes.get(id)
    if (!engine?.reachable || !box) return
    if (this.#options.dice.chance(this.faults.before)) {
      this.#options.clock.after(100, () => this.#changed(box))
      return
    }
    this.#stopping.set(id, box.run)
    engine.stop(box, graceMs)
    this.#changed(box)
  }

  async removeContainer(pod: PodRef, id: string): Promise<void> {
    this.#call(pod.host, (engine) => {
      const box = engine.boxes.get(id)
      if (!box) return
      if (box.installation !== this.#installation) throw new RuntimeError('REFUSED', id, 'it is not ours')
      engine.remove(box)
    })
  }

  async logTail(): Promise<string[]> {
    return []
  }

  /** Something about the hosts changed; it may matter to everybody. */
  tellAll(): void {
    const owners = [...this.engines.values()].flatMap((engine) =>
      Array.from(engine.seen(), (box) => keyOf(ownerParts(box.namespace, box.mark.owner))),
    )
    const hosts = this.hosts.map((name): Key => `/Host/${name}`)
    for (const watcher of this.#watchers) watcher([...hosts, ...new Set(owners)])
  }

  #call(host: string, effect: (engine: FakeDocker) => unknown): void {
    const engine = this.engines.get(host)
    if (!engine) throw new RuntimeError('REFUSED', host, `no such host: ${host}`)
    if (!engine.reachable) throw new RuntimeError('HOST_UNREACHABLE', host, 'connection refused')
    const { dice } = this.#options
    if (dice.chance(this.faults.before)) throw new RuntimeError('ENGINE_ERROR', host, 'failed before the effect')
    effect(engine)
    if (dice.chance(this.faults.after)) throw new RuntimeError('ENGINE_ERROR', host, 'the answer was lost')
  }

  #find(engine: FakeDocker, pod: PodRef, name: string): Box | undefined {
    return engine.find(pod, name, this.#installation)
  }

  #checkName(engine: FakeDocker, pod: PodRef): void {
    if (!engine.find(pod, '', '')) return
    this.#held.add(`${engine.name}/${pod.namespace}/${pod.name}`)
    throw new RuntimeError('NAME_TAKEN', pod.name, `the name ${pod.name} is already in use`)
  }

  #hasAttempt(engine: FakeDocker, pod: PodRef, { restarts }: Attempt): boolean {
    const own = [...engine.boxes.values()].filter((box) => box.installation === this.#installation)
    return own.some(
      (box) => box.namespace === pod.namespace && box.pod === pod.name && box.attempt.restarts === restarts,
    )
  }

  #must(engine: FakeDocker, box: Box | undefined, subject: string): Box {
    if (box) return box
    throw new RuntimeError('NO_SUCH_CONTAINER', subject, `no such container on ${engine.name}: ${subject}`)
  }

  #add(engine: FakeDocker, { namespace, name: pod }: PodRef, box: NewBox): void {
    engine.add({ ...box, namespace, pod, installation: this.#installation, copied: false, leaving: false })
  }

  #changed(box: Box): void {
    const { clock } = this.#options
    const key = keyOf(ownerParts(box.namespace, box.mark.owner))
    for (const watcher of this.#watchers) watcher([key])
    if (box.state !== 'running' || box.name === '') return
    const { readyAfterMs, sickAfterMs } = programOf(box.config.image)
    for (const afterMs of [readyAfterMs, sickAfterMs]) {
      const left = afterMs === undefined ? 0 : box.startedTick + afterMs - clock.ticks()
      if (left > 0) clock.after(left, () => this.#tell(key))
    }
  }

  #volumeChanged(volume: FakeVolume): void {
    const key = subjectKey(volume)
    const waiting: Key[] = keyParts(key).kind === 'PersistentVolumeClaim' ? [`/Host/${volume.live.host}`] : []
    for (const watcher of this.#watchers) watcher([key, ...waiting])
  }

  #tell(key: Key): void {
    for (const watcher of this.#watchers) watcher([key])
  }
}
