import type { JobSpec } from '../../manifests/types.ts'
import type { Task } from './action.ts'
import { chooseVictims } from './choose.ts'
import type { DesiredCronJob, DesiredJob, View } from './desired.ts'
import { keptForHeirs } from './interrupted.ts'
import { indexIdentity, jobIdentity, jobPodName } from './job-identity.ts'
import { pendingIndexes } from './job-indexes.ts'
import { type JobPod, jobPod } from './job-pods.ts'
import type { JobEnd } from './job-record.ts'
import { backoffRemaining, deadlineAt, expiresAt, failureRecord, jobSizing, longestBackoffMs } from './job-rules.ts'
import { isIndexed, type JobFacts, jobFacts, jobVerdict, successes } from './job-verdict.ts'
import { planFinished, planLeave } from './leave.ts'
import type { OrderedSeat } from './make.ts'
import { type Making, makePods } from './make.ts'
import type { Observed } from './observe.ts'
import { doomed, planRest, type Rest, type Roster, takeRoster } from './roster.ts'
import { earliest, type LookAgain } from './time.ts'

/** One job: a Job itself, or one run of a CronJob. */
export interface JobRun {
  readonly desired: DesiredJob | DesiredCronJob
  readonly spec: JobSpec
  readonly job: string
  /** Of a CronJob's run: when it was due, ms. */
  readonly scheduled: number | undefined
  /** From when it is wanted, ms: images are pulled anew for it. */
  readonly since: number
  /** Why it is run. */
  readonly cause: string
  /** Written down already: it has ended for good. */
  readonly end: JobEnd | undefined
  /** Why no pod of it is made, nor kept; empty: it goes on. */
  readonly removal: string
  /** Why no pod of it is made for now; empty: nothing stands against it. */
  readonly waits: string
}

export interface JobRunPlan {
  readonly tasks: readonly Task[]
  readonly facts: JobFacts
  /** The job is over; undefined: it goes on. */
  readonly end: JobEnd | undefined
  /** Nothing of it runs or is on its way out. */
  readonly still: boolean
  readonly making: Making
  readonly again: LookAgain | undefined
}

/** What to do about the pods of one job; `view.pods` are its own. The same for a Job and for each run of a CronJob. */
export function planRun(run: JobRun, view: View): JobRunPlan {
  const { desired, spec } = run
  // Images are pulled again for each run, where they are to be pulled always.
  const roster = takeRoster({ ...desired, since: Math.max(run.since, desired.since) }, view, 0)
  const pods = roster.pods.map((observed) => jobPod(observed, desired.template, isIndexed(spec)))
  const facts = jobFacts(spec, pods, startOf(pods, view.now))
  const end = run.end ?? (run.removal === '' ? jobVerdict(facts, view.now) : undefined)
  const leaving = leavers(run, facts, end, view.now)
  const making = end || run.removal !== '' || run.waits !== '' ? nothing : make(run, roster, facts)
  const over = end ? facts.active.map(nameOf) : []
  const gone = leaving.map(({ pod }) => nameOf(pod))
  const remains = pods.filter((pod) => isRemains(pod) && !gone.includes(nameOf(pod)))
  const kept = end || run.removal !== '' ? new Map<string, Rest>() : keptForHeirs(roster, pods)
  const taken = new Set([...gone, ...over, ...making.names, ...remains.map(nameOf), ...kept.keys()])
  const rest = planRest(roster, taken)
  const keeping = [...kept.values()]
  const leaves = leaving
    .filter(({ pod }) => pod.observed.reachable)
    .map(({ pod, cause }) => planLeave(pod.observed.pod, cause, 'none'))
  return {
    tasks: [
      ...rest.tasks,
      ...keeping.flatMap(({ tasks }) => tasks),
      ...remains.flatMap(planStop),
      ...making.tasks,
      ...leaves,
    ],
    facts,
    end,
    still: facts.active.length === 0 && facts.ending.length === 0,
    making,
    again: earliest([rest.again, ...keeping.map(({ again }) => again), making.again, dueAgain(run, facts, end)]),
  }
}

