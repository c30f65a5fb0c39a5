import type { PodTraffic } from '../../live.ts'
import type { RunningServers } from '../../network/haproxy-commands.ts'
import { backendNames } from '../../network/haproxy-names.ts'
import { ingressBackends, portText } from '../../network/ingress-haproxy.ts'
import type { BackendRow, NetworkTable } from '../../network/table.ts'

/** One pod behind one port of a Service. */
interface Place {
  /** `backend/server`; none: the kernel carries it. */
  readonly servers: readonly string[]
  readonly state: BackendRow['state']
}

interface Leaver {
  readonly pod: string
  readonly since: number
  /** It has no sessions, or the time for them is over. */
  done: boolean
}

/** How long a server may keep sessions before its pod counts as out of traffic all the same, ms. */
export const longestDrainMs = 5000
/** The kernel's connections are not counted: how long they get, ms. */
export const kernelDrainMs = 1000

/** Where every pod of the newest table is. */
export class HaproxyTraffic {
  #places = new Map<string, Place[]>()
  #open: ReadonlySet<string> | undefined
  /** By `backend/server`: closed, but perhaps not without sessions. */
  readonly #leaving = new Map<string, Leaver>()
  /** Pods that the kernel carries and that leave -> since when, ms. */
  readonly #kernel = new Map<string, number>()

  expect(table: NetworkTable, now: number): void {
    const places = new Map<string, Place[]>()
    const ingress = ingressBackends(table)
    for (const service of table.services) {
      for (const port of service.ports) {
        const outside = ingress.get(portText({ service: service.key, port: port.port })) ?? []
        const backends = [...backendNames(service, port), ...(port.protocol === 'TCP' ? outside : [])]
        for (const { pod, name, state } of port.backends) {
          if (pod === '') continue
          const place = { state, servers: backends.map((backend) => `${backend}/${name}`) }
          const known = places.get(pod)
          if (known) known.push(place)
          else places.set(pod, [place])
        }
      }
    }
    this.#places = places
    for (const [pod, all] of places) {
      const leaves = all.some(({ servers, state }) => servers.length === 0 && state === 'draining')
      if (!leaves) this.#kernel.delete(pod)
      else if (!this.#kernel.has(pod)) this.#kernel.set(pod, now)
    }
    for (const pod of this.#kernel.keys()) if (!places.has(pod)) this.#kernel.delete(pod)
  }

  /** Undefined: not known. */
  runs(servers: RunningServers | undefined): void {
    if (!servers) {
      this.#open = undefined
      return
    }
    const open = new Set<string>()
    for (const [backend, all] of servers) {
      for (const [name, server] of all) if (server.open) open.add(`${backend}/${name}`)
    }
    this.#open = open
    for (const path of open) this.#leaving.delete(path)
  }

  /** It takes nothing new from now on. */
  closed(path: string, now: number): void {
    if (this.#leaving.has(path)) return
    const pod = [...this.#places].find(([, places]) => places.some(({ servers }) => servers.includes(path)))?.[0]
    this.#leaving.set(path, { pod: pod ?? '', since: now, done: false })
  }

  /** Those of leaving pods that are not open may have sessions from before: of them nothing is known after a start. */
  suspect(now: number): void {
    for (const [pod, places] of this.#places) {
      for (const { servers, state } of places) {
        if (state !== 'draining') continue
        for (const path of servers) {
          if (!this.#open?.has(path) && !this.#leaving.has(path))
            this.#leaving.set(path, { pod, since: now, done: false })
        }
      }
    }
  }

  /** `backend/server` of all that may have sessions. */
  get leaving(): readonly string[] {
    return [...this.#leaving].filter(([, { done }]) => !done).map(([path]) => path)
  }

  /** `sessions` undefined: could not be told. */
  counted(sessions: ReadonlyMap<string, number> | undefined, now: number): void {
    for (const [path, leaver] of this.#leaving) {
      const isQuiet = sessions !== undefined && (sessions.get(path) ?? 0) === 0
      if (isQuiet || now - leaver.since >= longestDrainMs) leaver.done = true
    }
  }

  /** The server is gone from the running worker. */
  forget(path: string): void {
    this.#leaving.delete(path)
  }

  /** When the next pod that the kernel carries is out, ms; undefined: none is on its way. */
  kernelDue(now: number): number | undefined {
    const due = [...this.#kernel.values()].map((since) => since + kernelDrainMs).filter((at) => at > now)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  get pods(): Iterable<string> {
    return this.#places.keys()
  }

  of(pod: string, now: number): PodTraffic {
    const places = this.#places.get(pod) ?? []
    const isIn = ({ servers }: Place) => servers.every((path) => this.#open?.has(path) ?? false)
    const ready = places.filter(({ state }) => state === 'ready')
    if (ready.length > 0) return ready.every(isIn) ? 'serving' : 'joining'
    const unknown = places.filter(({ state }) => state === 'unknown')
    if (unknown.length > 0) return unknown.every(isIn) ? 'serving' : 'none'
    // It takes work to its end, as nobody else is there: there is nothing to wait for.
    if (places.some(({ state }) => state === 'last')) return 'out'
    if (this.#isLeaving(pod, places, now)) return 'draining'
    return places.length > 0 ? 'out' : 'none'
  }

  #isLeaving(pod: string, places: readonly Place[], now: number): boolean {
    const paths = places.flatMap(({ servers }) => servers)
    if (paths.some((path) => this.#open === undefined || this.#open.has(path))) return true
    const since = this.#kernel.get(pod)
    if (since !== undefined && now - since < kernelDrainMs) return true
    return [...this.#leaving.values()].some((leaver) => leaver.pod === pod && !leaver.done)
  }
}
