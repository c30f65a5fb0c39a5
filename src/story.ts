// What became of each commit, as the history tells it. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import type { Journal } from './journal/journal.ts'
import type { AppEvent } from './report/event.ts'
import type { LastSync } from './report/status.ts'
import type { Commit } from './sync/port.ts'

type Told = Pick<Commit, 'oid' | 'subject' | 'author'>

interface Entry {
  readonly id: number
  readonly commit: Told
  readonly stages: Record<string, number>
}

/** One application's entries in the journal: the one that is being written, and how the last sync went. */
export class Story {
  readonly #app: string
  readonly #journal: Journal
  readonly #clock: Clock
  #lastSync: LastSync | undefined
  readonly #tell: (event: AppEvent) => void
  #entry: Entry | undefined

  constructor(app: string, journal: Journal, clock: Clock, tell: (event: AppEvent) => void) {
    this.#app = app
    this.#journal = journal
    this.#clock = clock
    this.#tell = tell
  }

  get lastSync(): LastSync | undefined {
    return this.#lastSync
  }

  begin(commit: Commit, durations: Readonly<Record<string, number>>, startedAt: number): void {
    const { oid, subject, author } = commit
    const stages = { ...durations }
    this.#lastSync = { commit: oid, startedAt, finishedAt: undefined }
    const id = this.#journal.begin({ app: this.#app, commit: oid, subject, author, startedAt, stages })
    this.#entry = { id, commit, stages }
    this.#say('applying', commit, '')
  }

  /** Goes on with the story of a commit that was being applied when the engine ended. */
  resume(commit: Commit): void {
    const { oid } = commit
    const unfinished = this.#entry ? undefined : this.#journal.unfinished(this.#app, oid)
    if (!unfinished) return
    this.#entry = { id: unfinished.id, commit, stages: { ...unfinished.stages } }
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
    const { id, commit } = this.#entry
    this.#journal.finish(id, result, message, now, stages)
    this.#entry = undefined
    this.#say(result, commit, message, result === 'synced' ? { durationMs: stages.applyMs } : {})
  }

  refused(commit: Commit, result: 'refused' | 'held', message: string): void {
    const { oid, subject, author } = commit
    const now = this.#clock.now()
    const id = this.#journal.begin({ app: this.#app, commit: oid, subject, author, startedAt: now, stages: {} })
    this.#journal.finish(id, result, message, now, {})
    this.#say(result, commit, message)
  }

  #say(
    kind: AppEvent['kind'],
    { oid, subject, author }: Told,
    message: string,
    more: Pick<AppEvent, 'durationMs'> = {},
  ): void {
    this.#tell({ app: this.#app, kind, commit: oid, subject, author, message, at: this.#clock.now(), ...more })
  }
}