function nameOf({ observed }: JobPod): string {
  return observed.pod.name
}

const nothing: Making = { tasks: [], names: [], message: '', failed: false, again: undefined }

/** A job that waits for an earlier wave, or for its images, has not begun. */
function startOf(pods: readonly JobPod[], now: number): number {
  return Math.min(now, ...pods.map(({ observed }) => observed.pod.createdAt))
}

/** What is left of pods without their sandbox stays: their exit codes are all that is known of a part of the work. */
function isRemains({ state, observed }: JobPod): boolean {
  return observed.bucket === 'lost' && state !== 'ending'
}

/** Sidecars may still run there. */
function planStop({ observed: { pod, reachable } }: JobPod): Task[] {
  const task = reachable ? planFinished(pod, 'all other containers have ended') : undefined
  return task ? [task] : []
}

interface Leaver {
  readonly pod: JobPod
  readonly cause: string
}

/** Ended pods stay for their logs. */
function leavers(run: JobRun, facts: JobFacts, end: JobEnd | undefined, now: number): Leaver[] {
  const { active, succeeded, failed } = facts
  const all = [...active, ...succeeded, ...failed]
  if (run.removal !== '') return all.map((pod) => ({ pod, cause: run.removal }))
  if (end) {
    // First it is written down: with the pods goes what it follows from.
    if (!run.end) return []
    const expires = expiresAt(run.spec.ttlSecondsAfterFinished, end.finishedAt)
    if (expires !== undefined && expires <= now) {
      return all.map((pod) => ({ pod, cause: `ended ${run.spec.ttlSecondsAfterFinished} s ago` }))
    }
    return active.map((pod) => ({ pod, cause: end.outcome === 'Complete' ? 'the job is complete' : end.reason }))
  }
  const { remove } = sizingOf(facts)
  const known = active.map(({ observed }) => observed)
  const victims: ReadonlySet<Observed> = new Set(chooseVictims(known, remove, known, 0, now))
  const cause = run.spec.suspend ? 'suspended' : `parallelism is ${run.spec.parallelism}`
  return active.filter(({ observed }) => victims.has(observed)).map((pod) => ({ pod, cause }))
}

function sizingOf(facts: JobFacts) {
  const { spec, active, ending, failedIndexes } = facts
  // Indexes that are given up leave fewer to be done.
  const completions = spec.completions === undefined ? undefined : spec.completions - failedIndexes.length
  return jobSizing({
    parallelism: spec.parallelism,
    completions,
    succeeded: successes(facts),
    active: active.length,
    terminating: ending.length,
    podReplacementPolicy: spec.podReplacementPolicy ?? 'TerminatingOrFailed',
    suspend: spec.suspend,
  })
}

function make(run: JobRun, roster: Roster, facts: JobFacts): Making {
  const create = sizingOf(facts).create - doomed(roster)
  if (create <= 0) return nothing
  const { seats, again } = isIndexed(run.spec)
    ? indexedSeats(run, roster, facts, create)
    : plainSeats(run, roster, facts, create)
  if (seats.length === 0) return { ...nothing, again }
  const cause = facts.failed.length > 0 ? 'the one before it failed' : run.cause
  const making = makePods(roster, { count: seats.length, seats, cause, effect: 'none' })
  return { ...making, again: earliest([making.again, again]) }
}

interface Seats {
  readonly seats: readonly OrderedSeat[]
  /** When the others may be made. */
  readonly again: LookAgain | undefined
}

function plainSeats(run: JobRun, roster: Roster, facts: JobFacts, count: number): Seats {
  const wait = waitAfter(facts.succeeded, facts.failed, roster.view.now)
  if (wait) return { seats: [], again: wait }
  const taken = new Set(roster.pods.map(({ pod }) => pod.name))
  const seats: OrderedSeat[] = []
  for (let number = 0; number < count; number += 1) {
    const seat = seatFor(run, roster, undefined, taken)
    taken.add(seat.name)
    seats.push(seat)
  }
  return { seats, again: undefined }
}

