import { sha256 } from '../../base/hash.ts'
import { type Key, keyParts } from '../../base/key.ts'
import { type Ipv4Range, ipv4Number, ipv4Text, isIn } from '../../manifests/ipv4.ts'
import type { ServiceSpec } from '../../manifests/types.ts'
import type { Allocation } from './table.ts'

/** What a Service asks for. */
export interface Claimant {
  readonly key: Key
  readonly spec: ServiceSpec
  /** It gives way to all that are none: true of Services that pull requests write. Absent: it is none. */
  readonly guest?: boolean
}

export interface Allocated {
  readonly allocations: ReadonlyMap<Key, Allocation>
  /** Why a Service did not get all that it asks for. */
  readonly problems: ReadonlyMap<Key, string>
}

const firstNodePort = 30_000
const lastNodePort = 32_767
/** Kubernetes leaves these to those who ask for a port by its number. */
const staticNodePorts = 86
/** As an offset into the range: the address of the DNS server. */
const dnsOffset = 10

/** The address that names are asked at. */
export function dnsAddress(range: Ipv4Range): string {
  return ipv4Text(range.first + dnsOffset)
}

/**
 * Addresses and node ports for all Services. What was given stays given; then those that ask by number are served; then all others, from a
 * place that follows from the name, so that the same Services get the same addresses even if all memory of it is lost. The lower part of
 * both ranges is left to those who ask by number, as in Kubernetes. Guests come after all others, with what they were given, too.
 */
export function allocate(
  claimants: readonly Claimant[],
  before: ReadonlyMap<Key, Allocation>,
  range: Ipv4Range,
): Allocated {
  const byKey = [...claimants].sort((a, b) => (a.key < b.key ? -1 : 1))
  const turns = [byKey.filter(({ guest }) => !guest), byKey.filter(({ guest }) => guest)]
  const problems = new Map<Key, string>()
  const addresses = new Ledger<number>()
  addresses.take(range.first + dnsOffset, '/Service/dns')
  const ports = new Ledger<string>()
  const kept = new Map<Key, Kept>()
  for (const turn of turns) {
    for (const [key, had] of keep(turn, before, range, { addresses, ports })) kept.set(key, had)
    for (const { key, spec } of turn) {
      const problem = takeWritten(key, spec, range, { addresses, ports }) || outsideProblem(spec, range)
      if (problem) problems.set(key, problem)
    }
  }
  const allocations = new Map<Key, Allocation>()
  for (const { key, spec } of turns.flat()) {
    const clusterIP = needsAddress(spec) ? (kept.get(key)?.clusterIP ?? addressFor(key, spec, range, addresses)) : ''
    const nodePorts = Object.fromEntries(
      nodePortsOf(spec).flatMap(([name, wanted]) => {
        const port = kept.get(key)?.nodePorts[name] ?? nodePortFor(key, name, wanted, ports)
        return port === undefined ? [] : [[name, port]]
      }),
    )
    if (needsAddress(spec) && clusterIP === '' && !problems.has(key))
      problems.set(key, 'no address of the service range is free')
    allocations.set(key, { clusterIP, nodePorts })
  }
  return { allocations, problems }
}

/** Its addresses for others, without those of the range: they belong to whom they were given. */
export function outsideAddresses({ externalIPs = [] }: Pick<ServiceSpec, 'externalIPs'>, range: Ipv4Range): string[] {
  return externalIPs.filter((address) => !isIn(range, ipv4Number(address) ?? -1))
}

function outsideProblem(spec: ServiceSpec, range: Ipv4Range): string | undefined {
  const outside = outsideAddresses(spec, range)
  const inside = spec.externalIPs?.find((address) => !outside.includes(address))
  return inside && `externalIPs: expected addresses outside of the range of Services, found ${inside}`
}

interface Ledgers {
  readonly addresses: Ledger<number>
  readonly ports: Ledger<string>
}

/** Who has what. */
class Ledger<T> {
  readonly #holders = new Map<T, Key>()

  /** Answers who has it. */
  take(what: T, key: Key): Key {
    const holder = this.#holders.get(what) ?? key
    this.#holders.set(what, holder)
    return holder
  }

  isFree(what: T): boolean {
    return !this.#holders.has(what)
  }
}

interface Kept {
  readonly clusterIP?: string
  readonly nodePorts: Readonly<Record<string, number>>
}

