import { renderProblem } from '../manifests/problem.ts'
import type { AppStatus } from './status.ts'
import { table } from './table.ts'

export interface Paint {
  good(text: string): string
  bad(text: string): string
  busy(text: string): string
  dim(text: string): string
  bold(text: string): string
}

const same = (text: string): string => text
export const plain: Paint = { good: same, bad: same, busy: same, dim: same, bold: same }

const sgr =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`
export const colours: Paint = { good: sgr(32), bad: sgr(31), busy: sgr(33), dim: sgr(2), bold: sgr(1) }

/** The sync status report for people: one block an application, problems with file and line at its end. */
export function renderStatus(apps: readonly AppStatus[], paint: Paint = plain): string {
  if (apps.length === 0) return 'no applications; give --repo URL or a configuration with -c FILE'
  return apps.map((app) => renderApp(app, paint)).join('\n\n')
}

function renderApp(app: AppStatus, paint: Paint): string {
  const commit = app.commit === '' ? 'nothing applied yet' : `${app.commit.slice(0, 7)} ${app.subject}`.trimEnd()
  const from = `${app.repo} ${app.revision}${app.path === '' ? '' : ` ${app.path}`}`
  const lines = [
    `${paint.bold(app.name)}  ${paintState(app.sync, paint)}  ${paintState(app.health, paint)}  ${app.stage}`,
    `  from    ${from}`,
    `  commit  ${commit}`,
  ]
  if (app.preview) {
    const { of, is, reason } = app.preview
    lines.push(`  preview of ${of}, ${is}${reason === '' ? '' : `: ${reason}`}`)
  }
  if (app.head !== '' && app.head !== app.commit) lines.push(`  head    ${app.head.slice(0, 7)}`)
  if (app.message !== '') lines.push(`  why     ${app.message}`)
  lines.push(...objectLines(app, paint))
  lines.push(...section('problems', app.problems.map(renderProblem)))
  lines.push(...section('conflicts', app.conflicts))
  lines.push(...section('warnings', app.warnings))
  lines.push(...section('ignored', app.ignored))
  return lines.join('\n')
}

function objectLines(app: AppStatus, paint: Paint): string[] {
  if (app.objects.length === 0) return []
  const rows = app.objects.map((object) => [
    object.kind,
    object.namespace === '' ? object.name : `${object.namespace}/${object.name}`,
    object.sync,
    object.health,
    object.ready,
    object.message,
  ])
  const lines = table(['KIND', 'NAME', 'SYNC', 'HEALTH', 'READY', 'MESSAGE'], rows)
  const painted = lines.map((line, index) => {
    if (index === 0) return paint.dim(line)
    const health = app.objects[index - 1]?.health ?? ''
    return line.replace(` ${health} `, ` ${paintState(health, paint)} `)
  })
  return ['', ...painted.map((line) => `  ${line}`)]
}

function section(title: string, lines: readonly string[], most = 20): string[] {
  if (lines.length === 0) return []
  const rest = lines.length > most ? [`    … and ${lines.length - most} more`] : []
  return ['', `  ${title}:`, ...lines.slice(0, most).map((line) => `    ${line}`), ...rest]
}

function paintState(state: string, paint: Paint): string {
  if (state === 'Synced' || state === 'Healthy') return paint.good(state)
  if (state === 'Refused' || state === 'Degraded' || state === 'Missing') return paint.bad(state)
  return paint.busy(state)
}
