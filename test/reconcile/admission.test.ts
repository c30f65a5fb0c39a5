import { expect, test } from 'vitest'
import { Admission } from '../../src/reconcile/admission.ts'
import type { View } from '../../src/reconcile/plan/desired.ts'
import { plan } from '../../src/reconcile/plan/plan.ts'
import { protection } from '../../src/reconcile/plan/protection.ts'
import type { LivePod } from '../../src/runtime/live.ts'
import { container, deployment, host, now, pod, podSpec, replicaSet, template, view } from './plan/world.ts'

const one = template('aaa')
const ports = [{ containerPort: 80, hostPort: 80, protocol: 'TCP' as const }]
const ported = template('bbb', podSpec({ hostNetwork: true, containers: [container({ ports })] }))

function admissionOf(pods: readonly LivePod[]): Admission {
  return new Admission({ quotasIn: () => [], objectsIn: () => [], podsIn: () => pods, now: () => now })
}

const edited = (live: LivePod): LivePod => ({
  ...live,
  containers: live.containers.map((each) => ({ ...each, config: { ...each.config, privileged: true } })),
})

test('two owners under one budget do not take their pods out at once', () => {
  const labels = { app: 'web' }
  const web = edited(pod(one, 0, { labels, owner: 'ReplicaSet/web' }))
  const shop = pod(one, 0, { labels, owner: 'ReplicaSet/shop', name: 'shop-0' })
  const pods = [web, shop]
  const admission = admissionOf(pods)
  const budget = {
    apiVersion: 'policy/v1' as const,
    kind: 'PodDisruptionBudget' as const,
    metadata: { name: 'guard', namespace: 'shop' },
    spec: { selector: { matchLabels: labels }, maxUnavailable: 1 },
  }
  const protects: View['protects'] = (target) =>
    protection(target, [budget], {
      pods: admission.foreseen(pods, 'shop'),
      hosts: [host()],
      replicasOf: () => 1,
      now,
    })
  const first = plan(replicaSet(one, 1), view([web], { protects }))
  expect(first.tasks.map(({ text }) => text)).toEqual(['stop pod web-aaa-0'])
  const release = admission.reserve(first.tasks)
  expect(protects(shop)).toBe('disruption budget guard needs 1 healthy pods and has 1')
  release()
  expect(protects(shop)).toBe('')
})

test('a port of the host that another look is about to take is taken', () => {
  const admission = admissionOf([])
  const world = view([], { allPods: () => admission.foreseen([]) })
  const web = deployment(ported, { replicas: 1 })
  const other = { ...web, object: { ...web.object, metadata: { name: 'other', namespace: 'shop' } } }
  const first = plan(web, world)
  expect(first.tasks.map(({ text }) => text)).toEqual(['create pod web-bbb-0 on local'])
  const release = admission.reserve(first.tasks)
  const { tasks, status } = plan(other, world)
  expect(tasks).toEqual([])
  expect(status.message).toContain('Pending: 0 of 1 host fits: 1 host port taken by another pod')
  release()
  expect(plan(other, world).tasks).toHaveLength(1)
})