/** What was given before and is still asked for. */
function keep(
  claimants: readonly Claimant[],
  before: ReadonlyMap<Key, Allocation>,
  range: Ipv4Range,
  { addresses, ports }: Ledgers,
): ReadonlyMap<Key, Kept> {
  return new Map(
    claimants.flatMap(({ key, spec }) => {
      const had = before.get(key)
      if (!had) return []
      const address = ipv4Number(had.clusterIP)
      const keepsAddress =
        address !== undefined &&
        needsAddress(spec) &&
        (!spec.clusterIP || spec.clusterIP === had.clusterIP) &&
        isIn(range, address) &&
        addresses.take(address, key) === key
      const nodePorts = nodePortsOf(spec).filter(([name, wanted]) => {
        const port = had.nodePorts[name]
        return port !== undefined && (wanted === 0 || wanted === port) && ports.take(portKey(name, port), key) === key
      })
      const keptPorts = Object.fromEntries(nodePorts.map(([name]) => [name, had.nodePorts[name] ?? 0]))
      return [[key, { ...(keepsAddress && { clusterIP: had.clusterIP }), nodePorts: keptPorts }]]
    }),
  )
}

/** What a manifest asks for by number; answers why it cannot have it. */
function takeWritten(key: Key, spec: ServiceSpec, range: Ipv4Range, { addresses, ports }: Ledgers): string {
  const faults: string[] = []
  const { clusterIP } = spec
  if (needsAddress(spec) && clusterIP) {
    const address = ipv4Number(clusterIP)
    if (address === undefined || !isUsable(range, address))
      faults.push(`clusterIP ${clusterIP} is not in the service range`)
    else {
      const holder = addresses.take(address, key)
      if (holder !== key) faults.push(`clusterIP ${clusterIP} is taken by ${described(holder)}`)
    }
  }
  for (const [name, wanted] of nodePortsOf(spec)) {
    if (wanted === 0) continue
    const holder = ports.take(portKey(name, wanted), key)
    if (holder !== key) faults.push(`node port ${wanted} is taken by ${described(holder)}`)
  }
  return faults.join('; ')
}

function addressFor(key: Key, { clusterIP }: ServiceSpec, range: Ipv4Range, addresses: Ledger<number>): string {
  if (clusterIP) {
    const address = ipv4Number(clusterIP)
    const isOwn = address !== undefined && isUsable(range, address) && addresses.take(address, key) === key
    return isOwn ? clusterIP : ''
  }
  const low = Math.min(Math.max(16, Math.floor(sizeOf(range) / 16)), 256)
  const found = firstFree(key, sizeOf(range) - 1 - low, (offset) => addresses.isFree(range.first + low + offset))
  if (found === undefined) return ''
  addresses.take(range.first + low + found, key)
  return ipv4Text(range.first + low + found)
}

function nodePortFor(key: Key, name: string, wanted: number, ports: Ledger<string>): number | undefined {
  if (wanted !== 0) return ports.take(portKey(name, wanted), key) === key ? wanted : undefined
  const low = firstNodePort + staticNodePorts
  const found = firstFree(`${key}:${name}`, lastNodePort + 1 - low, (offset) =>
    ports.isFree(portKey(name, low + offset)),
  )
  if (found === undefined) return undefined
  ports.take(portKey(name, low + found), key)
  return low + found
}

/** From a place that the text decides on. */
function firstFree(text: string, count: number, isFree: (offset: number) => boolean): number | undefined {
  const start = Number.parseInt(sha256(text).slice(0, 8), 16) % count
  for (let step = 0; step < count; step += 1) {
    const offset = (start + step) % count
    if (isFree(offset)) return offset
  }
  return undefined
}

function sizeOf({ first, last }: Ipv4Range): number {
  return last - first + 1
}

/** Neither the network's own address nor its last one. */
function isUsable({ first, last }: Ipv4Range, address: number): boolean {
  return address > first && address < last
}

export function needsAddress({ type, clusterIP }: ServiceSpec): boolean {
  return type !== 'ExternalName' && clusterIP !== 'None'
}

/** `80/TCP` and the number asked for; 0: any. */
function nodePortsOf({
  type,
  ports = [],
  allocateLoadBalancerNodePorts,
}: ServiceSpec): readonly (readonly [string, number])[] {
  if (type !== 'NodePort' && type !== 'LoadBalancer') return []
  const any = type === 'NodePort' || allocateLoadBalancerNodePorts !== false
  return ports
    .filter(({ nodePort }) => any || nodePort)
    .map(({ port, protocol, nodePort = 0 }) => [`${port}/${protocol}`, nodePort] as const)
}

/** One number serves TCP and UDP apart from each other. */
function portKey(name: string, port: number): string {
  return `${port}/${name.split('/')[1]}`
}

function described(key: Key): string {
  const { namespace, kind, name } = keyParts(key)
  return namespace === '' ? 'DNS' : `${kind} ${namespace}/${name}`
}
