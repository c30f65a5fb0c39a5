import { expect, test } from 'vitest'
import type { DesiredReplicationController, View } from '../../../src/reconcile/plan/desired.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { replicationController, statusText } from './sets.ts'
import { container, pod, podSpec, template, unready, view } from './world.ts'

const one = template('aaa')
const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))

interface Row {
  readonly title: string
  readonly desired: DesiredReplicationController
  readonly pods?: readonly LivePod[]
  readonly world?: Partial<View>
  readonly expected: readonly string[]
  readonly status: string
}

const rows: readonly Row[] = [
  {
    title: 'makes its pods',
    desired: replicationController(one, 2),
    expected: [
      'create pod web-aaa-0 on local (2 replicas wanted)',
      'create pod web-aaa-1 on local (2 replicas wanted)',
    ],
    status: 'OutOfSync Missing 0/2: 0 of 2 pods available',
  },
  {
    title: 'keeps pods of an older template',
    desired: replicationController(two, 2),
    pods: [pod(one, 0), pod(one, 1)],
    expected: [],
    status: 'Synced Healthy 2/2: 2 of an older template, which a ReplicationController keeps',
  },
  {
    title: 'takes the least useful when it shrinks',
    desired: replicationController(one, 1),
    pods: [pod(one, 0), pod(one, 1, { each: { health: unready } })],
    expected: ['stop pod web-aaa-1 (scaled down to 1)'],
    status: 'OutOfSync Progressing 1/1: 1 of 1 pods available, waiting for web-aaa-1: readiness: HTTP 503',
  },
]

test.each(rows)('$title', ({ desired, pods = [], world, expected, status }) => {
  const found = plan(desired, view(pods, world))
  expect(renderPlan(found)).toBe(expected.join('\n'))
  expect(statusText(found.status)).toBe(status)
  expect(found.status.kind).toBe('ReplicationController')
})
