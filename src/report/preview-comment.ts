import { renderProblem } from '../manifests/problem.ts'
import { type DiffItem, renderDiffMarkdown } from './diff.ts'
import { escapedMarkdown } from './escape.ts'
import type { AppStatus } from './status.ts'

/** What a pull request is told of its preview, and of what its merge would do. */
export interface PreviewReport {
  readonly app: string
  /** `pr-12` */
  readonly id: string
  /** Commit of the pull request that this speaks of. */
  readonly head: string
  readonly is: 'awake' | 'asleep' | 'queued' | 'unapproved' | 'none' | 'ending'
  /** Why it is not awake; empty when it is. */
  readonly reason: string
  /** `http://pr-12.shop.example.com` */
  readonly addresses: readonly string[]
  /** Of the preview; undefined: there is none. */
  readonly status: AppStatus | undefined
  readonly plan: MergePlan | undefined
  /** Since when the preview is there, and now: ms. */
  readonly since: number | undefined
  readonly now: number
}

/** What would happen in production if the pull request were merged now. */
export interface MergePlan {
  /** Head of the target branch that it was made for. */
  readonly base: string
  /** That branch has moved since. */
  readonly stale: boolean
  /** Of production, as it would be after the merge: refused, or with items. */
  readonly apps: readonly AppStatus[]
  readonly items: readonly DiffItem[]
}

const most = 60_000

/** By which the comment is found again, to be edited in place. */
export function commentMark(app: string): string {
  return `<!-- berth preview of ${app.replace(/[^a-zA-Z0-9.-]/g, '')} -->`
}

const titles: Readonly<Record<PreviewReport['is'], string>> = {
  awake: 'runs',
  asleep: 'sleeps',
  queued: 'waits for its turn',
  unapproved: 'waits for an approval',
  none: 'has no preview',
  ending: 'ends: its hooks are run before it is removed',
}

/** The comment, whole. No longer than forges take. */
export function renderPreviewComment(report: PreviewReport): string {
  const lines = [commentMark(report.app), headline(report), '', ...stateLines(report), ...planLines(report.plan)]
  const text = lines.join('\n').trimEnd()
  return text.length <= most ? text : `${text.slice(0, most)}\n\`\`\`\n… cut here`
}

function headline({ app, id, is, status }: PreviewReport): string {
  const health = is === 'awake' && status ? `: ${status.health}` : ''
  return `### ${escapedMarkdown(app)} ${id} ${titles[is]}${health}`
}

function stateLines({ head, reason, addresses, status, since, now }: PreviewReport): string[] {
  const age = since === undefined ? '' : `, for ${ageText(now - since)}`
  const lines = [`Commit \`${head.slice(0, 7)}\`${age}${reason === '' ? '' : `: ${escapedMarkdown(reason)}`}`, '']
  lines.push(...addresses.map((address) => `- ${address}`))
  if (addresses.length > 0) lines.push('')
  if (!status) return lines
  if (status.message !== '') lines.push(escapedMarkdown(status.message), '')
  if (status.objects.length > 0) lines.push('| object | health | ready | message |', '|---|---|---|---|')
  for (const { kind, name, health, ready, message } of status.objects) {
    lines.push(`| ${[`${kind} ${name}`, health, ready, message].map(escapedMarkdown).join(' | ')} |`)
  }
  if (status.objects.length > 0) lines.push('')
  const details = [...status.problems.map(renderProblem), ...status.ignored]
  return details.length === 0 ? lines : [...lines, ...details.map((line) => `- ${escapedMarkdown(line)}`), '']
}

function planLines(plan: MergePlan | undefined): string[] {
  if (!plan) return []
  const stale = plan.stale ? ', which has moved since: this is being worked out anew' : ''
  return [
    `#### What the merge would change in production`,
    '',
    `On \`${plan.base.slice(0, 7)}\`${stale}.`,
    '',
    renderDiffMarkdown(plan.apps, plan.items),
  ]
}

function ageText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'less than a minute'
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}
