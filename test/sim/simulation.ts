import { type Key, keyParts } from '../../src/base/key.ts'
import { Admission } from '../../src/reconcile/admission.ts'
import type { Action } from '../../src/reconcile/plan/action.ts'
import type { Desired } from '../../src/reconcile/plan/desired.ts'
import { emptyConfig } from '../../src/reconcile/plan/empty-config.ts'
import { plan, planGone } from '../../src/reconcile/plan/plan.ts'
import { isPlanned } from '../../src/reconcile/wanted.ts'
import { Berth, type Planner } from './berth.ts'
import { strike } from './chaos.ts'
import { type Content, casts, changed, keyOfContent, namespace, passives, services, working } from './commits.ts'
import { Dice } from './dice.ts'
import { FakeClock } from './fake-clock.ts'
import type { Box } from './fake-docker.ts'
import { FakeRuntime } from './fake-runtime.ts'
import { Guard } from './guard.ts'
import { droppedProblem, trafficProblem } from './guard-traffic.ts'
import { locatedOf } from './objects.ts'
import { ownerOf, Runs } from './runs.ts'
import { keepsOldPods, unlike } from './settled.ts'
import { Starts } from './starts.ts'
import { Truth } from './truth.ts'

export type { Planner } from './berth.ts'

export const realPlanner: Planner = { plan: (desired, view) => plan(desired, view), planGone, Admission }

export interface Result {
  readonly seed: number
  /** The broken rule; empty: all held. */
  readonly failure: string
  /** What happened, oldest first. */
  readonly trace: readonly string[]
}

const stormSteps = 40
/** Rests, and time, in which the world must equal the last commit once the storm is over. */
const calmRests = 1_500
const calmMs = 6 * 3_600_000
const minuteMs = 60_000

/** Some minutes before clocks are changed in Berlin and in New York, and an ordinary day. */
const starts = ['2026-03-29T00:50Z', '2026-10-25T00:20Z', '2026-11-01T05:40Z', '2026-06-01T12:00Z'].map(Date.parse)
const images = ['good:1', 'good:2', 'good:3', 'good:helper', 'slow:1', 'crash:1', 'never:1', 'sick:1']
const endings = ['init:1', 'done:1', 'done:2', 'fail:1', 'flaky:1', 'long:1']

class Broken extends Error {
  override readonly name = 'Broken'
}

/** A storm, then calm: everything that happens follows from the seed. */
export async function simulate(seed: number, planner: Planner = realPlanner): Promise<Result> {
  const simulation = new Simulation(seed, planner)
  try {
    await simulation.run()
    return { seed, failure: '', trace: simulation.trace }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { seed, failure: error.message, trace: simulation.trace }
  }
}

class Simulation {
  readonly trace: string[] = []
  readonly #dice: Dice
  readonly #clock: FakeClock
  readonly #registry = new Map([...images, ...endings].map((image) => [image, `sha256:${image.replace(':', '-')}-1`]))
  readonly #runtime: FakeRuntime
  readonly #truth: Truth
  readonly #guard: Guard
  readonly #runs: Runs
  readonly #starts: Starts
  readonly #berth: Berth
  readonly #cast: readonly Content[]
  readonly #contents = new Map<Key, Content>()
  readonly #gone = new Set<Key>()
  #commits = 0
  /** A rule that was broken by something that Berth began. */
  #broken: string | undefined
  #foreign: Box | undefined

