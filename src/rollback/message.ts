// The words of the commits that take others back.
import { oneLine } from '../base/errors.ts'
import { trailerNames } from './trailers.ts'

export interface RevertedCommit {
  readonly oid: string
  readonly subject: string
}

/** Why an object is taken for failed, and what it said last. */
export interface FailureCause {
  /** `Deployment web` */
  readonly object: string
  /** In the words of the status: reason first. */
  readonly reason: string
  /** Of the container that ended; undefined: none did. */
  readonly exitCode: number | undefined
  /** Whose lines: `container main of pod web-7c6b-0`; empty: there are none. */
  readonly from: string
  /** The last lines of its output, without Secrets. */
  readonly lines: readonly string[]
}

export interface RollbackWords {
  readonly app: string
  /** Full id of the commit whose folder comes back. */
  readonly restores: string
  /** Those between it and the head that changed the folder, newest first. */
  readonly reverted: readonly RevertedCommit[]
  /** Undefined: a person asked for it. */
  readonly cause: FailureCause | undefined
}

const longestSubject = 72
const mostLines = 20
const mostLogBytes = 2_048
const longestLine = 500
const longestReason = 1_000
const mostReverted = 20

/** The whole message of a commit that puts an application's folder back to an earlier state. */
export function rollbackMessage({ app, restores, reverted, cause }: RollbackWords): string {
  const base = `Roll back ${app} to ${restores.slice(0, 7)}`
  const listed = reverted.slice(0, mostReverted)
  const trailers = [
    ...listed.map(({ oid }) => `${trailerNames.reverts}: ${oid}`),
    `${trailerNames.restores}: ${restores}`,
    `${trailerNames.app}: ${app}`,
    ...(cause ? [] : [`${trailerNames.manual}: yes`]),
  ]
  return paragraphs([
    subjectLine(base, cause ? `${cause.object} failed` : ''),
    ...(cause ? causeParagraphs(cause) : []),
    ...takenBack(listed, reverted.length - listed.length),
    trailers.join('\n'),
  ])
}

/** The whole message of a commit that takes back one other, whatever came after it. */
export function revertMessage(app: string, { oid, subject }: RevertedCommit): string {
  return paragraphs([
    subjectLine(`Revert ${oid.slice(0, 7)} of ${app}`, subject),
    ...takenBack([{ oid, subject }], 0),
    [`${trailerNames.reverts}: ${oid}`, `${trailerNames.app}: ${app}`, `${trailerNames.manual}: yes`].join('\n'),
  ])
}

function subjectLine(base: string, more: string): string {
  const whole = more === '' ? base : `${base}: ${oneLine(more)}`
  if (whole.length <= longestSubject) return whole
  return base.length <= longestSubject - 12 ? `${whole.slice(0, longestSubject - 1)}…` : base.slice(0, longestSubject)
}

function causeParagraphs({ object, reason, exitCode, from, lines }: FailureCause): string[] {
  const shown = lastLines(lines)
  const code = exitCode === undefined ? [] : [`Exit code: ${exitCode}`]
  // Indented, so that no line of a log is ever taken for a trailer.
  const log = shown.length === 0 ? [] : [`The last lines of ${from}:`, shown.map((line) => `    ${line}`).join('\n')]
  return [`${object} failed: ${oneLine(reason, longestReason)}`, ...code, ...log]
}

/** The newest that fit. */
function lastLines(lines: readonly string[]): string[] {
  const cut = lines
    .map((line) => oneLine(line, longestLine))
    .filter((line) => line !== '')
    .slice(-mostLines)
  const kept: string[] = []
  let bytes = 0
  for (const line of cut.toReversed()) {
    bytes += byteLength(line) + 1
    if (bytes > mostLogBytes) break
    kept.unshift(line)
  }
  return kept
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

function takenBack(listed: readonly RevertedCommit[], more: number): string[] {
  if (listed.length === 0) return []
  const lines = listed.map(({ oid, subject }) => `- ${oid.slice(0, 7)} ${oneLine(subject, 200)}`.trimEnd())
  return ['This takes back:', [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')]
}

function paragraphs(texts: readonly string[]): string {
  return `${texts.join('\n\n')}\n`
}
