import type { Key } from '../../../base/key.ts'
import type { PodTraffic } from '../../live.ts'
import { type RunningServers, splitPath } from '../../network/haproxy-commands.ts'
import type { HaproxyPlan } from '../../network/haproxy-files.ts'
import { backendNames } from '../../network/haproxy-names.ts'
import { ingressBackends, portText } from '../../network/ingress-haproxy.ts'
import type { BackendRow, NetworkTable, ServiceRow } from '../../network/table.ts'

/** One pod behind one port of a Service. */
interface Place {
  readonly pod: string
  /** None: the kernel carries it. */
  readonly servers: readonly { readonly backend: string; readonly server: string; readonly path: string }[]
  readonly state: BackendRow['state']
}

/** What one Service has to do with pods. */
interface Share {
  readonly row: ServiceRow
  readonly ingress: ReadonlyMap<string, readonly string[]>
  readonly places: readonly Place[]
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

const noPlaces: ReadonlySet<Place> = new Set()

/** Where every pod of the newest table is. Only what changed is looked at: there are thousands of pods, and few of them change at a time. */
export class HaproxyTraffic {
  #shares = new Map<Key, Share>()
  readonly #places = new Map<string, Set<Place>>()
  /** `backend/server` -> its pod. */
  readonly #podOf = new Map<string, string>()
  /** The same of servers that the newest table has under another name or not at all, and that still take new work. */
  readonly #podBefore = new Map<string, string>()
  #running: RunningServers | undefined
  /** By `backend/server`: closed, but perhaps not without sessions. */
  readonly #leaving = new Map<string, Leaver>()
  /** Pods that the kernel carries and that leave -> since when, ms. */
  readonly #kernel = new Map<string, number>()
  /** Pods of which another thing may be told than before. */
  readonly #touched = new Set<string>()
  readonly #told = new Map<string, PodTraffic>()
  /** Backends that the newest table asks for, and HAProxy cannot have. */
  #leftOut: ReadonlySet<string> = new Set()

  expect(table: NetworkTable, now: number): void {
    const ingress = ingressBackends(table)
    const before = this.#shares
    this.#shares = new Map()
    const changed: [Share | undefined, Share][] = []
    for (const row of table.services) {
      const last = before.get(row.key)
      const isSame = last?.row === row && (last.ingress === ingress || !isNamed(row, last.ingress, ingress))
      const share = last && isSame ? last : { row, ingress, places: placesOf(row, ingress) }
      this.#shares.set(row.key, share)
      before.delete(row.key)
      if (share !== last) changed.push([last, share])
    }
    for (const gone of before.values()) this.#remove(gone)
    for (const [last] of changed) if (last) this.#remove(last)
    for (const [, share] of changed) this.#add(share)
    for (const pod of this.#touched) this.#countKernel(pod, now)
    this.#settle(now)
  }

  #remove({ places }: Share): void {
    for (const place of places) {
      this.#touched.add(place.pod)
      const known = this.#places.get(place.pod)
      known?.delete(place)
      if (known?.size === 0) this.#places.delete(place.pod)
      for (const server of place.servers) {
        this.#podOf.delete(server.path)
        if (this.#isOpen(server)) this.#podBefore.set(server.path, place.pod)
      }
    }
  }

  #add({ places }: Share): void {
    for (const place of places) {
      this.#touched.add(place.pod)
      const known = this.#places.get(place.pod)
      if (known) known.add(place)
      else this.#places.set(place.pod, new Set([place]))
      for (const { path } of place.servers) {
        this.#podOf.set(path, place.pod)
        this.#podBefore.delete(path)
      }
    }
  }

  #countKernel(pod: string, now: number): void {
    const places = this.#places.get(pod) ?? noPlaces
    const leaves = [...places].some(({ servers, state }) => servers.length === 0 && state === 'draining')
    if (!leaves) this.#kernel.delete(pod)
    else if (!this.#kernel.has(pod)) this.#kernel.set(pod, now)
  }

