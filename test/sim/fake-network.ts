// The data path of the simulated hosts: what is really in traffic, and what the process that runs now knows of it.
import type { Key } from '../../src/base/key.ts'
import type { HostNetwork, PodTraffic } from '../../src/runtime/live.ts'
import type { Allocation, BackendRow, NetworkTable } from '../../src/runtime/network/table.ts'
import type { Dice } from './dice.ts'
import type { FakeClock } from './fake-clock.ts'
import type { Box, FakeDocker } from './fake-docker.ts'

interface Hosts {
  readonly engines: ReadonlyMap<string, FakeDocker>
}

interface NetworkOptions {
  readonly clock: FakeClock
  readonly dice: Dice
  readonly installation?: string
}

type Wish = BackendRow['state']

const longestJoinMs = 200
const soonMs = 1_500
const longestDrainMs = 8_000
const endlessMs = 24 * 3_600_000

/** One data path for all hosts: a pod is in traffic once all of them send it requests. */
export class FakeNetwork {
  readonly #hosts: Hosts
  readonly #options: NetworkOptions
  readonly #watchers = new Set<(sandbox: Box) => void>()
  readonly #dropWatchers = new Set<(sandbox: Box) => void>()
  /** Sandbox id -> when it has finished what it has (tick); undefined: it takes new requests. Lives on without Berth. */
  readonly #truth = new Map<string, number | undefined>()
  readonly #known = new Map<string, PodTraffic>()
  readonly #timers = new Map<string, () => void>()
  readonly #boxes = new Map<string, Box>()
  readonly #wished = new Map<string, Wish>()
  #allocations: ReadonlyMap<Key, Allocation> = new Map()
  #read = true
  #table: NetworkTable | undefined
  #startingUntil = 0

  constructor(hosts: Hosts, options: NetworkOptions) {
    this.#hosts = hosts
    this.#options = options
  }

  /** Calls back with the sandbox of a pod whose traffic changed. */
  watch(changed: (sandbox: Box) => void): void {
    this.#watchers.add(changed)
  }

  /** Calls back with the sandbox of a pod that gets no new requests any more, as the table says so. */
  watchDrops(dropped: (sandbox: Box) => void): void {
    this.#dropWatchers.add(dropped)
  }

  #tellDrop(box: Box): void {
    for (const watcher of this.#dropWatchers) watcher(box)
  }

  #tell(box: Box): void {
    for (const watcher of this.#watchers) watcher(box)
  }

  /** Hosts whose data path is on its way change nothing until it is there. */
  start(ms: number, then: () => void): void {
    const { clock } = this.#options
    this.#startingUntil = Math.max(this.#startingUntil, clock.ticks() + ms)
    clock.after(ms, () => {
      this.#read = true
      then()
    })
  }

