import { type Clock, systemClock } from '../../../base/clock.ts'
import type { PodTraffic } from '../../live.ts'
import {
  afterCommands,
  deleteCommand,
  listCommands,
  type RunningServer,
  type RunningServers,
  serverCommands,
  splitPath,
  without,
} from '../../network/haproxy-commands.ts'
import { type HaproxyHost, type HaproxyPlan, HaproxyPlanner, namedFiles } from '../../network/haproxy-files.ts'
import type { BackendServers, HaproxyPart } from '../../network/haproxy-part.ts'
import type { NetworkProblem, NetworkTable } from '../../network/table.ts'
import type { NodeSettings, NodeShell, TrafficApplier } from './contract.ts'
import { HaproxyClient } from './haproxy-client.ts'
import { HaproxyDisk } from './haproxy-disk.ts'
import { HaproxyPlace } from './haproxy-place.ts'
import { HaproxyRefusals } from './haproxy-refusals.ts'
import { HaproxyTraffic } from './haproxy-traffic.ts'
import { IngressCertificates } from './ingress-certificates.ts'
import { PreviewUses } from './preview-uses.ts'

/** How often sessions of leaving servers are counted, ms. */
const countMs = 50
/** How often a server that still has connections is tried to be removed, ms. */
const removeMs = 1000
/** How often ports that others have are looked at, ms. */
const takenMs = 10_000
/** How long something that kept HAProxy from starting is left out, ms. */
const laterMs = 30_000
/** A new worker that is not there after so long will not come, ms. */
const longestReloadMs = 20_000
const reloadLookMs = 20
/** HAProxy names one bad file at a time. */
const mostRefusals = 200

export function createHaproxyApplier(settings: NodeSettings, clock: Clock = systemClock): TrafficApplier {
  return new HaproxyApplier(settings, clock)
}

interface Brought {
  readonly plan: HaproxyPlan
  readonly problems: readonly NetworkProblem[]
}

class HaproxyApplier implements TrafficApplier {
  readonly #settings: NodeSettings
  readonly #clock: Clock
  #changed: (pods: readonly string[]) => void = () => {}
  readonly #planner: HaproxyPlanner
  readonly #host: HaproxyPlace
  readonly #traffic = new HaproxyTraffic()
  readonly #certificates = new IngressCertificates()
  readonly #uses: PreviewUses
  #used: (uses: ReadonlyMap<string, number>) => void = () => {}
  #shell: NodeShell | undefined
  #client: HaproxyClient | undefined
  /** One thing at a time: what is read must still be so when something is made of it. */
  #last: Promise<unknown> = Promise.resolve()
  #cancelTimer: () => void = () => {}
  #cancelLook: () => void = () => {}
  #outdated: () => void = () => {}
  #table: NetworkTable | undefined

  /** Of the configuration that runs; undefined: none does, as far as known. */
  #hash: string | undefined
  #running: RunningServers = new Map()
  /** Servers of the running worker that take nothing new, `backend/server`. */
  readonly #closed = new Set<string>()
  /** Backends as they run, and as they were wanted when they were brought there. */
  readonly #inLine = new WeakMap<ReadonlyMap<string, RunningServer>, BackendServers>()
  #lists: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map()
  #disk = new HaproxyDisk()
  readonly #refusals = new HaproxyRefusals()
  #isFresh = false

  constructor(settings: NodeSettings, clock: Clock) {
    this.#settings = settings
    this.#planner = new HaproxyPlanner(settings)
    this.#host = new HaproxyPlace(settings)
    this.#clock = clock
    this.#uses = new PreviewUses(clock, (uses) => this.#used(uses))
  }

