import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { errorText } from '../base/errors.ts'
import { type Log, silentLog } from '../base/log.ts'
import { forgetApplication, previewSchema, previewsOf, type RememberedPreview, setPreviews } from './previews.ts'
import {
  dropFailedPlace,
  type FailedPlace,
  failedPlaces,
  healthyPlace,
  type Place,
  rollbackSchema,
  setFailedPlace,
  setHealthyPlace,
} from './rollbacks.ts'

export type CommitResult = 'applying' | 'synced' | 'degraded' | 'refused' | 'held' | 'superseded' | 'rolledBack'

/** One commit's story, as `berth history` tells it. Times in ms. */
export interface HistoryEntry {
  readonly app: string
  readonly commit: string
  readonly subject: string
  readonly author: string
  readonly startedAt: number
  readonly finishedAt: number | undefined
  readonly result: CommitResult
  readonly message: string
  /** What was done, in the plan's words. */
  readonly changes: readonly string[]
  /** Duration per stage, ms. */
  readonly stages: Readonly<Record<string, number>>
  /** Full ids of the commits that this one took back; empty: it is no rollback. */
  readonly reverts: readonly string[]
  /** The commit, or the address of the pull request, that took this one back; empty: nobody did. */
  readonly revertedBy: string
}

export interface Applied {
  readonly commit: string
  readonly source: string
  /** Keys of objects whose removal was allowed. */
  readonly gone: readonly string[]
}

const schema = `
  create table if not exists history (
    id integer primary key, app text not null, commit_id text not null, subject text not null, author text not null,
    started_at integer not null, finished_at integer, result text not null, message text not null, stages text not null,
    reverts text not null default '[]', reverted_by text not null default ''
  );
  create index if not exists history_app on history (app, id);
  create table if not exists change (history_id integer not null, at integer not null, text text not null);
  create index if not exists change_history on change (history_id);
  create table if not exists applied (app text primary key, commit_id text not null, source text not null, gone text not null);
  create table if not exists opening (app text, commit_id text, times integer not null, primary key (app, commit_id));
  ${rollbackSchema}
  ${previewSchema}
`

/** Columns that journals of earlier versions do not have. */
const laterColumns = [`reverts text not null default '[]'`, `reverted_by text not null default ''`]

const keptPerApp = 500
const busyMs = 5_000

/**
 * What happened, for people. A convenience: everything that runs is known from Git and from labels, and a journal that
 * is lost or damaged is begun anew.
 */
export class Journal {
  readonly #db: DatabaseSync
  readonly #log: Log
  /** Said once, until a write works again. */
  #failing = false

  private constructor(db: DatabaseSync, log: Log) {
    this.#db = db
    this.#log = log
  }

  /** Opens `journal.db` in the state directory. A damaged file is moved aside and said so in the log. */
  static open(stateDir: string, log: Log): Journal {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    const file = join(stateDir, 'journal.db')
    try {
      return new Journal(opened(file), log)
    } catch (error) {
      if (!isDamaged(error)) throw error
      const aside = `${file}.damaged`
      log.warn(`the journal cannot be read and is begun anew; the old file is kept as ${aside}`, {
        reason: errorText(error),
      })
      renameSync(file, aside)
      return new Journal(opened(file), log)
    }
  }

  /** For commands beside a running engine: nothing can be written. Empty where there is no journal yet, or none that can be read. */
  static openToRead(stateDir: string): Journal {
    const file = join(stateDir, 'journal.db')
    if (!existsSync(file)) return Journal.inMemory()
    const db = new DatabaseSync(file, { readOnly: true, timeout: busyMs })
    try {
      db.prepare('select count(*) from history').get()
      return new Journal(db, silentLog)
    } catch (error) {
      db.close()
      if (!isDamaged(error)) throw error
      return Journal.inMemory()
    }
  }

  /** For commands that only look, when there may be no state directory: nothing is written to disk. */
  static inMemory(): Journal {
    return new Journal(opened(':memory:'), silentLog)
  }

  /** `reverts`: see HistoryEntry; absent: none. */
  begin(
    entry: Pick<HistoryEntry, 'app' | 'commit' | 'subject' | 'author' | 'startedAt' | 'stages'> &
      Partial<Pick<HistoryEntry, 'reverts'>>,
  ): number {
    return this.#written(() => this.#begin(entry), 0)
  }

