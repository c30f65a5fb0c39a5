import { describe, expect, test } from 'vitest'
import type { PodDisruptionBudget } from '../../../src/manifests/types.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { type ProtectionFacts, protection } from '../../../src/reconcile/plan/protection.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { host, now, type PodChanges, pod, replicaSet, template, unready, view } from './world.ts'

const web = template('aaa')

function running(number: number, changes: PodChanges = {}): LivePod {
  return pod(web, number, { labels: { app: 'web' }, owner: 'ReplicaSet/web', ...changes })
}

function budget(spec: PodDisruptionBudget['spec'], name = 'guard'): PodDisruptionBudget {
  const selector = { matchLabels: { app: 'web' } }
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'shop' },
    spec: { selector, ...spec },
  }
}

function facts(pods: readonly LivePod[], replicas?: number): ProtectionFacts {
  return { pods, hosts: [host()], replicasOf: () => replicas, now }
}

const three = [running(0), running(1), running(2)]
const broken = running(3, { each: { health: unready } })
const needsThree = 'disruption budget guard needs 3 healthy pods and has 3'

describe('a pod is protected', () => {
  test.each<{
    title: string
    budgets: PodDisruptionBudget[]
    pods?: readonly LivePod[]
    replicas?: number
    target?: LivePod
    expected: string
  }>([
    { title: 'by no budget', budgets: [], expected: '' },
    { title: 'not while one may be missing', budgets: [budget({ maxUnavailable: 1 })], expected: '' },
    { title: 'when all are needed', budgets: [budget({ minAvailable: 3 })], expected: needsThree },
    {
      title: 'when one that is missing already is all that may be',
      budgets: [budget({ maxUnavailable: 1 })],
      replicas: 4,
      expected: needsThree,
    },
    {
      title: 'by the budget that does not allow it',
      budgets: [budget({ maxUnavailable: 1 }, 'a'), budget({ minAvailable: '100%' }, 'b')],
      expected: 'disruption budget b needs 3 healthy pods and has 3',
    },
    {
      title: 'when another one is on its way out',
      budgets: [budget({ maxUnavailable: 1 })],
      pods: [running(0), running(1), running(2, { leaving: true, leavingSince: now })],
      replicas: 3,
      expected: 'disruption budget guard needs 2 healthy pods and has 2',
    },
    {
      title: 'not when it is not selected',
      budgets: [budget({ minAvailable: 3, selector: { matchLabels: { app: 'db' } } })],
      expected: '',
    },
    {
      title: 'not in another namespace',
      budgets: [{ ...budget({ minAvailable: 3 }), metadata: { name: 'guard', namespace: 'other' } }],
      expected: '',
    },
    {
      title: 'not when it serves nobody and enough others do',
      budgets: [budget({ minAvailable: 3 })],
      pods: [...three, broken],
      target: broken,
      expected: '',
    },
    {
      title: 'although it serves nobody, while too few others do',
      budgets: [budget({ minAvailable: 4 })],
      pods: [...three, broken],
      target: broken,
      expected: 'disruption budget guard needs 4 healthy pods and has 3',
    },
    {
      title: 'not then, where the budget says so',
      budgets: [budget({ minAvailable: 4, unhealthyPodEvictionPolicy: 'AlwaysAllow' })],
      pods: [...three, broken],
      target: broken,
      expected: '',
    },
  ])('$title', ({ budgets, pods = three, replicas, target = pods[0], expected }) => {
    if (!target) throw new Error('there is no pod')
    expect(protection(target, budgets, facts(pods, replicas ?? pods.length))).toBe(expected)
  })
})

describe('a pod that was changed by hand', () => {
  const [config] = web.containers
  if (!config) throw new Error('the template has no container')
  const changed = running(0, { each: { config: { ...config, tty: true } } })
  const pods = [changed, running(1), running(2)]
  const planned = (why: string) => plan(replicaSet(web, 3), view(pods, { protects: () => why }))

  test('is replaced when no budget speaks against it', () => {
    expect(planned('').tasks.map(({ text }) => text)).toEqual(['stop pod web-aaa-0'])
  })

  test('is kept, and asked for again, when one does', () => {
    const { tasks, status, lookAgainAt } = planned(needsThree)
    expect(tasks).toEqual([])
    expect(status).toMatchObject({ sync: 'OutOfSync', health: 'Healthy', message: needsThree })
    expect(lookAgainAt).toBe(now + 10_000)
  })
})
