import { durationText } from '../base/duration.ts'
import { oneLine } from '../base/errors.ts'
import type { AppEvent, AppEventKind } from '../report/event.ts'

const outcomes: { readonly [K in AppEventKind]: string | undefined } = {
  // What a commit came to, and nothing on the way there.
  applying: undefined,
  synced: 'synced',
  degraded: 'degraded',
  refused: 'refused',
  held: undefined,
  unreachable: undefined,
  rolledBack: 'rolled back',
  rollbackFailed: undefined,
}

const mostLines = 20

/** `shop: synced at 2026-11-22T12:00:00.000Z in 12 s`, then why. Undefined: the event is no outcome of a commit. */
export function noteText({ app, kind, commit, at, durationMs, rollback = '', message }: AppEvent): string | undefined {
  const outcome = outcomes[kind]
  if (outcome === undefined || commit === '') return undefined
  const took = durationMs === undefined ? '' : ` in ${durationText(durationMs)}`
  const by = rollback === '' ? '' : ` by ${oneLine(rollback)}`
  const lines = message === '' ? [] : message.split('\n').map((line) => oneLine(line, 300))
  const more = lines.length > mostLines ? [`… and ${lines.length - mostLines} more`] : []
  const first = `${app}: ${outcome} at ${new Date(at).toISOString()}${took}${by}`
  return [first, ...lines.slice(0, mostLines), ...more].join('\n')
}
