// Pods and the data path, where one text a plan does not tell all: see also traffic-rows.ts.
import { describe, expect, test } from 'vitest'
import type { PodDisruptionBudget } from '../../../src/manifests/types.ts'
import type { Plan } from '../../../src/reconcile/plan/action.ts'
import { forecast } from '../../../src/reconcile/plan/forecast.ts'
import { plan, planGone } from '../../../src/reconcile/plan/plan.ts'
import { protection } from '../../../src/reconcile/plan/protection.ts'
import { renderPlan, renderTask } from '../../../src/reconcile/plan/render.ts'
import type { LivePod, PodTraffic } from '../../../src/runtime/live.ts'
import { cronJob, job, jobSpec } from './job-world.ts'
import { callsOf } from './rows.ts'
import { daemonSet, member, statefulSet, statusText } from './sets.ts'
import { container, deployment, host, now, type PodChanges, pod, podSpec, template, view } from './world.ts'

const one = template('aaa')
const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))
const serving = { traffic: 'serving' } as const
const joining = { traffic: 'joining' } as const

function leaving(traffic: PodTraffic, agoMs: number): PodChanges {
  return { traffic, leaving: true, leavingSince: now - agoMs }
}

/** The plan as text, and the calls of its first task. */
function told({ tasks }: Pick<Plan, 'tasks'>): readonly [string, readonly string[]] {
  return [renderPlan({ tasks }), callsOf(tasks[0])]
}

describe('a pod that joins traffic', () => {
  test('is ready and not available, and the status says what it does', () => {
    const { status } = plan(deployment(two), view([pod(two, 0, joining), pod(two, 1, serving), pod(two, 2, serving)]))
    expect(statusText(status)).toBe(
      'Synced Progressing 3/3: 2 of 3 pods available, waiting for web-bbb-0: joins traffic',
    )
  })

  test('holds up a rollout until its deadline, and no timer but that is set', () => {
    const pods = [pod(one, 0, serving), pod(two, 0, joining)]
    const desired = deployment(two, { replicas: 1, progressDeadlineSeconds: 30 })
    expect(plan(desired, view(pods))).toMatchObject({ tasks: [], lookAgainAt: now + 30_001 })
    const late = plan({ ...desired, since: now - 120_000 }, view(pods)).status
    expect(late).toMatchObject({ health: 'Degraded', failed: true })
    expect(late.message).toBe(
      'ProgressDeadlineExceeded: no progress for 30 s: 1 of 1 pods updated, 1 of an older revision, ' +
        'waiting for web-bbb-0: joins traffic',
    )
  })

  test('is not said to join when it is not ready, or is on its way out', () => {
    const { status } = plan(deployment(one, { replicas: 0 }), view([pod(one, 0, leaving('joining', 0))]))
    expect(status.message).not.toContain('joins')
  })

  test('holds up the next ordinal', () => {
    const { tasks, status } = plan(statefulSet(one, 2), view([member(one, 0, joining)]))
    expect(tasks).toEqual([])
    expect(status.message).toBe('0 of 2 pods available, waiting for web-0: joins traffic')
    expect(renderPlan(plan(statefulSet(one, 2), view([member(one, 0, serving)])))).toBe(
      'create pod web-1 on local (2 replicas wanted)',
    )
  })

  test('holds up the update of the ordinal below', () => {
    const update = (top: PodChanges) =>
      renderPlan(plan(statefulSet(two, 2), view([member(one, 0, serving), member(two, 1, top)])))
    expect(update(joining)).toBe('')
    expect(update(serving)).toBe('take pod web-0 out of traffic (old revision aaa)')
  })

  test('holds up the next host of a DaemonSet', () => {
    const hosts = [host({ name: 'a' }), host({ name: 'b' })]
    const update = (fresh: PodChanges) => {
      const pods = [pod(two, 0, { host: 'a', ...fresh }), pod(one, 1, { host: 'b', ...serving })]
      return renderPlan(plan(daemonSet(two), view(pods, { hosts })))
    }
    expect(update(joining)).toBe('')
    expect(update(serving)).toBe('take pod web-aaa-1 out of traffic (old revision aaa)')
  })

  test('does not release the pod that a DaemonSet surges beside', () => {
    const surge = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
    const update = (fresh: PodChanges) => {
      const pods = [pod(one, 0, { host: 'a', ...serving }), pod(two, 0, { host: 'a', ...fresh })]
      return renderPlan(plan(daemonSet(two, surge), view(pods, { hosts: [host({ name: 'a' })] })))
    }
    expect(update(joining)).toBe('')
    expect(update(serving)).toBe('take pod web-aaa-0 out of traffic (old revision aaa)')
  })

  test('is no healthy pod for a disruption budget', () => {
    const labels = { app: 'web' }
    const allowed = (other: PodChanges): string => {
      const target = pod(one, 0, { labels, ...serving })
      const pods = [target, pod(one, 1, { labels, ...other })]
      const budget: PodDisruptionBudget = {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'guard', namespace: 'shop' },
        spec: { selector: { matchLabels: labels }, minAvailable: 1 },
      }
      return protection(target, [budget], { pods, hosts: [host()], replicasOf: () => 2, now })
    }
    expect(allowed(serving)).toBe('')
    expect(allowed(joining)).toBe('disruption budget guard needs 1 healthy pods and has 1')
  })
})

