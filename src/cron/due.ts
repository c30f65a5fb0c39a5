import { jobName } from './history.ts'
import { isFault, type Schedule, type ScheduleFault } from './schedule.ts'

/** What a CronJob's next decision rests on. Times are ms. */
export interface CronFacts {
  readonly name: string
  readonly schedule: Schedule | ScheduleFault
  readonly suspend: boolean
  readonly concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace'
  readonly startingDeadlineMs: number | undefined
  /** When the CronJob began to be wanted: nothing before it is due. */
  readonly since: number
  /** The time for which the last run was due. */
  readonly last: number | undefined
  /** Names of runs that have not ended. */
  readonly active: readonly string[]
}

export type NoRunReason =
  | ScheduleFault['reason']
  | 'Suspended'
  | 'InvalidSchedule'
  | 'NotDue'
  | 'AlreadyStarted'
  | 'JobAlreadyActive'

export type Decision =
  | { readonly action: 'none'; readonly reason: NoRunReason }
  | {
      readonly action: 'create'
      readonly jobName: string
      readonly scheduled: number
      /** More than 100 runs were missed: only the newest is made, as always. */
      readonly tooManyMissed: boolean
      /** Runs that are to be ended first. */
      readonly deleteActive: readonly string[]
    }

/** Whether a run is to be started now. Of several missed ones only the newest is; one that is too late for the deadline is not. */
export function decide(facts: CronFacts, now: number): Decision {
  const { schedule, active, concurrencyPolicy } = facts
  if (isFault(schedule) && schedule.reason === 'UnknownTimeZone') return none(schedule.reason)
  if (facts.suspend) return none('Suspended')
  if (isFault(schedule)) return none(schedule.reason)
  const found = mostRecent(schedule, baseOf(facts, now), now)
  if (!found) return none('InvalidSchedule')
  if (found.mostRecent === undefined) return none('NotDue')
  const name = jobName(facts.name, found.mostRecent)
  if (active.includes(name) || facts.last === found.mostRecent) return none('AlreadyStarted')
  if (concurrencyPolicy === 'Forbid' && active.length > 0) return none('JobAlreadyActive')
  return {
    action: 'create',
    jobName: name,
    scheduled: found.mostRecent,
    tooManyMissed: found.missed === 'many',
    deleteActive: concurrencyPolicy === 'Replace' ? active : [],
  }
}

function none(reason: NoRunReason): Decision {
  return { action: 'none', reason }
}

/** What lies before this time is not run any more. */
export function baseOf(facts: Pick<CronFacts, 'since' | 'last' | 'startingDeadlineMs'>, now: number): number {
  const base = facts.last ?? facts.since
  return facts.startingDeadlineMs === undefined ? base : Math.max(base, now - facts.startingDeadlineMs)
}

const manyMissed = 100

export interface MostRecent {
  /** The newest time that is due and not yet run. */
  readonly mostRecent: number | undefined
  /** Times before it that were not run, as far as two times tell the distance of all. */
  readonly missed: 'none' | 'few' | 'many'
}

/** Undefined: the schedule never comes, or twice within a second. */
export function mostRecent(schedule: Schedule, base: number, now: number): MostRecent | undefined {
  const first = schedule.next(base)
  if (first === undefined) return undefined
  if (now < first) return { mostRecent: undefined, missed: 'none' }
  const second = schedule.next(first)
  if (second === undefined || now < second) return { mostRecent: first, missed: 'none' }
  if (second - first < 1000) return undefined
  const count = Math.floor((now - first) / (second - first)) + 1
  return { mostRecent: schedule.latest(base, now), missed: count > manyMissed ? 'many' : 'few' }
}

/** So much later than it is due one looks for a run, ms. */
export const slackMs = 100

/** How long until the next time after the newest one is due, ms; a little later, so that it is surely due by then. */
export function requeueDelay(
  schedule: Schedule,
  facts: Pick<CronFacts, 'since' | 'last'>,
  now: number,
): number | undefined {
  const base = mostRecent(schedule, baseOf({ ...facts, startingDeadlineMs: undefined }, now), now)?.mostRecent
  const next = schedule.next(base ?? facts.last ?? facts.since)
  return next === undefined ? undefined : next + slackMs - now
}
