import type { JobSpec } from '../../../src/manifests/types.ts'
import type { View } from '../../../src/reconcile/plan/desired.ts'
import type { LivePod, LiveVolume } from '../../../src/runtime/live.ts'
import { failed, jobSpec, leaving, record, succeeded, workQueue } from './job-world.ts'
import { container, ended, host, now, type PodChanges, pod, template, unready } from './world.ts'

/** What a Job does, as text: one row per rule. */
export interface JobRow {
  readonly title: string
  readonly spec?: JobSpec
  /** Name after `work-` -> what it is. */
  readonly pods?: Readonly<Record<string, PodChanges>>
  readonly more?: readonly LivePod[]
  readonly records?: readonly LiveVolume[]
  readonly world?: Partial<View>
  readonly expected: readonly string[]
  /** ms from now */
  readonly again?: number
}

const three = jobSpec({ completions: 3, parallelism: 2 })
const indexed = jobSpec({ completionMode: 'Indexed', completions: 4, parallelism: 3 })
const perIndex: JobSpec = { ...indexed, backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1 }
const done = record('Job/work', 'aaa')
const recordedPod = record('Job/work', 'aaa.work-aaa-0', { host: 'local', createdAt: String(now - 90_000) })

export const jobRows: readonly JobRow[] = [
  {
    title: 'a new job starts',
    expected: ['OutOfSync Missing 0/1 no pod exists yet', 'create pod work-aaa-0 on local (wanted)'],
  },
  {
    title: 'it runs: nothing to do',
    pods: { 'aaa-0': {} },
    expected: ['Synced Progressing 0/1 0 of 1 completions, 1 pod active'],
  },
  {
    title: 'an end is written down before anything else is said of it',
    pods: { 'aaa-0': succeeded() },
    expected: ['OutOfSync Healthy 1/1 Complete', 'record the end of job work on local (Complete)'],
    again: 1000,
  },
  {
    title: 'complete and written down',
    pods: { 'aaa-0': succeeded() },
    records: [done],
    expected: ['Synced Healthy 1/1 Complete'],
  },
  {
    title: 'its pods vanished: never again',
    records: [done],
    expected: ['Synced Healthy 1/1 Complete'],
  },
  {
    title: 'a container of an ended job was pruned: the rest is cleared away, nothing runs again',
    pods: { 'aaa-0': { containers: [] } },
    records: [done],
    expected: [
      'OutOfSync Progressing 1/1 Complete, other pods are ending',
      'remove pod work-aaa-0 (the job is complete)',
    ],
  },
  {
    title: 'the sandbox of a pod that ended well is gone: what it did still counts',
    pods: { 'aaa-0': { ...succeeded(), sandbox: undefined, spec: undefined, labels: {}, annotations: {} } },
    expected: ['OutOfSync Healthy 1/1 Complete', 'record the end of job work on local (Complete)'],
  },
  {
    title: 'a pod that lost its sandbox while it ran is made anew, without counting as a failure',
    spec: jobSpec({ backoffLimit: 0 }),
    pods: { 'aaa-0': { sandbox: undefined, spec: undefined } },
    expected: [
      'OutOfSync Progressing 0/1 0 of 1 completions',
      'remove pod work-aaa-0 (it cannot come back: its sandbox or a container was removed)',
      'create pod work-aaa-1 on local (wanted)',
    ],
  },
  {
    title: 'as many at a time as parallelism says',
    spec: three,
    pods: { 'aaa-0': succeeded(), 'aaa-1': {} },
    expected: [
      'OutOfSync Progressing 1/3 1 of 3 completions, 1 pod active',
      'create pod work-aaa-2 on local (wanted)',
      'record the end of pod work-aaa-0 on local (Succeeded)',
    ],
  },
  {
    title: 'a pod that was pruned after it had ended well has done its part, and its name is taken',
    spec: three,
    pods: { 'aaa-1': {} },
    records: [recordedPod],
    expected: ['OutOfSync Progressing 1/3 1 of 3 completions, 1 pod active', 'create pod work-aaa-2 on local (wanted)'],
  },
  {
    title: 'so has one of which only the container was pruned',
    spec: three,
    pods: { 'aaa-0': { containers: [] }, 'aaa-1': {}, 'aaa-2': {} },
    records: [recordedPod],
    expected: ['Synced Progressing 1/3 1 of 3 completions, 2 pods active'],
  },
  {
    title: 'records of pods go once the end of the job is written down',
    spec: three,
    records: [done, recordedPod],
    expected: [
      'OutOfSync Healthy 1/3 Complete',
      'remove record aaa.work-aaa-0 of Job/work on local (no longer needed)',
    ],
  },
  {
    title: 'fewer at a time than run',
    spec: { ...three, parallelism: 1 },
    pods: { 'aaa-0': {}, 'aaa-1': {} },
    expected: ['OutOfSync Progressing 0/3 0 of 3 completions, 2 pods active', 'stop pod work-aaa-0 (parallelism is 1)'],
  },
  {
    title: 'a work queue drains after its first success',
    spec: workQueue({ parallelism: 3 }),
    pods: { 'aaa-0': succeeded(), 'aaa-1': {} },
    expected: ['Synced Progressing 1/1 1 pod active'],
  },
  {
    title: 'a work queue starts all its pods',
    spec: workQueue({ parallelism: 2 }),
    expected: [
      'OutOfSync Missing 0/1 no pod exists yet',
      'create pod work-aaa-0 on local (wanted)',
      'create pod work-aaa-1 on local (wanted)',
    ],
  },
  {
    title: 'a failed pod is kept, and replaced after a while',
    pods: { 'aaa-0': failed(4000) },
    expected: ['Synced Progressing 0/1 0 of 1 completions, 1 failed, next attempt at 1970-01-12T13:46:46Z'],
    again: 6000,
  },
  {
    title: 'the while has passed',
    pods: { 'aaa-0': failed(10_000) },
    expected: [
      'OutOfSync Progressing 0/1 0 of 1 completions, 1 failed',
      'create pod work-aaa-1 on local (the one before it failed)',
    ],
  },
  {
    title: 'the wait doubles',
    pods: { 'aaa-0': failed(100_000), 'aaa-1': failed(50_000), 'aaa-2': failed(15_000) },
    expected: ['Synced Progressing 0/1 0 of 1 completions, 3 failed, next attempt at 1970-01-12T13:47:05Z'],
    again: 25_000,
  },
  {
    title: 'a failure far in the future, by a clock that was set back, is not waited for',
    pods: { 'aaa-0': failed(-10_000_000) },
    expected: [
      'OutOfSync Progressing 0/1 0 of 1 completions, 1 failed',
      'create pod work-aaa-1 on local (the one before it failed)',
    ],
  },
  {
    title: 'too many failures',
    spec: jobSpec({ backoffLimit: 1 }),
    pods: { 'aaa-0': failed(90_000), 'aaa-1': failed(5000, 3) },
    expected: [
      'OutOfSync Degraded for good 0/1 BackoffLimitExceeded: backoffLimit 1 was reached: pod work-aaa-1: container app ended: Error, exit code 3',
      'record the end of job work on local (BackoffLimitExceeded)',
    ],
  },
  {
    title: 'what failed for good stays failed',
    records: [
      record('Job/work', 'aaa', {
        outcome: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'it took longer',
        succeeded: '0',
      }),
    ],
    expected: ['Synced Degraded for good 0/1 DeadlineExceeded: it took longer'],
  },
  {
    title: 'others are ended only when the failure is written down: with them goes what it follows from',
    spec: { ...three, backoffLimit: 0 },
    pods: { 'aaa-0': failed(), 'aaa-1': {} },
    expected: [
      'OutOfSync Degraded for good 0/3 BackoffLimitExceeded: backoffLimit 0 was reached: pod work-aaa-0: container app ended: Error, exit code 1',
      'record the end of job work on local (BackoffLimitExceeded)',
    ],
  },
  {
    title: 'then they are ended',
    spec: { ...three, backoffLimit: 0 },
    pods: { 'aaa-0': failed(), 'aaa-1': {} },
    records: [record('Job/work', 'aaa', { outcome: 'Failed', reason: 'BackoffLimitExceeded', message: 'no' })],
    expected: [
      'OutOfSync Degraded for good 1/3 BackoffLimitExceeded: no',
      'stop pod work-aaa-1 (BackoffLimitExceeded)',
    ],
  },
  {
    title: 'OnFailure: restarts in place count',
    spec: jobSpec({ backoffLimit: 2 }, { restartPolicy: 'OnFailure' }),
    pods: { 'aaa-0': { each: { restarts: 2, health: unready } } },
    expected: [
      'OutOfSync Degraded for good 0/1 BackoffLimitExceeded: backoffLimit 2 was reached: pod work-aaa-0: readiness: HTTP 503',
      'record the end of job work on local (BackoffLimitExceeded)',
    ],
  },
  {
    title: 'OnFailure: the container is restarted in its pod',
    spec: jobSpec({}, { restartPolicy: 'OnFailure' }),
    pods: { 'aaa-0': { each: ended(1, 1000) } },
    expected: [
      'OutOfSync Progressing 0/1 0 of 1 completions, 1 pod active, work-aaa-0: container app ended: Error, exit code 1',
      'restart container app of pod work-aaa-0 (Error, exit code 1)',
    ],
  },
  {
    title: 'too late',
    spec: jobSpec({ activeDeadlineSeconds: 100 }),
    pods: { 'aaa-0': {} },
    expected: [
      'OutOfSync Degraded for good 0/1 DeadlineExceeded: it took longer than 100 s',
      'record the end of job work on local (DeadlineExceeded)',
    ],
  },
  {
    title: 'not too late yet',
    spec: jobSpec({ activeDeadlineSeconds: 130 }),
    pods: { 'aaa-0': {} },
    expected: ['Synced Progressing 0/1 0 of 1 completions, 1 pod active'],
    again: 30_000,
  },
  {
    title: 'done in time, seen too late',
    spec: jobSpec({ activeDeadlineSeconds: 100 }),
    pods: { 'aaa-0': succeeded() },
    records: [],
    expected: ['OutOfSync Healthy 1/1 Complete', 'record the end of job work on local (Complete)'],
  },
  {
    title: 'suspended',
    spec: jobSpec({ suspend: true }),
    pods: { 'aaa-0': {} },
    expected: ['OutOfSync Suspended 0/1 suspended, its pods are ending', 'stop pod work-aaa-0 (suspended)'],
  },
  {
    title: 'suspended from the beginning',
    spec: jobSpec({ suspend: true }),
    expected: ['Synced Suspended 0/1 suspended'],
  },
  {
    title: 'its pods are kept until the ttl',
    spec: jobSpec({ ttlSecondsAfterFinished: 100 }),
    pods: { 'aaa-0': succeeded(60_000) },
    records: [done],
    expected: ['Synced Healthy 1/1 Complete'],
    again: 40_000,
  },
  {
    title: 'the ttl has passed',
    spec: jobSpec({ ttlSecondsAfterFinished: 60 }),
    pods: { 'aaa-0': succeeded(60_000) },
    records: [done],
    expected: ['OutOfSync Healthy 1/1 Complete', 'remove pod work-aaa-0 (ended 60 s ago)'],
  },
  {
    title: 'another template: first the old pods go',
    more: [pod(template('old', jobSpec().template.spec), 0, { name: 'work-old-0' })],
    expected: [
      'OutOfSync Progressing 0/1 0 of 1 completions, pod work-old-0 of an older template is ending',
      'stop pod work-old-0 (old template old)',
    ],
  },
  {
    title: 'another template: then it runs, whatever became of the old one',
    records: [record('Job/work', 'old')],
    expected: ['OutOfSync Missing 0/1 no pod exists yet', 'create pod work-aaa-0 on local (wanted)'],
  },
  {
    title: 'another template: the old record goes once there is a new one',
    records: [record('Job/work', 'old'), done],
    expected: ['OutOfSync Healthy 1/1 Complete', 'remove record old of Job/work on local (no longer needed)'],
  },
  {
    title: 'Failed: a pod is replaced once it has ended',
    spec: jobSpec({ podReplacementPolicy: 'Failed' }),
    pods: { 'aaa-0': { ...leaving, each: { stopping: true } } },
    expected: ['Synced Progressing 0/1 0 of 1 completions'],
  },
  {
    title: 'TerminatingOrFailed: a pod is replaced while it ends',
    pods: { 'aaa-0': { ...leaving, each: { stopping: true } } },
    expected: ['OutOfSync Progressing 0/1 0 of 1 completions', 'create pod work-aaa-1 on local (wanted)'],
  },
  {
    title: 'the image is not there',
    spec: jobSpec({}, { containers: [container({ image: 'web:9', imagePullPolicy: 'Never' })] }),
    expected: ['OutOfSync Degraded 0/1 ErrImageNeverPull: web:9 is not on host local and imagePullPolicy is Never'],
  },
  {
    title: 'its host cannot be reached: nothing is done',
    pods: { 'aaa-0': {} },
    world: { hosts: [host({ reachable: false, message: 'no route' })] },
    expected: ['Synced Degraded 0/1 0 of 1 completions, 1 pod active, work-aaa-0: host local is unreachable: no route'],
  },
  {
    title: 'Indexed: the lowest indexes first, each under its own name',
    spec: indexed,
    pods: { '1-aaa-0': succeeded() },
    expected: [
      'OutOfSync Progressing 1/4 1 of 4 completions',
      'create pod work-0-aaa-0 on local (wanted)',
      'create pod work-2-aaa-0 on local (wanted)',
      'create pod work-3-aaa-0 on local (wanted)',
      'record the end of pod work-1-aaa-0 on local (Succeeded)',
    ],
  },
  {
    title: 'Indexed: a failed index is tried again',
    spec: { ...indexed, completions: 2 },
    pods: { '0-aaa-0': failed(20_000), '1-aaa-0': {} },
    expected: [
      'OutOfSync Progressing 0/2 0 of 2 completions, 1 pod active, 1 failed',
      'create pod work-0-aaa-1 on local (the one before it failed)',
    ],
  },
  {
    title: 'a limit per index: one waits, others go on',
    spec: perIndex,
    pods: { '0-aaa-0': failed(4000), '1-aaa-0': succeeded() },
    records: [record('Job/work', 'aaa.work-1-aaa-0')],
    expected: [
      'OutOfSync Progressing 1/4 1 of 4 completions, 1 failed, next attempt at 1970-01-12T13:46:46Z',
      'create pod work-2-aaa-0 on local (the one before it failed)',
      'create pod work-3-aaa-0 on local (the one before it failed)',
    ],
    again: 6000,
  },
  {
    title: 'a limit per index: an index is given up, the job fails when the others are done',
    spec: { ...perIndex, completions: 2 },
    pods: { '0-aaa-0': failed(50_000), '0-aaa-1': failed(30_000), '1-aaa-0': succeeded() },
    expected: [
      'OutOfSync Degraded for good 1/2 FailedIndexes: indexes that failed: 0',
      'record the end of job work on local (FailedIndexes)',
    ],
  },
  {
    title: 'too many failed indexes',
    spec: { ...perIndex, maxFailedIndexes: 0 },
    pods: { '0-aaa-0': failed(50_000), '0-aaa-1': failed(30_000), '1-aaa-0': {} },
    expected: [
      'OutOfSync Degraded for good 0/4 MaxFailedIndexesExceeded: indexes that failed: 0',
      'record the end of job work on local (MaxFailedIndexesExceeded)',
    ],
  },
  {
    title: 'the failure policy ends the job at once',
    spec: jobSpec({
      podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] },
    }),
    pods: { 'aaa-0': failed(1000, 42) },
    expected: [
      'OutOfSync Degraded for good 0/1 PodFailurePolicy: pod work-aaa-0: container app ended: Error, exit code 42 matches rule 0 with action FailJob',
      'record the end of job work on local (PodFailurePolicy)',
    ],
  },
  {
    title: 'the failure policy ignores a failure',
    spec: jobSpec({
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }] },
    }),
    pods: { 'aaa-0': failed(20_000, 42) },
    expected: [
      'OutOfSync Progressing 0/1 0 of 1 completions, 1 failed',
      'create pod work-aaa-1 on local (the one before it failed)',
    ],
  },
  {
    title: 'enough indexes have succeeded',
    spec: { ...indexed, successPolicy: { rules: [{ succeededIndexes: '1-2', succeededCount: 1 }] } },
    pods: { '0-aaa-0': {}, '2-aaa-0': succeeded() },
    expected: [
      'OutOfSync Progressing 1/4 Complete, other pods are ending',
      'record the end of job work on local (Complete)',
    ],
  },
]
