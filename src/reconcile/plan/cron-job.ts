import { keyOf } from '../../base/key.ts'
import { type Decision, decide, requeueDelay, slackMs } from '../../cron/due.ts'
import { historyCleanup } from '../../cron/history.ts'
import { isFault, type Schedule, type ScheduleFault, scheduleOf } from '../../cron/schedule.ts'
import type { LiveVolume } from '../../runtime/live.ts'
import type { Plan, Task } from './action.ts'
import { namespaceOf } from './create.ts'
import { type CronRun, cronRuns, type PlannedRun } from './cron-runs.ts'
import { cronStatus } from './cron-status.ts'
import type { DesiredCronJob, View } from './desired.ts'
import { isInterrupted } from './interrupted.ts'
import { secondText } from './job-identity.ts'
import { endOfRecord, recordEnd, removeRecords } from './job-record.ts'
import { planRun } from './job-run.ts'
import { withoutRepeats } from './roster.ts'
import { earliest, type LookAgain } from './time.ts'

/**
 * Starts a run for the newest time that is due, once: pods are named after that time, and the end of a run is written down before its
 * pods may go. Runs that have begun are looked after like Jobs, each by itself.
 */
export function planCronJob(desired: DesiredCronJob, view: View): Plan {
  const { spec, metadata } = desired.object
  const key = keyOf({ namespace: namespaceOf(desired), kind: 'CronJob', name: metadata.name })
  const records = view.volumesOf(key)
  const schedule = scheduleOf(spec.schedule, spec.timeZone)
  const found = cronRuns(desired, view.pods, records)
  const givenUp = new Set(found.filter((run) => isGivenUp(run, found, desired, view)).map(({ job }) => job))
  const begun = found.map((run) => {
    return planned(desired, run, givenUp.has(run.job) ? 'the run is being removed' : '', view)
  })
  const active = begun.filter((run) => isActive(run, givenUp))
  const last = begun[begun.length - 1]?.scheduled
  const busy = begun.filter((run) => active.includes(run) || isEnding(run))
  const decided = decide({ ...factsOf(desired, schedule), last, active: busy.map(({ job }) => job) }, view.now)
  const decision = isThere(decided, begun) ? ({ action: 'none', reason: 'AlreadyStarted' } as const) : decided
  const fresh = startRun(desired, decision, view)
  const removals = removalsOf(desired, begun, active, fresh)
  const runs = begun.map((run) => {
    const removal = removals.get(run.job)
    return removal === undefined ? run : planned(desired, run, removal, view)
  })
  const tasks = [
    ...runs.flatMap((run) => [...run.plan.tasks, ...recordTasks(desired, run, view)]),
    ...(fresh?.plan.tasks ?? []),
    ...removeRecords(outdated(runs, records, view), view, 'of an older run'),
  ]
  const all = fresh ? [...runs, fresh] : runs
  const next = nextAt(desired, schedule, last, view.now)
  const again = earliest([...all.map(({ plan }) => plan.again), next, recordingAgain(runs, view.now)])
  return {
    tasks: withoutRepeats(tasks),
    status: cronStatus({ desired, schedule, decision, runs: all, tasks, next: next?.at }),
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

function factsOf({ object, since }: DesiredCronJob, schedule: Schedule | ScheduleFault) {
  const { startingDeadlineSeconds: seconds, suspend, concurrencyPolicy } = object.spec
  const startingDeadlineMs = seconds === undefined ? undefined : seconds * 1000
  return { name: object.metadata.name, schedule, suspend, concurrencyPolicy, startingDeadlineMs, since }
}

function planned(desired: DesiredCronJob, run: CronRun, removal: string, view: View, cause = ''): PlannedRun {
  const plan = planRun(
    {
      desired,
      spec: desired.object.spec.jobTemplate.spec,
      job: run.job,
      scheduled: run.scheduled,
      since: run.scheduled,
      cause: cause || `due at ${secondText(run.scheduled)}`,
      end: run.record && endOfRecord(run.record),
      removal,
      waits: '',
    },
    { ...view, pods: run.pods },
  )
  return { ...run, plan }
}

/** Of several times within one minute, as `@every 20s` has them, only the first is run: their jobs would have the same name. */
function isThere(decision: Decision, begun: readonly PlannedRun[]): boolean {
  return decision.action === 'create' && begun.some(({ job }) => job === decision.jobName)
}

/** A run of which every pod is on its way out is not begun anew, but where a new template cut it off and no later run has replaced it. */
function isGivenUp({ pods, job }: CronRun, all: readonly CronRun[], desired: DesiredCronJob, { now }: View): boolean {
  if (pods.length === 0 || pods.some(({ leaving }) => !leaving)) return false
  if (desired.object.spec.concurrencyPolicy === 'Replace' && all[all.length - 1]?.job !== job) return true
  return !pods.some((pod) => isInterrupted(pod, desired.template, now))
}

function isActive({ pods, plan, job }: PlannedRun, givenUp: ReadonlySet<string>): boolean {
  return plan.end === undefined && pods.length > 0 && !givenUp.has(job)
}

/** It is over, and its pods run on until they are told to end. */
function isEnding({ plan }: PlannedRun): boolean {
  return plan.end !== undefined && plan.facts.active.length > 0
}

/** What a run needs that begins now; its pods may still have to wait for images or room. */
function startRun(desired: DesiredCronJob, decision: Decision, view: View): PlannedRun | undefined {
  if (decision.action === 'none') return undefined
  const { scheduled, jobName: job } = decision
  const run = { minutes: minutesOf(scheduled), scheduled, job, pods: [], record: undefined }
  const missed = decision.tooManyMissed ? ', more than 100 times before it were missed' : ''
  return planned(desired, run, '', view, `due at ${secondText(scheduled)}${missed}`)
}

/** Names of runs whose pods are to go, and why. */
function removalsOf(
  { object }: DesiredCronJob,
  begun: readonly PlannedRun[],
  active: readonly PlannedRun[],
  fresh: PlannedRun | undefined,
): ReadonlyMap<string, string> {
  const { concurrencyPolicy, successfulJobsHistoryLimit, failedJobsHistoryLimit } = object.spec
  const removals = new Map<string, string>()
  if (concurrencyPolicy === 'Replace') {
    // An old run goes when the new one really begins; a start that was cut short is made up for.
    const starts = (fresh?.plan.making.names.length ?? 0) > 0
    const replaced = starts ? active : active.slice(0, -1)
    for (const { job } of replaced) removals.set(job, 'replaced by a newer run')
  }
  const ended = begun
    .filter(({ record, pods }) => record !== undefined && pods.some(({ leaving }) => !leaving))
    .map(({ job, plan }) => ({ name: job, finished: plan.end?.outcome, startTime: plan.facts.startedAt }))
  const limits = { successful: successfulJobsHistoryLimit, failed: failedJobsHistoryLimit }
  for (const job of historyCleanup(ended, limits)) removals.set(job, 'beyond the history limit')
  return removals
}

function isToBeRecorded({ plan, record, pods }: PlannedRun): boolean {
  return plan.end !== undefined && record === undefined && pods.length > 0
}

function recordTasks(desired: DesiredCronJob, run: PlannedRun, view: View): Task[] {
  const { end } = run.plan
  if (!end || !isToBeRecorded(run)) return []
  const more = { scheduled: String(run.scheduled) }
  return recordEnd(desired, { job: run.job, detail: String(run.minutes), end, more }, view)
}

function recordingAgain(runs: readonly PlannedRun[], now: number): LookAgain | undefined {
  return runs.some(isToBeRecorded) ? { at: now + 1000, reason: 'the end of a run is being recorded' } : undefined
}

/** Runs that a silent host may have pods of were before it fell silent: those since then do not push their records out. */
const mostOfSilentHosts = 100

/**
 * The newest record says which run was the last; others are kept as long as there are pods of their run, or may be, on a host that does
 * not answer and that this process may never have seen: without their end such a run would go on.
 */
function outdated(runs: readonly PlannedRun[], records: readonly LiveVolume[], { hosts }: View) {
  const newest = Math.max(...records.map(({ detail }) => Number(detail)))
  const withPods = new Set(runs.filter(({ pods }) => pods.length > 0).map(({ minutes }) => minutes))
  const old = records.filter(({ detail }) => Number(detail) !== newest && !withPods.has(Number(detail)))
  if (hosts.every(({ reachable }) => reachable)) return old
  const ages = [...new Set(old.map(({ detail }) => Number(detail)))].sort((a, b) => a - b)
  const kept = new Set(ages.slice(0, mostOfSilentHosts))
  return old.filter(({ detail }) => !kept.has(Number(detail)))
}

function minutesOf(ms: number): number {
  return Math.floor(ms / 60_000)
}

/** When a run is due that has not begun. */
function nextAt(
  { object, since }: DesiredCronJob,
  schedule: Schedule | ScheduleFault,
  last: number | undefined,
  now: number,
): LookAgain | undefined {
  if (isFault(schedule) || object.spec.suspend) return undefined
  const delayMs = requeueDelay(schedule, { since, last }, now)
  if (delayMs === undefined) return undefined
  // In the rest of a minute that has its run there is no other: it would have the same name.
  let due = now + delayMs - slackMs
  while (last !== undefined && minutesOf(due) <= minutesOf(last)) {
    const next = schedule.next(due)
    if (next === undefined) return undefined
    due = next
  }
  return { at: due + slackMs, reason: 'the next run is due' }
}