  get #starting(): boolean {
    return this.#options.clock.ticks() < this.#startingUntil
  }

  /** The process that runs now has never said what is wanted. */
  get isBlind(): boolean {
    return this.#table === undefined
  }

  facts(): HostNetwork {
    const mode = this.#starting ? 'starting' : 'services'
    return { mode, message: '', problems: [], allocations: this.#read ? this.#allocations : undefined }
  }

  trafficOf(sandbox: string): PodTraffic {
    return this.#known.get(sandbox) ?? 'none'
  }

  /** Whether a Service is to send it requests, or sends it some. */
  isSelected(sandbox: string): boolean {
    return this.#known.has(sandbox)
  }

  isServing(sandbox: string): boolean {
    return this.#truth.has(sandbox) && this.#truth.get(sandbox) === undefined
  }

  /** It gets requests, or has not finished those that it has. */
  isBusy(sandbox: string): boolean {
    return this.#truth.has(sandbox)
  }

  hasService(name: string): boolean {
    return this.#table?.services.some((service) => service.name === name) ?? false
  }

  /** A new process: commands that are under way are lost, and so is all that was known. */
  restart(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#known.clear()
    this.#wished.clear()
    this.#table = undefined
    this.#read = !this.#starting
    for (const [id, endTick] of this.#truth) if (endTick !== undefined) this.#finish(id, endTick)
  }

  set(table: NetworkTable, allocations: ReadonlyMap<Key, Allocation>): void {
    this.#table = table
    this.#allocations = allocations
    const wished = this.#wishes(table)
    const gone = [...this.#boxes].filter(([id]) => !wished.has(id))
    for (const [id, box] of gone) this.#drop(id, box)
    const changed = gone.map(([, box]) => box)
    for (const [id, { box, wish }] of wished) {
      const before = this.#known.get(id)
      this.#boxes.set(id, box)
      this.#wish(id, wish, box)
      if (this.#known.get(id) !== before) changed.push(box)
    }
    for (const box of changed) this.#tell(box)
  }

  #wishes(table: NetworkTable): Map<string, { box: Box; wish: Wish }> {
    const wished = new Map<string, { box: Box; wish: Wish }>()
    for (const { pod, host, state } of table.services.flatMap(({ ports }) => ports.flatMap((port) => port.backends))) {
      const box = this.#sandboxOf(pod, host)
      const other = box && wished.get(box.id)?.wish
      if (box && (other === undefined || other === 'draining')) wished.set(box.id, { box, wish: state })
    }
    return wished
  }

  #sandboxOf(pod: string, host: string): Box | undefined {
    const [namespace = '', name = ''] = pod.split('/')
    return this.#hosts.engines.get(host)?.find({ host, namespace, name }, '', this.#options.installation)
  }

  #wish(id: string, wish: Wish, box: Box): void {
    const known = this.#known.get(id)
    const same = this.#wished.get(id) === wish
    this.#wished.set(id, wish)
    if (wish === 'draining') {
      if (known !== 'draining' && known !== 'out') this.#drain(id, box)
    } else if (known !== 'serving' && !(same && known === 'joining')) this.#join(id, wish)
  }

  /** One that nobody has probed yet stays as it is. */
  #join(id: string, wish: Wish): void {
    this.#known.set(id, 'joining')
    this.#after(id, this.#options.dice.between(0, longestJoinMs), () => {
      if (wish === 'ready') this.#truth.set(id, undefined)
      if (this.isServing(id)) this.#known.set(id, 'serving')
    })
  }

  #drain(id: string, box: Box): void {
    const { dice, clock } = this.#options
    this.#known.set(id, 'draining')
    if (this.isServing(id)) this.#tellDrop(box)
    const served = this.#truth.has(id)
    const wait = served ? this.#drainMs() : dice.between(0, longestJoinMs)
    const endTick = this.#truth.get(id) ?? clock.ticks() + wait
    if (served) this.#truth.set(id, endTick)
    this.#finish(id, endTick)
  }

  /** Soon, later than anybody waits, or never by itself. */
  #drainMs(): number {
    const { dice } = this.#options
    if (dice.chance(0.2)) return endlessMs
    return dice.between(0, dice.chance(0.5) ? soonMs : longestDrainMs)
  }

  #finish(id: string, endTick: number): void {
    this.#after(id, endTick - this.#options.clock.ticks(), () => {
      this.#truth.delete(id)
      if (this.#known.has(id)) this.#known.set(id, 'out')
    })
  }

  /** Once the hosts can do it; what was under way for the pod is given up. */
  #after(id: string, ms: number, change: () => void): void {
    const { clock } = this.#options
    this.#timers.get(id)?.()
    const wait = Math.max(ms, this.#startingUntil - clock.ticks())
    const cancel = clock.after(wait, () => {
      if (this.#starting) return this.#after(id, 0, change)
      this.#timers.delete(id)
      change()
      const box = this.#boxes.get(id)
      if (box) this.#tell(box)
    })
    this.#timers.set(id, cancel)
  }

  #drop(id: string, box: Box): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    this.#known.delete(id)
    this.#wished.delete(id)
    this.#boxes.delete(id)
    const served = this.isServing(id)
    this.#truth.delete(id)
    if (served) this.#tellDrop(box)
  }
}
