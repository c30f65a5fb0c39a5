import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../src/reconcile/plan/action.ts'
import { planCronJob } from '../../../src/reconcile/plan/cron-job.ts'
import type { DesiredCronJob, View } from '../../../src/reconcile/plan/desired.ts'
import { forecast } from '../../../src/reconcile/plan/forecast.ts'
import type { LiveHost, LivePod, LiveVolume } from '../../../src/runtime/live.ts'
import { type CronChanges, cronJob, jobSpec, leaving, record, runPod, told } from './job-world.ts'
import { container, ended, host, type PodChanges, view } from './world.ts'

const now = Date.parse('2026-03-01T12:00:30Z')
const due = Date.parse('2026-03-01T12:00:00Z')
const before = due - 600_000
const longBefore = due - 1_200_000
const minutes = (at: number): string => String(at / 60_000)
const yesterday = now - 86_400_000

interface Row {
  readonly title: string
  readonly spec?: CronChanges
  readonly pods?: (desired: DesiredCronJob) => readonly LivePod[]
  readonly records?: readonly LiveVolume[]
  readonly now?: number
  readonly hosts?: readonly LiveHost[]
  readonly expected: readonly string[]
  /** ISO */
  readonly again?: string
}

const recorded = (at: number, facts: Record<string, string> = {}): LiveVolume =>
  record('CronJob/backup', minutes(at), { scheduled: String(at), finishedAt: String(at + 60_000), ...facts })
const silent = [host(), host({ name: 'far', reachable: false, message: 'no route to host' })]
const lost = { outcome: 'Failed', reason: 'BackoffLimitExceeded', message: 'no' }
/** A pod that ended at its run's time and five seconds. */
const over = (desired: DesiredCronJob, at: number): LivePod => runPod(desired, at, endedAt(at, 0))
const endedAt = (at: number, exitCode: number): PodChanges => ({ each: { ...ended(exitCode), finishedAt: at + 5000 } })

