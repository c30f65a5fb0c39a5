/** Which local minutes a schedule of five fields means. */
export interface CronFields {
  /** Sorted. */
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  /** Bit n: day n of the month. */
  readonly days: number
  /** Bit n: month n, January is 1. */
  readonly months: number
  /** Bit n: weekday n, Sunday is 0. */
  readonly weekdays: number
  /** One of the two day fields is a plain `*`: then both have to match, else either is enough. */
  readonly bothDays: boolean
}

interface Field {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly words: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const minute: Field = { name: 'minute', from: 0, to: 59, words: [] }
const hour: Field = { name: 'hour', from: 0, to: 23, words: [] }
const day: Field = { name: 'day of month', from: 1, to: 31, words: [] }
const month: Field = { name: 'month', from: 1, to: 12, words: months }
const weekday: Field = { name: 'day of week', from: 0, to: 6, words: weekdays }

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** Five fields or a macro; a text says what is wrong with it. */
export function parseFields(text: string): CronFields | string {
  const words = (macros[text.trim()] ?? text).split(/\s+/).filter((word) => word !== '')
  if (text.trim().startsWith('@') && macros[text.trim()] === undefined) {
    return `"${text.trim()}" is none of ${Object.keys(macros).join(', ')}, @every`
  }
  if (/^(CRON_)?TZ=/.test(words[0] ?? '')) return 'a time zone belongs in timeZone, not in the schedule'
  const [first, second, third, fourth, fifth, ...more] = words
  if (first === undefined || second === undefined || third === undefined) return expectedFive(words)
  if (fourth === undefined || fifth === undefined || more.length > 0) return expectedFive(words)
  const parsed = {
    minutes: parseField(first, minute),
    hours: parseField(second, hour),
    days: parseField(third, day),
    months: parseField(fourth, month),
    weekdays: parseField(fifth, weekday),
  }
  for (const found of Object.values(parsed)) if (typeof found === 'string') return found
  return {
    minutes: listOf(parsed.minutes),
    hours: listOf(parsed.hours),
    days: maskOf(parsed.days),
    months: maskOf(parsed.months),
    weekdays: maskOf(parsed.weekdays),
    bothDays: isAny(third) || isAny(fifth),
  }
}

function expectedFive(words: readonly string[]): string {
  return `expected 5 fields, found ${words.length}`
}

function listOf(values: ReadonlySet<number> | string): number[] {
  return typeof values === 'string' ? [] : [...values].sort((a, b) => a - b)
}

function maskOf(values: ReadonlySet<number> | string): number {
  return listOf(values).reduce((mask, value) => mask | (1 << value), 0)
}

/** A step makes `*` a choice: `*\/2` restricts its field. */
function isAny(text: string): boolean {
  return text.split(',').some((part) => /^[*?](\/1)?$/.test(part))
}

/** Values of a comma-separated list. */
function parseField(text: string, field: Field): ReadonlySet<number> | string {
  const values = new Set<number>()
  const parts = text.split(',').filter((part) => part !== '')
  if (parts.length === 0) return `${field.name}: "${text}" names nothing`
  for (const part of parts) {
    const found = parsePart(part, field)
    if (!found) return `${field.name}: "${part}" is not within ${field.from}-${field.to}`
    for (let value = found.from; value <= found.to; value += found.step) values.add(value)
  }
  return values
}

/** `*`, `5`, `1-5`, each with `/step` or without; a step after a single value goes on to the end. */
function parsePart(part: string, field: Field): { from: number; to: number; step: number } | undefined {
  const [range = '', stepText, ...rest] = part.split('/')
  if (rest.length > 0) return undefined
  const step = stepText === undefined ? 1 : whole(stepText)
  if (step === undefined || step < 1) return undefined
  if (range === '*' || range === '?') return { from: field.from, to: field.to, step }
  const [low = '', high, ...others] = range.split('-')
  const from = numberOf(low, field)
  const to = high !== undefined ? numberOf(high, field) : stepText !== undefined ? field.to : from
  if (from === undefined || to === undefined || others.length > 0) return undefined
  return from >= field.from && to <= field.to && from <= to ? { from, to, step } : undefined
}

function numberOf(text: string, field: Field): number | undefined {
  const index = field.words.indexOf(text.toLowerCase())
  return index >= 0 ? index + field.from : whole(text)
}

function whole(text: string): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined
}
