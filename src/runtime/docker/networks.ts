import type { NetworkInspectInfo } from 'dockerode'
import type { Clock } from '../../base/clock.ts'
import { RuntimeError } from '../errors.ts'
import { type NetworkMark, networkName, newestGeneration, parseNetworkMark, writeNetworkLabels } from '../labels.ts'
import {
  bridgeName,
  gateway,
  namespaceBlocks,
  overlap,
  parseRange,
  podsPerBlock,
  type Range,
  rangeText,
} from './addresses.ts'
import type { HostApi } from './host-api.ts'
import { overlapOf, subnets } from './network-overlap.ts'
import { type Route, routes, uplinkMtu } from './routes.ts'
import { trailing } from './trailing.ts'

/** One network of ours. */
export interface NetworkRecord {
  readonly id: string
  readonly name: string
  readonly mark: NetworkMark
}

export interface NetworkSettings {
  readonly engine: string
  readonly podRange: Range
  /** 0: that of the way out, with room for a tunnel to other hosts where Services are served: a network cannot be given another one later. */
  readonly mtu: number
  /** A block of this host that is none of `full`; may look at other hosts, and refuse while one of them cannot be asked. */
  readonly hostBlock: (full: readonly Range[]) => Range
  /** Pods that have or will have an address in a network. */
  readonly podsIn: (network: string) => number
  /** The engine runs on this machine, so this machine's routes are its routes. */
  readonly local: boolean
  readonly addressPools: () => readonly string[]
  /** Undefined: Docker's own rules and names are all that there is. Throws a RuntimeError while that is not known. */
  readonly services: () => ServicesMode | undefined
  /** Networks of ours came or went. */
  readonly changed: () => void
}

/** The host has a node container, whose rules let pods through. */
export interface ServicesMode {
  readonly serviceRange: Range
  /** Resolves when the rules of all networks that there are now are in. */
  readonly rulesFor: () => Promise<void>
  /** Other installations with a node container on this host. */
  readonly neighbours: () => Promise<readonly { readonly engine: string; readonly serviceCIDR: string }[]>
  readonly clock: Clock
}

/** An outer packet's headers: VXLAN over IPv4. */
const tunnelBytes = 50
const usualMtu = 1500
const longestRulesMs = 30_000
const rulesEveryMs = 250

/** The namespaces' networks on one host: one bridge each, and another one when that is full. */
export class Networks {
  readonly #api: HostApi
  readonly #settings: NetworkSettings
  readonly #making = new Map<string, Promise<void>>()
  /** Where the engine found no free address, though the count said otherwise. */
  readonly #full = new Set<string>()
  /** Whose rules are in, as far as this process knows: ids. */
  readonly #ruled = new Set<string>()
  /** Since rules were wanted that are not in yet, ms; none is waited for longer, whatever the network. */
  #waitUntil: number | undefined
  #ours: readonly NetworkRecord[] = []
  #others: readonly NetworkInspectInfo[] = []

  constructor(api: HostApi, settings: NetworkSettings) {
    this.#api = api
    this.#settings = settings
  }

  readonly refresh = trailing(() => this.#list())

  async #list(): Promise<void> {
    const all = await this.#api.listNetworks()
    const ours: NetworkRecord[] = []
    this.#others = all.filter((network) => {
      const mark = parseNetworkMark(network.Labels ?? {})
      if (mark?.engine !== this.#settings.engine || !ownName(mark, network.Name)) return true
      ours.push({ id: network.Id, name: network.Name, mark })
      return false
    })
    const before = this.#ours.map(({ id }) => id).join()
    this.#ours = ours.sort((a, b) => (a.name < b.name ? -1 : 1))
    if (this.#ours.map(({ id }) => id).join() !== before) this.#settings.changed()
  }

  records(): readonly NetworkRecord[] {
    return this.#ours
  }

  /** Of a network by its name; 0: none of ours. */
  generation(name: string): number {
    return this.#ours.find((network) => network.name === name)?.mark.generation ?? 0
  }

