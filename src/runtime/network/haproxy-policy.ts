// NetworkPolicies for connections through Services: HAProxy alone sees who calls. What is judged at the pod sees a host.

import { ipv4Number, ipv4Range, ipv4Text } from '../../manifests/ipv4.ts'
import type { HaproxyList } from './haproxy-part.ts'
import { merged } from './nft-addresses.ts'
import type { BackendRow, PolicyRow, PolicyRule, ServicePortRow, ServiceRow } from './table.ts'

/** Who may open connections to a port of a Service, as addresses and CIDRs. */
export interface PortPolicy {
  /** Undefined: anybody who is not denied. */
  readonly allowed: readonly string[] | undefined
  readonly denied: readonly string[]
  /** Pods behind the port do not let the same clients in: only those are that all of them do. */
  readonly isMixed: boolean
}

type Ranges = readonly (readonly [number, number])[]

const open: PortPolicy = { allowed: undefined, denied: [], isMixed: false }
const everything: Ranges = [[0, 2 ** 32 - 1]]

/** Finds the policies that have to do with a Service. */
export class PolicyIndex {
  #rows: readonly PolicyRow[] = []
  #byPod: ReadonlyMap<string, PolicyRow> = new Map()
  /** Pods that may not reach everything; another list only when it is another. */
  #clients: readonly PolicyRow[] = []

