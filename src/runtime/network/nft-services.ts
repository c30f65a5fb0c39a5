// Services that the kernel carries by itself: UDP, SCTP, and TCP where it is asked for. A connection is given to a pod once, and stays there.
import type { Key } from '../../base/key.ts'
import { addressList } from './nft-addresses.ts'
import { passMark, rangeMark } from './nft-isolation.ts'
import type { NftChain, NftStore } from './nft-ruleset.ts'
import { remembered } from './remembered.ts'
import type { NetworkProblem, ServicePortRow, ServiceRow } from './table.ts'

/** One port of one Service, where clients find it and what is behind it. */
export interface KernelPort {
  readonly service: Key
  /** `shop/web/udp/53` */
  readonly name: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
  readonly clusterIP: string
  readonly externalIPs: readonly string[]
  /** 0: none. */
  readonly nodePort: number
  /** Served on the hosts' own addresses, at `port`. */
  readonly balanced: boolean
  /** Of `balanced`; empty: all. */
  readonly sourceRanges: readonly string[]
  readonly affinitySeconds: number | undefined
  readonly backends: readonly { readonly address: string; readonly port: number }[]
}

/** Of rows that stay the same object, the ports do so, too. */
export function kernelPorts(services: readonly ServiceRow[]): KernelPort[] {
  return services.flatMap((service) => portsOf(service))
}

const portsOf = remembered((service: ServiceRow) =>
  service.ports.filter((port) => byKernel(service, port)).map((port) => kernelPort(service, port)),
)

function byKernel(service: ServiceRow, port: ServicePortRow): boolean {
  const hasAddress = service.type !== 'ExternalName' && service.clusterIP !== '' && service.clusterIP !== 'None'
  return hasAddress && (port.protocol !== 'TCP' || port.mode === 'kernel')
}

function kernelPort(service: ServiceRow, { protocol, port, nodePort, backends }: ServicePortRow): KernelPort {
  const lower = protocol === 'TCP' ? 'tcp' : protocol === 'UDP' ? 'udp' : 'sctp'
  const ready = backends.filter(({ state, address }) => state !== 'draining' && addressList([address]) !== '')
  return {
    service: service.key,
    name: `${service.namespace}/${service.name}/${lower}/${port}`,
    protocol: lower,
    port,
    nodePort,
    clusterIP: service.clusterIP,
    externalIPs: service.externalIPs.filter((address) => addressList([address]) !== ''),
    balanced: service.type === 'LoadBalancer',
    sourceRanges: service.sourceRanges,
    affinitySeconds: service.affinitySeconds,
    backends: ready.map(({ address, port: target }) => ({ address, port: target })),
  }
}

export interface ServiceRules {
  readonly chains: readonly (readonly [string, NftChain])[]
  readonly stores: readonly (readonly [string, NftStore])[]
  readonly problems: readonly NetworkProblem[]
}

const byAddress = 'type ipv4_addr . inet_proto . inet_service : verdict'
const byPort = 'type inet_proto . inet_service : verdict'

/** Where packets are looked up: on ClusterIPs for pods and the host itself, on the rest for anybody. */
export function serviceChains(serviceCIDR: string): [string, NftChain][] {
  const address = 'ip daddr . meta l4proto . th dport'
  const port = 'meta l4proto . th dport'
  const host = `fib daddr type local ip daddr != { 127.0.0.0/8, ${serviceCIDR} } meta mark and ${rangeMark} == 0`
  return [
    [
      'services_of_others',
      {
        hook: 'type nat hook prerouting priority dstnat - 5',
        rules: [
          `iifname @bridges ${address} vmap @cluster_ips`,
          `${address} vmap @external_ips`,
          `${host} ${port} vmap @host_ports`,
        ],
      },
    ],
    [
      'services_of_host',
      {
        hook: 'type nat hook output priority -105',
        rules: [`${address} vmap @cluster_ips`, `${address} vmap @external_ips`, `${host} ${port} vmap @host_ports`],
      },
    ],
    [
      'without_endpoint',
      {
        hook: '',
        rules: [`${address} vmap @empty_addresses`, `${host} ${port} vmap @empty_ports`],
      },
    ],
    ['refused', { hook: '', rules: ['meta l4proto tcp reject with tcp reset', 'reject with icmp port-unreachable'] }],
  ]
}

/** `taken`: keys of places on the host that programs of its own have, as `takenPlaces` tells them. */
export function serviceRules(ports: readonly KernelPort[], taken: ReadonlySet<string>): ServiceRules {
  const chains: [string, NftChain][] = []
  const sets: [string, NftStore][] = []
  const hairpin = new Map<string, string>()
  const places = new Places(taken)
  for (const port of ports) {
    places.take(port)
    const own = partsOf(port)
    chains.push(...own.chains)
    sets.push(...own.sets)
    for (const pair of own.hairpin) hairpin.set(pair, '')
  }
  return {
    chains,
    stores: [
      ...sets,
      ['hairpin', { kind: 'set', type: 'type ipv4_addr . ipv4_addr', elements: hairpin, stays: true }],
      ...places.stores(),
    ],
    problems: places.problems,
  }
}

/** What one port needs, apart from all others. */
const partsOf = remembered((port: KernelPort) => {
  const { backends, affinitySeconds } = port
  const limited = limitedChain(port)
  return {
    places: placesOf(port, limited ? `goto ${limited[0]}` : undefined),
    chains: backends.length === 0 ? [] : [...portChains(port), ...(limited ? [limited] : [])],
    sets: affinitySeconds === undefined ? [] : backends.map((backend) => affinitySet(port, backend)),
    hairpin: backends.map(({ address }) => `${address} . ${address}`),
  }
})

