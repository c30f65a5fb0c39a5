import type { Key } from '../../src/base/key.ts'
import { keyParts } from '../../src/base/key.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Located } from '../../src/manifests/check.ts'
import type { PodSpec } from '../../src/manifests/types.ts'
import { Networking } from '../../src/networking.ts'
import type { Admission } from '../../src/reconcile/admission.ts'
import { applyAction } from '../../src/reconcile/execute.ts'
import type { Action, Plan, Task } from '../../src/reconcile/plan/action.ts'
import type { Desired, View } from '../../src/reconcile/plan/desired.ts'
import { placedOn } from '../../src/reconcile/plan/placement.ts'
import { isPlanned, Wanted } from '../../src/reconcile/wanted.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'
import type { Dice } from './dice.ts'
import type { FakeClock } from './fake-clock.ts'
import type { FakeRuntime } from './fake-runtime.ts'

export const app = 'shop'

/** The rules under test; a mutant puts others in their place. */
export interface Planner {
  readonly plan: (desired: Desired, view: View) => Plan
  readonly planGone: (owner: Key, view: View) => Plan
  readonly Admission: new (options: ConstructorParameters<typeof Admission>[0]) => Admitting
}

interface Admitting {
  readonly refuses: (namespace: string, spec: PodSpec, count: number) => string
  readonly reserve: (tasks: readonly Task[]) => () => void
}

/** What is wanted, as the repository has it. */
export interface Repository {
  readonly commit: () => string
  readonly objects: () => ReadonlyMap<Key, Located>
  readonly keys: () => Iterable<Key>
  /** Objects whose removal was approved. */
  readonly gone: ReadonlySet<Key>
}

export interface BerthParts {
  readonly runtime: FakeRuntime
  readonly clock: FakeClock
  readonly dice: Dice
  readonly planner: Planner
  readonly repository: Repository
  /** Before each action; throws where a rule is broken. */
  readonly onAction: (action: Action, desired: Desired | undefined) => void
  /** A new process begins. */
  readonly onRestart: () => void
  readonly log: (text: string) => void
}

/** One look that does its steps: tasks side by side, four at a time, in any order. */
interface Look {
  readonly key: Key
  readonly waiting: Task[]
  readonly running: { readonly left: Action[] }[]
  readonly release: () => void
  failed: boolean
}

const mostLooks = 4
const mostLooksAtRest = 1_500

/** One process of Berth after the other: what it does with the real rules, and what a new process does not know any more. */
export class Berth {
  readonly #parts: BerthParts
  #wanted: Wanted
  #admission: Admitting
  /** Undefined: no process runs. */
  #networking: Networking | undefined
  readonly #dirty = new Set<Key>()
  readonly #timers = new Map<Key, { readonly at: number; readonly cancel: () => void }>()
  readonly #looks = new Map<Key, Look>()
  /** Actions until it is killed in the middle of its looks. */
  killIn: number | undefined

  constructor(parts: BerthParts) {
    this.#parts = parts
    this.#wanted = this.#newWanted()
    this.#admission = this.#newAdmission()
    this.#networking = this.#newNetworking()
    this.#networking.start()
    parts.runtime.watch((keys) => {
      this.#networking?.factsChanged(keys)
      this.#wake(keys.some((key) => key.startsWith('/Host/')) ? this.keys() : keys)
    })
  }

