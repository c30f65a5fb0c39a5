import { durationText } from '../base/duration.ts'
import { oneLine } from '../base/errors.ts'
import type { TemplateWord } from '../manifests/template-words.ts'
import type { AppEvent, AppEventKind } from '../report/event.ts'

/** Makes foreign text harmless where it goes: it may hold no markup of the reader's program. */
export type Escape = (text: string) => string

const mostLines = 20
const longestLine = 300

/** `shop: synced 1a2b3c4 "Add web" by Ada in 12 s`, then why, if there is a reason, then the link. */
export function usualWords(event: AppEvent, url: string, escaped: Escape): string {
  const { app, kind, message } = event
  const words = valuesOf(event, url, escaped)
  const about = event.commit === '' ? '' : ` ${words.shortCommit} "${words.subject}" by ${words.author}`
  const by = words.rollback === '' ? '' : `, with ${words.rollback}`
  const took = words.duration === '' ? '' : ` in ${words.duration}`
  const first = `${escaped(app)}: ${verbs[kind]}${about}${by}${took}`
  return [message === '' ? first : `${first}: ${words.message}`, url].filter((line) => line !== '').join('\n')
}

const verbs: { readonly [K in AppEventKind]: string } = {
  applying: 'applying',
  synced: 'synced',
  degraded: 'degraded at',
  refused: 'refused',
  held: 'held back',
  unreachable: 'the repository cannot be read',
  rolledBack: 'rolled back',
  rollbackFailed: 'could not roll back',
}

/** What stands in the template itself is sent as it is; what is put in is escaped. */
export function fillTemplate(template: string, event: AppEvent, url: string, escaped: Escape): string {
  const values: Readonly<Record<string, string>> = valuesOf(event, url, escaped)
  return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (all, word: string) =>
    Object.hasOwn(values, word) ? values[word]! : all,
  )
}

function valuesOf(event: AppEvent, url: string, escaped: Escape): { readonly [W in TemplateWord]: string } {
  const { app, kind, commit, subject, author, message, durationMs, rollback = '' } = event
  const safe = (text: string, longest: number) => escaped(oneLine(text, longest))
  return {
    ...{ kind, commit, url, app: escaped(app) },
    shortCommit: commit.slice(0, 7),
    subject: safe(subject, 200),
    author: safe(author, 100),
    message: escaped(linesOf(message)),
    duration: durationMs === undefined ? '' : durationText(durationMs),
    rollback: safe(/^[0-9a-f]{40}$/.test(rollback) ? rollback.slice(0, 7) : rollback, 300),
  }
}

function linesOf(message: string): string {
  const lines = message.split('\n').map((line) => oneLine(line, longestLine))
  const more = lines.length - mostLines
  return more > 0 ? [...lines.slice(0, mostLines), `… and ${more} more`].join('\n') : lines.join('\n')
}
