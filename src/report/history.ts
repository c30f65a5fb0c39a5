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
}

const mostChanges = 12

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
  if (entry.message !== '') lines.push(...entry.message.split('\n').map((line) => `  ${line}`))
  lines.push(...entry.changes.slice(0, mostChanges).map((change) => `    ${change}`))
  if (entry.changes.length > mostChanges) lines.push(`    … and ${entry.changes.length - mostChanges} more`)
  return lines.join('\n')
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}
