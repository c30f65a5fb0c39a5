import { jobName } from '../../cron/history.ts'
import type { LivePod, LiveVolume } from '../../runtime/live.ts'
import type { DesiredCronJob } from './desired.ts'
import { jobNameLabel, runOfName, scheduledKey } from './job-identity.ts'
import type { JobRunPlan } from './job-run.ts'
import { isIndexed } from './job-verdict.ts'

/** One run of a CronJob, by what is there of it. */
export interface CronRun {
  /** The minute of its job's name, since 1970. */
  readonly minutes: number
  /** When it was due, ms. */
  readonly scheduled: number
  readonly job: string
  readonly pods: readonly LivePod[]
  /** Undefined: its end is not written down. */
  readonly record: LiveVolume | undefined
}

/** A run and what is done about it. */
export interface PlannedRun extends CronRun {
  readonly plan: JobRunPlan
}

/** All runs that left pods or a record, oldest first. */
export function cronRuns(
  desired: DesiredCronJob,
  pods: readonly LivePod[],
  records: readonly LiveVolume[],
): readonly CronRun[] {
  const indexed = isIndexed(desired.object.spec.jobTemplate.spec)
  const groups = new Map<number, LivePod[]>()
  for (const pod of pods) {
    const minutes = minutesOf(pod, desired.object.metadata.name, indexed)
    if (minutes === undefined) continue
    const group = groups.get(minutes)
    if (group) group.push(pod)
    else groups.set(minutes, [pod])
  }
  const recorded = new Map(records.map((record) => [Number(record.detail), record]))
  return [...new Set([...groups.keys(), ...recorded.keys()])]
    .sort((a, b) => a - b)
    .map((minutes) => {
      const group = groups.get(minutes) ?? []
      const record = recorded.get(minutes)
      const scheduled = scheduledOf(group, record) ?? minutes * 60_000
      const job = jobName(desired.object.metadata.name, minutes * 60_000)
      return { minutes, scheduled, job, pods: group, record }
    })
}

/** A pod without its sandbox has lost its labels; its name still tells. */
function minutesOf({ name, labels }: LivePod, owner: string, indexed: boolean): number | undefined {
  const label = /-([0-9]+)$/.exec(labels[jobNameLabel] ?? '')?.[1]
  return label === undefined ? runOfName(owner, name, indexed) : Number(label)
}

function scheduledOf(pods: readonly LivePod[], record: LiveVolume | undefined): number | undefined {
  const texts = pods.map(({ annotations }) => annotations[scheduledKey]).filter((text) => text !== undefined)
  const [first] = texts.map((text) => Date.parse(text)).filter((at) => !Number.isNaN(at))
  const recorded = Number(record?.facts.scheduled ?? Number.NaN)
  return first ?? (Number.isNaN(recorded) ? undefined : recorded)
}