  namespaces(): ReadonlySet<string> {
    return new Set(this.#ours.map((network) => network.mark.namespace))
  }

  /** Host blocks seen on this host, of whatever installation. */
  hostBlocks(): string[] {
    const foreign = this.#others.flatMap((network) => parseNetworkMark(network.Labels ?? {})?.hostBlock ?? [])
    return [...this.#ours.map((network) => network.mark.hostBlock), ...foreign]
  }

  /** Networks that carry our labels under another name. */
  copied(): string[] {
    return this.#others
      .filter((network) => parseNetworkMark(network.Labels ?? {})?.engine === this.#settings.engine)
      .map((network) => `network ${network.Name} carries our labels but not a name of ours: left alone`)
  }

  /** Makes the namespace's network unless it is there. */
  async ensure(namespace: string): Promise<void> {
    if (this.#current(namespace).length === 0) {
      await this.#once(namespace, () => this.#create(namespace, this.#freeIndex(namespace)))
    }
  }

  /** The network for one more pod; makes another one when all are full. */
  async withRoom(namespace: string): Promise<NetworkRecord> {
    await this.#making.get(namespace)
    const found = this.#roomy(namespace)
    if (found) return found
    const count = this.#of(namespace).length
    if (count === 0)
      throw new RuntimeError('NO_SUCH_NETWORK', namespace, `namespace ${namespace} has no network on this host`)
    await this.#once(namespace, () => this.#create(namespace, this.#freeIndex(namespace)))
    const made = this.#roomy(namespace)
    if (made) return made
    throw new RuntimeError('SUBNET_TAKEN', namespace, `all ${count} networks of namespace ${namespace} are full`)
  }

  /** Ends when pods may start on a network, by its name: containers can be made on it before. At once for one that is none of ours. */
  async ready(name: string): Promise<void> {
    const network = this.#ours.find((one) => one.name === name)
    if (network) await this.#awaitRules(network)
  }

  markFull(network: string): void {
    this.#full.add(network)
  }

  /** A pod left it. */
  markRoom(network: string): void {
    this.#full.delete(network)
  }

  async remove(namespace: string): Promise<void> {
    await this.#making.get(namespace)
    for (const network of this.#of(namespace)) await this.#api.removeNetwork(network.id)
    await this.refresh()
  }

  #of(namespace: string): readonly NetworkRecord[] {
    return this.#ours.filter((network) => network.mark.namespace === namespace)
  }

  /** Those that new pods may be on. */
  #current(namespace: string): readonly NetworkRecord[] {
    const oldest = this.#settings.services() ? newestGeneration : 1
    return this.#of(namespace).filter(({ mark }) => mark.generation >= oldest)
  }

  /**
   * A pod that starts before the rules of its network are in is cut off: Docker's own rules let nothing through there. So it waits for
   * them, but not for long, as it may have work to do that needs no network.
   */
  async #awaitRules(network: NetworkRecord): Promise<void> {
    const services = this.#settings.services()
    if (services === undefined || this.#ruled.has(network.id)) return
    const { clock } = services
    this.#waitUntil ??= clock.now() + longestRulesMs
    for (;;) {
      const failure = await this.#rules(services, this.#waitUntil)
      if (failure === undefined) {
        this.#waitUntil = undefined
        this.#ruled.add(network.id)
        return
      }
      if (clock.now() >= this.#waitUntil) return
      await new Promise<void>((resolve) => clock.after(rulesEveryMs, resolve))
    }
  }

  /** Why they are not in; undefined: they are. */
  async #rules({ clock, rulesFor }: ServicesMode, until: number): Promise<unknown> {
    try {
      await within(clock, Math.max(until - clock.now(), rulesEveryMs), rulesFor())
      return undefined
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      return error
    }
  }

  #roomy(namespace: string): NetworkRecord | undefined {
    return this.#current(namespace).find(
      ({ name }) => !this.#full.has(name) && this.#settings.podsIn(name) < podsPerBlock,
    )
  }

