import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import { type Key, keyOf, keyParts } from '../base/key.ts'
import { RuntimeError } from '../runtime/errors.ts'
import type { LivePod } from '../runtime/live.ts'
import type { Runtime } from '../runtime/port.ts'
import { Admission } from './admission.ts'
import type { LookResult } from './controller.ts'
import { Forecasts } from './forecasts.ts'
import type { Lanes } from './lanes.ts'
import { Owners } from './owners.ts'
import type { ObjectStatus, Plan, Task } from './plan/action.ts'
import type { View } from './plan/desired.ts'
import { mendsDrift } from './plan/drift.ts'
import { type Forecast, forecast } from './plan/forecast.ts'
import { planGone } from './plan/gone.ts'
import { plan } from './plan/plan.ts'
import { protection } from './plan/protection.ts'
import type { Wanted } from './wanted.ts'

export interface Policy {
  /** False: drift of an object that has once settled is reported, not repaired. */
  readonly selfHeal: boolean
  /** False: what vanished from Git is reported, not removed. */
  readonly prune: boolean
}

export interface LookerOptions {
  readonly runtime: Runtime
  readonly wanted: Wanted
  readonly lanes: Lanes
  readonly clock: Clock
  readonly policyOf: (app: string) => Policy | undefined
  /** What is done for such applications waits while others have something to be done. Absent: all are alike. */
  readonly yields?: (app: string) => boolean
  readonly onDone: (app: string, key: Key, task: Task, error: unknown) => void
  readonly onStatus: (app: string, key: Key) => void
  /** Every application has an accepted revision: what is not wanted now is wanted by nobody. */
  readonly allRead: () => boolean
  /** An object that is gone has no pods any more; its namespace may be empty now. */
  readonly onEmptied: (namespace: Key) => void
}

/** Why a step is not repeated before `until`: the last attempt failed, or changed nothing. */
interface Hold {
  readonly attempts: number
  readonly until: number
  readonly message: string
}

interface Withheld {
  readonly tasks: readonly Task[]
  readonly why: string
}

const firstHoldMs = 1_000
const longestHoldMs = 60_000
/** Equal tasks this often in a row, without a failure, mean that doing them has no effect. */
const sameTasksLimit = 4

/** One look at one key: plan, do, remember the status. */
export class Looker {
  readonly #options: LookerOptions
  readonly #statuses = new Map<Key, ObjectStatus>()
  /** Keys that vanished from Git with approval -> their application. */
  readonly #gone = new Map<Key, string>()
  readonly #holds = new Map<Key, Map<string, Hold>>()
  readonly #lastTasks = new Map<Key, { readonly text: string; readonly times: number }>()
  readonly #settled = new Set<Key>()
  /** Keys whose look is doing its steps; to be aborted when these are not what is wanted any more. */
  readonly #doing = new Map<Key, AbortController>()
  /** Keys of which something was done since they were wanted as they are: no longer held back by earlier waves. */
  readonly #begun = new Set<Key>()
  /** Application -> keys that wait for earlier waves. */
  readonly #queued = new Map<string, Set<Key>>()
  readonly #forecasts = new Forecasts()
  readonly #owners: Owners
  readonly #admission: Admission

