import type { PodSpec } from '../../manifests/types.ts'
import type { LiveHost, LivePod } from '../../runtime/live.ts'
import type { Requests } from './desired.ts'
import { hostRefusal, preference } from './node-affinity.ts'
import { companyWish, domains, type Neighbour, neighbourRefusal, type PlacedPod } from './pod-affinity.ts'
import { requestsOf } from './pod-requests.ts'
import { discouragingTaints, taintRefusal } from './taints.ts'
import { spreadRefusal, spreadWish } from './topology-spread.ts'

/** What is on one host already, for placement. */
export interface Load extends Requests {
  /** Pods of the same owner. */
  readonly peers: number
  /** `hostIP/hostPort/protocol` that pods hold there. */
  readonly ports: ReadonlySet<string>
}

export const noLoad: Load = { cpuMillis: 0, memoryBytes: 0, peers: 0, ports: new Set() }

/** A pod that wants a host. */
export interface Newcomer extends Neighbour {
  readonly spec: PodSpec
  readonly requests: Requests
  readonly ports: readonly string[]
  /** Hosts that come into question; undefined: all. */
  readonly only: ReadonlySet<string> | undefined
}

/** Where pods may go, and who is there. */
export interface Site {
  readonly hosts: readonly LiveHost[]
  readonly loads: ReadonlyMap<string, Load>
  /** Of all owners, as far as rules between pods ask for them. */
  readonly pods: readonly PlacedPod[]
}

export type Placement = { readonly host: LiveHost } | { readonly host: undefined; readonly message: string }

/**
 * The host for one more pod: among those that its rules allow and that have room, the one that meets its wishes best, then the one with
 * the fewest pods of this owner, then with the most free memory and cpu, then by name. When there is none, why not, as Kubernetes words it.
 */
export function placePod(pod: Newcomer, site: Site): Placement {
  const hosts = site.hosts.filter(({ name }) => pod.only?.has(name) ?? true)
  const domainOf = domains(site.hosts)
  const refusals = hosts.map(
    (host) =>
      ownRefusal(host, site.loads.get(host.name) ?? noLoad, pod) ??
      spreadRefusal(pod, host, site.hosts, site.pods) ??
      neighbourRefusal(pod, host.name, site.pods, domainOf),
  )
  const fitting = hosts.filter((_host, index) => refusals[index] === undefined)
  const wishes = wishesOf(pod, fitting, site)
  const load = (host: LiveHost): Load => site.loads.get(host.name) ?? noLoad
  const wish = (host: LiveHost): number => wishes.get(host.name) ?? 0
  const best = [...fitting].sort(
    (a, b) =>
      wish(b) - wish(a) ||
      load(a).peers - load(b).peers ||
      freeShare(b, load(b)) - freeShare(a, load(a)) ||
      (a.name < b.name ? -1 : 1),
  )[0]
  return best ? { host: best } : { host: undefined, message: refusedText(refusals) }
}

/** The site after one more pod. */
export function withPod(site: Site, host: string, { requests, ports, ...pod }: Newcomer): Site {
  const load = site.loads.get(host) ?? noLoad
  const loads = new Map(site.loads).set(host, {
    cpuMillis: load.cpuMillis + requests.cpuMillis,
    memoryBytes: load.memoryBytes + requests.memoryBytes,
    peers: load.peers + 1,
    ports: new Set([...load.ports, ...ports]),
  })
  return { ...site, loads, pods: [...site.pods, { ...pod, host }] }
}

/** What speaks against a host but the neighbours there. */
function ownRefusal(host: LiveHost, load: Load, pod: Newcomer): string | undefined {
  if (!host.reachable) return 'unreachable'
  return (
    taintRefusal(pod.spec, host) ??
    hostRefusal(pod.spec, host) ??
    (pod.ports.some((port) => clashes(port, load.ports)) ? 'host port taken by another pod' : undefined) ??
    roomRefusal(host, load, pod.requests)
  )
}

function roomRefusal(host: LiveHost, load: Load, requests: Requests): string | undefined {
  if (requests.cpuMillis > 0 && load.cpuMillis + requests.cpuMillis > host.cpuMillis) return 'Insufficient cpu'
  if (requests.memoryBytes > 0 && load.memoryBytes + requests.memoryBytes > host.memoryBytes) {
    return 'Insufficient memory'
  }
  return undefined
}

/** How well each host meets what a pod would like: every sort of wish counts from 0 to 100, weighed as Kubernetes does by default. */
function wishesOf(pod: Newcomer, hosts: readonly LiveHost[], site: Site): ReadonlyMap<string, number> {
  const totals = new Map<string, number>()
  if (hosts.length < 2) return totals
  const domainOf = domains(site.hosts)
  const kinds: readonly (readonly [weight: number, wish: (host: LiveHost) => number])[] = [
    [3, (host) => -discouragingTaints(pod.spec, host)],
    [2, (host) => preference(pod.spec, host)],
    [2, (host) => companyWish(pod, host.name, site.pods, domainOf)],
    [2, (host) => spreadWish(pod, host, site.hosts, site.pods)],
  ]
  for (const [weight, wish] of kinds) {
    const found = hosts.map(wish)
    const lowest = Math.min(...found)
    const range = Math.max(...found) - lowest
    for (const [index, host] of hosts.entries()) {
      const share = range === 0 ? 0 : Math.round((((found[index] ?? 0) - lowest) / range) * 100)
      totals.set(host.name, (totals.get(host.name) ?? 0) + weight * share)
    }
  }
  return totals
}

function clashes(port: string, taken: ReadonlySet<string>): boolean {
  const [ip, number, protocol] = port.split('/')
  return [...taken].some((other) => {
    const [otherIp, otherNumber, otherProtocol] = other.split('/')
    const everywhere = ip === '0.0.0.0' || otherIp === '0.0.0.0'
    return number === otherNumber && protocol === otherProtocol && (everywhere || ip === otherIp)
  })
}

/** Free after the pod, as the smaller share of the two resources; coarse, so that tiny differences do not decide. */
function freeShare(host: LiveHost, load: Load): number {
  const cpu = host.cpuMillis > 0 ? 1 - load.cpuMillis / host.cpuMillis : 0
  const memory = host.memoryBytes > 0 ? 1 - load.memoryBytes / host.memoryBytes : 0
  return Math.round(Math.min(cpu, memory) * 100)
}

function refusedText(refusals: readonly (string | undefined)[]): string {
  if (refusals.length === 0) return 'no host is configured'
  const counts = new Map<string, number>()
  for (const why of refusals) if (why) counts.set(why, (counts.get(why) ?? 0) + 1)
  const parts = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([why, count]) => `${count} ${why}`)
  return `0 of ${refusals.length} ${refusals.length === 1 ? 'host fits' : 'hosts fit'}: ${parts.join(', ')}`
}

/** What all pods together ask of each host; leaving ones still hold their share. */
export function placedOn(pods: readonly LivePod[]): ReadonlyMap<string, Requests & { readonly pods: number }> {
  const placed = new Map<string, Requests & { readonly pods: number }>()
  for (const pod of pods) {
    const before = placed.get(pod.host) ?? { cpuMillis: 0, memoryBytes: 0, pods: 0 }
    const requests = pod.spec ? requestsOf(pod.spec) : { cpuMillis: 0, memoryBytes: 0 }
    placed.set(pod.host, {
      cpuMillis: before.cpuMillis + requests.cpuMillis,
      memoryBytes: before.memoryBytes + requests.memoryBytes,
      pods: before.pods + 1,
    })
  }
  return placed
}
