// Runs of a CronJob whose template changes while their pods are half made.
import { describe, expect, test } from 'vitest'
import { planCronJob } from '../../../src/reconcile/plan/cron-job.ts'
import type { DesiredCronJob } from '../../../src/reconcile/plan/desired.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { type CronChanges, cronJob, jobSpec, leaving, runPod, told } from './job-world.ts'
import { container, host, liveContainer, type PodChanges, podSpec, view } from './world.ts'

const now = Date.parse('2026-03-01T12:00:30Z')
const due = Date.parse('2026-03-01T12:00:00Z')
const before = due - 600_000
const nextRun = 'next run 2026-03-01T12:10:00Z'

/** Its init container runs, or was running when it was marked; the others were still to be made. */
function halfMade(at: number, changes: PodChanges = {}): LivePod {
  const spec = podSpec({ restartPolicy: 'Never', initContainers: [container({ name: 'init' })] })
  const init = liveContainer('init', changes.leaving ? { state: 'exited', exitCode: 143 } : {})
  return runPod(cronJob(), at, { spec, containers: [init], ...changes })
}

const withImage = (image: string): CronChanges => ({
  jobTemplate: { spec: jobSpec({}, { containers: [container({ image })] }) },
})

interface Row {
  readonly title: string
  readonly spec?: CronChanges
  readonly pods: (desired: DesiredCronJob) => readonly LivePod[]
  readonly expected: readonly string[]
}

const rows: readonly Row[] = [
  {
    title: 'nobody can finish it: it is marked before another one is made',
    pods: () => [halfMade(due)],
    expected: [
      `OutOfSync Healthy ${nextRun}`,
      'stop pod backup-29539440-aaa-0 (it cannot come back: its sandbox or a container was removed)',
    ],
  },
  {
    title: 'what is left of it says which run it was, until there is another one',
    pods: () => [halfMade(due, leaving)],
    expected: [
      `OutOfSync Healthy ${nextRun}`,
      'create pod backup-29539440-bbb-0 on local (due at 2026-03-01T12:00:00Z)',
    ],
  },
  {
    title: 'nothing of it runs: it is marked, and stays so far',
    pods: () => [halfMade(due, { containers: [] })],
    expected: [
      `OutOfSync Healthy ${nextRun}`,
      'stop pod backup-29539440-aaa-0 (it cannot come back: its sandbox or a container was removed)',
    ],
  },
  {
    title: 'its image is still to be pulled: the run is not forgotten',
    spec: withImage('web:9'),
    pods: () => [halfMade(due, leaving)],
    expected: [`OutOfSync Healthy ${nextRun}`, 'pull web:9 on local (not on the host)'],
  },
  {
    title: 'there is another one: it can go',
    pods: (desired) => [halfMade(due, leaving), runPod(desired, due)],
    expected: [`OutOfSync Healthy ${nextRun}, 1 run active`, 'remove pod backup-29539440-aaa-0 (it has ended)'],
  },
  {
    title: 'Forbid: a run that is to be made again is active',
    spec: { concurrencyPolicy: 'Forbid', since: before, ...withImage('web:9') },
    pods: () => [halfMade(before, leaving)],
    expected: [`OutOfSync Healthy ${nextRun}`, 'pull web:9 on local (not on the host)'],
  },
  {
    title: 'Replace: a run that was replaced is not made again, however little of it there was',
    spec: { concurrencyPolicy: 'Replace' },
    pods: (desired) => [halfMade(before, leaving), runPod(desired, due)],
    expected: [`OutOfSync Healthy ${nextRun}, 1 run active`, 'remove pod backup-29539430-aaa-0 (it has ended)'],
  },
  {
    title: 'Replace: the newest run is made again',
    spec: { concurrencyPolicy: 'Replace' },
    pods: () => [halfMade(due, leaving)],
    expected: [
      `OutOfSync Healthy ${nextRun}`,
      'create pod backup-29539440-bbb-0 on local (due at 2026-03-01T12:00:00Z)',
    ],
  },
]

describe('a run that a new template interrupts', () => {
  test.each(rows)('$title', ({ spec, pods, expected }) => {
    const desired = cronJob({ hash: 'bbb', since: now, ...spec })
    expect(told(planCronJob(desired, view(pods(desired), { hosts: [host()], now }))).split('\n')).toEqual(expected)
  })
})
