import { describe, expect, test } from 'vitest'
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import { observe } from '../../../src/reconcile/plan/observe.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { only } from './init-rows.ts'
import { container, ended, host, liveContainer, now, pod, podSpec, template, unready, unseen } from './world.ts'

const setup = container({ name: 'setup' })
const proxy = container({ name: 'proxy', restartPolicy: 'Always' })
const staged = template('aaa', podSpec({ initContainers: [setup, proxy] }))
const once = template('aaa', podSpec({ initContainers: [setup, proxy], restartPolicy: 'Never' }))
const retried = template('aaa', podSpec({ restartPolicy: 'OnFailure' }))
const pair = template('aaa', podSpec({ restartPolicy: 'Never', containers: [container(), container({ name: 'two' })] }))
const limited = template('aaa', podSpec({ restartPolicy: 'Never', activeDeadlineSeconds: 60, initContainers: [proxy] }))

const running = {}
const done = ended(0, 50_000)
const late = { createdAt: now - 60_000 }
const crashed = ended(1, 1_000, { restarts: 3, backoffMs: 20_000, startedAt: now - 2_000 })
const notStarted = { health: { ...unready, started: false, message: 'startup: connection refused' } }
const sandboxRestarted = { sandbox: liveContainer('', { startedAt: now - 10_000 }) }

function seen(live: LivePod, wanted: Template) {
  const { bucket, phase, problem } = observe(live, { now, hosts: [host()], minReadyMs: 0, hash: wanted.hash })
  return `${bucket} ${phase} ${problem}`.trim()
}

interface Row {
  readonly title: string
  readonly template: Template
  readonly states: Parameters<typeof only>[1]
  readonly changes?: Parameters<typeof only>[2]
  readonly expected: string
}

const under: readonly Row[] = [
  {
    title: 'nothing but the sandbox',
    template: staged,
    states: {},
    expected: 'unready Pending Init:0/2: init container setup is next',
  },
  {
    title: 'the first init container runs',
    template: staged,
    states: { setup: running },
    expected: 'unready Pending Init:0/2: init container setup runs',
  },
  {
    title: 'a sidecar is starting',
    template: staged,
    states: { setup: done, proxy: notStarted },
    expected: 'unready Pending Init:1/2: startup: connection refused',
  },
  {
    title: 'all of them are done',
    template: staged,
    states: { setup: done, proxy: running },
    expected: 'unready Pending PodInitializing',
  },
  {
    title: 'it crashes again and again',
    template: staged,
    states: { setup: crashed },
    expected: 'unready Pending Init:CrashLoopBackOff: container setup: Error, exit code 1, restarted 3 times',
  },
  {
    title: 'it fails for good',
    template: once,
    states: { setup: ended(2) },
    expected: 'finished Failed Init:Error: container setup ended: Error, exit code 2',
  },
  {
    title: 'the sandbox was started again',
    template: staged,
    states: { setup: done, proxy: ended(137), app: ended(137) },
    changes: sandboxRestarted,
    expected: 'unready Pending Init:0/2: init container setup runs',
  },
]

const after: readonly Row[] = [
  {
    title: 'ready',
    template: staged,
    states: { setup: done, proxy: running, app: running },
    expected: 'available Running',
  },
  {
    title: 'init containers were removed',
    template: staged,
    states: { proxy: running, app: running },
    expected: 'available Running',
  },
  {
    title: 'a sidecar counts',
    template: staged,
    states: { setup: done, proxy: { health: unready }, app: running },
    expected: 'unready Running readiness: HTTP 503',
  },
  {
    title: 'an init container that Berth has not looked at since it was restarted is of no interest',
    template: staged,
    states: { setup: { health: unseen }, proxy: running, app: running },
    expected: 'available Running',
  },
  {
    title: 'done, with a sidecar still there',
    template: once,
    states: { setup: done, proxy: running, app: ended(0) },
    expected: 'finished Succeeded',
  },
  {
    title: 'failed, with a sidecar still there',
    template: once,
    states: { setup: done, proxy: running, app: ended(3) },
    expected: 'finished Failed container app ended: Error, exit code 3',
  },
  {
    title: 'done once, and the sandbox was started again',
    template: once,
    states: { setup: done, proxy: ended(0), app: ended(0, 20_000) },
    changes: sandboxRestarted,
    expected: 'finished Succeeded',
  },
  {
    title: 'OnFailure: not the end',
    template: retried,
    states: { app: ended(3) },
    expected: 'unready Running container app ended: Error, exit code 3',
  },
  {
    title: 'one of two has ended',
    template: pair,
    states: { app: ended(0), two: running },
    expected: 'unready Running container app ended: Completed, exit code 0',
  },
]

const overdue = 'DeadlineExceeded: Pod was active on the node longer than the specified deadline'

const deadline: readonly Row[] = [
  {
    title: 'time is up',
    template: limited,
    states: { proxy: running, app: running },
    changes: late,
    expected: `finished Failed ${overdue}`,
  },
  {
    title: 'it ended well when it was told to end',
    template: limited,
    states: { proxy: ended(0), app: ended(0, 0) },
    changes: late,
    expected: `finished Failed ${overdue}`,
  },
  {
    title: 'it had ended before, its sidecar after',
    template: limited,
    states: { proxy: ended(0, 0), app: ended(0, 1) },
    changes: late,
    expected: 'finished Succeeded',
  },
  {
    title: 'there is time left',
    template: limited,
    states: { proxy: running, app: running },
    changes: { createdAt: now - 59_999 },
    expected: 'available Running',
  },
]

describe.each([
  ['initializing', under],
  ['initialized', after],
  ['deadline', deadline],
] as const)('%s', (_name, rows) => {
  test.each(rows)('$title', (row) => {
    expect(seen(only(row.template, row.states, row.changes), row.template)).toBe(row.expected)
  })
})

test('restarts of all containers count, init containers too', () => {
  const live = pod(staged, 0, { each: { restarts: 2 } })
  expect(observe(live, { now, hosts: [host()], minReadyMs: 0, hash: 'aaa' }).restarts).toBe(6)
})
