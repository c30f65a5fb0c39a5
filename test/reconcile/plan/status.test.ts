import { describe, expect, test } from 'vitest'
import type { Task } from '../../../src/reconcile/plan/action.ts'
import type { View } from '../../../src/reconcile/plan/desired.ts'
import { plan, planGone } from '../../../src/reconcile/plan/plan.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { callsOf } from './rows.ts'
import { mounting, secret, secretive } from './volume-rows.ts'
import {
  barePod,
  container,
  deployment,
  ended,
  host,
  liveContainer,
  now,
  pod,
  podSpec,
  replicaSet,
  template,
  unready,
  view,
  written,
} from './world.ts'

const one = template('aaa')
const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))
const big = template('big', podSpec({ containers: [container({ resources: { requests: { cpu: '5' } } })] }))
const olds = [pod(one, 0), pod(one, 1), pod(one, 2)]
const crashed = ended(1, 1_000, { restarts: 3, backoffMs: 20_000, startedAt: now - 2_000 })
const pulls = (state: 'pulling' | 'failed', attempts: number): Partial<View> => ({
  hosts: [
    host({
      images: new Map(),
      pulls: new Map([['web:2', { state, attempts, at: now - 1_000, message: 'manifest unknown' }]]),
    }),
  ],
})

interface Row {
  readonly title: string
  readonly desired: Parameters<typeof plan>[0]
  readonly pods?: readonly LivePod[]
  readonly world?: Partial<View>
  readonly expected: string
}

const rows: readonly Row[] = [
  { title: 'healthy', desired: deployment(one), pods: olds, expected: 'Synced Healthy 3/3' },
  { title: 'nothing there yet', desired: deployment(one), expected: 'OutOfSync Missing 0/3: no pod exists yet' },
  {
    title: 'rolling',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, { each: { health: unready } })],
    expected:
      'OutOfSync Progressing 3/3: 1 of 3 pods updated, 3 of an older revision, waiting for web-bbb-0: readiness: HTTP 503',
  },
  {
    title: 'crash loop of the new revision',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, { each: crashed })],
    expected:
      'OutOfSync Degraded 3/3: CrashLoopBackOff: container app: Error, exit code 1, restarted 3 times (pod web-bbb-0) FAILED',
  },
  {
    title: 'two crashes are not a loop yet',
    desired: deployment(two),
    pods: [...olds, pod(two, 0, { each: { ...crashed, restarts: 2 } })],
    expected:
      'OutOfSync Progressing 3/3: 1 of 3 pods updated, 3 of an older revision, waiting for web-bbb-0: CrashLoopBackOff: container app: Error, exit code 1, restarted 2 times',
  },
  {
    title: 'progress deadline',
    desired: deployment(two, { since: now - 700_000 }),
    pods: [...olds, pod(two, 0, { createdAt: now - 601_000, each: { health: unready } })],
    expected:
      'OutOfSync Degraded 3/3: ProgressDeadlineExceeded: no progress for 600 s: 1 of 3 pods updated, 3 of an older revision, waiting for web-bbb-0: readiness: HTTP 503 FAILED',
  },
  {
    title: 'the deadline begins anew with a new process',
    desired: deployment(two, { since: now - 10_000 }),
    pods: [...olds, pod(two, 0, { createdAt: now - 601_000, each: { health: unready } })],
    expected:
      'OutOfSync Progressing 3/3: 1 of 3 pods updated, 3 of an older revision, waiting for web-bbb-0: readiness: HTTP 503',
  },
  {
    title: 'paused',
    desired: deployment(two, { paused: true }),
    pods: olds,
    expected: 'OutOfSync Suspended 3/3: paused: 0 of 3 pods updated, 3 of an older revision',
  },
  {
    title: 'pulling',
    desired: deployment(two),
    pods: olds,
    world: pulls('pulling', 0),
    expected: 'OutOfSync Progressing 3/3: 0 of 3 pods updated, 3 of an older revision, pulling web:2 on local',
  },
  {
    title: 'a failed pull',
    desired: deployment(two),
    pods: olds,
    world: pulls('failed', 1),
    expected: 'OutOfSync Degraded 3/3: ErrImagePull: web:2: manifest unknown',
  },
  {
    title: 'and another one',
    desired: deployment(two),
    pods: olds,
    world: pulls('failed', 2),
    expected: 'OutOfSync Degraded 3/3: ImagePullBackOff: web:2: manifest unknown',
  },
  {
    title: 'a missing reference',
    desired: deployment({ ...one, missing: ['ConfigMap shop/web'] }),
    expected: 'OutOfSync Degraded 0/3: CreateContainerConfigError: ConfigMap shop/web not found',
  },
  {
    title: 'a Secret that only those that are to come will miss',
    desired: deployment(mounting({ volumes: [secret], without: true })),
    pods: [pod(secretive, 0), pod(secretive, 1), pod(secretive, 2)],
    expected: 'Synced Healthy 3/3: Secret shop/key not found: running pods keep its files',
  },
  {
    title: 'a Secret that a pod cannot do without',
    desired: deployment(mounting({ volumes: [secret], without: true }), { replicas: 1 }),
    pods: [pod(secretive, 0, { sandbox: liveContainer('', { startedAt: now }), each: ended(137) })],
    expected:
      'Synced Progressing 0/1: 0 of 1 pods available, waiting for web-aaa-0: CreateContainerConfigError: Secret shop/key not found',
  },
  {
    title: 'no room',
    desired: deployment(big, { replicas: 1 }),
    expected: 'OutOfSync Progressing 0/1: 0 of 1 pods available, Pending: 0 of 1 host fits: 1 Insufficient cpu',
  },
  {
    title: 'a host that does not answer',
    desired: deployment(one),
    pods: olds,
    world: { hosts: [host({ reachable: false, message: 'connection refused' })] },
    expected:
      'Synced Degraded 3/3: 0 of 3 pods available, 3 pods kept as unknown: host local is unreachable: connection refused',
  },
  {
    title: 'a ReplicaSet with older pods',
    desired: replicaSet(two),
    pods: olds,
    expected: 'Synced Healthy 3/3: 3 of an older template, which a ReplicaSet keeps',
  },
  {
    title: 'a Pod that failed',
    desired: barePod(template('job', podSpec({ restartPolicy: 'Never' }))),
    pods: [pod(template('job', podSpec({ restartPolicy: 'Never' })), 0, { name: 'web', each: ended(3) })],
    expected: 'Synced Degraded 0/1: Failed: container app ended: Error, exit code 3 FAILED',
  },
  {
    title: 'a bare pod of which only the record is left',
    desired: barePod(template('job', podSpec({ restartPolicy: 'Never' }))),
    world: written('job', 'Failed', 'container app ended: Error, exit code 3'),
    expected: 'Synced Degraded 0/1: Failed: container app ended: Error, exit code 3 FAILED',
  },
  {
    title: 'one that did its work',
    desired: barePod(template('job', podSpec({ restartPolicy: 'Never' }))),
    world: written('job', 'Succeeded'),
    expected: 'Synced Healthy 0/1: Succeeded',
  },
]

