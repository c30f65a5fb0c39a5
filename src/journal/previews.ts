// What has to be remembered of pull requests so that a restart changes nothing for their previews.
import type { DatabaseSync } from 'node:sqlite'

export interface RememberedPreview {
  readonly id: string
  readonly branch: string
  /** Full id of its newest commit. */
  readonly head: string
  /** When that was first seen, ms. */
  readonly seenAt: number
  /** Since when it has a preview, ms; undefined: it has none. */
  readonly since: number | undefined
  /** When somebody last used it, ms. */
  readonly usedAt: number
  /** Somebody has put it to sleep. */
  readonly laidDown: boolean
  readonly asleep: boolean
  /** What becomes of requests while it sleeps. Absent: nothing was said. */
  readonly rest?: string
  readonly untrusted: boolean
  /** All that it had goes before it is made again. Absent: it may be kept. */
  readonly anew?: boolean
  /** The commit at which somebody deleted it by hand; empty: nobody has. */
  readonly deletedAt: string
  /** Since when its hooks on deletion are run, ms; absent: it is not about to go. */
  readonly endingSince?: number | undefined
  /** See PullRequest; of `head`. */
  readonly merged?: string | undefined
  /** See PullRequest. */
  readonly newest?: string | undefined
  readonly images?: Readonly<Record<string, string>> | undefined
  /** Since when `newest` waits, ms; absent: it does not. */
  readonly waitsSince?: number | undefined
  /** Approvals that were seen, and the commit that each was of; '' where that is not known. Absent: none. */
  readonly approvals?: Readonly<Record<string, string>>
}

export const previewSchema = `
  create table if not exists preview (app text not null, id text not null, facts text not null, primary key (app, id));
`

export function previewsOf(db: DatabaseSync, app: string): RememberedPreview[] {
  const rows = db.prepare('select facts from preview where app = ? order by id').all(app)
  return rows.map(({ facts }) => JSON.parse(String(facts)) as RememberedPreview)
}

/** All that an application has of them now, in the place of what it had. */
export function setPreviews(db: DatabaseSync, app: string, previews: readonly RememberedPreview[]): void {
  db.exec('begin immediate')
  try {
    db.prepare('delete from preview where app = ?').run(app)
    const insert = db.prepare('insert into preview (app, id, facts) values (?, ?, ?)')
    for (const preview of previews) insert.run(app, preview.id, JSON.stringify(preview))
    db.exec('commit')
  } catch (error) {
    db.exec('rollback')
    throw error
  }
}

/** An application that there will not be again leaves nothing. */
export function forgetApplication(db: DatabaseSync, app: string): void {
  db.prepare('delete from change where history_id in (select id from history where app = ?)').run(app)
  for (const table of ['history', 'applied', 'opening', 'healthy', 'failed']) {
    db.prepare(`delete from ${table} where app = ?`).run(app)
  }
}
