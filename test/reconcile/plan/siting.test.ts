import { expect, test } from 'vitest'
import type { PodSpec } from '../../../src/manifests/types.ts'
import type { DesiredDeployment, Template, View } from '../../../src/reconcile/plan/desired.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import type { LivePod } from '../../../src/runtime/live.ts'
import { statusText } from './sets.ts'
import { container, deployment, ended, host, pod, podSpec, template, view } from './world.ts'

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const hostname = 'kubernetes.io/hostname'
const apart: Partial<PodSpec> = {
  affinity: {
    podAntiAffinity: { [required]: [{ topologyKey: hostname, labelSelector: { matchLabels: { app: 'web' } } }] },
  },
}
const even: Partial<PodSpec> = {
  topologySpreadConstraints: [
    {
      ...{ maxSkew: 1, topologyKey: hostname, whenUnsatisfiable: 'DoNotSchedule' },
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ],
}
const port: Partial<PodSpec> = {
  containers: [container({ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] })],
}

function labelled(hash: string, spec: Partial<PodSpec> = {}): Template {
  return { ...template(hash, podSpec(spec)), labels: { app: 'web' } }
}

/** A pod of another owner. */
function stranger(spec: Partial<PodSpec>, on: string, changes: Partial<LivePod> = {}): LivePod {
  const wanted = template('zzz', podSpec(spec))
  return pod(wanted, 0, { name: 'db-0', owner: 'Deployment/db', labels: { app: 'web' }, host: on, ...changes })
}

const a = host({ name: 'a' })
const b = host({ name: 'b' })

interface Row {
  readonly title: string
  readonly desired: DesiredDeployment
  readonly pods?: readonly LivePod[]
  readonly others?: readonly LivePod[]
  readonly hosts?: View['hosts']
  readonly expected: readonly string[]
  readonly status?: string
}

const rows: readonly Row[] = [
  {
    title: 'pods made in one look keep away from each other',
    desired: deployment(labelled('aaa', apart)),
    expected: ['create pod web-aaa-0 on a (3 replicas wanted)', 'create pod web-aaa-1 on b (3 replicas wanted)'],
    status:
      "OutOfSync Progressing 0/3: 0 of 3 pods available, Pending: 0 of 2 hosts fit: 2 node(s) didn't match pod anti-affinity rules",
  },
  {
    title: 'pods made in one look spread',
    desired: deployment(labelled('aaa', even), { replicas: 2 }),
    others: [stranger({}, 'a')],
    expected: ['create pod web-aaa-0 on b (2 replicas wanted)', 'create pod web-aaa-1 on a (2 replicas wanted)'],
  },
  {
    title: "another owner's pod keeps them away",
    desired: deployment(labelled('aaa'), { replicas: 1 }),
    others: [stranger(apart, 'a')],
    expected: ['create pod web-aaa-0 on b (1 replica wanted)'],
  },
  {
    title: 'not one that is leaving',
    desired: deployment(labelled('aaa'), { replicas: 1 }),
    others: [stranger(apart, 'a', { leaving: true })],
    expected: ['create pod web-aaa-0 on a (1 replica wanted)'],
  },
  {
    title: 'nor one that has ended',
    desired: deployment(labelled('aaa'), { replicas: 1 }),
    others: [
      {
        ...stranger({ ...apart, restartPolicy: 'Never' }, 'a'),
        containers: pod(template('zzz'), 0, { each: ended(0) }).containers,
      },
    ],
    expected: ['create pod web-aaa-0 on a (1 replica wanted)'],
  },
  {
    title: "a port of the host that another owner's pod has is taken",
    desired: deployment(labelled('aaa', port), { replicas: 1 }),
    others: [stranger(port, 'a')],
    expected: ['create pod web-aaa-0 on b (1 replica wanted)'],
  },
  {
    title: 'a pod that runs stays where it is, whatever the rules say now',
    desired: deployment(labelled('aaa', apart), { replicas: 2 }),
    pods: [pod(labelled('aaa', apart), 0, { host: 'a' }), pod(labelled('aaa', apart), 1, { host: 'a' })],
    expected: [],
    status: 'Synced Healthy 2/2',
  },
]

test.each(rows)('$title', ({ desired, pods = [], others = [], hosts = [a, b], expected, status }) => {
  const all = [...pods, ...others]
  const world = view(pods, { hosts, allPods: () => all, guards: () => all })
  const found = plan(desired, world)
  expect(renderPlan(found)).toBe(expected.join('\n'))
  if (status) expect(statusText(found.status)).toBe(status)
})

test('the pods of all owners are not asked for without need', () => {
  const asked: string[] = []
  const allPods = (): readonly LivePod[] => {
    asked.push('all')
    return []
  }
  plan(deployment(labelled('aaa')), view([], { allPods, guards: () => [] }))
  expect(asked).toEqual([])
  plan(deployment(labelled('aaa', apart)), view([], { allPods, guards: () => [] }))
  expect(asked).toEqual(['all'])
})