const rows: readonly Row[] = [
  {
    title: 'nothing is due yet',
    spec: { since: due + 1000 },
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z'],
    again: '2026-03-01T12:10:00.100Z',
  },
  {
    title: 'a run is due',
    spec: { since: before },
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z',
      'create pod backup-29539440-aaa-0 on local (due at 2026-03-01T12:00:00Z)',
    ],
  },
  {
    title: 'it has begun: nothing more',
    spec: { since: before },
    pods: (desired) => [runPod(desired, due)],
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, 1 run active'],
    again: '2026-03-01T12:10:00.100Z',
  },
  {
    title: 'it has ended: that is written down',
    pods: (desired) => [over(desired, due)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:00:05Z',
      'record the end of job backup-29539440 on local (Complete)',
    ],
  },
  {
    title: 'its pods were removed: it is not run again',
    spec: { since: yesterday },
    records: [recorded(due)],
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z'],
  },
  {
    title: 'Berth begins to want it after the time: not due',
    spec: { since: now },
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z'],
  },
  {
    title: 'after a long time down only the newest run is made up for',
    records: [recorded(yesterday - (yesterday % 600_000))],
    spec: { since: now },
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-02-28T12:01:00Z',
      'create pod backup-29539440-aaa-0 on local (due at 2026-03-01T12:00:00Z, more than 100 times before it were missed)',
    ],
  },
  {
    title: 'too late for its deadline',
    spec: { since: before, startingDeadlineSeconds: 20 },
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z'],
  },
  {
    title: 'a clock that was set back starts nothing again',
    records: [recorded(due)],
    now: before + 30_000,
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z'],
  },
  {
    title: 'Allow: runs side by side',
    pods: (desired) => [runPod(desired, before)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, 1 run active',
      'create pod backup-29539440-aaa-0 on local (due at 2026-03-01T12:00:00Z)',
    ],
  },
  {
    title: 'Forbid: the one before is still active',
    spec: { concurrencyPolicy: 'Forbid' },
    pods: (desired) => [runPod(desired, before)],
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, 1 run active'],
  },
  {
    title: 'Forbid: the one before is given up, and runs until it is told to end',
    spec: { concurrencyPolicy: 'Forbid' },
    pods: (desired) => [runPod(desired, before)],
    records: [recorded(before)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T11:51:00Z',
      'stop pod backup-29539430-aaa-0 (the job is complete)',
    ],
  },
  {
    title: 'Forbid: the one before has ended, late',
    spec: { concurrencyPolicy: 'Forbid' },
    pods: (desired) => [over(desired, before)],
    records: [recorded(before)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T11:51:00Z',
      'create pod backup-29539440-aaa-0 on local (due at 2026-03-01T12:00:00Z)',
    ],
  },
  {
    title: 'Replace: the one before goes when the new one begins',
    spec: { concurrencyPolicy: 'Replace' },
    pods: (desired) => [runPod(desired, before)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, 1 run active',
      'stop pod backup-29539430-aaa-0 (replaced by a newer run)',
      'create pod backup-29539440-aaa-0 on local (due at 2026-03-01T12:00:00Z)',
    ],
  },
  {
    title: 'Replace: it stays while the new one cannot begin',
    spec: {
      concurrencyPolicy: 'Replace',
      jobTemplate: { spec: jobSpec({}, { containers: [container({ image: 'web:9', imagePullPolicy: 'Never' })] }) },
    },
    pods: (desired) => [runPod(desired, before)],
    expected: [
      'Synced Degraded run backup-29539440: ErrImageNeverPull: web:9 is not on host local and imagePullPolicy is Never',
    ],
  },
  {
    title: 'Replace: a removal that was cut short is made up for',
    spec: { concurrencyPolicy: 'Replace' },
    pods: (desired) => [runPod(desired, before), runPod(desired, due)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, 2 runs active',
      'stop pod backup-29539430-aaa-0 (replaced by a newer run)',
    ],
  },
  {
    title: 'a replaced run is not begun anew',
    spec: { concurrencyPolicy: 'Replace' },
    pods: (desired) => [runPod(desired, before, { ...leaving, each: { stopping: true } }), runPod(desired, due)],
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, 1 run active'],
  },
  {
    title: 'suspended: active runs go on, none begins',
    spec: { suspend: true, since: yesterday },
    pods: (desired) => [runPod(desired, before)],
    expected: ['Synced Suspended suspended, 1 run active'],
  },
  {
    title: 'the history has its limits',
    spec: { successfulJobsHistoryLimit: 1 },
    pods: (desired) => [over(desired, longBefore), over(desired, before), over(desired, due)],
    records: [recorded(longBefore), recorded(before), recorded(due)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z',
      'remove pod backup-29539420-aaa-0 (beyond the history limit)',
      'remove pod backup-29539430-aaa-0 (beyond the history limit)',
    ],
  },
  {
    title: 'no pod goes before its end is written down',
    spec: { successfulJobsHistoryLimit: 0 },
    pods: (desired) => [over(desired, due)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:00:05Z',
      'record the end of job backup-29539440 on local (Complete)',
    ],
  },
  {
    title: 'of runs without pods only the newest is remembered',
    records: [recorded(longBefore), recorded(before), recorded(due)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z',
      'remove record 29539420 of CronJob/backup on local (of an older run)',
      'remove record 29539430 of CronJob/backup on local (of an older run)',
    ],
  },
  {
    title: 'but not while a host that does not answer may have pods of theirs, which would be run again',
    records: [recorded(longBefore), recorded(before), recorded(due)],
    hosts: silent,
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z'],
  },
  {
    title: 'nor are there more and more of them: runs that it has pods of are the oldest',
    records: Array.from({ length: 102 }, (_none, index) => recorded(due - index * 600_000)),
    hosts: silent,
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z',
      'remove record 29539430 of CronJob/backup on local (of an older run)',
    ],
  },
  {
    title: 'the last run failed',
    pods: (desired) => [runPod(desired, due, endedAt(due, 1))],
    records: [recorded(before), recorded(due, lost)],
    expected: [
      'OutOfSync Degraded last run failed at 2026-03-01T12:01:00Z: BackoffLimitExceeded: no, next run 2026-03-01T12:10:00Z',
      'remove record 29539430 of CronJob/backup on local (of an older run)',
    ],
  },
  {
    title: 'one that failed before is forgiven',
    records: [recorded(before, lost), recorded(due)],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:01:00Z',
      'remove record 29539430 of CronJob/backup on local (of an older run)',
    ],
  },
  {
    title: 'a pod of a run that failed is replaced within its run',
    pods: (desired) => [runPod(desired, due, endedAt(due, 1))],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z',
      'create pod backup-29539440-aaa-1 on local (the one before it failed)',
    ],
  },
  {
    title: 'a run of an older template goes on',
    spec: { hash: 'bbb' },
    pods: () => [runPod(cronJob(), due)],
    expected: ['Synced Healthy next run 2026-03-01T12:10:00Z, 1 run active'],
  },
  {
    title: 'a pod without its sandbox still belongs to its run',
    pods: (desired) => [
      runPod(desired, due, { sandbox: undefined, spec: undefined, labels: {}, annotations: {}, ...endedAt(due, 0) }),
    ],
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:00:05Z',
      'record the end of job backup-29539440 on local (Complete)',
    ],
  },
  {
    title: 'also one of the time when its jobs had indexes',
    pods: (desired) => {
      const name = 'backup-29539440-0-bbb-0'
      return [
        runPod(desired, due, {
          name,
          sandbox: undefined,
          spec: undefined,
          labels: {},
          annotations: {},
          ...endedAt(due, 0),
        }),
      ]
    },
    expected: [
      'OutOfSync Healthy next run 2026-03-01T12:10:00Z, last run Complete at 2026-03-01T12:00:05Z',
      'record the end of job backup-29539440 on local (Complete)',
    ],
  },
  {
    title: 'a time zone',
    spec: { schedule: '0 2 * * *', timeZone: 'Asia/Tokyo', since: now },
    expected: ['Synced Healthy next run 2026-03-01T17:00:00Z'],
  },
  {
    title: 'a time zone that nobody knows',
    spec: { timeZone: 'Mars/Base' },
    expected: ['Synced Degraded for good UnknownTimeZone: unknown time zone "Mars/Base"'],
  },
  {
    title: 'a schedule that never comes',
    spec: { schedule: '0 0 30 2 *' },
    expected: ['Synced Degraded for good InvalidSchedule: "0 0 30 2 *" never comes'],
  },
  {
    title: 'more often than every minute: once a minute',
    spec: { schedule: '@every 10s' },
    pods: (desired) => [over(desired, due)],
    records: [recorded(due)],
    expected: ['Synced Healthy next run 2026-03-01T12:01:00Z, last run Complete at 2026-03-01T12:01:00Z'],
    again: '2026-03-01T12:01:00.100Z',
  },
  {
    title: 'every ninety seconds, counted from the last one',
    spec: { schedule: '@every 90s' },
    records: [recorded(due - 30_000, { scheduled: String(due - 30_000) })].map((one) => ({
      ...one,
      detail: '29539439',
    })),
    expected: ['Synced Healthy next run 2026-03-01T12:01:00Z, last run Complete at 2026-03-01T12:00:30Z'],
    now: now - 1000,
  },
]

