import type { ContainerInspectInfo } from 'dockerode'
import type { Clock } from '../../base/clock.ts'
import type { Key } from '../../base/key.ts'
import type { Log } from '../../base/log.ts'
import { RuntimeError } from '../errors.ts'
import { mayBeNetworkOf, parseContainerMark } from '../labels.ts'
import type { ContainerResources, LiveHost } from '../live.ts'
import type { Range } from './addresses.ts'
import { ContainerCache } from './container-cache.ts'
import { parseEndpoint } from './endpoint.ts'
import { Follower } from './follow.ts'
import { type Deadlines, type EngineEvent, HostApi, type HostInfo } from './host-api.ts'
import { type HostMarks, hostAddress, hostLabels } from './host-facts.ts'
import { Images } from './images.ts'
import { Messages } from './messages.ts'
import { NetworkMigration } from './network-migration.ts'
import { Networks, type ServicesMode } from './networks.ts'
import { DataPath, type DataPathParts } from './node/data-path.ts'
import type { NodeOptions } from './node/options.ts'
import { type ContainerRecord, type Observed, observe } from './observe.ts'
import type { Capacity } from './options.ts'
import { OwnEvents } from './own-events.ts'
import type { Stop } from './pod-stop.ts'
import type { ClusterDns } from './resolv-conf.ts'
import { Volumes } from './volumes.ts'

const relistEveryMs = 5 * 60_000
const inspectsAtATime = 8

export interface HostSettings extends Pick<DataPathParts, 'trafficChanged' | 'previewsUsed'> {
  readonly name: string
  readonly endpoint: string
  readonly engine: string
  readonly pauseImage: string
  readonly podRange: Range
  readonly mtu: number
  readonly clock: Clock
  readonly log: Log
  readonly deadlines: Deadlines
  readonly hostBlock: (full: readonly Range[]) => Range
  readonly containerChanged: (before: ContainerRecord | undefined, after: ContainerRecord | undefined) => void
  /** Images, pulls or conflicts. */
  readonly hostChanged: () => void
  readonly reachabilityChanged: () => void
  readonly networksChanged: (namespaces: readonly string[]) => void
  readonly volumesChanged: (subjects: readonly Key[]) => void
  /** All was listed: time to look after the volumes of pods. */
  readonly reviewVolumes: () => Promise<void>
  readonly marks: HostMarks
  /** Undefined: it is to have no node container. */
  readonly node: NodeOptions | undefined
}

/** One engine: its facts, kept current by its events. */
export class Host {
  readonly name: string
  readonly clock: Clock
  readonly pauseImage: string
  readonly api: HostApi
  readonly containers: ContainerCache
  readonly messages: Messages
  readonly networks: Networks
  readonly volumes: Volumes
  readonly images: Images
  readonly ownEvents: OwnEvents
  readonly dataPath: DataPath
  /** Resources asked for since a container was made, by id. */
  readonly told = new Map<string, ContainerResources>()
  /** Stops under way, by id. */
  readonly stopping = new Map<string, Stop>()
  /** Names that we need and others hold: name -> the holder's id. */
  readonly takenNames = new Map<string, string>()
  readonly #settings: HostSettings
  readonly #follower: Follower
  readonly #migration: NetworkMigration
  #info: HostInfo = { cpuMillis: 0, memoryBytes: 0, addressPools: [], arch: '', os: '', system: '', rootless: false }
  #address = ''
  #lowersOomScore = true
  #reachable = false
  #message = 'not connected yet'
  #listed = false
  #facts: LiveHost | undefined
  #cancelRelist: () => void = () => {}

  constructor(settings: HostSettings) {
    const { name, engine, clock, podRange, mtu, hostBlock } = settings
    this.#settings = settings
    this.name = name
    this.clock = clock
    this.pauseImage = settings.pauseImage
    this.ownEvents = new OwnEvents(clock)
    const endpoint = parseEndpoint(name, settings.endpoint)
    this.api = new HostApi(endpoint, settings.deadlines, () => void this.#doubt())
    this.containers = new ContainerCache(
      (id) => this.api.inspect(id),
      (info) => this.#observe(info),
      (before, after) => this.#containerChanged(before, after),
      () => this.#changed(),
    )
    this.messages = new Messages(this.api, engine, () => this.containers, clock, settings.log)
    this.volumes = new Volumes(this.api, { host: name, engine, changed: settings.volumesChanged })
    this.images = new Images(this.api, clock, () => this.#changed())
    this.networks = new Networks(this.api, {
      engine,
      podRange,
      mtu,
      hostBlock,
      local: 'socketPath' in endpoint,
      podsIn: (network) => this.#podsIn(network),
      addressPools: () => this.#info.addressPools,
      services: () => this.#servicesMode(),
      changed: () => {
        this.dataPath.networksChanged()
        this.#migration.wake()
      },
    })
    this.dataPath = new DataPath({
      host: name,
      options: settings.node,
      api: this.api,
      images: this.images,
      networks: this.networks,
      clock,
      log: settings.log,
      changed: () => {
        this.#changed()
        this.#migration.wake()
      },
      trafficChanged: settings.trafficChanged,
      previewsUsed: settings.previewsUsed,
    })
    this.#migration = new NetworkMigration({
      ...{ host: name, api: this.api, networks: this.networks, containers: this.containers, clock, log: settings.log },
      dns: () => (this.#reachable && this.dataPath.facts().mode === 'services' ? this.clusterDns : undefined),
      traffic: (pod) => this.dataPath.trafficOf(pod),
      leadsTo: (address) => this.dataPath.leadsTo(address),
    })
    this.#follower = new Follower(
      {
        open: () => this.api.events(),
        relist: () => this.relist('all'),
        event: (event) => this.#event(event),
        reached: () => this.#reached(),
        lost: (message) => this.#lost(message),
      },
      clock,
    )
  }

