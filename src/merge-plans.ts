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
  readonly runtime: Runtime
  readonly journal: Pick<Journal, 'applied'>
  readonly shadow: (parts: EngineParts) => Shadow
  readonly clock: Clock
  readonly log: Log
  readonly onChange: () => void
}

interface Asked {
  readonly id: string
  readonly head: string
}

interface Planned extends MergePlan {
  readonly head: string
}

export class MergePlans {
  readonly #parts: MergePlansParts
  readonly #plans = new Map<string, Planned>()
  #asked: readonly Asked[] = []
  #work: Promise<void> | undefined
  #closed = false

  constructor(parts: MergePlansParts) {
    this.#parts = parts
  }

  /** Those whose plans are to be had; each is made anew when its head or that of the target branch has moved. One after the other. */
  want(asked: readonly Asked[]): void {
    this.#asked = asked
    const ids = new Set(asked.map(({ id }) => id))
    for (const id of [...this.#plans.keys()]) if (!ids.has(id)) this.#plans.delete(id)
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
      const target = (await base.head())?.oid
      for (const asked of this.#asked) {
        if (this.#closed || target === undefined) return
        await this.#one(base, target, asked)
      }
    } catch (error) {
      // The next list asks again.
      log.debug('plans of merges cannot be made', { app: settings.name, reason: errorText(error) })
    }
  }

  async #one(repository: Repository, base: string, { id, head }: Asked): Promise<void> {
    const known = this.#plans.get(id)
    if (known?.base === base && known.head === head && !known.stale && known.items.every(isWhole)) return
    // A branch that is behind lacks what came since: its own files are not those of the merge.
    if ((await repository.between(head, base, 1)).length > 0) {
      if (known?.head === head) this.#plans.set(id, { ...known, stale: true })
      return
    }
    this.#plans.set(id, { ...(await this.#plan(repository, head)), head, base, stale: false })
    this.#parts.onChange()
  }

  async #plan(repository: Repository, head: string): Promise<Pick<MergePlan, 'apps' | 'items'>> {
    const { engine, settings, runtime, journal, shadow, clock } = this.#parts
    const memory = Journal.inMemory()
    const applied = journal.applied(settings.name)
    if (applied) memory.setApplied(settings.name, applied.commit, applied.source, applied.gone)
    const looking = shadow({
      settings: { ...engine, applications: [{ ...settings, previews: undefined }] },
      runtime: onlyFacts(runtime),
      journal: memory,
      openRepository: async () => new PinnedRepository(repository, settings.revision, head),
      ...{ clock, log: silentLog, random: () => 0 },
    })
    try {
      await looking.observe()
      const items = await looking.preview(head)
      return { items, apps: looking.status() }
    } finally {
      await looking.close()
    }
  }
}

/** Nothing keeps the plan from being told, such as an image that is still being pulled. */
function isWhole({ changes, tasks, note }: DiffItem): boolean {
  return changes.length === 0 || tasks.length > 0 || note === ''
}

const facts: ReadonlySet<string> = new Set([
  ...['hosts', 'hostFacts', 'podsOf', 'pods', 'volumesOf', 'volumes', 'conflicts'],
])

/** What runs, without any way to change it. */
function onlyFacts(runtime: Runtime): Runtime {
  const idle: Pick<Runtime, 'start' | 'close' | 'watch' | 'networkRests'> = {
    start: async () => {},
    close: async () => {},
    watch: () => () => {},
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
