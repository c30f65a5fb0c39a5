import type { LiveHost, LivePod } from '../../runtime/live.ts'
import type { Requests } from './desired.ts'
import { requestsOf } from './template.ts'

/** What is on one host already, for placement. */
export interface Load extends Requests {
  /** Pods of the same owner. */
  readonly peers: number
  /** `hostIP/hostPort/protocol` that the owner's pods hold there. */
  readonly ports: ReadonlySet<string>
}

export const noLoad: Load = { cpuMillis: 0, memoryBytes: 0, peers: 0, ports: new Set() }

export type Placement = { readonly host: LiveHost } | { readonly host: undefined; readonly message: string }

/**
 * The host for one more pod: among those with room, the one with the fewest pods of this owner, then with the most free memory and cpu,
 * then by name. `Insufficient cpu`, as Kubernetes words it, when there is none.
 */
export function placePod(
  hosts: readonly LiveHost[],
  loads: ReadonlyMap<string, Load>,
  requests: Requests,
  ports: readonly string[],
): Placement {
  const refusals = hosts.map((host) => refusal(host, loads.get(host.name) ?? noLoad, requests, ports))
  const fitting = hosts.filter((_host, index) => refusals[index] === undefined)
  const load = (host: LiveHost): Load => loads.get(host.name) ?? noLoad
  const best = [...fitting].sort(
    (a, b) =>
      load(a).peers - load(b).peers || freeShare(b, load(b)) - freeShare(a, load(a)) || (a.name < b.name ? -1 : 1),
  )[0]
  return best ? { host: best } : { host: undefined, message: refusedText(refusals) }
}

/** The load after one more pod. */
export function withPod(load: Load, requests: Requests, ports: readonly string[]): Load {
  return {
    cpuMillis: load.cpuMillis + requests.cpuMillis,
    memoryBytes: load.memoryBytes + requests.memoryBytes,
    peers: load.peers + 1,
    ports: new Set([...load.ports, ...ports]),
  }
}

function refusal(host: LiveHost, load: Load, requests: Requests, ports: readonly string[]): string | undefined {
  if (!host.reachable) return 'unreachable'
  if (requests.cpuMillis > 0 && load.cpuMillis + requests.cpuMillis > host.cpuMillis) return 'Insufficient cpu'
  if (requests.memoryBytes > 0 && load.memoryBytes + requests.memoryBytes > host.memoryBytes) {
    return 'Insufficient memory'
  }
  return ports.some((port) => clashes(port, load.ports)) ? 'host port taken by another pod' : undefined
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