  /** Whose traffic is another than was told last, or than it was when the newest table was expected. */
  changes(now: number): readonly string[] {
    for (const { pod } of this.#leaving.values()) this.#touched.add(pod)
    for (const pod of this.#kernel.keys()) this.#touched.add(pod)
    return this.#settle(now)
  }

  #settle(now: number): readonly string[] {
    const changed: string[] = []
    for (const pod of this.#touched) {
      const traffic = this.of(pod, now)
      const told = this.#told.get(pod)
      if (traffic === 'none') this.#told.delete(pod)
      else this.#told.set(pod, traffic)
      if (traffic !== (told ?? 'none')) changed.push(pod)
    }
    this.#touched.clear()
    return changed
  }

  /** `backends`: those that are others than before. */
  runs(servers: RunningServers, backends: Iterable<string>): void {
    this.#running = servers
    for (const backend of backends) {
      for (const [server, { open }] of servers.get(backend) ?? []) {
        const path = `${backend}/${server}`
        if (open) this.#leaving.delete(path)
        this.#touch(path)
      }
    }
    for (const [path, { done }] of this.#leaving) if (done && !this.#runs(path)) this.#leaving.delete(path)
  }

  /** It takes nothing new from now on. */
  closed(path: string, now: number): void {
    this.#touch(path)
    if (!this.#leaving.has(path)) {
      this.#leaving.set(path, { pod: this.#podNamed(path) ?? '', since: now, done: false })
    }
    this.#podBefore.delete(path)
  }

  /** What is refused, or has no free port, is told of its own object: pods do not wait for what never comes. */
  leaveOut({ problems, backends }: Pick<HaproxyPlan, 'problems' | 'backends'>): void {
    if (problems.length === 0 && this.#leftOut.size === 0) return
    const wanted = [...this.#shares.values()].flatMap(({ places }) => places.flatMap(({ servers }) => servers))
    const left = problems.length === 0 ? [] : wanted.filter(({ backend }) => !backends.has(backend))
    this.#leftOut = new Set(left.map(({ backend }) => backend))
    for (const pod of this.#places.keys()) this.#touched.add(pod)
  }

  #touch(path: string): void {
    const pod = this.#podNamed(path) ?? this.#leaving.get(path)?.pod
    if (pod !== undefined) this.#touched.add(pod)
  }

  #podNamed(path: string): string | undefined {
    return this.#podOf.get(path) ?? this.#podBefore.get(path)
  }

  #isOpen({ backend, server }: Place['servers'][number]): boolean {
    return this.#running?.get(backend)?.get(server)?.open ?? false
  }

  #runs(path: string): boolean {
    const [backend, server] = splitPath(path)
    return this.#running?.get(backend)?.has(server) ?? false
  }

  /** Those of leaving pods that are not open may have sessions from before: of them nothing is known after a start. */
  suspect(now: number): void {
    for (const [pod, places] of this.#places) {
      for (const { servers, state } of places) {
        if (state !== 'draining') continue
        for (const server of servers) {
          if (!this.#isOpen(server) && !this.#leaving.has(server.path))
            this.#leaving.set(server.path, { pod, since: now, done: false })
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

  /** When the next pod that the kernel carries is out, ms; undefined: none is on its way. */
  kernelDue(now: number): number | undefined {
    const due = [...this.#kernel.values()].map((since) => since + kernelDrainMs).filter((at) => at > now)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  of(pod: string, now: number): PodTraffic {
    const places = [...(this.#places.get(pod) ?? noPlaces)]
    const isIn = ({ servers }: Place) =>
      servers.every((server) => this.#isOpen(server) || this.#leftOut.has(server.backend))
    const ready = places.filter(({ state }) => state === 'ready')
    if (ready.length > 0) return ready.every(isIn) ? 'serving' : 'joining'
    const unknown = places.filter(({ state }) => state === 'unknown')
    if (unknown.length > 0 && this.#running === undefined) return 'joining'
    if (unknown.length > 0) return unknown.every(isIn) ? 'serving' : 'none'
    // It takes work to its end, as nobody else is there: there is nothing to wait for.
    if (places.some(({ state }) => state === 'last')) return 'out'
    if (this.#isLeaving(pod, places, now)) return 'draining'
    return places.length > 0 ? 'out' : 'none'
  }

  #isLeaving(pod: string, places: readonly Place[], now: number): boolean {
    const servers = places.flatMap((place) => place.servers)
    if (servers.some((server) => this.#running === undefined || this.#isOpen(server))) return true
    const since = this.#kernel.get(pod)
    if (since !== undefined && now - since < kernelDrainMs) return true
    if ([...this.#podBefore.values()].includes(pod)) return true
    return [...this.#leaving.values()].some((leaver) => leaver.pod === pod && !leaver.done)
  }
}

function placesOf(row: ServiceRow, ingress: Share['ingress']): readonly Place[] {
  return row.ports.flatMap((port) => {
    const outside = port.protocol === 'TCP' ? (ingress.get(portText({ service: row.key, port: port.port })) ?? []) : []
    const backends = [...backendNames(row, port), ...outside]
    return port.backends
      .filter(({ pod }) => pod !== '')
      .map(({ pod, name: server, state }) => {
        return { pod, state, servers: backends.map((backend) => ({ backend, server, path: `${backend}/${server}` })) }
      })
  })
}

/** Ingress leads to other backends with these pods than before. */
function isNamed({ key, ports }: ServiceRow, before: Share['ingress'], after: Share['ingress']): boolean {
  return ports.some(({ port }) => {
    const text = portText({ service: key, port })
    return before.get(text)?.join() !== after.get(text)?.join()
  })
}