describe('a pod in traffic that has to go', () => {
  const marked = ['markLeaving']

  test('is looked at again when its time to finish is up', () => {
    const desired = deployment(one, { replicas: 0 })
    expect(plan(desired, view([pod(one, 0, leaving('draining', 2_000))]))).toMatchObject({
      lookAgainAt: now + 3_000,
      lookAgainFor: 'pod web-aaa-0 has had its time to finish what it has',
    })
  })

  test.each<[string, (pod: PodChanges) => Plan]>([
    ['an ordinal', (changes) => plan(statefulSet(two, 1), view([member(one, 0, changes)]))],
    [
      'a pod of a DaemonSet',
      (changes) =>
        plan(daemonSet(two), view([pod(one, 0, { host: 'a', ...changes })], { hosts: [host({ name: 'a' })] })),
    ],
    ['a pod of a Job', (changes) => plan(job(jobSpec({ suspend: true })), view([jobPod(changes)]))],
    ['a pod of an earlier Job', (changes) => plan(job(jobSpec(), 'bbb'), view([jobPod(changes)]))],
    ['a pod of a removed object', (changes) => planGone('shop/Deployment/web', view([pod(one, 0, changes)]))],
  ])('%s finishes first, then its processes end', (_what, planned) => {
    const first = planned(serving)
    expect(first.tasks).toHaveLength(1)
    expect(first.tasks[0]?.text).toMatch(/^take pod .* out of traffic$/)
    expect(told(first)[1]).toEqual(marked)
    const second = planned(leaving('draining', 1_000))
    expect(told(second)[0]).toBe('')
    expect(second.lookAgainAt).toBe(now + 4_000)
    const third = planned(leaving('out', 1_000))
    expect(third.tasks[0]?.text).toMatch(/^stop pod/)
    expect(third.tasks[0]?.cause).toBe('out of traffic')
    expect(told(third)[1]).toEqual([expect.stringMatching(/^stop .* within 29000 ms$/)])
  })

  test('keeps its ordinal until it is gone', () => {
    const { tasks } = plan(statefulSet(two, 1), view([member(one, 0, leaving('draining', 0))]))
    expect(tasks).toEqual([])
  })

  test('is gone with its CronJob, too', () => {
    const live = { ...jobPod(serving), owner: 'CronJob/tick' }
    expect(told(planGone('shop/CronJob/tick', view([live])))[1]).toEqual(marked)
    expect(renderPlan(plan(cronJob({ suspend: true }), view([])))).toBe('')
  })
})

describe('foretold', () => {
  const lines = (pods: readonly LivePod[]): readonly string[] => {
    const { tasks, complete } = forecast((world) => plan(deployment(two, { replicas: 1 }), world), view(pods))
    return complete ? tasks.map(renderTask) : ['it never ends']
  }

  test('is the same with and without traffic: one line to stop a pod', () => {
    const expected = [
      'create pod web-bbb-0 on local (replaces revision aaa)',
      'stop pod web-aaa-0 (old revision aaa)',
      'remove pod web-aaa-0 (it has ended)',
    ]
    expect(lines([pod(one, 0)])).toEqual(expected)
    expect(lines([pod(one, 0, serving)])).toEqual(expected)
  })

  test('is what comes once all are in traffic, with the status of now', () => {
    const pods = [pod(one, 0, serving), pod(two, 0, joining)]
    const { tasks, status } = forecast((world) => plan(deployment(two, { replicas: 1 }), world), view(pods))
    expect(tasks.map(renderTask)).toEqual([
      'stop pod web-aaa-0 (old revision aaa)',
      'remove pod web-aaa-0 (it has ended)',
    ])
    expect(status.message).toContain('joins traffic')
  })

  test('is the end of one that finishes what it has', () => {
    expect(lines([pod(one, 0, leaving('draining', 0)), pod(two, 0, serving)])).toEqual([
      'stop pod web-aaa-0 (marked for removal)',
      'remove pod web-aaa-0 (it has ended)',
    ])
  })
})

function jobPod(changes: PodChanges): LivePod {
  return pod(template('aaa', podSpec({ restartPolicy: 'Never' })), 0, {
    ...{ name: 'work-aaa-0', owner: 'Job/work' },
    ...changes,
  })
}
