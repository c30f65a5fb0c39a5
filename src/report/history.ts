import { escapedMarkdown } from './escape.ts'

/** What a report needs to know of one commit's story. */
export interface HistoryItem {
  readonly commit: string
  readonly subject: string
  readonly author: string
  readonly startedAt: number
  readonly finishedAt: number | undefined
  readonly result: string
  readonly message: string
  readonly changes: readonly string[]
  readonly stages: Readonly<Record<string, number>>
  /** Full ids of the commits that it took back. */
  readonly reverts: readonly string[]
  /** What took it back: a commit, or the address of a pull request; empty: nothing did. */
  readonly revertedBy: string
}

const mostChanges = 12

/** A table for a comment or a wiki page, newest first. */
export function historyMarkdown(app: string, entries: readonly HistoryItem[]): string {
  if (entries.length === 0) return `### ${escapedMarkdown(app)}\n\nnothing applied yet`
  const rows = entries.map((entry) => {
    const took = entry.finishedAt === undefined ? '' : seconds(entry.finishedAt - entry.startedAt)
    const when = new Date(entry.startedAt).toISOString()
    const what = [entry.message, revertsText(entry)].filter((text) => text !== '').join('; ')
    const cells = [entry.subject, entry.author, when, entry.result, took, what].map(cell)
    return `| \`${entry.commit.slice(0, 7)}\` | ${cells.join(' | ')} |`
  })
  const head = ['| commit | subject | author | when | result | took | why |', '|---|---|---|---|---|---|---|']
  return [`### ${escapedMarkdown(app)}`, '', ...head, ...rows].join('\n')
}

function cell(text: string): string {
  return escapedMarkdown(text.replace(/\s*\n\s*/g, '; '))
}

function revertsText({ reverts, revertedBy, result }: HistoryItem): string {
  if (reverts.length > 0) return `reverts ${reverts.map((oid) => oid.slice(0, 7)).join(', ')}`
  // Of one that was rolled back, its message says so.
  return revertedBy === '' || result === 'rolledBack' ? '' : `reverted by ${revertedBy.slice(0, 7)}`
}

/** Commits newest first, each with what it did. */
export function renderHistory(app: string, entries: readonly HistoryItem[]): string {
  if (entries.length === 0) return `${app}: nothing applied yet`
  return entries.map(renderEntry).join('\n\n')
}

function renderEntry(entry: HistoryItem): string {
  const took = entry.finishedAt === undefined ? '' : ` in ${seconds(entry.finishedAt - entry.startedAt)}`
  const lines = [
    `${entry.commit.slice(0, 7)}  ${new Date(entry.startedAt).toISOString()}  ${entry.result}${took}`,
    `  ${entry.subject} (${entry.author})`,
  ]
  const stages = Object.entries(entry.stages).map(([stage, ms]) => `${stage.replace(/Ms$/, '')} ${seconds(ms)}`)
  if (stages.length > 0) lines.push(`  ${stages.join(', ')}`)
  if (revertsText(entry) !== '') lines.push(`  ${revertsText(entry)}`)
  if (entry.message !== '') lines.push(...entry.message.split('\n').map((line) => `  ${line}`))
  lines.push(...entry.changes.slice(0, mostChanges).map((change) => `    ${change}`))
  if (entry.changes.length > mostChanges) lines.push(`    … and ${entry.changes.length - mostChanges} more`)
  return lines.join('\n')
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}
