// What has to be remembered so that a state that failed is not tried again, and a good one is found again.
import type { DatabaseSync } from 'node:sqlite'

/** A folder of manifests at one commit. */
export interface Place {
  readonly commit: string
  /** Tree id of the folder. */
  readonly tree: string
}

/** A folder that failed, and what became of it. */
export interface FailedPlace extends Place {
  readonly subject: string
  readonly author: string
  /** `Deployment web`; empty: only Git tells of it. */
  readonly object: string
  readonly reason: string
  readonly exitCode: number | undefined
  /** Whose lines these are. */
  readonly from: string
  /** The last ones of its output, without Secrets. */
  readonly lines: readonly string[]
  /** When it failed, ms. */
  readonly at: number
  readonly restored: Place
  /**
   * `open`: the commit that takes it back is still to be written. `written`: by the commit `by`. `proposed`: in the pull request at `by`.
   * `left`: somebody has changed the folder meanwhile.
   */
  readonly state: 'open' | 'written' | 'proposed' | 'left'
  readonly by: string
}

export const rollbackSchema = `
  create table if not exists healthy (app text primary key, source text not null, commit_id text not null, tree text not null);
  create table if not exists failed (
    app text not null, source text not null, tree text not null, at integer not null, detail text not null,
    primary key (app, source, tree)
  );
`

const keptPerApp = 50

export function healthyPlace(db: DatabaseSync, app: string, source: string): Place | undefined {
  const row = db.prepare('select commit_id, tree from healthy where app = ? and source = ?').get(app, source)
  return row && { commit: String(row.commit_id), tree: String(row.tree) }
}

export function setHealthyPlace(db: DatabaseSync, app: string, source: string, { commit, tree }: Place): void {
  db.prepare('insert or replace into healthy (app, source, commit_id, tree) values (?, ?, ?, ?)').run(
    ...[app, source, commit, tree],
  )
}

/** Oldest first. */
export function failedPlaces(db: DatabaseSync, app: string, source: string): FailedPlace[] {
  const rows = db.prepare('select detail from failed where app = ? and source = ? order by at').all(app, source)
  return rows.map(({ detail }) => JSON.parse(String(detail)) as FailedPlace)
}

export function setFailedPlace(db: DatabaseSync, app: string, source: string, place: FailedPlace): void {
  db.prepare('insert or replace into failed (app, source, tree, at, detail) values (?, ?, ?, ?, ?)').run(
    ...[app, source, place.tree, place.at, JSON.stringify(place)],
  )
  const old = 'select rowid from failed where app = ? order by at desc limit -1 offset ?'
  db.prepare(`delete from failed where rowid in (${old})`).run(app, keptPerApp)
}

export function dropFailedPlace(db: DatabaseSync, app: string, source: string, tree: string): void {
  db.prepare('delete from failed where app = ? and source = ? and tree = ?').run(app, source, tree)
}