  attach(shell: NodeShell): Promise<void> {
    return this.#inTurn(async () => {
      const client = new HaproxyClient(shell)
      await this.#certificates.attach(shell)
      const worker = await client.worker()
      this.#disk = new HaproxyDisk(await client.checksums())
      await this.#host.attach(shell)
      this.#hash = worker?.hash
      this.#lists = new Map()
      this.#shell = shell
      this.#client = client
      this.#isFresh = true
      this.#setRunning(worker?.servers ?? new Map())
    })
  }

  detach(): void {
    this.#client = undefined
    this.#shell = undefined
    this.#certificates.detach()
    this.#uses.stop()
    this.#cancelTimer()
    this.#cancelLook()
  }

  expect(table: NetworkTable): void {
    this.#traffic.expect(table, this.#clock.now())
    this.#schedule()
  }

  watch(changed: (pods: readonly string[]) => void): void {
    this.#changed = changed
  }

  watchUses(used: (uses: ReadonlyMap<string, number>) => void): void {
    this.#used = used
  }

  outdated(again: () => void): void {
    this.#outdated = again
  }

  trafficOf(pod: string): PodTraffic {
    return this.#traffic.of(pod, this.#clock.now())
  }

  apply(table: NetworkTable): Promise<readonly NetworkProblem[]> {
    return this.#inTurn(async () => {
      const client = this.#client
      if (!client) return []
      const told = await this.#bringCertificates(table)
      const { plan, problems } = await this.#bring(client, table)
      await this.#host.bring(table, plan.redirects)
      this.#traffic.leaveOut(plan)
      if (this.#isFresh) this.#traffic.suspect(this.#clock.now())
      this.#isFresh = false
      this.#table = table
      this.#uses.follow(client, table.previews)
      this.#tell()
      this.#schedule()
      this.#lookAgain()
      return [...told, ...problems]
    })
  }

  /** They are there before anything names them. */
  async #bringCertificates({ ingress }: NetworkTable): Promise<readonly NetworkProblem[]> {
    const isWanted = ingress.routes.length > 0 && this.#settings.ingressHttpsPort !== 0
    return isWanted ? this.#certificates.bring(ingress.certificates) : []
  }

  async #bring(client: HaproxyClient, table: NetworkTable): Promise<Brought> {
    if (this.#host.ports.taken.size > 0 || this.#isFresh) await this.#host.look(client, table)
    const plan = this.#plan(table)
    if (this.#hash !== undefined) await this.#command(client, plan)
    if (plan.hash !== this.#hash) return this.#renew(client, table)
    await this.#write(plan)
    return { plan, problems: plan.problems }
  }

  #plan(table: NetworkTable): HaproxyPlan {
    return this.#planner.plan(table, this.#facts())
  }

  #facts(): HaproxyHost {
    return {
      ...this.#host.ports,
      certificates: this.#certificates.generation,
      isOpen: (backend, server) => this.#running.get(backend)?.get(server)?.open ?? false,
      refusal: (part) => this.#refusals.of(part),
    }
  }

  /** What can be done without a reload. */
  async #command(client: HaproxyClient, plan: HaproxyPlan): Promise<void> {
    const unread = [...plan.lists.values()].filter(({ path }) => !this.#lists.has(path))
    if (unread.length > 0) this.#lists = new Map([...this.#lists, ...(await client.lists(unread))])
    const isSame = plan.hash === this.#hash
    // What the next worker does not have serves until that one is there; and only that one has what new routes lead to.
    const wanted = [...this.#running].flatMap(([name, present]) => {
      const backend = plan.backends.get(name)
      if (!backend) return isSame ? { name, servers: [] } : []
      return this.#inLine.get(present) === backend ? [] : backend
    })
    const lists = [...plan.lists.values()].filter(({ kind }) => isSame || kind === 'acl')
    const fresh = [...plan.backends.values()].filter(({ name }) => !this.#running.has(name))
    const known = isSame ? [...wanted, ...fresh] : wanted
    const running: Map<string, ReadonlyMap<string, RunningServer>> = new Map(this.#running)
    for (const { name } of fresh) running.set(name, new Map())
    const commands = [...listCommands(lists, this.#lists), ...serverCommands(known, running)]
    if (commands.length === 0) {
      this.#keepInLine(wanted)
      return
    }
    const complaints = await client.tell(commands)
    for (const { path, entries } of lists)
      if (this.#lists.has(path)) this.#lists = new Map(this.#lists).set(path, entries)
    if (complaints.length === 0) {
      this.#setRunning(afterCommands(known, running))
      this.#keepInLine(known)
      return
    }
    // It is not as it was believed to be: HAProxy was started again, or somebody else gave it commands.
    const worker = await client.worker()
    this.#hash = worker && serverCommands(known, worker.servers).length === 0 ? worker.hash : undefined
    this.#lists = new Map()
    this.#setRunning(worker?.servers ?? new Map())
  }

  #keepInLine(backends: Iterable<BackendServers>): void {
    for (const backend of backends) {
      const present = this.#running.get(backend.name)
      if (present) this.#inLine.set(present, backend)
    }
  }

  /** New files and a new worker; what HAProxy does not take is left out. */
  async #renew(client: HaproxyClient, table: NetworkTable): Promise<Brought> {
    await this.#host.look(client, table)
    for (let round = 0; round < mostRefusals; round += 1) {
      const plan = this.#plan(table)
      if (plan.hash === this.#hash) {
        await this.#command(client, plan)
        await this.#write(plan)
        return { plan, problems: plan.problems }
      }
      await this.#disk.write(this.#shell, namedFiles(plan))
      const changes = this.#disk.changes(plan)
      const errors = await client.check(changes)
      if (errors.size === 0) {
        await client.take(changes)
        this.#disk.remember(changes)
      }
      const failures = errors.size > 0 ? errors : await this.#reload(client, plan)
      if (!failures) return { plan, problems: plan.problems }
      // What only shows at the start may be over soon: it is tried again.
      if (!this.#refusals.add(plan.parts, failures, errors.size > 0 ? undefined : this.#clock.now() + laterMs))
        return { plan, problems: [...plan.problems, ...told(plan.parts, [...failures.values()].join('; '))] }
    }
    const plan = this.#plan(table)
    return { plan, problems: told(plan.parts, 'HAProxy refuses too many files') }
  }

  /** Answers what HAProxy has against it, by name in the folder; undefined: nothing, it runs. */
  async #reload(client: HaproxyClient, plan: HaproxyPlan): Promise<ReadonlyMap<string, string> | undefined> {
    await this.#write(plan)
    const said = await client.logLength()
    let failed = await client.failedReloads()
    const affinity = await client.affinity(plan.tables)
    let asked = false
    for (const deadline = this.#clock.now() + longestReloadMs; this.#clock.now() < deadline; ) {
      const hash = await client.hash()
      if (hash === plan.hash) {
        this.#hash = hash
        this.#lists = new Map([...plan.lists].map(([path, { entries }]) => [path, entries]))
        this.#setRunning(afterCommands(plan.backends.values(), new Map()))
        this.#keepInLine(plan.backends.values())
        await client.tell(affinity)
        return undefined
      }
      const failures = await client.failedReloads()
      if (asked && failures !== undefined && failed !== undefined && failures > failed) break
      failed ??= failures
      // Where none runs, the container starts it.
      if (!asked && hash !== undefined) {
        asked = await client.reload()
      }
      await new Promise<void>((resolve) => this.#clock.after(reloadLookMs, resolve))
    }
    const errors = await client.logErrors(said)
    if (errors.size > 0) return errors
    return new Map([['', 'HAProxy did not start with the new configuration; the one before goes on']])
  }

  #write(plan: HaproxyPlan): Promise<void> {
    return this.#disk.write(this.#shell, this.#disk.changes(plan))
  }

  /** A backend that did not change is the same object. */
  #setRunning(servers: RunningServers): void {
    const now = this.#clock.now()
    const before = this.#running
    const gone = [...before.keys()].filter((backend) => !servers.has(backend))
    const changed = [...servers.keys()].filter((backend) => before.get(backend) !== servers.get(backend)).concat(gone)
    this.#running = servers
    this.#traffic.runs(servers, changed)
    for (const backend of changed) {
      const present = servers.get(backend)
      for (const [name, { open }] of before.get(backend) ?? []) {
        this.#closed.delete(`${backend}/${name}`)
        if (open && !present?.get(name)?.open) this.#traffic.closed(`${backend}/${name}`, now)
      }
      for (const [name, { open }] of present ?? []) {
        if (open) continue
        this.#closed.add(`${backend}/${name}`)
        this.#traffic.closed(`${backend}/${name}`, now)
      }
    }
  }

  /** Counts the sessions of those that leave, and removes who has none. */
  async #look(): Promise<void> {
    const client = this.#client
    if (!client) return
    const leaving = this.#traffic.leaving
    if (leaving.length > 0) {
      const backends = [...new Set(leaving.map((path) => path.slice(0, path.indexOf('/'))))]
      this.#traffic.counted(await client.sessions(backends), this.#clock.now())
    }
    const still = new Set(this.#traffic.leaving)
    const idle = [...this.#closed].filter((path) => !still.has(path))
    if (idle.length > 0) {
      const complaints = await client.tell(idle.map((path) => deleteCommand(...splitPath(path))))
      const servers = complaints.length === 0 ? without(this.#running, idle) : (await client.worker())?.servers
      if (servers) this.#setRunning(servers)
    }
    this.#tell()
  }

  /** A port that somebody else has may be free some day. */
  #lookAgain(): void {
    this.#cancelLook()
    if (this.#host.ports.taken.size === 0 && !this.#refusals.expire) return
    this.#cancelLook = this.#clock.after(takenMs, () => {
      const look = this.#inTurn(async () => {
        if (!this.#client || !this.#table) return
        const isOver = this.#refusals.end(this.#clock.now())
        if ((await this.#host.look(this.#client, this.#table)) || isOver) this.#outdated()
      })
      // A shell that fails is given anew by whoever gave this one.
      look.catch(() => {}).finally(() => this.#client && this.#lookAgain())
    })
  }

  #schedule(): void {
    this.#cancelTimer()
    this.#cancelTimer = () => {}
    if (!this.#client) return
    const now = this.#clock.now()
    const waits = [
      ...(this.#traffic.leaving.length > 0 ? [countMs] : []),
      ...(this.#closed.size > 0 ? [removeMs] : []),
      ...[this.#traffic.kernelDue(now)].flatMap((at) => (at === undefined ? [] : [at - now])),
    ]
    if (waits.length === 0) return
    this.#cancelTimer = this.#clock.after(Math.min(...waits), () => {
      // A shell that fails is given anew by whoever gave this one.
      this.#inTurn(() => this.#look())
        .catch(() => {})
        .finally(() => this.#schedule())
    })
  }

  #tell(): void {
    const changed = this.#traffic.changes(this.#clock.now())
    if (changed.length > 0) this.#changed(changed)
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => {})
    return turn
  }
}

function told(parts: readonly HaproxyPart[], message: string): NetworkProblem[] {
  return parts.map(({ key }) => ({ key, message }))
}
