import type { NetworkInspectInfo } from 'dockerode'
import { RuntimeError } from '../errors.ts'
import { type NetworkMark, networkName, parseNetworkMark, writeNetworkLabels } from '../labels.ts'
import {
  bridgeName,
  bridgePrefix,
  gateway,
  namespaceBlocks,
  overlap,
  parseRange,
  podsPerBlock,
  type Range,
  rangeText,
} from './addresses.ts'
import type { HostApi } from './host-api.ts'
import { type Route, routesInto } from './routes.ts'
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
  readonly mtu: number
  /** The block of this host; may look at other hosts, and refuse while one of them cannot be asked. */
  readonly hostBlock: () => Range
  /** Pods that have or will have an address in a network. */
  readonly podsIn: (network: string) => number
  /** The engine runs on this machine, so this machine's routes are its routes. */
  readonly local: boolean
  readonly addressPools: () => readonly string[]
}

/** The namespaces' networks on one host: one bridge each, and another one when that is full. */
export class Networks {
  readonly #api: HostApi
  readonly #settings: NetworkSettings
  readonly #making = new Map<string, Promise<void>>()
  /** Where the engine found no free address, though the count said otherwise. */
  readonly #full = new Set<string>()
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
    this.#ours = ours.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  records(): readonly NetworkRecord[] {
    return this.#ours
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
  ensure(namespace: string): Promise<void> {
    if (this.#of(namespace).length > 0) return Promise.resolve()
    return this.#once(namespace, () => this.#create(namespace, 0))
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

  #roomy(namespace: string): NetworkRecord | undefined {
    return this.#of(namespace).find(({ name }) => !this.#full.has(name) && this.#settings.podsIn(name) < podsPerBlock)
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
    const routes = this.#settings.local ? await routesInto(this.#settings.podRange) : []
    this.#check(name, routes)
    const host = this.#settings.hostBlock()
    for (const block of namespaceBlocks(host, namespace)) {
      if (this.#taken(block, routes)) continue
      try {
        await this.#api.createNetwork(this.#options(name, namespace, host, block))
        return await this.refresh()
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error
        // Someone else took the block since the listing: the engine is the lock.
        if (error.code === 'SUBNET_TAKEN') continue
        // Or our own request, whose answer was lost, made it.
        await this.refresh()
        if (!this.#ours.some((network) => network.name === name)) throw error
        return
      }
    }
    throw new RuntimeError('SUBNET_TAKEN', name, `no free block for namespace ${namespace} in ${rangeText(host)}`)
  }

  #taken(block: Range, routes: readonly Route[]): boolean {
    const networks = [...this.#others.flatMap(subnets), ...this.#ours.map(({ mark }) => parseRange(mark.block))]
    return [...networks, ...routes.map((route) => route.range)].some((range) => range && overlap(range, block))
  }

  /**
   * Docker compares subnets with its own networks only, and then steals the route of whatever else uses them. Blocks of other
   * installations, on this engine or on another one of this machine, are no reason to refuse: those are gone round one by one.
   */
  #check(name: string, routes: readonly Route[]): void {
    const squatter = this.#others.find((network) => network.Name === name)
    if (squatter) {
      throw new RuntimeError('NAME_TAKEN', name, `network ${name} exists and is not ours: remove or rename it`)
    }
    const { podRange } = this.#settings
    const refuse = (what: string) => {
      const message = `podCIDR ${rangeText(podRange)} overlaps ${what}: set another network.podCIDR`
      return new RuntimeError('SUBNET_TAKEN', name, message)
    }
    for (const network of this.#others) {
      if (parseNetworkMark(network.Labels ?? {})) continue
      const clash = subnets(network).find((range) => overlap(range, podRange))
      if (clash) throw refuse(`network ${network.Name} (${rangeText(clash)})`)
    }
    for (const pool of this.#settings.addressPools()) {
      const range = parseRange(pool)
      if (range && overlap(range, podRange)) throw refuse(`the engine's default address pool ${pool}`)
    }
    const route = routes.find(({ device }) => !device.startsWith(bridgePrefix))
    if (route) throw refuse(`the route to ${rangeText(route.range)} over ${route.device}`)
  }

  #options(name: string, namespace: string, host: Range, block: Range) {
    const { engine } = this.#settings
    const mark = { engine, namespace, hostBlock: rangeText(host), block: rangeText(block), generation: 1 }
    return {
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      IPAM: { Driver: 'default', Config: [{ Subnet: rangeText(block), Gateway: gateway(block) }] },
      Options: {
        'com.docker.network.bridge.name': bridgeName(block),
        'com.docker.network.driver.mtu': String(this.#settings.mtu),
      },
      Labels: writeNetworkLabels(mark),
    }
  }
}

function ownName(mark: NetworkMark, name: string): boolean {
  const first = networkName(mark.engine, mark.namespace, 0)
  return name === first || (name.startsWith(`${first}_`) && /^[1-9]\d*$/.test(name.slice(first.length + 1)))
}

function subnets(network: NetworkInspectInfo): Range[] {
  return (network.IPAM?.Config ?? []).flatMap(({ Subnet = '' }) => parseRange(Subnet) ?? [])
}