describe('status', () => {
  test.each(rows)('$title', ({ desired, pods = [], world, expected }) => {
    const { sync, health, ready, message, failed } = plan(desired, view(pods, world)).status
    expect(`${sync} ${health} ${ready}${message ? `: ${message}` : ''}${failed ? ' FAILED' : ''}`).toBe(expected)
  })
})

describe('looks again', () => {
  test.each<{ title: string; planned: () => ReturnType<typeof plan>; inMs: number | undefined }>([
    { title: 'never, when all is well', planned: () => plan(deployment(one), view(olds)), inMs: undefined },
    {
      title: 'when a back-off ends',
      planned: () => plan(deployment(one, { replicas: 1 }), view([pod(one, 0, { each: crashed })])),
      inMs: 39_000,
    },
    {
      title: 'when a ready pod becomes available',
      planned: () => plan(deployment(one, { minReadySeconds: 90 }), view(olds)),
      inMs: 30_000,
    },
    {
      title: 'when the progress deadline passes',
      planned: () => plan(deployment(two), view([...olds, pod(two, 0, { each: { health: unready } })])),
      inMs: 600_001,
    },
    {
      title: 'when a pull may be tried again',
      planned: () => plan(deployment(two), view(olds, pulls('failed', 2))),
      inMs: 19_000,
    },
  ])('$title', ({ planned, inMs }) => {
    const { lookAgainAt } = planned()
    expect(lookAgainAt === undefined ? undefined : lookAgainAt - now).toBe(inMs)
  })
})

describe('gone from the repository', () => {
  const calls = (tasks: readonly Task[]) => tasks.flatMap((task) => [task.text, ...callsOf(task)])

  test('pods end in an orderly way', () => {
    const planned = planGone('shop/Deployment/web', view([pod(one, 0)]))
    expect(calls(planned.tasks)).toEqual(['stop pod web-aaa-0', 'markLeaving', 'stop app within 30000 ms'])
    expect(planned.status.message).toBe('is being removed, 1 pod left')
  })

  test('and are removed once their processes have ended', () => {
    const planned = planGone('shop/Deployment/web', view([pod(one, 0, { leaving: true, each: ended(0) })]))
    expect(calls(planned.tasks)).toEqual(['remove pod web-aaa-0', 'remove', 'remove'])
  })

  test('nothing is done on a host that does not answer', () => {
    const world = { hosts: [host({ reachable: false })] }
    expect(planGone('shop/Deployment/web', view([pod(one, 0)], world)).tasks).toEqual([])
  })

  test("a namespace's network goes after its last pod", () => {
    expect(planGone('/Namespace/shop', view([pod(one, 0)])).tasks).toEqual([])
    expect(calls(planGone('/Namespace/shop', view([])).tasks)).toEqual([
      'remove network of namespace shop on local',
      'removeNetwork shop',
    ])
  })
})