/** A verdict in one of the maps. */
interface Place {
  readonly map: PlaceMap
  readonly key: string
  readonly verdict: string
}

function placesOf(port: KernelPort, limited: string | undefined): Place[] {
  const { clusterIP, externalIPs, protocol, nodePort, balanced, backends } = port
  const empty = backends.length === 0
  const verdict = empty ? 'goto refused' : `goto service/${port.name}`
  const at = (address: string) => `${address} . ${protocol} . ${port.port}`
  const hostPorts = empty ? 'empty_ports' : 'host_ports'
  const places: Place[] = [
    { map: empty ? 'empty_addresses' : 'cluster_ips', key: at(clusterIP), verdict },
    ...externalIPs.map((address): Place => {
      return { map: empty ? 'empty_addresses' : 'external_ips', key: at(address), verdict }
    }),
  ]
  if (nodePort > 0) places.push({ map: hostPorts, key: `${protocol} . ${nodePort}`, verdict })
  if (balanced) places.push({ map: hostPorts, key: `${protocol} . ${port.port}`, verdict: limited ?? verdict })
  return places
}

function limitedChain({ name, balanced, sourceRanges, backends }: KernelPort): [string, NftChain] | undefined {
  if (!balanced || backends.length === 0 || sourceRanges.includes('0.0.0.0/0')) return undefined
  const allowed = addressList(sourceRanges)
  if (allowed === '') return undefined
  return [`limited/${name}`, { hook: '', rules: [`ip saddr { ${allowed} } goto service/${name}`, 'drop'] }]
}

type PlaceMap = 'cluster_ips' | 'external_ips' | 'host_ports' | 'empty_addresses' | 'empty_ports'

/** Addresses and ports by which clients come in: each belongs to one Service. */
class Places {
  readonly problems: NetworkProblem[] = []
  readonly #onHost: ReadonlySet<string>
  readonly #taken = new Map<string, string>()
  readonly #maps: Record<PlaceMap, Map<string, string>> = {
    cluster_ips: new Map<string, string>(),
    external_ips: new Map<string, string>(),
    host_ports: new Map<string, string>(),
    empty_addresses: new Map<string, string>(),
    empty_ports: new Map<string, string>(),
  }

  constructor(onHost: ReadonlySet<string>) {
    this.#onHost = onHost
  }

  take(port: KernelPort): void {
    for (const place of partsOf(port).places) this.#put(port, place)
  }

  stores(): [string, NftStore][] {
    return Object.entries(this.#maps).map(([name, elements]) => {
      const type = name.endsWith('ports') ? byPort : byAddress
      return [name, { kind: 'map', type, elements }]
    })
  }

  #put(port: KernelPort, { map, key, verdict }: Place): void {
    if (this.#onHost.has(key)) {
      this.problems.push({ key: port.service, message: inUse(key) })
      return
    }
    const holder = this.#taken.get(key)
    if (holder === undefined) {
      this.#taken.set(key, port.name)
      this.#maps[map].set(key, verdict)
    } else if (holder !== port.name) {
      const what = key.replaceAll(' . ', ' ')
      this.problems.push({ key: port.service, message: `${what} is served for ${holder} already` })
    }
  }
}

function inUse(key: string): string {
  const [port, protocol, address] = key.split(' . ').reverse()
  const where = address === undefined ? '' : ` of ${address}`
  return `port ${port}/${protocol?.toUpperCase()}${where} is in use on this host`
}

const marked = `ct mark set ct mark or ${passMark}`

function portChains(port: KernelPort): [string, NftChain][] {
  const { name, backends } = port
  const protocol = `meta l4proto ${port.protocol}`
  const target = ({ address, port: number }: Backend) => `${address} . ${number}`
  if (port.affinitySeconds === undefined) {
    const [only] = backends
    const choice = backends.map((backend, index) => `${index} : ${target(backend)}`)
    const to =
      backends.length === 1 && only
        ? `dnat to ${only.address}:${only.port}`
        : `dnat ip to numgen inc mod ${backends.length} map { ${choice.join(', ')} }`
    return [[`service/${name}`, { hook: '', rules: [marked, `${protocol} ${to}`] }]]
  }
  const endpoint = (backend: Backend) => `endpoint/${name}/${backend.address}/${backend.port}`
  const choice = backends.map((backend, index) => `${index} : goto ${endpoint(backend)}`)
  const rules = [
    marked,
    ...backends.map((backend) => `ip saddr @${affinityName(port, backend)} goto ${endpoint(backend)}`),
    `numgen inc mod ${backends.length} vmap { ${choice.join(', ')} }`,
  ]
  const endpoints = backends.map((backend): [string, NftChain] => {
    const remember = `update @${affinityName(port, backend)} { ip saddr }`
    return [
      endpoint(backend),
      { hook: '', rules: [remember, `${protocol} dnat to ${backend.address}:${backend.port}`] },
    ]
  })
  return [[`service/${name}`, { hook: '', rules }], ...endpoints]
}

type Backend = KernelPort['backends'][number]

/** The time is in its name, because a set's time cannot be changed. */
function affinityName({ name, affinitySeconds }: KernelPort, { address, port }: Backend): string {
  return `affinity/${affinitySeconds}/${name}/${address}/${port}`
}

function affinitySet(port: KernelPort, backend: Backend): [string, NftStore] {
  const type = `type ipv4_addr; flags dynamic,timeout; timeout ${port.affinitySeconds}s; size 65535`
  return [affinityName(port, backend), { kind: 'set', type, elements: new Map() }]
}