  set(rows: readonly PolicyRow[]): void {
    if (rows === this.#rows) return
    this.#rows = rows
    this.#byPod = new Map(rows.map((row): [string, PolicyRow] => [row.pod, row]))
    const clients = rows.filter(({ egress }) => egress !== undefined)
    const isSame = clients.length === this.#clients.length && clients.every((row, at) => row === this.#clients[at])
    if (!isSame) this.#clients = clients
  }

  /** As long as these are the same objects, `policyOf` its ports is the same. */
  about({ ports }: ServiceRow): readonly unknown[] {
    if (this.#byPod.size === 0) return noPolicies
    return [this.#clients, ...ports.flatMap(({ backends }) => backends.map(({ pod }) => this.#byPod.get(pod)))]
  }

  policyOf({ backends }: ServicePortRow): PortPolicy {
    return this.#byPod.size === 0 ? open : portPolicy(backends, this.#byPod, this.#clients)
  }
}

const noPolicies: readonly unknown[] = []

/** What the policies of pods and clients say of connections to these pods. */
function portPolicy(
  backends: readonly BackendRow[],
  policies: ReadonlyMap<string, PolicyRow>,
  clients: readonly PolicyRow[],
): PortPolicy {
  const takers = backends.filter(({ state }) => state !== 'draining')
  const ingress = takers.map(({ pod, port }) => {
    const rules = policies.get(pod)?.ingress
    return rules === undefined ? everything : rangesOf(rules, port)
  })
  const allowed = ingress.reduce(both, everything)
  const reach = clients.map(({ address, egress = [] }) => ({
    address,
    open: takers.filter((taker) => contains(rangesOf(egress, taker.port), ipv4Number(taker.address))).length,
  }))
  const differs = ingress.some((ranges) => rangeText(ranges).join() !== rangeText(ingress[0] ?? []).join())
  return {
    allowed: takers.length === 0 || same(allowed, everything) ? undefined : rangeText(allowed),
    denied: reach.filter(({ open }) => open < takers.length).map(({ address }) => address),
    isMixed: differs || reach.some(({ open }) => open > 0 && open < takers.length),
  }
}

/** Whether anybody may connect to the pod at this port. */
export function letsEverybodyIn(row: PolicyRow | undefined, port: number): boolean {
  return row?.ingress === undefined || same(rangesOf(row.ingress, port), everything)
}

/**
 * For which lists there is a place beside those that have something in them, so that what policies say of pods that come and go needs no
 * new worker.
 */
export interface Guard {
  /** The host has previews, which are denied most Services. */
  readonly hasPreviews: boolean
  /** It is a Service of a preview, whose pods let few in. */
  readonly isPreview: boolean
}

/** The host itself is always let in, as in Kubernetes; a worker that is about to end is such a caller, too. */
export function policyLines(frontend: string, policy: PortPolicy, guard: Guard): string[] {
  const { allowed, denied } = listed(policy, guard)
  const deny = `  tcp-request connection reject if { src -f /state/${listPath(frontend, 'denied')} }`
  const allow = `  tcp-request connection reject if !{ src -f /state/${listPath(frontend, 'allowed')} } !{ src_is_local }`
  return [...(denied ? [deny] : []), ...(allowed ? [allow] : [])]
}

export function policyLists(frontend: string, policy: PortPolicy, guard: Guard): HaproxyList[] {
  const { allowed, denied } = listed(policy, guard)
  const list = (name: 'allowed' | 'denied', addresses: readonly string[]): HaproxyList => ({
    kind: 'acl',
    path: listPath(frontend, name),
    entries: new Map(addresses.map((address) => [address, ''])),
  })
  return [...(denied ? [list('denied', denied)] : []), ...(allowed ? [list('allowed', allowed)] : [])]
}

function listed({ allowed, denied }: PortPolicy, { hasPreviews, isPreview }: Guard) {
  return {
    allowed: allowed ?? (isPreview ? rangeText(everything) : undefined),
    denied: hasPreviews || denied.length > 0 ? denied : undefined,
  }
}

function listPath(frontend: string, name: string): string {
  return `maps/${frontend}.${name}`
}

/** Addresses at the other end that one of the rules lets through at this port. */
function rangesOf(rules: readonly PolicyRule[], port: number): Ranges {
  const fitting = rules.filter(
    ({ ports }) =>
      ports === undefined || ports.some(({ protocol, from, to }) => protocol === 'TCP' && from <= port && port <= to),
  )
  return merged(
    fitting.flatMap(({ peers, except }) => without(peers === undefined ? everything : numbers(peers), numbers(except))),
  )
}

/** Other addresses than IPv4 are left out. */
function numbers(peers: readonly string[]): Ranges {
  const ranges = peers.flatMap((peer): [number, number][] => {
    const range = ipv4Range(peer.includes('/') ? peer : `${peer}/32`)
    return range ? [[range.first, range.last]] : []
  })
  return merged(ranges)
}

function both(a: Ranges, b: Ranges): Ranges {
  return a.flatMap(([first, last]) =>
    b.flatMap(([from, to]): (readonly [number, number])[] => {
      const low = Math.max(first, from)
      const high = Math.min(last, to)
      return low <= high ? [[low, high]] : []
    }),
  )
}

function without(a: Ranges, b: Ranges): Ranges {
  const edges = [-1, ...b.flat(), 2 ** 32]
  const gaps: [number, number][] = []
  for (let at = 0; at + 1 < edges.length; at += 2) gaps.push([(edges[at] ?? 0) + 1, (edges[at + 1] ?? 0) - 1])
  return both(
    a,
    gaps.filter(([first, last]) => first <= last),
  )
}

function contains(ranges: Ranges, address: number | undefined): boolean {
  return address !== undefined && ranges.some(([first, last]) => first <= address && address <= last)
}

function same(a: Ranges, b: Ranges): boolean {
  return rangeText(a).join() === rangeText(b).join()
}

/** As CIDRs, which is what HAProxy reads. */
function rangeText(ranges: Ranges): string[] {
  return ranges.flatMap(([first, last]) => {
    const blocks: string[] = []
    for (let at = first; at <= last; ) {
      let size = 1
      while (size < 2 ** 32 && at % (size * 2) === 0 && at + size * 2 - 1 <= last) size *= 2
      blocks.push(`${ipv4Text(at)}/${32 - Math.log2(size)}`)
      at += size
    }
    return blocks
  })
}
