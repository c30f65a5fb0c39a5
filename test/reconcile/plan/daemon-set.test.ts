import { expect, test } from 'vitest'
import { shortHash } from '../../../src/base/hash.ts'
import { daemonPodName } from '../../../src/reconcile/plan/daemon-set.ts'
import type { DesiredDaemonSet, Template, View } from '../../../src/reconcile/plan/desired.ts'
import { forecast } from '../../../src/reconcile/plan/forecast.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan, renderTask } from '../../../src/reconcile/plan/render.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { daemonSet, statusText } from './sets.ts'
import { container, ended, host, now, type PodChanges, pod, podSpec, template, unready, unseen, view } from './world.ts'

const one = template('aaa')
const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))
const onDisks = template('ddd', podSpec({ nodeSelector: { disk: 'ssd' } }))
const crashed = ended(1, 1_000, { restarts: 3, backoffMs: 20_000, startedAt: now - 2_000 })

/** The pod of a host, named as the planner does. */
function daemon(wanted: Template, on: string, changes: PodChanges = {}): LivePod {
  const name = daemonPodName('web', wanted.hash, on, new Set())
  return pod(wanted, 0, { name, host: on, owner: 'DaemonSet/web', ...changes })
}

/** Names of hosts instead of what stands for them in names of pods. */
function readable(text: string): string {
  return ['a', 'b', 'c'].reduce((read, name) => read.replaceAll(shortHash([name], 5), name), text)
}

const a = host({ name: 'a' })
const b = host({ name: 'b' })
const c = host({ name: 'c' })
const down = host({ name: 'b', reachable: false, message: 'no route to host' })
const olds = [daemon(one, 'a'), daemon(one, 'b'), daemon(one, 'c')]
const surge = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }

interface Row {
  readonly title: string
  readonly desired: DesiredDaemonSet
  readonly pods?: readonly LivePod[]
  readonly hosts?: View['hosts']
  readonly expected: readonly string[]
  readonly status?: string
}

