import { keyOf } from '../../base/key.ts'
import type { LiveVolume } from '../../runtime/live.ts'
import type { ObjectStatus, Plan, Task } from './action.ts'
import { namespaceOf } from './create.ts'
import type { DesiredJob, View } from './desired.ts'
import { secondText } from './job-identity.ts'
import { recordPods, withRecorded } from './job-pod-record.ts'
import { endOfRecord, type JobEnd, recordEnd, removeRecords } from './job-record.ts'
import { type JobRunPlan, planRun } from './job-run.ts'
import { successes } from './job-verdict.ts'
import { type Leaving, planLeave, planLeaving } from './leave.ts'
import { observe } from './observe.ts'
import { earliest, type LookAgain } from './time.ts'

/**
 * Runs pods until enough of them ended well, once for each pod template: its end is written down, so that it is not run again when its
 * pods are gone. A changed template, which Kubernetes would refuse, is a new job: pods of the old one have to be gone first.
 */
export function planJob(desired: DesiredJob, view: View): Plan {
  const { hash } = desired.template
  const { name } = desired.object.metadata
  const records = view.volumesOf(keyOf({ namespace: namespaceOf(desired), kind: 'Job', name }))
  const record = records.find(({ detail }) => detail === hash)
  const stale = removeStale(desired, view)
  const pods = view.pods.filter(({ template }) => template === hash)
  const run = planRun(
    {
      desired,
      spec: desired.object.spec,
      job: name,
      scheduled: undefined,
      since: desired.since,
      cause: 'wanted',
      end: record && endOfRecord(record),
      removal: '',
      waits: stale.waits,
    },
    { ...view, pods: record ? pods : withRecorded(desired, pods, records) },
  )
  const recording = record ? [] : recordTasks(desired, run, records, view)
  const outdated = record ? removeRecords(olderRecords(desired, records), view, 'no longer needed') : []
  const tasks = [...stale.tasks, ...run.tasks, ...recording, ...outdated]
  const again = earliest([stale.again, run.again, recording.length > 0 ? soon(view.now) : undefined])
  return {
    tasks,
    status: statusOf(desired, run, { tasks, waits: stale.waits }),
    lookAgainAt: again?.at,
    lookAgainFor: again?.reason ?? '',
  }
}

function olderRecords(desired: DesiredJob, records: ReturnType<View['volumesOf']>) {
  return records.filter(({ detail }) => detail !== desired.template.hash)
}

function soon(now: number): LookAgain {
  return { at: now + 1000, reason: 'its end is being recorded' }
}

function recordTasks(
  desired: DesiredJob,
  { end, facts }: JobRunPlan,
  records: readonly LiveVolume[],
  view: View,
): Task[] {
  if (!end) return recordPods(desired, facts.succeeded, records, view)
  const { hash } = desired.template
  return recordEnd(desired, { job: desired.object.metadata.name, detail: hash, end }, view)
}

interface Stale extends Leaving {
  readonly waits: string
}

/** Pods of other templates. */
function removeStale({ template }: DesiredJob, view: View): Stale {
  const eye = { now: view.now, hosts: view.hosts, minReadyMs: 0, hash: template.hash }
  const stale = view.pods.filter((pod) => pod.template !== template.hash).map((pod) => observe(pod, eye))
  const steps = stale
    .filter(({ reachable }) => reachable)
    .map(({ pod, bucket }): Leaving => {
      if (pod.leaving) return planLeaving(pod, view.now)
      const effect = bucket === 'finished' ? 'none' : 'downtime'
      return { tasks: [planLeave(pod, `old template ${pod.template}`, effect)], again: undefined }
    })
  const [first] = stale
  return {
    tasks: steps.flatMap(({ tasks }) => tasks),
    again: earliest(steps.map(({ again }) => again)),
    waits: first ? `pod ${first.pod.name} of an older template is ending` : '',
  }
}

interface Doing {
  readonly tasks: readonly Task[]
  readonly waits: string
}

function statusOf(desired: DesiredJob, run: JobRunPlan, doing: Doing): ObjectStatus {
  const { namespace = '', name } = desired.object.metadata
  const { completions = 1 } = desired.object.spec
  const done = run.end?.succeeded ?? successes(run.facts)
  return {
    ...{ kind: 'Job', namespace, name },
    sync: doing.tasks.length === 0 && run.making.message === '' ? 'Synced' : 'OutOfSync',
    ready: `${done}/${completions}`,
    ...judge(desired, run, doing),
  }
}

function judge(
  desired: DesiredJob,
  run: JobRunPlan,
  { waits }: Doing,
): Pick<ObjectStatus, 'health' | 'message' | 'failed'> {
  const { end, making } = run
  if (end) return endStatus(end, run.still)
  if (desired.object.spec.suspend) {
    const { active, ending } = run.facts
    const message = active.length + ending.length > 0 ? 'suspended, its pods are ending' : 'suspended'
    return { health: 'Suspended', message, failed: false }
  }
  if (making.failed) return { health: 'Degraded', message: making.message, failed: making.hopeless ?? false }
  const nobody = run.facts.active.length + run.facts.failed.length + run.facts.ending.length + done(run) === 0
  if (nobody && waits === '' && making.message === '') {
    return { health: 'Missing', message: 'no pod exists yet', failed: false }
  }
  const unreachable = run.facts.active.some(({ observed }) => !observed.reachable)
  return { health: unreachable ? 'Degraded' : 'Progressing', message: progressText(run, waits), failed: false }
}

function done(run: JobRunPlan): number {
  return successes(run.facts)
}

function endStatus(end: JobEnd, still: boolean): Pick<ObjectStatus, 'health' | 'message' | 'failed'> {
  if (end.outcome === 'Failed') return { health: 'Degraded', message: `${end.reason}: ${end.message}`, failed: true }
  return still
    ? { health: 'Healthy', message: 'Complete', failed: false }
    : { health: 'Progressing', message: 'Complete, other pods are ending', failed: false }
}

/** `1 of 3 completions, 2 pods active, 1 failed, next attempt at 2026-…Z`. */
export function progressText(run: JobRunPlan, waits: string): string {
  const { spec, active, failed } = run.facts
  const count = (number: number, what: string): string => (number > 0 ? `${number} ${what}` : '')
  const slow = active.find(({ observed }) => observed.problem !== '' && observed.problem !== 'starting')
  const attempt = run.again?.reason === 'the next attempt after a failure' ? run.again.at : undefined
  const parts = [
    spec.completions === undefined ? '' : `${done(run)} of ${spec.completions} completions`,
    count(active.length, active.length === 1 ? 'pod active' : 'pods active'),
    count(failed.length, 'failed'),
    attempt === undefined ? '' : `next attempt at ${secondText(attempt)}`,
    run.making.message,
    waits,
    slow ? `${slow.observed.pod.name}: ${slow.observed.problem}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
