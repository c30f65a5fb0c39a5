import type { LiveVolume } from '../../runtime/live.ts'
import type { Task } from './action.ts'
import { namespaceOf } from './create.ts'
import type { DesiredCronJob, DesiredJob, View, Workload } from './desired.ts'

/** How a Job ended, once for all. */
export interface JobEnd {
  readonly outcome: 'Complete' | 'Failed'
  /** `CompletionsReached`, `BackoffLimitExceeded`, … */
  readonly reason: string
  readonly message: string
  /** ms */
  readonly finishedAt: number
  readonly succeeded: number
  readonly failed: number
}

export function endOfRecord({ facts }: LiveVolume): JobEnd {
  return {
    outcome: facts.outcome === 'Complete' ? 'Complete' : 'Failed',
    reason: facts.reason ?? '',
    message: facts.message ?? '',
    finishedAt: Number(facts.finishedAt ?? 0),
    succeeded: Number(facts.succeeded ?? 0),
    failed: Number(facts.failed ?? 0),
  }
}

/**
 * Writes down on every host that a job has ended, so that it is not run again when its pods are gone, or a host is. A record is a
 * volume of its own that nothing mounts: it outlives `docker container prune`.
 */
export function recordEnd(
  desired: DesiredJob | DesiredCronJob,
  record: {
    readonly job: string
    readonly detail: string
    readonly end: JobEnd
    readonly more?: Record<string, string>
  },
  view: View,
): Task[] {
  const { detail, end } = record
  const { outcome, reason, message, finishedAt, succeeded, failed } = end
  const facts = {
    ...record.more,
    ...{ outcome, reason, message },
    finishedAt: String(finishedAt),
    succeeded: String(succeeded),
    failed: String(failed),
  }
  const text = `record the end of job ${record.job}`
  return writeRecord(desired, { text, cause: outcome === 'Complete' ? outcome : reason, detail, facts }, view)
}

/** One record of an object, on every host. */
export function writeRecord(
  desired: Workload,
  record: {
    readonly text: string
    readonly cause: string
    readonly detail: string
    readonly facts: Readonly<Record<string, string>>
  },
  view: View,
): Task[] {
  const { text, cause, detail, facts } = record
  const volume = {
    app: desired.app,
    namespace: namespaceOf(desired),
    subject: `${desired.kind}/${desired.object.metadata.name}`,
    detail,
    facts,
    driver: 'local',
    options: {},
  }
  return view.hosts
    .filter(({ reachable }) => reachable)
    .map(({ name: host }) => ({
      host,
      text: `${text} on ${host}`,
      cause,
      effect: 'none',
      actions: [{ kind: 'createVolume', host, volume }],
    }))
}

/** Records that speak of nothing any more. */
export function removeRecords(records: readonly LiveVolume[], view: View, cause: string): Task[] {
  const reachable = new Set(view.hosts.filter((host) => host.reachable).map(({ name }) => name))
  return records
    .filter(({ host }) => reachable.has(host))
    .map(({ host, name, subject, detail }) => ({
      host,
      text: `remove record ${detail} of ${subject} on ${host}`,
      cause,
      effect: 'none',
      actions: [{ kind: 'removeVolume', host, name }],
    }))
}