  constructor(options: LookerOptions) {
    this.#options = options
    this.#owners = new Owners(options.runtime)
    const { wanted, clock } = options
    this.#admission = new Admission({
      quotasIn: (namespace) => wanted.quotas(namespace),
      objectsIn: (namespace) => wanted.objectsIn(namespace),
      podsIn: (namespace) => this.#owners.podsIn(namespace),
      now: () => clock.now(),
    })
  }

  /** The key is newly wanted, changed, or gone: what failed before may work now. */
  wanted(key: Key): void {
    this.#holds.delete(key)
    this.#lastTasks.delete(key)
    this.#settled.delete(key)
    this.#begun.delete(key)
    this.#statuses.delete(key)
    this.#doing.get(key)?.abort()
    if (this.#options.wanted.appOf(key) !== undefined) this.#gone.delete(key)
  }

  /** Approves the removal of what the key owns. */
  gone(app: string, key: Key): void {
    this.#gone.set(key, app)
  }

  /** The application that the removal of the key was approved for. */
  goneFrom(key: Key): string | undefined {
    return this.#gone.get(key)
  }

  /** Nothing is left of it: unless it is wanted again, it is as if it had never been. */
  forget(key: Key): void {
    for (const [app, queued] of this.#queued) if (queued.delete(key) && queued.size === 0) this.#queued.delete(app)
    this.#gone.delete(key)
    this.wanted(key)
  }

  isGone(key: Key): boolean {
    return this.#gone.has(key)
  }

  /** As of the last look; while a look is doing its steps, which may take seconds for many pods, as of now. */
  statusOf(key: Key): ObjectStatus | undefined {
    const known = this.#statuses.get(key) ?? this.#admission.statusOf(key)
    if (!known || !this.#doing.has(key)) return known
    const now = this.plan(key)
    return now ? this.#withHold(key, now.status) : known
  }

  /** Owners of pods that carry the application's mark. */
  ownersOf(app: string): readonly Key[] {
    return this.#owners.of(app)
  }

  /** Keys as the runtime tells them. */
  factsChanged(keys: readonly Key[]): void {
    this.#owners.changed(keys)
    this.#forecasts.factsChanged(keys)
  }

  /** What would be done for the key now; undefined when it is neither wanted nor gone. */
  plan(key: Key, view: View = this.#view(key)): Plan | undefined {
    const desired = this.#options.wanted.desired(key)
    if (desired) return withEnding(plan(desired, view), view)
    return this.#gone.has(key) || this.#isEmptyNamespace(key) ? planGone(key, view) : undefined
  }

  /** Everything that would be done for the key, step after step, if each one worked. */
  forecast(key: Key): Forecast | undefined {
    const { wanted, clock } = this.#options
    return this.#forecasts.of(key, wanted.desired(key), clock.now(), () => {
      const first = this.plan(key)
      return first && forecast((view) => this.plan(key, view) ?? first, this.#view(key))
    })
  }

  /** A namespace that nobody wants and that has no pods: what is left of it is its network. */
  #isEmptyNamespace(key: Key): boolean {
    const { kind, name } = keyParts(key)
    const { runtime, wanted, allRead } = this.#options
    if (kind !== 'Namespace' || wanted.usesNamespace(name) || !allRead()) return false
    return runtime.hostFacts().some((host) => host.networks.has(name)) && this.#owners.podsIn(name).length === 0
  }

  /** Remembers a plan's status without doing it. */
  note(key: Key, { status }: Pick<Plan, 'status'>): void {
    this.#statuses.set(key, status)
  }

  async look(key: Key): Promise<LookResult> {
    const app = this.#options.wanted.appOf(key) ?? this.#gone.get(key) ?? ''
    const planned = this.plan(key)
    if (!planned) {
      this.#statuses.delete(key)
      return {}
    }
    const result = await this.#do(app, key, planned)
    if (this.#gone.has(key) && planned.tasks.length === 0 && this.#options.runtime.podsOf(key).length === 0) {
      this.#statuses.delete(key)
      this.#options.onEmptied(keyOf({ namespace: '', kind: 'Namespace', name: keyParts(key).namespace }))
    }
    this.#options.onStatus(app, key)
    return result
  }

  async #do(app: string, key: Key, planned: Plan): Promise<LookResult> {
    const now = this.#options.clock.now()
    this.#forgetHolds(key, planned.tasks)
    this.#statuses.set(key, this.#withHold(key, planned.status))
    if (planned.tasks.length === 0) {
      this.#lastTasks.delete(key)
      if (planned.status.sync === 'Synced' && planned.status.health === 'Healthy') this.#settled.add(key)
      return { againAt: planned.lookAgainAt }
    }
    const withheld = this.#withheld(app, key, planned.tasks)
    const allowed = planned.tasks.filter((task) => !withheld.tasks.includes(task))
    const status = withheld.tasks.length > 0 ? this.#withheldStatus(key, planned.status, withheld) : planned.status
    if (allowed.length === 0) {
      this.#statuses.set(key, status)
      return { againAt: planned.lookAgainAt }
    }
    const earlier = this.#waitsFor(app, key)
    if (earlier !== undefined) {
      const failed = this.#statuses.get(earlier)?.failed ? ' and has failed' : ''
      const message = `waits for ${describeKey(earlier)}, which is in an earlier wave${failed}`
      this.#statuses.set(key, { ...status, sync: 'OutOfSync', message })
      return { againAt: planned.lookAgainAt }
    }
    this.#begun.add(key)
    const runnable = allowed.filter((task) => (this.#holdOf(key, task)?.until ?? 0) <= now)
    const skipped = await this.#run(app, key, runnable)
    this.#statuses.set(key, this.#withHold(key, status))
    return { againAt: earliest([planned.lookAgainAt, ...this.#untils(key), ...(skipped ? [now] : [])]) }
  }

  /** Answers whether steps were not begun: because of a failure, or as others are wanted now. */
  async #run(app: string, key: Key, tasks: readonly Task[]): Promise<boolean> {
    const [first] = tasks
    if (first && this.#repeats(key, tasks)) {
      this.#hold(key, first, 'the same steps were done several times without effect')
      return false
    }
    const over = new AbortController()
    this.#doing.set(key, over)
    const release = this.#admission.reserve(tasks)
    const outcomes = await this.#options.lanes.run(tasks, this.#options.yields?.(app), over.signal).finally(() => {
      this.#doing.delete(key)
      release()
    })
    const failed = outcomes.filter((outcome) => outcome.result === 'failed')
    for (const { task, result } of outcomes) {
      if (result !== 'done') continue
      this.#holds.get(key)?.delete(subject(task))
      this.#options.onDone(app, key, task, undefined)
    }
    for (const { task, error } of failed) {
      if (!(error instanceof RuntimeError)) throw error
      this.#hold(key, task, `${task.text}: ${errorText(error)}`)
      this.#options.onDone(app, key, task, error)
    }
    return outcomes.some((outcome) => outcome.result === 'skipped')
  }

  /** Keys to be looked at because one of an earlier wave became healthy, or has failed, which they then say. */
  released(app: string, key: Key): Key[] {
    const queued = this.#queued.get(app)
    if (queued && this.#statuses.get(key)?.failed) return [...queued].filter((waiting) => waiting !== key)
    if (!queued || !this.#isGood(key)) return []
    const free = [...queued].filter((waiting) => this.#waitsFor(app, waiting) === undefined)
    for (const waiting of free) queued.delete(waiting)
    if (queued.size === 0) this.#queued.delete(app)
    return free
  }

  #waitsFor(app: string, key: Key): Key | undefined {
    if (this.#begun.has(key) || this.#hasCurrentPods(key)) return undefined
    const earlier = this.#options.wanted.earlier(key).find((other) => !this.#isGood(other))
    if (earlier !== undefined) this.#queued.set(app, (this.#queued.get(app) ?? new Set<Key>()).add(key))
    return earlier
  }

  /** Begun by an earlier process: what runs as it is wanted is kept alive whatever became of earlier waves. */
  #hasCurrentPods(key: Key): boolean {
    const desired = this.#options.wanted.desired(key)
    if (!desired || !('template' in desired)) return false
    return this.#options.runtime.podsOf(key).some((pod) => pod.template === desired.template.hash)
  }

  #isGood(key: Key): boolean {
    const status = this.#statuses.get(key)
    return status?.sync === 'Synced' && (status.health === 'Healthy' || status.health === 'Suspended')
  }

  /** What the application's policy keeps from being done, and why. */
  #withheld(app: string, key: Key, tasks: readonly Task[]): Withheld {
    const policy = this.#options.policyOf(app)
    if (this.#gone.has(key)) return { tasks: policy?.prune === false ? tasks : [], why: 'not in Git, and prune is off' }
    const isOff = policy?.selfHeal === false && this.#settled.has(key)
    return { tasks: isOff ? tasks.filter(mendsDrift) : [], why: 'drifted, and selfHeal is off' }
  }

  #withheldStatus(key: Key, status: ObjectStatus, { tasks, why }: Withheld): ObjectStatus {
    // What stays although it is not in Git is not on its way to anything.
    const health = this.#gone.has(key) ? 'Suspended' : status.health
    return { ...status, sync: 'OutOfSync', health, message: `${why}: ${tasks[0]?.text ?? ''}` }
  }

  #repeats(key: Key, tasks: readonly Task[]): boolean {
    const text = JSON.stringify(tasks.map((task) => [task.host, task.text]))
    const last = this.#lastTasks.get(key)
    const times = last?.text === text ? last.times + 1 : 1
    this.#lastTasks.set(key, { text, times })
    return times > sameTasksLimit
  }

  #hold(key: Key, task: Task, message: string): void {
    const attempts = (this.#holdOf(key, task)?.attempts ?? 0) + 1
    const until = this.#options.clock.now() + backoffMs(attempts, firstHoldMs, longestHoldMs)
    const holds = this.#holds.get(key) ?? new Map<string, Hold>()
    this.#holds.set(key, holds.set(subject(task), { attempts, until, message }))
    this.#lastTasks.delete(key)
  }

  /** A step that is no longer planned is no longer held. */
  #forgetHolds(key: Key, tasks: readonly Task[]): void {
    const holds = this.#holds.get(key)
    if (!holds) return
    const planned = new Set(tasks.map(subject))
    for (const held of [...holds.keys()]) if (!planned.has(held)) holds.delete(held)
    if (holds.size === 0) this.#holds.delete(key)
  }

  #holdOf(key: Key, task: Task): Hold | undefined {
    return this.#holds.get(key)?.get(subject(task))
  }

  #untils(key: Key): number[] {
    return [...(this.#holds.get(key)?.values() ?? [])].map((hold) => hold.until)
  }

  /** A failure is said as long as it is not overcome; an object that failed several times is no longer just progressing. */
  #withHold(key: Key, status: ObjectStatus): ObjectStatus {
    const [hold] = this.#holds.get(key)?.values() ?? []
    if (!hold) return status
    const health =
      status.health === 'Healthy' || (status.health === 'Progressing' && hold.attempts >= 3)
        ? 'Degraded'
        : status.health
    return { ...status, sync: 'OutOfSync', health, message: hold.message }
  }

  #protects(pod: LivePod): string {
    const { runtime, wanted, clock } = this.#options
    const budgets = wanted.inNamespace('PodDisruptionBudget', pod.namespace)
    if (budgets.length === 0) return ''
    return protection(pod, budgets, {
      pods: this.#admission.foreseen(this.#owners.podsIn(pod.namespace), pod.namespace),
      hosts: runtime.hostFacts(),
      replicasOf: (owner) => {
        const desired = wanted.desired(owner)
        return desired && 'replicas' in desired ? desired.replicas : undefined
      },
      now: clock.now(),
    })
  }

  #view(key: Key): View {
    const { runtime, clock } = this.#options
    const owners = this.#owners
    const { kind, name } = keyParts(key)
    const pods = kind === 'Namespace' ? undefined : runtime.podsOf(key)
    return {
      get pods() {
        return pods ?? owners.podsIn(name)
      },
      hosts: runtime.hostFacts(),
      volumesOf: (subject) => runtime.volumesOf(subject),
      allPods: () => this.#admission.foreseen(runtime.pods()),
      guards: () => owners.guards(),
      refuses: (namespace, spec, count) => this.#admission.refuses(namespace, spec, count),
      protects: (pod) => this.#protects(pod),
      now: clock.now(),
      get placed() {
        return owners.placed()
      },
    }
  }
}

/**
 * What a failure holds back: for a new pod all new pods of the object, since what refuses one refuses the next; else only the
 * step itself, so that what can be repaired is repaired meanwhile.
 */
function subject(task: Task): string {
  return task.actions.some((action) => action.kind === 'createSandbox') ? 'new pods' : task.text
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** Pods that are still ending are a difference between Git and the hosts, even if nothing is left to be done about them. */
function withEnding(planned: Plan, view: View): Plan {
  const ending = view.pods.filter((pod) => pod.leaving).length
  if (ending === 0) return planned
  const { status } = planned
  const message =
    status.message === '' ? `${ending} old ${ending === 1 ? 'pod is' : 'pods are'} ending` : status.message
  return { ...planned, status: { ...status, sync: 'OutOfSync', message } }
}

/** `Deployment shop/web` */
export function describeKey(key: Key): string {
  const { kind, namespace, name } = keyParts(key)
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}
