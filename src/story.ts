// What became of each commit, as the history tells it. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import type { Journal } from './journal/journal.ts'
import type { LastSync } from './report/status.ts'
import type { Commit } from './sync/port.ts'

/** One application's entries in the journal: the one that is being written, and how the last sync went. */
export class Story {
  readonly #app: string
  readonly #journal: Journal
  readonly #clock: Clock
  #lastSync: LastSync | undefined
  #entry: { readonly id: number; readonly stages: Record<string, number> } | undefined

  constructor(app: string, journal: Journal, clock: Clock) {
    this.#app = app
    this.#journal = journal
    this.#clock = clock
  }

  get lastSync(): LastSync | undefined {
    return this.#lastSync
  }

  begin({ oid, subject, author }: Commit, durations: Readonly<Record<string, number>>, startedAt: number): void {
    const stages = { ...durations }
    this.#lastSync = { commit: oid, startedAt, finishedAt: undefined }
    const id = this.#journal.begin({ app: this.#app, commit: oid, subject, author, startedAt, stages })
    this.#entry = { id, stages }
  }

  /** Goes on with the story of a commit that was being applied when the engine ended. */
  resume(oid: string): void {
    const unfinished = this.#entry ? undefined : this.#journal.unfinished(this.#app, oid)
    if (!unfinished) return
    this.#entry = { id: unfinished.id, stages: { ...unfinished.stages } }
    this.#lastSync = { commit: oid, startedAt: unfinished.startedAt, finishedAt: undefined }
  }

  /** One step, in the plan's words. */
  did(text: string): void {
    if (this.#entry) this.#journal.change(this.#entry.id, this.#clock.now(), text)
  }

  /** Everything that the commit wants is there. */
  settled(): void {
    this.finish('synced', '')
    if (this.#lastSync && this.#lastSync.finishedAt === undefined) {
      this.#lastSync = { ...this.#lastSync, finishedAt: this.#clock.now() }
    }
  }

  finish(result: 'synced' | 'degraded', message: string): void {
    if (!this.#entry) return
    const now = this.#clock.now()
    const stages = { ...this.#entry.stages, applyMs: now - (this.#lastSync?.startedAt ?? now) }
    this.#journal.finish(this.#entry.id, result, message, now, stages)
    this.#entry = undefined
  }

  refused({ oid, subject, author }: Commit, result: 'refused' | 'held', message: string): void {
    const now = this.#clock.now()
    const id = this.#journal.begin({ app: this.#app, commit: oid, subject, author, startedAt: now, stages: {} })
    this.#journal.finish(id, result, message, now, {})
  }
}
