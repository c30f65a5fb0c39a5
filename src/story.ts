// What became of each commit, as the history tells it. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import type { Journal } from './journal/journal.ts'
import type { FailedPlace } from './journal/rollbacks.ts'
import type { Task } from './reconcile/plan/action.ts'
import type { AppEvent } from './report/event.ts'
import type { LastSync } from './report/status.ts'
import { rollbackMark } from './rollback/trailers.ts'
import type { Commit } from './sync/port.ts'

type Told = Pick<Commit, 'oid' | 'subject' | 'author'>

/** What was read of a commit, as far as it is told. */
interface Begun {
  readonly commit: Commit
  readonly changed: readonly unknown[]
  readonly removed: readonly unknown[]
  readonly stages: Stages
}

interface Entry {
  readonly id: number
  readonly commit: Told
  readonly startedAt: number
  readonly stages: Record<string, number>
  /** Images that were pulled for it, as `host image`. */
  readonly pulled: Set<string>
  readonly quiet: boolean
  /** Its objects are those of the commit before. */
  readonly unchanged: boolean
}

export interface StoryParts {
  readonly app: string
  readonly journal: Journal
  readonly clock: Clock
  readonly tell: (event: AppEvent) => void
  /** When the last pull of an image on a host ended well, ms; undefined: it has not. */
  readonly pulledAt: (host: string, image: string) => number | undefined
}

/** How long what precedes the first step took, ms: asking the remote until the commit was here, reading it, comparing. */
export interface Stages {
  readonly fetchMs?: number
  readonly readMs?: number
  readonly diffMs?: number
}

/** One application's entries in the journal: the one that is being written, and how the last sync went. */
export class Story {
  readonly #parts: StoryParts
  #lastSync: LastSync | undefined
  #entry: Entry | undefined

  constructor(parts: StoryParts) {
    this.#parts = parts
  }

  get lastSync(): LastSync | undefined {
    return this.#lastSync
  }

  /** `quiet`: nobody is told; it is no news, such as what was gone back to. */
  begin({ commit, changed, removed, stages: read }: Begun, startedAt: number, before: Stages, quiet: boolean): void {
    const { oid, subject, author } = commit
    const { app, journal } = this.#parts
    const stages = inOrder({ ...before, ...read })
    const unchanged = changed.length === 0 && removed.length === 0
    const { reverts = [] } = rollbackMark(commit.message, app) ?? {}
    this.#lastSync = { commit: oid, startedAt, finishedAt: undefined }
    const id = journal.begin({ app, commit: oid, subject, author, startedAt, stages, reverts: quiet ? [] : reverts })
    if (!quiet) journal.reverted(app, reverts, oid)
    this.#entry = { id, commit, startedAt, stages, pulled: new Set(), quiet, unchanged }
    this.#say('applying', commit, '')
  }

  /** Goes on with the story of a commit that was being applied when the engine ended. */
  resume(commit: Commit): void {
    const { oid } = commit
    const unfinished = this.#entry ? undefined : this.#parts.journal.unfinished(this.#parts.app, oid)
    if (!unfinished) return
    const { id, startedAt, stages } = unfinished
    this.#entry = { id, commit, startedAt, stages: { ...stages }, pulled: new Set(), quiet: false, unchanged: false }
    this.#lastSync = { commit: oid, startedAt, finishedAt: undefined }
  }

  /** One step, in the plan's words; `worked`: not in vain. */
  did(text: string, task: Task, worked: boolean): void {
    const entry = this.#entry
    if (!entry) return
    const now = this.#parts.clock.now()
    this.#parts.journal.change(entry.id, now, text)
    if (!worked) return
    for (const action of task.actions) {
      if (action.kind === 'pull') entry.pulled.add(`${action.host} ${action.image}`)
      if (action.kind === 'start') entry.stages.startMs = now - entry.startedAt
    }
  }

  /** Everything that the commit wants is there. */
  settled(): void {
    this.finish('synced', '')
    if (this.#lastSync && this.#lastSync.finishedAt === undefined) {
      this.#lastSync = { ...this.#lastSync, finishedAt: this.#parts.clock.now() }
    }
  }

  finish(result: 'synced' | 'degraded', message: string): void {
    const entry = this.#entry
    if (!entry) return
    const now = this.#parts.clock.now()
    const { id, commit } = entry
    const tookMs = now - entry.startedAt
    const stages = { ...entry.stages, ...this.#pullStage(entry), ...(result === 'synced' ? { readyMs: tookMs } : {}) }
    this.#parts.journal.finish(id, result, message, now, inOrder(stages))
    this.#say(result, commit, message, result === 'synced' ? { durationMs: tookMs } : {})
    this.#entry = undefined
  }

  #pullStage({ pulled, startedAt }: Entry): Record<string, number> {
    const ends = [...pulled].flatMap((one) => {
      const [host = '', image = ''] = one.split(' ')
      return this.#parts.pulledAt(host, image) ?? []
    })
    return ends.length === 0 ? {} : { pullMs: Math.max(0, ...ends.map((end) => end - startedAt)) }
  }

  /** A commit that had failed was taken back. */
  rolledBack({ commit, object, reason }: Pick<FailedPlace, 'commit' | 'object' | 'reason'>, by: string): void {
    const { app, journal } = this.#parts
    if (this.#entry?.commit.oid === commit) this.#entry = undefined
    const shown = /^[0-9a-f]{40,}$/.test(by) ? by.slice(0, 7) : by
    journal.rolledBack(app, commit, by, `${object}: ${reason}\nrolled back by ${shown}`)
  }

  refused(commit: Commit, result: 'refused' | 'held', message: string): void {
    const { oid, subject, author } = commit
    const { app, journal, clock } = this.#parts
    const now = clock.now()
    const id = journal.begin({ app, commit: oid, subject, author, startedAt: now, stages: {} })
    journal.finish(id, result, message, now, {})
    this.#say(result, commit, message)
  }

  #say(
    kind: AppEvent['kind'],
    { oid, subject, author }: Told,
    message: string,
    more: Pick<AppEvent, 'durationMs'> = {},
  ): void {
    const { app, tell, clock } = this.#parts
    const own = this.#entry?.commit.oid === oid ? this.#entry : undefined
    if (own?.quiet) return
    const unchanged = own?.unchanged ? { unchanged: true } : {}
    tell({ app, kind, commit: oid, subject, author, message, at: clock.now(), ...more, ...unchanged })
  }
}

const stageOrder = ['fetchMs', 'readMs', 'diffMs', 'pullMs', 'startMs', 'readyMs']

function inOrder(stages: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(stageOrder.flatMap((stage) => (stage in stages ? [[stage, stages[stage] ?? 0]] : [])))
}
