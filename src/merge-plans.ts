// What production would do if a pull request were merged now: the way of `berth diff`, beside the engine that runs. Part of the corridor
// beside engine.ts.
import type { Clock } from './base/clock.ts'
import { errorText } from './base/errors.ts'
import { type Log, silentLog } from './base/log.ts'
import type { EngineParts } from './engine.ts'
import { Journal } from './journal/journal.ts'
import type { DiffItem } from './report/diff.ts'
import type { MergePlan } from './report/preview-comment.ts'
import type { AppStatus } from './report/status.ts'
import type { Runtime } from './runtime/port.ts'
import type { ApplicationSettings, EngineSettings } from './settings.ts'
import { GitError } from './sync/errors.ts'
import { PinnedRepository } from './sync/pinned.ts'
import type { Repository } from './sync/port.ts'

/** An engine that only looks. */
export interface Shadow {
  observe(): Promise<void>
  preview(revision: string): Promise<DiffItem[]>
  status(): AppStatus[]
  close(): Promise<void>
}

export interface MergePlansParts {
  readonly engine: EngineSettings
  readonly settings: ApplicationSettings
  readonly repository: () => Promise<Repository>
  /** What it calls a merge is a release of images. */
  readonly ofImages?: boolean
  readonly runtime: Runtime
  readonly journal: Pick<Journal, 'applied'>
  readonly shadow: (parts: EngineParts) => Shadow
  /** What production has read. */
  readonly files?: EngineParts['files']
  readonly clock: Clock
  readonly log: Log
  readonly onChange: () => void
  /** Whoever plans, plans here. */
  readonly lane: { run<T>(work: () => Promise<T>): Promise<T> }
  /** Commit that production accepted. */
  readonly accepted: () => string
  /** How what production runs is, as text. */
  readonly live: () => string
  /** Production is still becoming what it is to be. */
  readonly isBusy: () => boolean
}

interface Asked {
  readonly id: string
  readonly head: string
}

interface Planned extends MergePlan {
  readonly head: string
  /** When it was made, ms, and of which production. */
  readonly at: number
  readonly accepted: string
  readonly live: string
  readonly settled: boolean
  /** How often it was made before, and something kept it from being told. */
  readonly partial: number
}

type Planning = Pick<MergePlan, 'apps' | 'items' | 'conflicts' | 'unknown'>

/** What production runs may have changed without a commit. */
const refreshMs = 600_000
/** Something that is still under way keeps the plan from being told. */
const againMs = 10_000
/** Whoever looks is not kept for ever. */
const keptMs = 600_000

export class MergePlans {
  readonly #parts: MergePlansParts
  readonly #plans = new Map<string, Planned>()
  #asked: readonly Asked[] = []
  #target = ''
  #work: Promise<void> | undefined
  #looking: Looking | undefined
  /** Asked for something while it works. */
  #again = false
  #closed = false

  constructor(parts: MergePlansParts) {
    this.#parts = parts
  }

  /**
   * Those whose plans are to be had. Each is made anew when its head, that of the target branch or the commit of production has moved, and
   * at times when what runs has changed; one after the other, those that have none first.
   */
  want(asked: readonly Asked[]): void {
    this.#asked = asked.map(({ id, head }) => ({ id, head }))
    const ids = new Set(asked.map(({ id }) => id))
    for (const id of [...this.#plans.keys()]) if (!ids.has(id)) this.#plans.delete(id)
    this.look()
  }

  /** Something may have moved. */
  look(): void {
    this.#again = true
    if (this.#closed || this.#work !== undefined) return
    this.#work = this.#all().finally(() => {
      this.#work = undefined
    })
  }

  /** Undefined: it is not known, or not of this head. */
  of({ id, head }: Asked): MergePlan | undefined {
    const plan = this.#plans.get(id)
    return plan?.head === head ? plan : undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#work
  }

  async #all(): Promise<void> {
    const { repository, settings, log } = this.#parts
    try {
      const base = await repository()
      while (this.#again && !this.#closed) {
        this.#again = false
        await this.#round(base)
      }
    } catch (error) {
      // The next list asks again.
      log.debug('plans of merges cannot be made', { app: settings.name, reason: errorText(error) })
    } finally {
      await this.#lookAway()
    }
  }

  async #round(base: Repository): Promise<void> {
    const tried = new Set<string>()
    for (;;) {
      this.#target = (await base.head())?.oid ?? ''
      this.#markStale()
      const next = this.#next(tried)
      if (this.#closed || this.#target === '' || next === undefined) return
      tried.add(keyOf(next))
      await this.#parts.lane.run(() => this.#one(base, next))
    }
  }

  #markStale(): void {
    const moved = [...this.#plans].filter(([, plan]) => !plan.stale && plan.base !== this.#target)
    for (const [id, plan] of moved) this.#plans.set(id, { ...plan, stale: true })
    if (moved.length > 0) this.#parts.onChange()
  }