/** One seat per index that is free. With a limit per index each waits for itself after a failure, else all do. */
function indexedSeats(run: JobRun, roster: Roster, facts: JobFacts, count: number): Seats {
  const { active, succeeded, failed, ending } = facts
  const each = run.spec.backoffLimitPerIndex !== undefined
  const common = each ? undefined : waitAfter(succeeded, failed, roster.view.now)
  if (common) return { seats: [], again: common }
  const waits = each ? indexWaits(facts, roster.view.now) : new Map<number, LookAgain>()
  const replacesLate = run.spec.podReplacementPolicy === 'Failed'
  const busy = [...active, ...(replacesLate ? ending : [])].flatMap(({ index }) => (index === undefined ? [] : [index]))
  const done = [...facts.succeededIndexes, ...facts.failedIndexes, ...waits.keys()]
  const free = pendingIndexes(new Set([...busy, ...done]), run.spec.completions ?? 0, count)
  const taken = new Set(roster.pods.map(({ pod }) => pod.name))
  return { seats: free.map((index) => seatFor(run, roster, index, taken)), again: earliest([...waits.values()]) }
}

function indexWaits({ succeeded, failed, failedIndexes }: JobFacts, now: number): ReadonlyMap<number, LookAgain> {
  const waits = new Map<number, LookAgain>()
  for (const index of new Set(failed.map((pod) => pod.index))) {
    if (index === undefined || failedIndexes.includes(index)) continue
    const of = (pods: readonly JobPod[]) => pods.filter((pod) => pod.index === index)
    const wait = waitAfter(of(succeeded), of(failed), now)
    if (wait) waits.set(index, wait)
  }
  return waits
}

/** The first name that is free: of pods that failed, and of those that are ending, there are still remains. */
function seatFor(
  { desired, job, scheduled }: JobRun,
  { namespace }: Roster,
  index: number | undefined,
  taken: ReadonlySet<string>,
): OrderedSeat {
  const minutes = scheduled === undefined ? undefined : Math.floor(scheduled / 60_000)
  const nameOf = (attempt: number): string =>
    jobPodName(desired.object.metadata.name, minutes, index, desired.template.hash, attempt)
  let attempt = 0
  while (taken.has(nameOf(attempt))) attempt += 1
  const common = jobIdentity({ namespace, job, scheduled })
  if (index === undefined) return { name: nameOf(attempt), ...common }
  const own = indexIdentity(job, index)
  return {
    name: nameOf(attempt),
    labels: { ...common.labels, ...own.labels },
    annotations: { ...common.annotations, ...own.annotations },
    hostname: own.hostname,
  }
}

/** A clock that was set back must not make the wait longer than it ever is. */
function waitAfter(succeeded: readonly JobPod[], failed: readonly JobPod[], now: number): LookAgain | undefined {
  const record = failureRecord(
    succeeded.map(({ finishedAt }) => finishedAt),
    failed.map(({ finishedAt }) => finishedAt),
  )
  if (record.lastAt === undefined || record.lastAt > now + longestBackoffMs) return undefined
  const waitMs = backoffRemaining(record.failures, now - record.lastAt)
  return waitMs > 0 ? { at: now + waitMs, reason: 'the next attempt after a failure' } : undefined
}

function dueAgain(run: JobRun, facts: JobFacts, end: JobEnd | undefined): LookAgain | undefined {
  if (run.end) {
    const there = facts.succeeded.length + facts.failed.length > 0
    const at = there ? expiresAt(run.spec.ttlSecondsAfterFinished, run.end.finishedAt) : undefined
    return at === undefined ? undefined : { at, reason: 'ttlSecondsAfterFinished' }
  }
  const at = end ? undefined : deadlineAt(run.spec.activeDeadlineSeconds, facts.startedAt, run.spec.suspend)
  return at === undefined ? undefined : { at, reason: 'activeDeadlineSeconds' }
}
