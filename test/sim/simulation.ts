import type { Key } from '../../src/base/key.ts'
import { applyAction } from '../../src/reconcile/execute.ts'
import type { Action, Plan, Task } from '../../src/reconcile/plan/action.ts'
import type { View } from '../../src/reconcile/plan/desired.ts'
import { placedOn } from '../../src/reconcile/plan/placement.ts'
import { plan, planGone } from '../../src/reconcile/plan/plan.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'
import { strike } from './chaos.ts'
import {
  type Content,
  changed,
  desiredOf,
  firstCommit,
  keyOfContent,
  namespace,
  type Workload,
  working,
} from './commits.ts'
import { Dice } from './dice.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeRuntime } from './fake-runtime.ts'
import { Guard } from './guard.ts'

/** The rules under test; a mutant puts another function in their place. */
export interface Planner {
  readonly plan: (desired: Workload, view: View) => Plan
  readonly planGone: (owner: Key, view: View) => Plan
}

export const realPlanner: Planner = { plan, planGone }

export interface Result {
  readonly seed: number
  /** The broken rule; empty: all held. */
  readonly failure: string
  /** What happened, oldest first. */
  readonly trace: readonly string[]
}

const stormSteps = 40
/** Looks, and time, in which the world must equal the last commit once the storm is over. */
const calmSteps = 600
const calmMs = 30 * 60_000

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
  readonly #clock = new FakeClock()
  readonly #registry = new Map(
    ['good:1', 'good:2', 'good:3', 'good:helper', 'slow:1', 'crash:1', 'never:1', 'sick:1'].map((image) => [
      image,
      `sha256:${image.replace(':', '-')}-1`,
    ]),
  )
  readonly #runtime: FakeRuntime
  readonly #guard: Guard
  readonly #planner: Planner
  readonly #contents = new Map<Key, Content>()
  readonly #desired = new Map<Key, Workload>()
  readonly #gone = new Set<Key>()
  readonly #dirty = new Set<Key>()
  readonly #timers = new Map<Key, () => void>()
  #commits = 0
  /** Actions until Berth is killed in the middle of a look. */
  #killIn: number | undefined

  constructor(seed: number, planner: Planner) {
    this.#dice = new Dice(seed)
    this.#planner = planner
    this.#runtime = new FakeRuntime({
      hosts: this.#dice.chance(0.5) ? ['one'] : ['one', 'two'],
      clock: this.#clock,
      dice: this.#dice,
      registry: this.#registry,
    })
    this.#guard = new Guard(this.#runtime, () => this.#clock.now())
    this.#runtime.watch((keys) => {
      const all = keys.some((key) => key.startsWith('/Host/'))
      for (const key of all ? this.#keys() : keys) this.#dirty.add(key)
    })
  }

  async run(): Promise<void> {
    this.#addForeign()
    for (const content of firstCommit) this.#put(content)
    if (this.#dice.chance(0.8)) this.#runtime.faults = { before: 0.05, after: 0.05 }
    for (let step = 0; step < stormSteps; step += 1) {
      if (this.#dice.chance(0.3)) this.#commit()
      if (this.#dice.chance(0.3)) this.#log(strike({ ...this.#world(), restartBerth: () => this.#restartBerth() }))
      if (this.#dice.chance(0.1)) this.#killIn = this.#dice.between(1, 6)
      await this.#settle()
      this.#clock.advance(this.#dice.chance(0.1) ? 60_000 : this.#dice.between(0, 3_000))
    }
    await this.#calm()
  }

  #world() {
    return { runtime: this.#runtime, registry: this.#registry, dice: this.#dice }
  }

  #keys(): Key[] {
    return [...this.#desired.keys(), ...this.#gone]
  }

  #log(text: string): void {
    this.trace.push(`${((this.#clock.now() - 1_000_000_000) / 1000).toFixed(1)}s ${text}`)
  }

  /** Containers that carry copies of our labels; only the runtime's own marks tell them apart. */
  #addForeign(): void {
    const engine = this.#runtime.engines.get('one')
    const sandbox = engine?.add({
      namespace,
      pod: 'web-foreign-0',
      name: '',
      installation: '',
      copied: true,
      sandbox: undefined,
      mark: { app: 'shop', owner: 'Deployment/web', template: 'copied', commit: 'c0' },
      attempt: { restarts: 0, backoffMs: 0, last: undefined },
      imageId: 'sha256:pause',
      config: desiredOf(firstCommit[0]!, 'c0', 0).template.containers[0]!,
      leaving: false,
    })
    if (sandbox) sandbox.state = 'running'
  }

  #commit(): void {
    const missing = firstCommit.filter((content) => !this.#contents.has(keyOfContent(content)))
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
    this.#desired.set(key, desiredOf(content, `c${this.#commits}`, this.#clock.now()))
    this.#gone.delete(key)
    this.#dirty.add(key)
    this.#log(`commit c${this.#commits}: ${JSON.stringify(content)}`)
  }

  #delete(key: Key): void {
    this.#commits += 1
    this.#contents.delete(key)
    this.#desired.delete(key)
    this.#gone.add(key)
    this.#dirty.add(key)
    this.#log(`commit c${this.#commits}: delete ${key}`)
  }

  #restartBerth(): void {
    this.#killIn = undefined
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#runtime.restart()
    for (const key of this.#keys()) this.#dirty.add(key)
  }

  /** Looks until nothing is left to look at now. */
  async #settle(): Promise<void> {
    for (let looks = 0; this.#dirty.size > 0; looks += 1) {
      if (looks > 300) throw new Broken(`spins: ${[...this.#dirty].join(', ')} never come to rest`)
      const key = this.#dice.pick([...this.#dirty].sort())
      if (!key) return
      this.#dirty.delete(key)
      await this.#look(key)
    }
  }

  #plan(key: Key): Plan | undefined {
    const runtime = this.#runtime
    const view: View = {
      pods: this.#runtime.podsOf(key),
      hosts: this.#runtime.hostFacts(),
      get placed() {
        return placedOn(runtime.pods())
      },
      volumesOf: (subject) => runtime.volumesOf(subject),
      allPods: () => runtime.pods(),
      guards: () => [],
      refuses: () => '',
      protects: () => '',
      now: this.#clock.now(),
    }
    const desired = this.#desired.get(key)
    if (desired) return this.#planner.plan(desired, view)
    return this.#gone.has(key) ? this.#planner.planGone(key, view) : undefined
  }

  async #look(key: Key): Promise<void> {
    const planned = this.#plan(key)
    if (!planned) return
    this.#timers.get(key)?.()
    if (planned.lookAgainAt !== undefined) this.#wakeIn(key, planned.lookAgainAt - this.#clock.now())
    const failed = await this.#execute(planned.tasks, this.#desired.get(key))
    if (failed) this.#wakeIn(key, 1_000)
  }

  #wakeIn(key: Key, delayMs: number): void {
    this.#timers.get(key)?.()
    this.#timers.set(
      key,
      this.#clock.after(delayMs, () => this.#dirty.add(key)),
    )
  }

  /** Tasks side by side, four at a time, in any order; after a failure those not yet begun are left out. */
  async #execute(tasks: readonly Task[], desired: Workload | undefined): Promise<boolean> {
    const waiting = [...tasks]
    const running: { readonly task: Task; readonly left: Action[] }[] = []
    let failed = false
    for (;;) {
      while (!failed && running.length < 4 && waiting.length > 0) {
        const task = waiting.shift()!
        this.#log(`${task.text} (${task.cause})`)
        running.push({ task, left: [...task.actions] })
      }
      const one = this.#dice.pick(running)
      if (!one) return failed
      const action = one.left.shift()
      if (!action || !(await this.#act(action, desired))) {
        failed ||= action !== undefined
        running.splice(running.indexOf(one), 1)
      }
      if (this.#killIn !== undefined && --this.#killIn < 0) {
        this.#log('kill Berth in the middle of a look')
        this.#restartBerth()
        return false
      }
    }
  }

  async #act(action: Action, desired: Workload | undefined): Promise<boolean> {
    const broken = this.#guard.check(action, desired)
    if (broken) throw new Broken(broken)
    try {
      await applyAction(this.#runtime, action)
      return true
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      this.#log(`${action.kind} failed: ${error.message}`)
      return false
    }
  }

  async #calm(): Promise<void> {
    this.#log('calm')
    this.#runtime.faults = { before: 0, after: 0 }
    this.#killIn = undefined
    for (const engine of this.#runtime.engines.values()) engine.reachable = true
    for (const content of this.#contents.values()) {
      if (working(content) !== content) this.#put(working(content))
    }
    this.#runtime.tellAll()
    const end = this.#clock.now() + calmMs
    for (let step = 0; ; step += 1) {
      await this.#settle()
      const left = this.#unsettled()
      if (left === '') return
      const next = this.#clock.next()
      if (next === undefined) throw new Broken(`nothing is due, but ${left}`)
      if (step > calmSteps || next > end) throw new Broken(`does not converge: ${left}`)
      this.#clock.advance(next - this.#clock.now())
    }
  }

  /** How the world differs from the last commit. */
  #unsettled(): string {
    const foreign = this.#runtime.engines.get('one')?.boxes.get('one-1')
    if (foreign?.state !== 'running' || foreign.leaving) throw new Broken('a foreign container was touched')
    for (const key of this.#gone) {
      const [, kind, name] = key.split('/')
      if (this.#guard.boxesOf(`${kind}/${name}`).length > 0) return `${key} is not gone`
    }
    for (const [key, desired] of this.#desired) {
      const problem = this.#unlike(desired) || this.#planProblem(key)
      if (problem) return `${key}: ${problem}`
    }
    return ''
  }

  #unlike(desired: Workload): string {
    const owner = `${desired.kind}/${desired.object.metadata.name}`
    const wanted = desired.kind === 'Pod' ? 1 : desired.object.spec.replicas
    const sandboxes = this.#guard.sandboxes(owner)
    if (sandboxes.length !== wanted) return `${sandboxes.length} pods, wanted ${wanted}`
    const old = sandboxes.find((box) => box.mark.template !== desired.template.hash)
    if (old && desired.kind !== 'ReplicaSet') return `${old.pod} is of an old revision`
    const broken = sandboxes.find((box) => !this.#guard.isAvailable(box, 0))
    if (broken) return `${broken.pod} is not available`
    const edited = this.#guard
      .boxesOf(owner)
      .find(
        (box) => box.mark.template === desired.template.hash && box.config.env.some(({ value }) => value === 'by hand'),
      )
    return edited ? `${edited.pod} stays as it was edited` : this.#mixed(owner, desired)
  }

  /** Two programs under one revision. */
  #mixed(owner: string, desired: Workload): string {
    const apps = this.#guard.boxesOf(owner).filter((box) => box.name === 'app' && box.state === 'running')
    const ids = new Set(apps.filter((box) => box.mark.template === desired.template.hash).map((box) => box.imageId))
    return ids.size > 1 && this.#runtime.hosts.length === 1 ? `one revision runs ${[...ids].join(' and ')}` : ''
  }

  #planProblem(key: Key): string {
    const planned = this.#plan(key)
    const [first] = planned?.tasks ?? []
    if (first) return `still to do: ${first.text} (${first.cause})`
    return planned?.status.health === 'Healthy' ? '' : `status ${planned?.status.health}: ${planned?.status.message}`
  }
}