  #newWanted(): Wanted {
    return new Wanted({ volumes: () => this.#parts.runtime.volumes() })
  }

  #newNetworking(): Networking {
    const { runtime, clock } = this.#parts
    const network = { serviceCIDR: '10.96.0.0/16', zone: 'cluster.local' }
    return new Networking({ runtime, clock, network, log: silentLog, wanted: () => this.#wanted, unread: () => [] })
  }

  #newAdmission(): Admitting {
    const { runtime, clock, planner } = this.#parts
    return new planner.Admission({
      quotasIn: (namespace) => this.#wanted.quotas(namespace),
      objectsIn: (namespace) => this.#wanted.objectsIn(namespace),
      podsIn: (namespace) => runtime.pods().filter((pod) => pod.namespace === namespace),
      now: () => clock.now(),
    })
  }

  /** Of all that is looked after. */
  keys(): Key[] {
    const { repository } = this.#parts
    return [...[...repository.keys()].filter(isPlanned), ...repository.gone]
  }

  desired(key: Key): Desired | undefined {
    return this.#wanted.desired(key)
  }

  /** A commit. Answers what it changes for whom. */
  accept(changed: readonly Key[], removed: readonly Key[]): void {
    const { repository, clock } = this.#parts
    const keys = this.#wanted.accept(app, repository.commit(), repository.objects(), changed, removed, clock.now())
    this.#networking?.wantedChanged(keys)
    this.#wake(keys)
  }

  /** The process ends, and all that only it knew. */
  kill(): void {
    this.killIn = undefined
    for (const { cancel } of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#looks.clear()
    this.#dirty.clear()
    this.#networking = undefined
    this.#parts.runtime.restart()
  }

  restart(): void {
    this.kill()
    this.#wanted = this.#newWanted()
    this.#admission = this.#newAdmission()
    this.#networking = this.#newNetworking()
    this.#parts.onRestart()
    this.accept([...this.#parts.repository.keys()], [])
    this.#networking.start()
    this.#wake(this.keys())
  }

  /** Every minute by the clock on the wall: what is due although its timer has not rung. */
  wakeDue(): void {
    const due = [...this.#timers].filter(([, { at }]) => at <= this.#parts.clock.now())
    this.#wake(due.map(([key]) => key))
  }

  #wake(keys: readonly Key[]): void {
    const { gone } = this.#parts.repository
    for (const key of keys) if (gone.has(key) || this.#wanted.desired(key)) this.#dirty.add(key)
  }

  /** Looks until nothing is left to look at now; several objects side by side, their steps in any order. */
  async settle(): Promise<string> {
    const { dice } = this.#parts
    for (let begun = 0; ; ) {
      const ready = [...this.#dirty].filter((key) => !this.#looks.has(key)).sort()
      const looks = [...this.#looks.values()]
      if (ready.length === 0 && looks.length === 0) return ''
      if (begun > mostLooksAtRest) return `spins: ${[...this.#dirty].join(', ')} never come to rest`
      const look = looks.length >= mostLooks || ready.length === 0 || dice.chance(0.6) ? dice.pick(looks) : undefined
      const key = look ? undefined : dice.pick(ready)
      if (look) await this.#step(look)
      if (key === undefined) continue
      begun += 1
      this.#begin(key)
    }
  }

  #begin(key: Key): void {
    this.#dirty.delete(key)
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
    const planned = this.plan(key)
    if (!planned) return
    if (planned.lookAgainAt !== undefined) this.#wakeAt(key, planned.lookAgainAt)
    if (planned.tasks.length === 0) return
    const release = this.#admission.reserve(planned.tasks)
    this.#looks.set(key, { key, waiting: [...planned.tasks], running: [], release, failed: false })
  }

  async #step(look: Look): Promise<void> {
    const { dice, log } = this.#parts
    while (!look.failed && look.running.length < 4 && look.waiting.length > 0) {
      const task = look.waiting.shift()
      if (!task) break
      log(`${task.text} (${task.cause})`)
      look.running.push({ left: [...task.actions] })
    }
    const one = dice.pick(look.running)
    if (!one) {
      this.#looks.delete(look.key)
      look.release()
      if (look.failed) this.#wakeAt(look.key, this.#parts.clock.now() + 1_000)
      return
    }
    const action = one.left.shift()
    const done = action !== undefined && (await this.#act(action, this.desired(look.key)))
    if (!done) {
      look.failed ||= action !== undefined
      look.running.splice(look.running.indexOf(one), 1)
    }
    if (this.killIn === undefined || --this.killIn >= 0) return
    log('kill Berth in the middle of a look')
    this.restart()
  }

  async #act(action: Action, desired: Desired | undefined): Promise<boolean> {
    const { runtime, log, onAction } = this.#parts
    try {
      onAction(action, desired)
      await applyAction(runtime, action)
      return true
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      log(`${action.kind} failed: ${error.message}`)
      return false
    }
  }

  #wakeAt(key: Key, at: number): void {
    const { clock } = this.#parts
    const set = this.#timers.get(key)
    if (set && set.at <= at) return
    set?.cancel()
    const cancel = clock.after(at - clock.now(), () => {
      this.#timers.delete(key)
      this.#wake([key])
    })
    this.#timers.set(key, { at, cancel })
  }

  plan(key: Key): Plan | undefined {
    const { planner, repository } = this.#parts
    const desired = this.desired(key)
    if (desired) return planner.plan(desired, this.#view(key))
    return repository.gone.has(key) && keyParts(key).kind !== '' ? planner.planGone(key, this.#view(key)) : undefined
  }

  #view(key: Key): View {
    const { runtime, clock } = this.#parts
    return {
      pods: runtime.podsOf(key),
      hosts: runtime.hostFacts(),
      get placed() {
        return placedOn(runtime.pods())
      },
      volumesOf: (subject) => runtime.volumesOf(subject),
      allPods: () => runtime.pods(),
      guards: () => [],
      refuses: (namespace, spec, count) => this.#admission.refuses(namespace, spec, count),
      protects: () => '',
      now: clock.now(),
    }
  }
}
