import { oneLine } from '../base/errors.ts'
import { renderProblem } from '../manifests/problem.ts'
import { escapedMarkdown } from './escape.ts'
import type { AppStatus, PreviewRow } from './status.ts'
import { table } from './table.ts'

const head = ['application', 'id', 'preview', 'health', 'commit', 'branch', 'address', 'why']

/** Pull requests and their previews, for `berth preview list`. */
export function renderPreviews(apps: readonly AppStatus[]): string {
  const rows = cellsOf(apps)
  if (rows.length > 0) return table(head, rows).join('\n')
  const isConfigured = apps.some(({ previews }) => previews !== undefined)
  return isConfigured ? 'no open pull requests' : 'no previews: an Application has them with spec.previews'
}

export function renderPreviewsMarkdown(apps: readonly AppStatus[]): string {
  const rows = cellsOf(apps).map((row) => `| ${row.map(escapedMarkdown).join(' | ')} |`)
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n')
}

/** A preview with what a script would have to look for in the rest of the status. */
export interface ListedRow extends PreviewRow {
  readonly app: string
  /** Null: nothing is wanted of it. */
  readonly health: AppStatus['health'] | null
  /** The first one; empty: none is served. */
  readonly address: string
}

/** For `berth preview list -o json`. */
export function previewsAsData(apps: readonly AppStatus[]): ListedRow[] {
  return apps.flatMap(({ name, previews = [] }) =>
    previews.map((row) => {
      const preview = previewOf(row, name, apps)
      return { app: name, ...row, health: preview?.health ?? null, address: preview ? addressOf(preview) : '' }
    }),
  )
}

function previewOf({ id }: PreviewRow, name: string, apps: readonly AppStatus[]): AppStatus | undefined {
  return apps.find(({ preview }) => preview?.of === name && preview.id === id)
}

function cellsOf(apps: readonly AppStatus[]): string[][] {
  return apps.flatMap(({ name, previews = [] }) =>
    previews.map((row) => {
      const preview = previewOf(row, name, apps)
      const { branch, head, is } = row
      const health = preview ? preview.health : ''
      const address = preview ? addressOf(preview) : ''
      return [name, row.id, is, health, head.slice(0, 7), oneLine(branch, 40), address, whyOf(row, preview)]
    }),
  )
}

/** The first one, as its Ingress says it. */
function addressOf({ objects }: AppStatus): string {
  const addresses = objects.flatMap(({ kind, message }) => (kind === 'Ingress' ? message.split(/[\s,]+/) : []))
  return addresses.find((address) => /^https?:/.test(address)) ?? ''
}

function whyOf({ reason }: PreviewRow, preview: AppStatus | undefined): string {
  return [reason, preview ? faultOf(preview) : ''].filter((text) => text !== '').join('; ')
}

function faultOf({ sync, message, head, problems }: AppStatus): string {
  const [first, ...more] = sync === 'Refused' ? problems : []
  if (first === undefined) return message
  const others = more.length === 0 ? '' : `; and ${more.length} more`
  return `${head.slice(0, 7)} is refused: ${oneLine(renderProblem(first), 200)}${others}`
}