const rows: readonly Row[] = [
  {
    title: 'one pod on every host',
    desired: daemonSet(one),
    hosts: [a, b],
    expected: ['create pod web-aaa-a on a (one pod per host)', 'create pod web-aaa-b on b (one pod per host)'],
    status: 'OutOfSync Missing 0/2: no pod exists yet',
  },
  { title: 'nothing to do', desired: daemonSet(one), pods: olds, expected: [], status: 'Synced Healthy 3/3' },
  {
    title: 'hosts without the label get none',
    desired: daemonSet(onDisks),
    hosts: [a, host({ name: 'b', labels: { disk: 'ssd' } })],
    expected: ['create pod web-ddd-b on b (one pod per host)'],
  },
  {
    title: 'a host that lost the label loses its pod',
    desired: daemonSet(onDisks),
    pods: [daemon(onDisks, 'a'), daemon(onDisks, 'b')],
    hosts: [a, host({ name: 'b', labels: { disk: 'ssd' } })],
    expected: ["stop pod web-ddd-a (not for host a: node(s) didn't match Pod's node affinity/selector)"],
    status: 'OutOfSync Progressing 1/1: 2 of 1 pods available',
  },
  {
    title: 'no host is for it',
    desired: daemonSet(onDisks),
    hosts: [a],
    expected: [],
    status: 'Synced Healthy 0/0: no host is for it',
  },
  {
    title: 'a taint keeps new pods away',
    desired: daemonSet(one),
    hosts: [host({ name: 'a', taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] })],
    expected: [],
  },
  {
    title: 'but not one that runs, nor is that replaced',
    desired: daemonSet(two),
    pods: [daemon(one, 'a')],
    hosts: [host({ name: 'a', taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] })],
    expected: [],
    status: 'Synced Healthy 1/1',
  },
  {
    title: 'a NoExecute taint takes it',
    desired: daemonSet(one),
    pods: [daemon(one, 'a')],
    hosts: [host({ name: 'a', taints: [{ key: 'gpu', value: 'no', effect: 'NoExecute' }] })],
    expected: ['stop pod web-aaa-a (not for host a: node(s) had untolerated taint {gpu: no})'],
  },
  {
    title: 'taints for the condition of the host do not count',
    desired: daemonSet(one),
    hosts: [
      host({ name: 'a', taints: [{ key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }] }),
    ],
    expected: ['create pod web-aaa-a on a (one pod per host)'],
  },
  {
    title: 'the pod of a host that does not answer is left alone',
    desired: daemonSet(onDisks),
    pods: [daemon(onDisks, 'b')],
    hosts: [down],
    expected: [],
    status: `Synced Degraded 1/1: 0 of 1 pods available, pod ${daemonPodName('web', 'ddd', 'b', new Set())} kept as unknown: host b is unreachable: no route to host`,
  },
  {
    title: 'a host that does not answer gets none',
    desired: daemonSet(one),
    pods: [daemon(one, 'a')],
    hosts: [a, down],
    expected: [],
    status: 'Synced Healthy 1/1',
  },
  {
    title: 'a host waits until its last pod is gone',
    desired: daemonSet(one),
    pods: [daemon(one, 'a', { leaving: true, each: { stopping: true } })],
    hosts: [a],
    expected: [],
  },
  {
    title: 'of two pods on one host the younger one goes',
    desired: daemonSet(one),
    pods: [daemon(one, 'a'), daemon(one, 'a', { name: 'web-aaa-x', createdAt: now - 1_000 })],
    hosts: [a],
    expected: ['stop pod web-aaa-x (a second pod on a)'],
  },
  {
    title: 'no room on its host',
    desired: daemonSet(
      template('big', podSpec({ containers: [container({ resources: { requests: { cpu: '5' } } })] })),
    ),
    hosts: [a],
    expected: [],
    status: 'OutOfSync Progressing 0/1: 0 of 1 pods available, Pending: 0 of 1 host fits: 1 Insufficient cpu',
  },
  {
    title: 'an update goes host by host',
    desired: daemonSet(two),
    pods: olds,
    expected: ['stop pod web-aaa-a (old revision aaa)'],
    status: 'OutOfSync Progressing 3/3: 0 of 3 pods updated, 3 of an older revision',
  },
  {
    title: 'the next host waits for the one before',
    desired: daemonSet(two),
    pods: [daemon(two, 'a', { each: { health: unready } }), daemon(one, 'b'), daemon(one, 'c')],
    expected: [],
  },
  {
    title: 'a host whose pod is not seen yet is not touched, and counts as missing',
    desired: daemonSet(two),
    pods: [daemon(one, 'a', { each: { health: unseen } }), daemon(one, 'b'), daemon(one, 'c')],
    expected: [],
  },
  {
    title: 'broken old pods are replaced in any case: so a broken update heals',
    desired: daemonSet(one),
    pods: [daemon(two, 'a', { each: crashed }), daemon(one, 'b'), daemon(one, 'c')],
    expected: ['remove pod web-bbb-a (old revision bbb)'],
  },
  {
    title: 'a broken update stays where it is',
    desired: daemonSet(two),
    pods: [daemon(two, 'a', { each: crashed }), daemon(one, 'b'), daemon(one, 'c')],
    expected: [],
    status: `OutOfSync Degraded 2/3: CrashLoopBackOff: container app: Error, exit code 1, restarted 3 times (pod ${daemonPodName('web', 'bbb', 'a', new Set())}) FAILED`,
  },
  {
    title: 'percentages are rounded up',
    desired: daemonSet(two, { rollingUpdate: { maxSurge: 0, maxUnavailable: '40%' } }),
    pods: olds,
    expected: ['stop pod web-aaa-a (old revision aaa)', 'stop pod web-aaa-b (old revision aaa)'],
  },
  {
    title: 'a host that has the image goes first, the others get it',
    desired: daemonSet(two, { rollingUpdate: { maxSurge: 0, maxUnavailable: 2 } }),
    pods: [daemon(one, 'a'), daemon(one, 'b')],
    hosts: [host({ name: 'a', images: new Map() }), b],
    expected: ['pull web:2 on a (not on the host)', 'stop pod web-aaa-b (old revision aaa)'],
  },
  {
    title: 'surge: the new one comes first',
    desired: daemonSet(two, surge),
    pods: olds,
    expected: ['create pod web-bbb-a on a (beside the old revision)'],
  },
  {
    title: 'surge: the old one goes when the new one is available',
    desired: daemonSet(two, surge),
    pods: [...olds, daemon(two, 'a')],
    expected: ['create pod web-bbb-b on b (beside the old revision)', 'stop pod web-aaa-a (old revision aaa)'],
  },
  {
    title: 'surge: beside a broken old one, without asking',
    desired: daemonSet(two, surge),
    pods: [daemon(one, 'a', { each: { health: unready } }), daemon(one, 'b'), daemon(one, 'c')],
    expected: [
      'create pod web-bbb-a on a (beside the old revision)',
      'create pod web-bbb-b on b (beside the old revision)',
    ],
  },
  {
    title: 'OnDelete: nothing by itself',
    desired: daemonSet(two, { type: 'OnDelete' }),
    pods: olds,
    expected: [],
    status: 'Synced Healthy 3/3: 3 of an older revision, replaced when they are removed (OnDelete)',
  },
  {
    title: 'OnDelete in the middle of a surge: of two pods on a host the one of use stays, else the older one',
    desired: daemonSet(two, { type: 'OnDelete' }),
    pods: [...olds, daemon(two, 'a', { createdAt: now }), daemon(two, 'b', { each: { health: unready } })],
    expected: ['stop pod web-bbb-a (a second pod on a)', 'stop pod web-bbb-b (a second pod on b)'],
  },
]

test.each(rows)('$title', ({ desired, pods = [], hosts = [a, b, c], expected, status }) => {
  const found = plan(desired, view(pods, { hosts }))
  expect(readable(renderPlan(found))).toBe(expected.join('\n'))
  if (status) expect(statusText(found.status)).toBe(status)
})

test('a pod has the same name at any time, and another one while that is taken', () => {
  const name = daemonPodName('web', 'aaa', 'a', new Set())
  expect(name).toBe(`web-aaa-${shortHash(['a'], 5)}`)
  expect(daemonPodName('web', 'aaa', 'a', new Set([name]))).toBe(`${name}-1`)
  expect(daemonPodName('a.very.long.name'.repeat(8), 'aaaaaaaaaa', 'a', new Set())).toMatch(/^[a-z0-9-]{1,63}$/)
})

test.each([
  ['host by host', {}, 6],
  ['with surge', surge, 6],
])('a whole update comes to its end: %s', (_title, strategy, count) => {
  const desired = daemonSet(two, strategy)
  const whole = forecast((world) => plan(desired, world), view([daemon(one, 'a'), daemon(one, 'b')], { hosts: [a, b] }))
  expect(whole.complete).toBe(true)
  expect(whole.tasks.map(renderTask)).toHaveLength(count)
})
