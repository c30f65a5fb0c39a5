import { parseDuration } from '../base/duration.ts'
import { type CronFields, parseFields } from './fields.ts'
import { type Zone, zoneOf } from './zone.ts'

/** When something is due. Times are ms since the epoch. */
export interface Schedule {
  /** The first time after `after`; undefined: none within five years. */
  next(after: number): number | undefined
  /** The last time after `after` and not after `until`. */
  latest(after: number, until: number): number | undefined
}

export interface ScheduleFault {
  readonly reason: 'UnknownTimeZone' | 'UnparseableSchedule'
  readonly message: string
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const mostYears = 5
const mostCached = 20_000
const cache = new Map<string, Schedule | ScheduleFault>()

/**
 * Five fields, a macro, or `@every 90m`, whose times count from the moment that they are asked for. Without a time zone: UTC. A local
 * time that clocks leap over is not due on that day; one that comes twice is due twice.
 */
export function scheduleOf(text: string, timeZone: string | undefined): Schedule | ScheduleFault {
  const key = `${timeZone ?? ''} ${text}`
  const known = cache.get(key)
  if (known) return known
  const made = parseSchedule(text, timeZone)
  if (cache.size >= mostCached) cache.clear()
  cache.set(key, made)
  return made
}

export function isFault(schedule: Schedule | ScheduleFault): schedule is ScheduleFault {
  return 'reason' in schedule
}

function parseSchedule(text: string, timeZone: string | undefined): Schedule | ScheduleFault {
  const zone = zoneOf(timeZone || 'UTC')
  if (!zone) return { reason: 'UnknownTimeZone', message: `unknown time zone "${timeZone}"` }
  const every = /^@every\s+(\S+)$/.exec(text.trim())?.[1]
  if (every !== undefined) {
    const periodMs = parseDuration(every)
    if (periodMs === undefined) return unparseable(text, `"${every}" is no duration such as 1h30m`)
    return everySchedule(Math.max(1000, Math.floor(periodMs / 1000) * 1000))
  }
  const fields = parseFields(text)
  return typeof fields === 'string' ? unparseable(text, fields) : fieldsSchedule(fields, zone)
}

function unparseable(text: string, why: string): ScheduleFault {
  return { reason: 'UnparseableSchedule', message: `schedule "${text}": ${why}` }
}

function everySchedule(periodMs: number): Schedule {
  const wholeSecond = (at: number): number => Math.floor(at / 1000) * 1000
  return {
    next: (after) => wholeSecond(after) + periodMs,
    latest(after, until) {
      const periods = Math.floor((until - wholeSecond(after)) / periodMs)
      return periods < 1 ? undefined : wholeSecond(after) + periods * periodMs
    },
  }
}

/** Nothing is due between `from` and `next`. */
interface Gap {
  readonly from: number
  readonly next: number
}

/** Between two runs the same question is asked again and again: the last two gaps that were found answer it. */
function fieldsSchedule(fields: CronFields, zone: Zone): Schedule {
  let [newer, older]: (Gap | undefined)[] = []
  return {
    next(after) {
      if (newer && after >= newer.from && after < newer.next) return newer.next
      if (older && after >= older.from && after < older.next) return older.next
      const next = firstAfter(fields, zone, after)
      if (next === undefined) return undefined
      // The same gap, seen from further back.
      if (newer?.next !== next) older = newer
      newer = { from: after, next }
      return next
    },
    latest: (after, until) => lastWithin(fields, zone, after, until),
  }
}

function firstAfter(fields: CronFields, zone: Zone, after: number): number | undefined {
  const end = Date.UTC(new Date(after).getUTCFullYear() + mostYears + 1, 0, 1)
  let at = (Math.floor(after / minuteMs) + 1) * minuteMs
  while (at < end) {
    const { offsetMs, until } = zone.stretchAt(at)
    const local = firstLocal(fields, at + offsetMs, Math.min(until, end) + offsetMs)
    if (local !== undefined) return local - offsetMs
    at = until
  }
  return undefined
}

function lastWithin(fields: CronFields, zone: Zone, after: number, until: number): number | undefined {
  let at = Math.floor(until / minuteMs) * minuteMs
  while (at > after) {
    const { offsetMs, from } = zone.stretchAt(at)
    const start = Math.max(from, after + 1)
    const local = lastLocal(fields, start + offsetMs, at + offsetMs)
    if (local !== undefined) return local - offsetMs
    at = from - minuteMs
  }
  return undefined
}

/** The first matching local minute from `from` on, before `until`; local times are written as if they were UTC. */
function firstLocal(fields: CronFields, from: number, until: number): number | undefined {
  let day = Math.floor(from / dayMs)
  let time = firstTime(fields, Math.ceil((from - day * dayMs) / minuteMs))
  while (day * dayMs < until) {
    if (time !== undefined && dayMatches(fields, day)) {
      const found = day * dayMs + time * minuteMs
      return found < until ? found : undefined
    }
    day = dayAfter(fields, day)
    time = firstTime(fields, 0)
  }
  return undefined
}

/** The last matching local minute up to `until`, not before `from`. */
function lastLocal(fields: CronFields, from: number, until: number): number | undefined {
  let day = Math.floor(until / dayMs)
  let time = lastTime(fields, Math.floor((until - day * dayMs) / minuteMs))
  while ((day + 1) * dayMs > from) {
    if (time !== undefined && dayMatches(fields, day)) {
      const found = day * dayMs + time * minuteMs
      return found >= from ? found : undefined
    }
    day -= 1
    time = lastTime(fields, 24 * 60 - 1)
  }
  return undefined
}

/** Minutes of the day. */
function firstTime({ hours, minutes }: CronFields, from: number): number | undefined {
  const [hour, minute] = [Math.floor(from / 60), from % 60]
  for (const candidate of hours) {
    if (candidate < hour) continue
    const found = candidate > hour ? minutes[0] : minutes.find((each) => each >= minute)
    if (found !== undefined) return candidate * 60 + found
  }
  return undefined
}

function lastTime({ hours, minutes }: CronFields, until: number): number | undefined {
  const [hour, minute] = [Math.floor(until / 60), until % 60]
  for (const candidate of hours.toReversed()) {
    if (candidate > hour) continue
    const found = candidate < hour ? minutes[minutes.length - 1] : minutes.findLast((each) => each <= minute)
    if (found !== undefined) return candidate * 60 + found
  }
  return undefined
}

/** The next day that is worth a look. Days count from 1 January 1970. */
function dayAfter(fields: CronFields, day: number): number {
  const date = new Date(day * dayMs)
  return monthMatches(fields, date) ? day + 1 : Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / dayMs
}

function monthMatches({ months }: CronFields, date: Date): boolean {
  return (months & (1 << (date.getUTCMonth() + 1))) !== 0
}

function dayMatches(fields: CronFields, day: number): boolean {
  const { days, weekdays, bothDays } = fields
  const date = new Date(day * dayMs)
  if (!monthMatches(fields, date)) return false
  const byDay = (days & (1 << date.getUTCDate())) !== 0
  const byWeekday = (weekdays & (1 << date.getUTCDay())) !== 0
  return bothDays ? byDay && byWeekday : byDay || byWeekday
}