  /** The one that needs a plan most. */
  #next(tried: ReadonlySet<string>): Asked | undefined {
    const now = { at: this.#parts.clock.now(), accepted: this.#parts.accepted(), live: once(this.#parts.live) }
    const untried = this.#asked.filter((asked) => !tried.has(keyOf(asked)))
    return (
      untried.find((asked) => this.of(asked) === undefined) ??
      untried.find((asked) => this.of(asked)?.stale) ??
      untried.find(({ id }) => this.#isPast(this.#plans.get(id)!, now))
    )
  }

  #isPast(
    plan: Planned,
    now: { readonly at: number; readonly accepted: string; readonly live: () => string },
  ): boolean {
    const age = now.at - plan.at
    if (plan.accepted !== now.accepted || (!plan.settled && !this.#parts.isBusy())) return true
    if (age >= againMs * 2 ** plan.partial && !plan.items.every(isWhole)) return true
    return age >= refreshMs && (plan.unknown !== undefined || plan.live !== now.live())
  }

  async #one(repository: Repository, { id, head }: Asked): Promise<void> {
    const isAsked = () => this.#asked.some((asked) => asked.id === id && asked.head === head)
    if (this.#closed || !isAsked()) return
    const { clock, accepted, live, isBusy, ofImages } = this.#parts
    const base = this.#target
    const known = this.#plans.get(id)
    const partial = known?.head === head && known.base === base && !known.items.every(isWhole) ? known.partial + 1 : 0
    const now = { at: clock.now(), accepted: accepted(), live: live(), settled: !isBusy() }
    const planning = await this.#tried(repository, base, { id, head })
    if (!isAsked()) return
    this.#plans.set(id, { ...planning, ...now, head, base, partial, stale: false, ...(ofImages && { ofImages }) })
    this.#parts.onChange()
  }

  /** Throws where there is no way to the repository: then there is none for the others either. */
  async #tried(repository: Repository, base: string, { id, head }: Asked): Promise<Planning> {
    const { log, settings } = this.#parts
    try {
      return await this.#merged(repository, base, head)
    } catch (error) {
      await this.#lookAway()
      const isKnown = error instanceof GitError
      if (this.#closed || (isKnown && error.retryable)) throw error
      log[isKnown ? 'warn' : 'error']('the plan of a merge cannot be made', {
        ...{ app: settings.name, id, reason: errorText(error) },
      })
      return { apps: [], items: [], unknown: isKnown ? error.message : 'it failed, and the log says why' }
    }
  }

  async #merged(repository: Repository, base: string, head: string): Promise<Planning> {
    const merged = await repository.merge(base, head)
    const none = { apps: [], items: [] }
    if (merged.kind === 'conflict') return { ...none, conflicts: merged.paths }
    if (merged.kind === 'unrelated') return { ...none, unknown: 'it has no history in common with the target branch' }
    if (merged.kind === 'unknown') return { ...none, unknown: merged.reason }
    return this.#plan(repository, merged.oid)
  }

  async #plan(repository: Repository, commit: string): Promise<Pick<MergePlan, 'apps' | 'items'>> {
    const { looking, pinned } = await this.#lookingAt(repository, commit)
    pinned.pin(commit)
    const items = await looking.preview(commit)
    return { items, apps: looking.status() }
  }

  /** The one that looked last has read what production runs; only what a merge changes is read for the next plan. */
  async #lookingAt(repository: Repository, commit: string): Promise<Looking> {
    const { engine, settings, runtime, journal, shadow, files, clock, accepted } = this.#parts
    const applied = journal.applied(settings.name)
    const of = JSON.stringify(applied)
    // It goes back to what was applied before each plan, which works where production has done so.
    const isKept = applied !== undefined && applied.commit === accepted() && this.#looking?.of === of
    if (isKept && clock.now() < this.#looking!.until) return this.#looking!
    await this.#lookAway()
    const memory = Journal.inMemory()
    if (applied) memory.setApplied(settings.name, applied.commit, applied.source, applied.gone)
    const pinned = new PinnedRepository(repository, settings.revision, commit)
    const looking = shadow({
      // Who will sign the merge is not known yet.
      settings: { ...engine, applications: [{ ...settings, previews: undefined, verify: undefined }] },
      runtime: onlyFacts(runtime),
      journal: memory,
      openRepository: async () => pinned,
      ...(files && { files: files.lent() }),
      ...{ clock, log: silentLog, random: () => 0 },
    })
    this.#looking = { looking, pinned, of, until: clock.now() + keptMs }
    await looking.observe()
    return this.#looking
  }

  async #lookAway(): Promise<void> {
    const before = this.#looking
    this.#looking = undefined
    await before?.looking.close()
  }
}

interface Looking {
  readonly looking: Shadow
  readonly pinned: PinnedRepository
  /** What was applied when it began, as text. */
  readonly of: string
  readonly until: number
}

function keyOf({ id, head }: Asked): string {
  return `${id} ${head}`
}

function once<T>(run: () => T): () => T {
  let found: { readonly value: T } | undefined
  return () => {
    found ??= { value: run() }
    return found.value
  }
}

/** Nothing keeps the plan from being told, such as an image that is still being pulled. */
function isWhole({ changes, tasks, note }: DiffItem): boolean {
  return changes.length === 0 || tasks.length > 0 || note === ''
}

const facts: ReadonlySet<string> = new Set([
  ...['watch', 'hosts', 'hostFacts', 'podsOf', 'pods', 'volumesOf', 'volumes', 'conflicts'],
])

/** What runs, without any way to change it. */
function onlyFacts(runtime: Runtime): Runtime {
  const idle: Pick<Runtime, 'start' | 'close' | 'networkRests'> = {
    start: async () => {},
    close: async () => {},
    networkRests: () => true,
  }
  return new Proxy(runtime, {
    get: (target, name) => {
      if (Object.hasOwn(idle, name)) return Reflect.get(idle, name)
      if (typeof name !== 'string' || !facts.has(name)) throw new TypeError(`a plan does not ${String(name)}`)
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
