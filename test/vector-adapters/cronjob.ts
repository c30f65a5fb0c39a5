import { baseOf, decide, mostRecent, requeueDelay } from '../../src/cron/due.ts'
import { historyCleanup, jobName, type Run, sortByStart } from '../../src/cron/history.ts'
import { isFault, type Schedule, scheduleOf } from '../../src/cron/schedule.ts'
import { refusal } from './refusal.ts'

interface Facts {
  schedule: string
  timeZone?: string | null
  creationTimestamp: string
  lastScheduleTime: string | null
  startingDeadlineSeconds?: number | null
  now: string
}

interface DecideInput extends Facts {
  name: string
  concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace'
  suspend: boolean
  active: string[]
}

interface ListedRun {
  name: string
  finished?: Run['finished'] | null
  startTime: number | null
}

export const cronjob = {
  next({
    schedule,
    timeZone,
    after,
    count,
  }: {
    schedule: string
    timeZone: string | null
    after: string
    count: number
  }) {
    const found = scheduleOf(schedule, timeZone ?? undefined)
    return isFault(found) ? refusal : { next: following(found, Date.parse(after), count).map(iso) }
  },
  mostRecent(input: Facts & { includeStartingDeadline: boolean }) {
    const schedule = known(input.schedule)
    const facts = factsOf(input)
    const startingDeadlineMs = input.includeStartingDeadline ? facts.startingDeadlineMs : undefined
    const earliest = baseOf({ ...facts, startingDeadlineMs }, Date.parse(input.now))
    const found = mostRecent(schedule, earliest, Date.parse(input.now))
    if (!found) return refusal
    const newest = found.mostRecent === undefined ? null : iso(found.mostRecent)
    return { earliest: iso(earliest), mostRecent: newest, missed: found.missed }
  },
  decide(input: DecideInput) {
    const { name, concurrencyPolicy, suspend, active } = input
    const schedule = scheduleOf(input.schedule, input.timeZone ?? undefined)
    const facts = { name, schedule, concurrencyPolicy, suspend, active, ...factsOf(input) }
    const decision = decide(facts, Date.parse(input.now))
    if (decision.action === 'none') {
      return { action: 'none', reason: decision.reason, deleteActive: [], jobName: null, scheduledTime: null }
    }
    return {
      action: 'create',
      reason: decision.tooManyMissed ? 'TooManyMissedTimes' : null,
      deleteActive: decision.deleteActive,
      jobName: decision.jobName,
      scheduledTime: iso(decision.scheduled),
    }
  },
  jobName: ({ cronJobName, scheduledTime }: { cronJobName: string; scheduledTime: string }) => ({
    jobName: jobName(cronJobName, Date.parse(scheduledTime)),
  }),
  requeueDelay(input: Facts) {
    const delayMs = requeueDelay(known(input.schedule), factsOf(input), Date.parse(input.now))
    return { delaySeconds: delayMs === undefined ? null : delayMs / 1000 }
  },
  historyCleanup: (input: {
    successfulJobsHistoryLimit: number | null
    failedJobsHistoryLimit: number | null
    jobs: ListedRun[]
  }) => ({
    deleted: historyCleanup(input.jobs.map(runOf), {
      successful: input.successfulJobsHistoryLimit ?? undefined,
      failed: input.failedJobsHistoryLimit ?? undefined,
    }),
  }),
  sortByStart: ({ jobs }: { jobs: ListedRun[] }) => ({ order: sortByStart(jobs.map(runOf)).map(({ name }) => name) }),
}

function following(schedule: Schedule, after: number, count: number): number[] {
  const times: number[] = []
  for (let at = schedule.next(after); at !== undefined && times.length < count; at = schedule.next(at)) times.push(at)
  return times
}

function known(text: string): Schedule {
  const schedule = scheduleOf(text, undefined)
  if (isFault(schedule)) throw new Error(schedule.message)
  return schedule
}

function factsOf({ creationTimestamp, lastScheduleTime, startingDeadlineSeconds }: Facts) {
  return {
    since: Date.parse(creationTimestamp),
    last: lastScheduleTime === null ? undefined : Date.parse(lastScheduleTime),
    startingDeadlineMs: startingDeadlineSeconds == null ? undefined : startingDeadlineSeconds * 1000,
  }
}

function runOf({ name, finished, startTime }: ListedRun): Run {
  return { name, finished: finished ?? undefined, startTime: startTime ?? undefined }
}

/** UTC, second precision. */
function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}