  #begin(entry: Parameters<Journal['begin']>[0]): number {
    this.#db
      .prepare(`update history set result = 'superseded', finished_at = ? where app = ? and result = 'applying'`)
      .run(entry.startedAt, entry.app)
    const { lastInsertRowid } = this.#db
      .prepare(
        `insert into history (app, commit_id, subject, author, started_at, result, message, stages, reverts) values (?, ?, ?, ?, ?, 'applying', '', ?, ?)`,
      )
      .run(
        ...[entry.app, entry.commit, entry.subject, entry.author, entry.startedAt],
        ...[JSON.stringify(entry.stages), JSON.stringify(entry.reverts ?? [])],
      )
    this.#trim(entry.app)
    return Number(lastInsertRowid)
  }

  #trim(app: string): void {
    const old = 'select id from history where app = ? order by id desc limit -1 offset ?'
    this.#db.prepare(`delete from change where history_id in (${old})`).run(app, keptPerApp)
    this.#db.prepare(`delete from history where id in (${old})`).run(app, keptPerApp)
  }

  change(id: number, at: number, text: string): void {
    const insert = 'insert into change (history_id, at, text) values (?, ?, ?)'
    this.#written(() => this.#db.prepare(insert).run(id, at, text), undefined)
  }

  finish(
    id: number,
    result: CommitResult,
    message: string,
    finishedAt: number,
    stages: Readonly<Record<string, number>>,
  ): void {
    const update = 'update history set result = ?, message = ?, finished_at = ?, stages = ? where id = ?'
    this.#written(
      () => this.#db.prepare(update).run(result, message, finishedAt, JSON.stringify(stages), id),
      undefined,
    )
  }

  /** These commits, as far as the history knows them, were taken back by another one; how they ended stays as it is. */
  reverted(app: string, commits: readonly string[], by: string): void {
    const update = `update history set reverted_by = ? where app = ? and commit_id = ? and reverted_by = ''`
    this.#written(() => {
      for (const commit of commits) this.#db.prepare(update).run(by, app, commit)
    }, undefined)
  }

  /** The newest story of a commit ends with its rollback. `by`: see HistoryEntry.revertedBy. */
  rolledBack(app: string, commit: string, by: string, message: string): void {
    const newest = 'select id from history where app = ? and commit_id = ? order by id desc limit 1'
    const update = `update history set result = 'rolledBack', reverted_by = ?, message = ? where id = (${newest})`
    this.#written(() => this.#db.prepare(update).run(by, message, app, commit), undefined)
  }

  /** The story of a commit that was begun and has no end yet. */
  unfinished(
    app: string,
    commit: string,
  ): { id: number; startedAt: number; stages: Record<string, number> } | undefined {
    const row = this.#db
      .prepare(`select * from history where app = ? and commit_id = ? and result = 'applying' order by id desc limit 1`)
      .get(app, commit)
    if (!row) return undefined
    return { id: Number(row.id), startedAt: Number(row.started_at), stages: JSON.parse(String(row.stages)) }
  }

  /** Newest first. */
  history(app: string, limit = 50): HistoryEntry[] {
    const rows = this.#db.prepare(`select * from history where app = ? order by id desc limit ?`).all(app, limit)
    return rows.map((row) => ({
      app: String(row.app),
      commit: String(row.commit_id),
      subject: String(row.subject),
      author: String(row.author),
      startedAt: Number(row.started_at),
      finishedAt: row.finished_at === null ? undefined : Number(row.finished_at),
      result: String(row.result) as CommitResult,
      message: String(row.message),
      changes: this.#changes(Number(row.id)),
      stages: JSON.parse(String(row.stages)) as Record<string, number>,
      // A journal that is only read may be of an earlier version.
      reverts: JSON.parse(String(row.reverts ?? '[]')) as string[],
      revertedBy: String(row.reverted_by ?? ''),
    }))
  }

  /** The commit that the application ran last, from which source (repository and path), and what it was still removing. */
  applied(app: string): Applied | undefined {
    const row = this.#db.prepare('select commit_id, source, gone from applied where app = ?').get(app)
    return row && { commit: String(row.commit_id), source: String(row.source), gone: JSON.parse(String(row.gone)) }
  }

  setApplied(app: string, commit: string, source: string, gone: readonly string[]): void {
    const put = 'insert or replace into applied (app, commit_id, source, gone) values (?, ?, ?, ?)'
    this.#written(() => this.#db.prepare(put).run(app, commit, source, JSON.stringify(gone)), undefined)
  }

  /** The newest commit of an application that settled and stayed well; `source` as in Applied. */
  healthy(app: string, source: string): Place | undefined {
    return this.#db.prepare(hasTable).get('healthy') && healthyPlace(this.#db, app, source)
  }

  setHealthy(app: string, source: string, place: Place): void {
    this.#written(() => setHealthyPlace(this.#db, app, source, place), undefined)
  }

  /** Folders that failed, oldest first. */
  failed(app: string, source: string): FailedPlace[] {
    return failedPlaces(this.#db, app, source)
  }

  setFailed(app: string, source: string, place: FailedPlace): void {
    this.#written(() => setFailedPlace(this.#db, app, source, place), undefined)
  }

  /** The folder is to be tried again. */
  dropFailed(app: string, source: string, tree: string): void {
    this.#written(() => dropFailedPlace(this.#db, app, source, tree), undefined)
  }

  previews(app: string): RememberedPreview[] {
    return previewsOf(this.#db, app)
  }

  setPreviews(app: string, previews: readonly RememberedPreview[]): void {
    this.#written(() => setPreviews(this.#db, app, previews), undefined)
  }

  /** For an application that there will not be again. */
  forget(app: string): void {
    this.#written(() => forgetApplication(this.#db, app), undefined)
  }

  /** To be called before a commit's files are read: answers how often that began without an end. */
  opening(app: string, commit: string): number {
    return this.#written(() => {
      const row = this.#db.prepare(`select times from opening where app = ? and commit_id = ?`).get(app, commit)
      const times = Number(row?.times ?? 0)
      this.#db
        .prepare(`insert or replace into opening (app, commit_id, times) values (?, ?, ?)`)
        .run(app, commit, times + 1)
      return times
    }, 0)
  }

  opened(app: string, commit: string): void {
    const done = 'delete from opening where app = ? and commit_id = ?'
    this.#written(() => this.#db.prepare(done).run(app, commit), undefined)
  }

  /** A full disk must not keep a commit from being applied: what cannot be written down is left out. */
  #written<T>(write: () => T, instead: T): T {
    try {
      const answer = write()
      this.#failing = false
      return answer
    } catch (error) {
      if (!this.#failing) {
        this.#log.warn('the journal cannot be written; history has gaps until it can', { reason: errorText(error) })
      }
      this.#failing = true
      return instead
    }
  }

  close(): void {
    this.#db.close()
  }

  #changes(id: number): string[] {
    return this.#db
      .prepare(`select text from change where history_id = ? order by rowid`)
      .all(id)
      .map((row) => String(row.text))
  }
}

const hasTable = `select 1 from sqlite_master where type = 'table' and name = ?`

// SQLite's result codes.
const corrupt = 11
const notADatabase = 26

/** As against busy, full or forbidden: those pass, and the file is fine. */
function isDamaged(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === corrupt || error.errcode === notADatabase)
}

/**
 * Commands open it beside a running engine: they wait for each other. The plain rollback journal is used, as changing to the
 * write-ahead log does not wait. A lost last line after a power cut is fine here; waiting for the disk at each event is not.
 */
function opened(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: busyMs })
  try {
    db.exec('pragma synchronous = off')
    db.exec(schema)
    addColumns(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function addColumns(db: DatabaseSync): void {
  const there = new Set(
    db
      .prepare(`select name from pragma_table_info('history')`)
      .all()
      .map(({ name }) => name),
  )
  for (const column of laterColumns) {
    if (there.has(column.split(' ')[0] ?? '')) continue
    try {
      db.exec(`alter table history add column ${column}`)
    } catch (error) {
      // Another process that opened the same file added it in between.
      if (!errorText(error).includes('duplicate column')) throw error
    }
  }
}