describe('a CronJob', () => {
  test.each(rows)('$title', (row) => {
    const planned = planOf(row)
    expect(told(planned).split('\n')).toEqual(row.expected)
    if (row.again) expect(new Date(planned.lookAgainAt ?? 0).toISOString()).toBe(row.again)
  })
})

function planOf(row: Row): Plan {
  const desired = cronJob({ since: yesterday, ...row.spec })
  const pods = row.pods?.(desired) ?? []
  return planCronJob(desired, { ...worldOf(pods, row.records ?? [], row.now ?? now), hosts: row.hosts ?? [host()] })
}

function worldOf(pods: readonly LivePod[], records: readonly LiveVolume[], at: number): View {
  const volumesOf: View['volumesOf'] = (key) => (key === 'shop/CronJob/backup' ? records : [])
  return view(pods, { volumesOf, hosts: [host()], now: at })
}

test('pods of a run say what they are of', () => {
  const env = [{ name: 'JOB', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['job-name']" } } }]
  const jobTemplate = { spec: jobSpec({}, { containers: [container({ env })] }) }
  const actions = planCronJob(cronJob({ since: before, jobTemplate }), worldOf([], [], now)).tasks[0]?.actions ?? []
  expect(actions.find((action) => action.kind === 'createSandbox')?.sandbox).toMatchObject({
    owner: 'CronJob/backup',
    labels: { 'job-name': 'backup-29539440', 'batch.kubernetes.io/job-name': 'backup-29539440' },
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-03-01T12:00:00Z' },
  })
  const config = actions.find((action) => action.kind === 'createContainer')?.config
  expect(config?.env).toEqual([{ name: 'JOB', value: 'backup-29539440', secret: false }])
})

test('runs of a long name still differ', () => {
  const desired = cronJob({ since: before })
  const name = 'a-name-of-fifty-two-characters-is-as-long-as-it-gets'
  const long = { ...desired, object: { ...desired.object, metadata: { name, namespace: 'shop' } } }
  const nameAt = (at: number) => planCronJob(long, worldOf([], [], at)).tasks[0]?.text
  expect(nameAt(now)).toBe('create pod a-name-of-fifty-two-characters-is-as-long-as-it-29539440-aaa-0 on local')
  expect(nameAt(now + 600_000)).not.toBe(nameAt(now))
})

/** Every write that the plan asks for has happened, or was lost: whatever Berth is killed at, no run begins twice. */
test('a run is decided under the same name until it is there', () => {
  const desired = cronJob({ since: before })
  const first = planCronJob(desired, worldOf([], [], now))
  const later = planCronJob(desired, worldOf([], [], now + 300_000))
  expect(later.tasks.map(({ text }) => text)).toEqual(first.tasks.map(({ text }) => text))
})

test('what a CronJob would do is the run that is due', () => {
  const desired = cronJob({ since: before })
  const whole = forecast((world) => planCronJob(desired, world), worldOf([], [], now))
  expect(whole).toMatchObject({ complete: true })
  expect(whole.tasks.map(({ text }) => text)).toEqual([
    'create pod backup-29539440-aaa-0 on local',
    'record the end of job backup-29539440 on local',
  ])
})