  constructor(seed: number, planner: Planner) {
    const dice = new Dice(seed)
    const clock = new FakeClock(dice.pick(starts))
    const hosts = ['one', 'two', 'three'].slice(0, dice.pick([1, 1, 2, 2, 3]))
    this.#dice = dice
    this.#clock = clock
    // One world in four has a data path.
    const network = seed % 4 === 0
    this.#runtime = new FakeRuntime({ hosts, clock, dice, registry: this.#registry, network })
    this.#truth = new Truth(this.#runtime, clock)
    this.#runtime.network?.watchDrops((sandbox) => {
      this.#broken ??= droppedProblem(this.#truth, sandbox)
    })
    this.#guard = new Guard(this.#truth, () => this.#quota())
    this.#runs = new Runs(this.#truth)
    this.#starts = new Starts(this.#truth)
    const first = dice.between(0, casts.length - 1)
    const members = [...(casts[first] ?? []), ...(dice.chance(0.4) ? (dice.pick(casts) ?? []) : [])]
    this.#cast = [...passives(members, dice.chance(0.3)), ...members, ...(network ? services(members) : [])]
    this.#berth = new Berth({
      ...{ runtime: this.#runtime, clock, dice, planner },
      repository: {
        commit: () => `c${this.#commits}`,
        objects: () => new Map([...this.#contents].map(([key, content]) => [key, locatedOf(content)])),
        keys: () => this.#contents.keys(),
        gone: this.#gone,
      },
      onAction: (action, desired) => this.#check(action, desired),
      onRestart: () => this.#truth.anyHidden() && this.#runs.hidden(),
      log: (text) => this.#log(text),
    })
    for (const engine of this.#runtime.engines.values()) {
      engine.labels = { zone: engine.name === 'one' ? 'a' : 'b' }
      engine.witness({
        started: (box) => this.#started(box),
        ended: (box) => {
          this.#truth.ended(box)
          this.#starts.ended(box)
          this.#runs.ended(box)
        },
        removed: () => {},
      })
    }
  }

  async run(): Promise<void> {
    this.#addForeign()
    for (const content of this.#cast) this.#put(content)
    if (this.#dice.chance(0.8)) this.#runtime.faults = { before: 0.05, after: 0.05 }
    for (let step = 0; step < stormSteps; step += 1) {
      if (this.#dice.chance(0.3)) this.#commit()
      if (this.#dice.chance(0.3)) this.#strike()
      if (this.#dice.chance(0.1)) this.#berth.killIn = this.#dice.between(1, 6)
      if (this.#dice.chance(0.03)) this.#downtime()
      await this.#settle()
      await this.#pass(this.#dice.chance(0.15) ? this.#dice.between(1, 5) * minuteMs : this.#dice.between(0, 3_000))
    }
    await this.#calm()
  }

  #log(text: string): void {
    this.trace.push(`${new Date(this.#clock.now()).toISOString().slice(5, -1)} ${text}`)
  }

  #check(action: Action, desired: Desired | undefined): void {
    const broken =
      this.#guard.check(action, desired) ?? trafficProblem(this.#truth, action) ?? this.#runs.check(action, desired)
    if (broken) throw new Broken(broken)
  }

  #started(box: Box): void {
    const [kind = '', name = ''] = box.mark.owner.split('/')
    const desired = this.#berth.desired(`${namespace}/${kind}/${name}`)
    const workload = desired && 'template' in desired ? desired : undefined
    this.#broken ??= this.#starts.started(box) ?? this.#runs.started(box, workload)
  }

  #quota() {
    const content = this.#contents.get(`${namespace}/ResourceQuota/quota`)
    return content?.kind === 'ResourceQuota' ? { pods: content.amount, cpuMillis: content.amount * 300 } : undefined
  }

  /** Containers that carry copies of our labels; only the runtime's own marks tell them apart. */
  #addForeign(): void {
    this.#foreign = this.#runtime.engines.get('one')?.add({
      ...{ namespace, pod: 'web-foreign-0', name: '', installation: '', copied: true, sandbox: undefined },
      mark: { app: 'shop', owner: 'Deployment/web', template: 'copied', commit: 'c0' },
      attempt: { restarts: 0, backoffMs: 0, last: undefined },
      ...{ imageId: 'sha256:pause', config: emptyConfig, leaving: false },
    })
    if (this.#foreign) this.#foreign.state = 'running'
  }

  #commit(): void {
    const missing = this.#cast.filter((content) => !this.#contents.has(keyOfContent(content)))
    const before = this.#dice.pick([...this.#contents.values(), ...missing.slice(0, 1)])
    if (!before) return
    const next = missing.includes(before) ? before : changed(before, this.#dice)
    if (next) this.#put(next)
    else this.#delete(keyOfContent(before))
  }

  #put(content: Content): void {
    const key = keyOfContent(content)
    this.#commits += 1
    this.#contents.set(key, content)
    this.#gone.delete(key)
    this.#log(`commit c${this.#commits}: ${JSON.stringify(content)}`)
    this.#accept([key], [])
  }

  #delete(key: Key): void {
    this.#commits += 1
    this.#contents.delete(key)
    if (isPlanned(key) && keyParts(key).kind !== 'PersistentVolumeClaim') this.#gone.add(key)
    this.#log(`commit c${this.#commits}: delete ${key}`)
    this.#accept([], [key])
  }

  #accept(changed: readonly Key[], removed: readonly Key[]): void {
    this.#berth.accept(changed, removed)
    for (const key of this.#contents.keys()) {
      const desired = this.#berth.desired(key)
      if (desired) this.#runs.wanted(desired)
    }
    for (const key of removed) {
      const { kind, name } = keyParts(key)
      this.#runs.gone(`${kind}/${name}`)
    }
  }

  #strike(): void {
    const { ids } = this.#known()
    const text = strike({
      ...{ runtime: this.#runtime, clock: this.#clock, registry: this.#registry, dice: this.#dice },
      restartBerth: () => this.#berth.restart(),
      jumped: () => this.#berth.wakeDue(),
    })
    for (const [id, box] of ids) if (!this.#runtime.engines.get(box.host)?.boxes.has(id)) this.#runs.takenAway(box)
    this.#log(text)
  }

  #known() {
    return { ids: new Map(this.#truth.boxes().map((box) => [box.id, box])) }
  }

  /** Berth is away for minutes or hours, while the world goes on. */
  #downtime(): void {
    this.#log('Berth ends')
    this.#berth.kill()
    for (let hours = this.#dice.between(1, 3); hours > 0; hours -= 1) {
      if (this.#dice.chance(0.5)) this.#strike()
      this.#clock.advance(this.#dice.between(1, 90) * minuteMs)
    }
    this.#log('Berth begins')
    this.#berth.restart()
  }

  /** Mostly Berth looks whenever it is woken; at times it is too slow for that. */
  async #pass(ms: number): Promise<void> {
    const end = this.#clock.ticks() + ms
    while (this.#dice.chance(0.9)) {
      const next = (this.#clock.next() ?? Number.POSITIVE_INFINITY) - this.#clock.now()
      if (this.#clock.ticks() + next >= end) break
      this.#clock.advance(next)
      await this.#settle()
    }
    this.#clock.advance(end - this.#clock.ticks())
  }

  async #settle(): Promise<void> {
    const spins = await this.#berth.settle()
    if (spins || this.#broken) throw new Broken(this.#broken ?? spins)
  }

  async #calm(): Promise<void> {
    this.#log('calm')
    this.#runtime.faults = { before: 0, after: 0 }
    this.#berth.killIn = undefined
    this.#rightTheClock()
    for (const engine of this.#runtime.engines.values()) engine.reachable = true
    for (const content of this.#cast.filter(isNeeded)) {
      if (!this.#contents.has(keyOfContent(content))) this.#put(content)
    }
    for (const content of [...this.#contents.values()]) {
      const last = working(content)
      if (JSON.stringify(last) !== JSON.stringify(content)) this.#put(last)
    }
    this.#runtime.tellAll()
    const end = this.#clock.ticks() + calmMs
    for (let rests = 0; ; rests += 1) {
      await this.#settle()
      const left = this.#unsettled()
      if (left === '') return
      const next = this.#clock.next()
      if (next === undefined) throw new Broken(`nothing is due, but ${left}`)
      if (rests > calmRests || this.#clock.ticks() > end) throw new Broken(`does not converge: ${left}`)
      this.#clock.advance(next - this.#clock.now())
    }
  }

  /** Nothing that runs began in the future any more. */
  #rightTheClock(): void {
    const latest = Math.max(...this.#truth.boxes().map(({ startedAt }) => startedAt))
    if (latest >= this.#clock.now()) this.#clock.jump(latest - this.#clock.now() + 1_000)
    this.#clock.after(minuteMs, () => this.#berth.wakeDue())
  }

  /** How the world differs from the last commit. */
  #unsettled(): string {
    if (this.#foreign?.state !== 'running' || !this.#runtime.engines.get('one')?.boxes.has(this.#foreign.id)) {
      throw new Broken('a foreign container was touched')
    }
    for (const key of this.#gone) {
      const { kind, name } = keyParts(key)
      if (this.#truth.boxesOf(`${kind}/${name}`).length > 0) return `${key} is not gone`
      if (this.#truth.volumesOf(`${kind}/${name}`).length > 0) return `${key} has left records`
    }
    const settings = this.#contents.get(`${namespace}/ConfigMap/settings`)
    const setting = settings?.kind === 'ConfigMap' ? String(settings.amount) : ''
    for (const key of this.#contents.keys()) {
      const desired = this.#berth.desired(key)
      if (!desired) continue
      const problem = unlike(desired, { truth: this.#truth, setting }) || this.#planProblem(key)
      if (problem) return `${ownerOf(desired)}: ${problem}`
    }
    return ''
  }

  #planProblem(key: Key): string {
    const planned = this.#berth.plan(key)
    const [first] = planned?.tasks ?? []
    if (first) return `still to do: ${first.text} (${first.cause})`
    const { health, message, kind } = planned?.status ?? {}
    if (health === 'Healthy' || health === 'Suspended') return ''
    // How a Job ended says nothing about Berth; what was kept in an old revision may be as bad as it was.
    const ended = (kind === 'Job' || kind === 'CronJob') && health === 'Degraded'
    const keepsOld = message?.includes('OnDelete') || keepsOldPods(this.#berth.desired(key), this.#truth)
    return ended || keepsOld ? '' : `status ${health}: ${message}`
  }
}

/** Without it others cannot be as they are wanted. */
function isNeeded({ kind }: Content): boolean {
  return kind === 'ConfigMap' || kind === 'PersistentVolumeClaim'
}
