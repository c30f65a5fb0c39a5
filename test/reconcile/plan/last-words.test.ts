// What a container said of its end is told wherever its end is.
import { describe, expect, test } from 'vitest'
import { lastWords } from '../../../src/reconcile/plan/container-state.ts'
import type { Workload } from '../../../src/reconcile/plan/desired.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import {
  barePod,
  container,
  deployment,
  ended,
  liveContainer,
  now,
  pod,
  podSpec,
  template,
  unready,
  view,
} from './world.ts'

const message = 'no such table:\n  carts'
const one = template('aaa')
const once = template('job', podSpec({ restartPolicy: 'Never' }))
const setup = container({ name: 'setup' })
const staged = template('job', podSpec({ restartPolicy: 'Never', initContainers: [setup] }))

const looping = ended(1, 1000, { restarts: 3, backoffMs: 20_000, startedAt: now - 2000, message })
const last = { exitCode: 1, reason: 'Error', finishedAt: now - 5000, message }

interface Row {
  readonly title: string
  readonly desired: Workload
  readonly pod: LivePod
  readonly expected: string
}

const rows: readonly Row[] = [
  {
    title: 'a Deployment that crashes again and again',
    desired: deployment(one, { replicas: 1 }),
    pod: pod(one, 0, { each: looping }),
    expected:
      'CrashLoopBackOff: container app: Error, exit code 1, restarted 3 times: no such table: carts (pod web-aaa-0)',
  },
  {
    title: 'one that runs again and is not ready yet',
    desired: deployment(one, { replicas: 1 }),
    pod: pod(one, 0, { each: { health: unready, restarts: 1, last } }),
    expected:
      '0 of 1 pods available, waiting for web-aaa-0: readiness: HTTP 503 (last end: Error, exit code 1: no such table: carts)',
  },
  {
    title: 'a Pod that failed',
    desired: barePod(once),
    pod: pod(once, 0, { name: 'web', each: ended(3, 0, { message }) }),
    expected: 'Failed: container app ended: Error, exit code 3: no such table: carts',
  },
  {
    title: 'a Pod whose init container failed',
    desired: barePod(staged),
    pod: pod(staged, 0, { name: 'web', containers: [liveContainer('setup', ended(3, 0, { message }))] }),
    expected: 'Failed: Init:Error: container setup ended: Error, exit code 3: no such table: carts',
  },
]

test.each(rows)('$title', ({ desired, pod: live, expected }) => {
  expect(plan(desired, view([live])).status.message).toBe(expected)
})

test('a restart has it as its cause, and hands it on', () => {
  const { tasks } = plan(deployment(one, { replicas: 1 }), view([pod(one, 0, { each: ended(1, 0, { message }) })]))
  expect(tasks).toMatchObject([{ cause: 'Error, exit code 1: no such table: carts' }])
  const end = { exitCode: 1, reason: 'Error', finishedAt: now, message }
  expect(tasks[0]?.actions[0]).toMatchObject({ kind: 'recreateContainer', attempt: { last: end } })
})

describe('as words', () => {
  test.each([
    ['nothing', undefined, ''],
    ['only space', ' \n ', ''],
    ['of a long one the end', `${'x'.repeat(500)} the end`, `: …${'x'.repeat(392)} the end`],
    ['what would change the direction of text', 'a\u202eb', ': a\\u{202e}b'],
  ])('%s', (_, given, expected) => {
    expect(lastWords(given === undefined ? {} : { message: given })).toBe(expected)
  })
})
