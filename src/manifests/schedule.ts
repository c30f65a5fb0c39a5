import { parseDuration } from './duration.ts'

const macros: ReadonlySet<string> = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
])
const months = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'
const days = 'sun|mon|tue|wed|thu|fri|sat'
const fields = [
  { least: 0, most: 59, names: '' },
  { least: 0, most: 23, names: '' },
  { least: 1, most: 31, names: '' },
  { least: 1, most: 12, names: months },
  { least: 0, most: 6, names: days },
] as const

/** What is wrong with the schedule of a CronJob; undefined when nothing is. */
export function scheduleFault(text: string): string | undefined {
  const expected = 'expected a schedule of five fields like "*/15 8-18 * * mon-fri", or "@hourly" or such'
  if (/TZ=/.test(text)) return 'expected a schedule without TZ= (spec.timeZone says where)'
  const plain = text.trim()
  if (plain.startsWith('@')) return macros.has(plain) || isEvery(plain) ? undefined : expected
  const parts = plain.split(/\s+/)
  if (parts.length !== fields.length) return expected
  return parts.every((part, index) => isField(part, fields[index]!)) ? undefined : expected
}

/** The name of a time zone, as far as this machine knows it; `Local` would mean another one on each. */
export function timeZoneFault(name: string): string | undefined {
  const fault = 'expected the name of a time zone like "Europe/Berlin"'
  // An offset is no time zone: Kubernetes knows names alone.
  if (!/^[A-Za-z]/.test(name) || /^local$/i.test(name)) return fault
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return undefined
  } catch {
    return fault
  }
}

type Field = (typeof fields)[number]

/** `@every 1h30m` */
function isEvery(text: string): boolean {
  const duration = /^@every\s+(\S+)$/.exec(text)?.[1]
  return duration !== undefined && parseDuration(duration) !== undefined
}

/** `*`, `?`, `5`, `1-5`, `*\/15`, `1-30/2`, `mon-fri`, and several of them between commas. */
function isField(text: string, field: Field): boolean {
  return text.split(',').every((part) => {
    const [range = '', step, rest] = part.split('/')
    if (rest !== undefined || (step !== undefined && !/^0*[1-9][0-9]{0,8}$/.test(step))) return false
    if (range === '*' || range === '?') return true
    const ends = range.split('-')
    const [first, last = first] = ends.map((end) => fieldValue(end, field))
    return ends.length <= 2 && first !== undefined && last !== undefined && first <= last
  })
}

function fieldValue(text: string, { least, most, names }: Field): number | undefined {
  const named = names === '' ? -1 : names.split('|').indexOf(text.toLowerCase())
  if (named >= 0) return named + least
  if (!/^[0-9]{1,9}$/.test(text)) return undefined
  const value = Number(text)
  return value >= least && value <= most ? value : undefined
}
