import { oneLine } from '../base/errors.ts'
import { escapedMarkdown } from './escape.ts'
import type { AppStatus, PreviewRow } from './status.ts'
import { table } from './table.ts'

const head = ['application', 'id', 'preview', 'health', 'commit', 'branch', 'namespace', 'why']

/** Pull requests and their previews, for `berth preview list`. */
export function renderPreviews(apps: readonly AppStatus[]): string {
  const rows = cellsOf(apps)
  return rows.length === 0 ? 'no open pull requests' : table(head, rows).join('\n')
}

export function renderPreviewsMarkdown(apps: readonly AppStatus[]): string {
  const rows = cellsOf(apps).map((row) => `| ${row.map(escapedMarkdown).join(' | ')} |`)
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n')
}

function cellsOf(apps: readonly AppStatus[]): string[][] {
  return apps.flatMap(({ name, previews = [] }) =>
    previews.map((row) => {
      const preview = apps.find((app) => app.preview?.of === name && app.preview.id === row.id)
      const { branch, head, namespace, is } = row
      const health = preview ? preview.health : ''
      return [name, row.id, is, health, head.slice(0, 7), oneLine(branch, 60), namespace, whyOf(row, preview)]
    }),
  )
}

function whyOf({ reason }: PreviewRow, preview: AppStatus | undefined): string {
  return [reason, preview?.message ?? ''].filter((text) => text !== '').join('; ')
}