  #freeIndex(namespace: string): number {
    const taken = new Set(this.#of(namespace).map((network) => network.name))
    let index = 0
    while (taken.has(networkName(this.#settings.engine, namespace, index))) index += 1
    return index
  }

  #once(namespace: string, make: () => Promise<void>): Promise<void> {
    const running = this.#making.get(namespace)
    if (running !== undefined) return running
    const made = make().finally(() => this.#making.delete(namespace))
    this.#making.set(namespace, made)
    return made
  }

  async #create(namespace: string, index: number): Promise<void> {
    await this.refresh()
    const name = networkName(this.#settings.engine, namespace, index)
    if (this.#ours.some((network) => network.name === name)) return
    const services = this.#settings.services()
    await this.#check(name, services)
    const mtu = await this.#mtu(services)
    const generation = services ? newestGeneration : 1
    const used = this.#settings.local ? await routes() : []
    const full: Range[] = []
    for (;;) {
      const host = this.#settings.hostBlock(full)
      const mark = { engine: this.#settings.engine, namespace, hostBlock: rangeText(host), generation }
      if (await this.#createIn(host, name, mark, mtu, used)) return
      full.push(host)
    }
  }

  /** Answers whether there is room in this block of the host. */
  async #createIn(
    host: Range,
    name: string,
    mark: Omit<NetworkMark, 'block'>,
    mtu: number,
    used: readonly Route[],
  ): Promise<boolean> {
    const { namespace } = mark
    for (const block of namespaceBlocks(host, namespace)) {
      if (this.#taken(block, used)) continue
      try {
        await this.#api.createNetwork(networkOptions(name, { ...mark, block: rangeText(block) }, block, mtu))
        await this.refresh()
        return true
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error
        // Someone else took the block since the listing: the engine is the lock.
        if (error.code === 'SUBNET_TAKEN') continue
        // Or our own request, whose answer was lost, made it.
        await this.refresh()
        if (!this.#ours.some((network) => network.name === name)) throw error
        return true
      }
    }
    return false
  }

  #taken(block: Range, used: readonly Route[]): boolean {
    const networks = [...this.#others.flatMap(subnets), ...this.#ours.map(({ mark }) => parseRange(mark.block))]
    return [...networks, ...used.map((route) => route.range)].some((range) => range && overlap(range, block))
  }

  async #check(name: string, services: ServicesMode | undefined): Promise<void> {
    const squatter = this.#others.find((network) => network.Name === name)
    if (squatter) {
      throw new RuntimeError('NAME_TAKEN', name, `network ${name} exists and is not ours: remove or rename it`)
    }
    const { local, podRange } = this.#settings
    const refusal = overlapOf(podRange, services?.serviceRange, {
      others: this.#others,
      addressPools: this.#settings.addressPools(),
      routes: local ? await routes() : [],
      neighbours: services ? await services.neighbours() : [],
    })
    if (refusal !== undefined) throw new RuntimeError('SUBNET_TAKEN', name, refusal)
  }

  async #mtu(services: ServicesMode | undefined): Promise<number> {
    const { local, mtu } = this.#settings
    if (mtu > 0) return mtu
    const uplink = local ? await uplinkMtu() : usualMtu
    return services ? uplink - tunnelBytes : uplink
  }
}

function networkOptions(name: string, mark: NetworkMark, block: Range, mtu: number) {
  const byDriver = 'com.docker.network.bridge'
  return {
    Name: name,
    CheckDuplicate: true,
    Driver: 'bridge',
    IPAM: { Driver: 'default', Config: [{ Subnet: rangeText(block), Gateway: gateway(block) }] },
    Options: {
      [`${byDriver}.name`]: bridgeName(block),
      'com.docker.network.driver.mtu': String(mtu),
      // Docker's rules let nothing pass then, not even between pods of the network: the node container's do.
      ...(mark.generation >= newestGeneration && {
        [`${byDriver}.enable_icc`]: 'false',
        [`${byDriver}.enable_ip_masquerade`]: 'false',
      }),
    },
    Labels: writeNetworkLabels(mark),
  }
}

function ownName(mark: NetworkMark, name: string): boolean {
  const first = networkName(mark.engine, mark.namespace, 0)
  return name === first || (name.startsWith(`${first}_`) && /^[1-9]\d*$/.test(name.slice(first.length + 1)))
}

function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => new RuntimeError('ENGINE_ERROR', '', `no packet rules within ${ms / 1000} s`)
    const cancel = clock.after(ms, () => reject(late()))
    work.then(resolve, reject).finally(cancel)
  })
}
