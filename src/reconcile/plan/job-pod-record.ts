import type { ContainerConfig, LiveContainer, LivePod, LiveVolume } from '../../runtime/live.ts'
import type { Task } from './action.ts'
import { namespaceOf } from './create.ts'
import type { DesiredJob, View } from './desired.ts'
import { emptyConfig } from './empty-config.ts'
import type { JobPod } from './job-pods.ts'
import { writeRecord } from './job-record.ts'
import { roleOf } from './start-order.ts'

/** The record of one pod, as against that of the whole job. */
function detailOf({ template }: DesiredJob, podName: string): string {
  return `${template.hash}.${podName}`
}

/**
 * Writes down which pods of a job that goes on have ended well, so that their part is not done again when their containers are pruned. A
 * job of one pod ends with it.
 */
export function recordPods(
  desired: DesiredJob,
  succeeded: readonly JobPod[],
  records: readonly LiveVolume[],
  view: View,
): Task[] {
  if ((desired.object.spec.completions ?? 1) < 2) return []
  const written = new Set(records.map(({ detail }) => detail))
  return succeeded
    .filter(({ observed }) => !written.has(detailOf(desired, observed.pod.name)))
    .flatMap(({ observed: { pod }, finishedAt }) =>
      writeRecord(
        desired,
        {
          text: `record the end of pod ${pod.name}`,
          cause: 'Succeeded',
          detail: detailOf(desired, pod.name),
          facts: { host: pod.host, createdAt: String(pod.createdAt), finishedAt: String(finishedAt) },
        },
        view,
      ),
    )
}

/** The pods of the job as they ended, whatever became of their containers since. */
export function withRecorded(
  desired: DesiredJob,
  pods: readonly LivePod[],
  records: readonly LiveVolume[],
): readonly LivePod[] {
  const prefix = detailOf(desired, '')
  const recorded = new Map(
    records
      .filter(({ detail }) => detail.startsWith(prefix))
      .map((record): [string, LiveVolume] => [record.detail.slice(prefix.length), record]),
  )
  const there = new Set(pods.map(({ name }) => name))
  const gone = [...recorded].filter(([name]) => !there.has(name)).map(([name, record]) => goneOf(desired, name, record))
  return [...pods, ...gone].map((pod) => {
    const record = recorded.get(pod.name)
    return record && !pod.leaving ? endedWell(desired, pod, record) : pod
  })
}

function goneOf(desired: DesiredJob, name: string, { facts }: LiveVolume): LivePod {
  return {
    ...{ host: facts.host ?? '', namespace: namespaceOf(desired), name, app: desired.app },
    owner: `Job/${desired.object.metadata.name}`,
    template: desired.template.hash,
    commit: desired.commit,
    ...{ labels: {}, annotations: {}, spec: desired.template.spec, uid: '', createdAt: Number(facts.createdAt ?? 0) },
    ...{ address: undefined, traffic: 'none' as const, leaving: false, leavingSince: undefined, contents: new Map() },
    ...{ sandbox: undefined, containers: [], leftovers: [] },
  }
}

function endedWell({ template }: DesiredJob, pod: LivePod, { facts }: LiveVolume): LivePod {
  const finishedAt = Number(facts.finishedAt ?? 0)
  const there = new Set(pod.containers.map(({ name }) => name))
  const pruned = template.containers
    .filter(({ name }) => roleOf(template.spec, name) === 'main' && !there.has(name))
    .map(({ name }) => prunedContainer(name, finishedAt))
  if (pruned.length === 0) return pod
  return { ...pod, spec: pod.spec ?? template.spec, containers: [...pod.containers, ...pruned] }
}

function prunedContainer(name: string, finishedAt: number): LiveContainer {
  const config: ContainerConfig = { ...emptyConfig, name }
  return {
    ...{ id: `pruned/${name}`, name, state: 'exited', exitCode: 0, error: '', oomKilled: false },
    ...{ startedAt: finishedAt, finishedAt, createdAt: finishedAt, restarts: 0, backoffMs: 0, last: undefined },
    ...{ image: '', imageId: '', stopping: false, config },
    health: {
      ...{ known: true, started: false, hookDone: false, ready: false },
      ...{ readySince: undefined, failing: false, message: '' },
    },
  }
}