  get capacity(): Capacity {
    return { ...this.#info, lowersOomScore: this.#lowersOomScore }
  }

  /** Where pods that are made now ask for names; undefined: Docker's own names are all there is. */
  get clusterDns(): ClusterDns | undefined {
    const node = this.dataPath.able ? this.#settings.node : undefined
    return node && { address: node.settings.dnsAddress, zone: node.settings.zone }
  }

  #servicesMode(): ServicesMode | undefined {
    if (this.#listed || this.#reachable) return this.dataPath.mode()
    throw new RuntimeError('HOST_UNREACHABLE', this.name, `host ${this.name} has not answered yet`)
  }

  /** A start showed that the engine cannot. */
  cannotLowerOomScore(): void {
    this.#lowersOomScore = false
  }

  /** It was listed at least once, so that its networks are known. */
  get listed(): boolean {
    return this.#listed
  }

  start(): Promise<void> {
    return this.#follower.start()
  }

  close(): void {
    this.#cancelRelist()
    this.#follower.close()
    this.dataPath.close()
    this.#migration.close()
    this.images.close()
    this.api.close()
  }

  facts(): LiveHost {
    this.#facts ??= {
      name: this.name,
      reachable: this.#reachable,
      message: this.#message,
      cpuMillis: this.#info.cpuMillis,
      memoryBytes: this.#info.memoryBytes,
      images: this.images.present(),
      pulls: this.images.pulls(),
      networks: this.networks.namespaces(),
      labels: hostLabels(this.name, this.#info, this.#settings.marks.labels),
      taints: this.#settings.marks.taints ?? [],
      address: this.#address,
      network: this.dataPath.facts(),
    }
    return this.#facts
  }

  conflicts(): string[] {
    const taken = [...this.takenNames].map(
      ([name, holder]) =>
        `container name ${name} is held by ${holder.slice(0, 12)}, which is not ours: remove or rename it`,
    )
    const found = [...this.containers.copied(), ...this.networks.copied(), ...this.volumes.copied(), ...taken]
    found.push(...this.#migration.problems())
    return found.map((text) => `host ${this.name}: ${text}`)
  }

  /** `changed` inspects only what the listing shows to be other than known. */
  async relist(depth: 'all' | 'changed'): Promise<void> {
    const known = new Set(this.containers.ids())
    this.#info = await this.api.info()
    this.#address = await hostAddress(parseEndpoint(this.name, this.#settings.endpoint))
    const [rows] = await Promise.all([
      this.api.listContainers(this.#settings.engine),
      this.refreshNetworks(),
      this.volumes.refresh(),
      this.#bear('images', this.images.refresh()),
    ])
    const listed = new Set(rows.map((row) => row.Id))
    const changed = rows.filter((row) => depth === 'all' || !this.#shows(row))
    const gone = [...known].filter((id) => !listed.has(id))
    await this.#inspectAll([...changed.map((row) => row.Id), ...gone])
    await this.#bear('volumes', this.#settings.reviewVolumes())
    await this.#reviewTakenNames()
    this.#listed = true
    this.#facts = undefined
  }

  async refreshNetworks(): Promise<void> {
    const before = this.networks.namespaces()
    await this.networks.refresh()
    this.noteNetworks(before)
  }

  /** Announces what differs from `before`. */
  noteNetworks(before: ReadonlySet<string>): void {
    const after = this.networks.namespaces()
    this.#facts = undefined
    const changed = [...new Set([...before, ...after])].filter((each) => before.has(each) !== after.has(each))
    if (changed.length > 0) this.#settings.networksChanged(changed)
  }

  /** With what it said of its end, so that nobody sees the end without it. */
  async #observe(info: ContainerInspectInfo): Promise<Observed> {
    const { engine } = this.#settings
    const seen = observe(engine, this.capacity, info, this.told.get(info.Id), {
      hostAddress: this.#address || '127.0.0.1',
      generation: (network) => this.networks.generation(network),
    })
    return seen.kind === 'ours' ? { kind: 'ours', record: await this.messages.heard(seen.record) } : seen
  }

  #shows(row: { Id: string; State: string; Names: readonly string[] }): boolean {
    const record = this.containers.get(row.Id)
    return record !== undefined && record.facts.state === row.State && row.Names.includes(`/${record.name}`)
  }

  async #inspectAll(ids: readonly string[]): Promise<void> {
    const left = [...ids]
    const worker = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        await this.#bear(id, this.containers.refresh(id))
      }
    }
    await Promise.all(Array.from({ length: inspectsAtATime }, worker))
  }

  /** One thing that the engine cannot tell of is no reason to give up all the others. */
  async #bear(subject: string, look: Promise<void>): Promise<void> {
    try {
      await look
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code === 'HOST_UNREACHABLE') throw error
      this.#settings.log.warn('look failed', { host: this.name, subject, error: error.message })
    }
  }

  #podsIn(network: string): number {
    let pods = 0
    for (const record of this.containers.records()) if (record.sandbox?.network === network) pods += 1
    return pods
  }

  #event(event: EngineEvent): void {
    const { ID: id, Attributes: facts } = event.Actor
    if (event.Type === 'container') {
      if (this.ownEvents.swallow(event.Action, facts.name ?? '')) return
      this.#freeName(event.Action, id)
      this.dataPath.happened(facts)
      if (this.containers.has(id) || parseContainerMark(facts)?.engine === this.#settings.engine)
        this.#look(this.containers.refresh(id))
    } else if (event.Type === 'volume') {
      this.#look(this.volumes.look(id))
    } else if (event.Type === 'image') {
      this.#look(this.images.refresh())
    } else if (event.Action === 'disconnect' || event.Action === 'connect') {
      const record = this.containers.get(facts.container ?? '')
      // At a start it is looked at anyway.
      if (record?.facts.state === 'running') this.#look(this.containers.refresh(record.id))
    } else if (mayBeNetworkOf(this.#settings.engine, facts.name ?? '')) {
      // Others come and go at their own pace; before one of ours is made, all are listed again.
      this.#look(this.refreshNetworks())
    }
  }

  /** Whoever waits for a name can go on once its holder is gone. */
  #freeName(action: string, id: string): void {
    if (action !== 'destroy' && action !== 'rename') return
    for (const [name, holder] of this.takenNames) {
      if (holder !== id) continue
      this.takenNames.delete(name)
      this.#changed()
    }
  }

  /** A holder may have gone while nobody listened. */
  async #reviewTakenNames(): Promise<void> {
    for (const [name, holder] of [...this.takenNames]) {
      const found = await this.api.inspect(name).catch((error: unknown) => {
        if (error instanceof RuntimeError && error.code === 'NO_SUCH_CONTAINER') return undefined
        throw error
      })
      if (found === undefined) this.#freeName('destroy', holder)
    }
  }

  // A look that fails for want of an answer is made up for by the relist that follows.
  #look(look: Promise<void>): void {
    look.catch((error: unknown) => {
      if (!(error instanceof RuntimeError)) throw error
      this.#settings.log.debug('look failed', { host: this.name, error: error.message })
    })
  }

  #containerChanged(before: ContainerRecord | undefined, after: ContainerRecord | undefined): void {
    if (before && !after) {
      this.told.delete(before.id)
      this.stopping.delete(before.id)
      this.messages.forget(before.id)
    }
    this.#migration.look(after)
    this.#settings.containerChanged(before, after)
  }

  #reached(): void {
    this.#settings.log.info('host answers', { host: this.name })
    this.#reachable = true
    this.#message = ''
    this.#scheduleRelist()
    if (!this.images.present().has(this.pauseImage)) this.images.pull(this.pauseImage)
    this.#facts = undefined
    this.dataPath.reached(this.#info)
    this.#migration.wake()
    this.#settings.reachabilityChanged()
  }

  #lost(message: string): void {
    this.#cancelRelist()
    if (!this.#reachable && this.#message === message) return
    this.#settings.log.warn('host does not answer', { host: this.name, error: message })
    this.#reachable = false
    this.#message = message
    this.dataPath.lost()
    this.#facts = undefined
    this.#settings.reachabilityChanged()
  }

  #scheduleRelist(): void {
    this.#cancelRelist()
    this.#cancelRelist = this.#settings.clock.after(relistEveryMs, () => {
      this.#look(this.relist('changed'))
      this.dataPath.look()
      this.#scheduleRelist()
    })
  }

  /** A call got no answer: if even the smallest one gets none, the connection is given up, and with it all that was known to be current. */
  async #doubt(): Promise<void> {
    if (!this.#reachable) return
    try {
      await this.api.ping()
    } catch {
      this.#follower.abandon('the engine does not answer')
    }
  }

  #changed(): void {
    this.#facts = undefined
    this.#settings.hostChanged()
  }
}
