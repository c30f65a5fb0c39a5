import { describe, expect, test } from 'vitest'
import type { StatefulSetSpec } from '../../../src/manifests/types.ts'
import { standIns } from '../../../src/reconcile/plan/containers.ts'
import type { Template, View } from '../../../src/reconcile/plan/desired.ts'
import { forecast } from '../../../src/reconcile/plan/forecast.ts'
import { plan } from '../../../src/reconcile/plan/plan.ts'
import { renderPlan, renderTask } from '../../../src/reconcile/plan/render.ts'
import type { LivePod, LiveVolume } from '../../../src/runtime/live.ts'
import { dataVolume, member, statefulSet, statusText } from './sets.ts'
import { container, ended, host, now, pod, podSpec, template, unready, unseen, view } from './world.ts'

const one = template('aaa')
const two = template('bbb', podSpec({ containers: [container({ image: 'web:2' })] }))
const three = template('ccc')
const crashed = ended(1, 1_000, { restarts: 3, backoffMs: 20_000, startedAt: now - 2_000 })
const parallel: Partial<StatefulSetSpec> = { podManagementPolicy: 'Parallel' }
const olds = [member(one, 0), member(one, 1), member(one, 2)]

interface Row {
  readonly title: string
  readonly template?: Template
  readonly replicas?: number
  readonly spec?: Partial<StatefulSetSpec>
  readonly pods?: readonly LivePod[]
  readonly world?: Partial<View>
  readonly expected: readonly string[]
  readonly status?: string
}

function planned(row: Row) {
  return plan(statefulSet(row.template ?? one, row.replicas ?? 3, row.spec), view(row.pods ?? [], row.world))
}

function rolling(partition: number, maxUnavailable?: number | string): Partial<StatefulSetSpec> {
  const limit = maxUnavailable === undefined ? {} : { maxUnavailable }
  return { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition, ...limit } } }
}

const far = host({ name: 'far', reachable: false, message: 'no route to host' })

const scaling: readonly Row[] = [
  {
    title: 'the lowest ordinal comes first',
    expected: ['create pod web-0 on local (3 replicas wanted)'],
    status: 'OutOfSync Missing 0/3: no pod exists yet',
  },
  {
    title: 'the next one waits until it is ready',
    pods: [member(one, 0, { each: { health: unready } })],
    expected: [],
    status: 'OutOfSync Progressing 0/3: 0 of 3 pods available, waiting for web-0: readiness: HTTP 503',
  },
  { title: 'then it is made', pods: [member(one, 0)], expected: ['create pod web-1 on local (3 replicas wanted)'] },
  {
    title: 'Parallel: all at once',
    replicas: 2,
    spec: parallel,
    expected: ['create pod web-0 on local (2 replicas wanted)', 'create pod web-1 on local (2 replicas wanted)'],
  },
  { title: 'nothing to do', pods: olds, expected: [], status: 'Synced Healthy 3/3' },
  {
    title: 'ordinals that start elsewhere',
    replicas: 1,
    spec: { ordinals: { start: 5 } },
    pods: [member(one, 0)],
    expected: ['create pod web-5 on local (1 replica wanted)'],
  },
  {
    title: 'ordinals below the start go once the others are there',
    replicas: 1,
    spec: { ordinals: { start: 5 } },
    pods: [member(one, 0), member(one, 5)],
    expected: ['stop pod web-0 (scaled down to 1)'],
  },
  {
    title: 'scaled down from the top, one at a time',
    replicas: 1,
    pods: olds,
    expected: ['stop pod web-2 (scaled down to 1)'],
    status: 'OutOfSync Progressing 3/1: 3 of 1 pods available',
  },
  {
    title: 'Parallel: scaled down at once',
    replicas: 1,
    spec: parallel,
    pods: olds,
    expected: ['stop pod web-2 (scaled down to 1)', 'stop pod web-1 (scaled down to 1)'],
  },
  {
    title: 'scaled down, a pod that is not ready waits for another one below it, as in Kubernetes',
    replicas: 0,
    pods: [member(one, 0, { each: { health: unready } }), member(one, 1, { each: { health: unready } })],
    expected: [],
  },
  {
    title: 'but not if it is of an old revision: nobody would mend either',
    template: two,
    replicas: 0,
    pods: [member(one, 0, { each: { health: unready } }), member(one, 1, { each: { health: unready } })],
    expected: ['stop pod web-1 (scaled down to 0)'],
  },
]

const ordinals: readonly Row[] = [
  {
    title: 'a leaving pod holds its ordinal',
    pods: [member(one, 0), member(one, 1, { leaving: true, each: { stopping: true } }), member(one, 2)],
    expected: [],
  },
  {
    title: 'so does one whose sandbox is gone, until it is removed',
    pods: [member(one, 0), member(one, 1, { sandbox: undefined }), member(one, 2)],
    expected: ['remove pod web-1 (it cannot come back: its sandbox or a container was removed)'],
  },
  {
    title: 'so does one on a host that does not answer',
    pods: [member(one, 0), member(one, 1, { host: 'far' }), member(one, 2)],
    world: { hosts: [host(), far] },
    expected: [],
    status:
      'Synced Degraded 3/3: 2 of 3 pods available, pod web-1 kept as unknown: host far is unreachable: no route to host',
  },
  {
    title: 'a host that does not answer may have a pod of which nobody knows',
    pods: [member(one, 0), member(one, 2)],
    world: { hosts: [host(), far] },
    expected: [],
    status:
      'OutOfSync Progressing 2/3: 2 of 3 pods available, Pending: pod web-1 may be on host far, which is unreachable',
  },
  {
    title: 'nor is one taken away that could not come back',
    template: two,
    pods: olds,
    world: { hosts: [host(), far] },
    expected: [],
    status:
      'OutOfSync Progressing 3/3: 0 of 3 pods updated, 3 of an older revision, Pending: pod web-2 may be on host far, which is unreachable',
  },
  {
    title: 'of two pods with one ordinal the younger one goes',
    pods: [member(one, 0), member(one, 1), member(one, 1, { host: 'b', createdAt: now - 50_000 }), member(one, 2)],
    world: { hosts: [host(), host({ name: 'b' })] },
    expected: ['stop pod web-1 (a second pod of its name)'],
  },
  {
    title: 'a pod that ended goes first and comes back later',
    replicas: 1,
    template: template('never', podSpec({ restartPolicy: 'Never' })),
    pods: [member(template('never', podSpec({ restartPolicy: 'Never' })), 0, { each: ended(1, 1_000) })],
    expected: ['remove pod web-0 (it ended: container app ended: Error, exit code 1)'],
  },
  {
    title: 'pods that are not looked at yet are left alone',
    template: two,
    pods: olds.map((live, ordinal) => (ordinal === 2 ? member(one, 2, { each: { health: unseen } }) : live)),
    spec: parallel,
    expected: [],
  },
]

const updates: readonly Row[] = [
  {
    title: 'from the top, one at a time',
    template: two,
    pods: olds,
    expected: ['stop pod web-2 (old revision aaa)'],
    status: 'OutOfSync Progressing 3/3: 0 of 3 pods updated, 3 of an older revision',
  },
  {
    title: 'the ordinal comes back in the new revision',
    template: two,
    pods: olds.slice(0, 2),
    expected: ['create pod web-2 on local (update to revision bbb)'],
  },
  {
    title: 'a single pod means downtime, but only once its image is there',
    template: two,
    replicas: 1,
    pods: [member(one, 0)],
    world: { hosts: [host({ images: new Map([['web:1', 'sha256:1']]) })] },
    expected: ['pull web:2 on local (not on the host)'],
    status: 'OutOfSync Progressing 1/1: 0 of 1 pods updated, 1 of an older revision, pulling web:2 on local',
  },
  {
    title: 'nothing old goes for a template that lacks something',
    template: { ...two, missing: ['ConfigMap shop/web'] },
    pods: olds,
    expected: [],
    status: 'OutOfSync Degraded 3/3: CreateContainerConfigError: ConfigMap shop/web not found',
  },
  {
    title: 'down to the partition',
    template: two,
    spec: rolling(2),
    pods: [member(one, 0), member(one, 1), member(two, 2)],
    expected: [],
    status: 'Synced Healthy 3/3: 2 of an older revision, below the partition',
  },
  {
    title: 'a pod below the partition cannot be made again in its revision',
    template: two,
    spec: rolling(2),
    pods: [member(two, 0), member(one, 1), member(two, 2)],
    expected: [],
    status:
      'Synced Healthy 3/3: 1 of an older revision, below the partition, web-0 below the partition in the new revision: the old one cannot be made any more',
  },
  {
    title: 'maxUnavailable: several at a time',
    template: two,
    spec: rolling(0, '67%'),
    pods: olds,
    expected: ['stop pod web-1 (old revision aaa)', 'stop pod web-2 (old revision aaa)'],
  },
  {
    title: 'OnDelete: nothing by itself',
    template: two,
    spec: { updateStrategy: { type: 'OnDelete' } },
    pods: olds,
    expected: [],
    status: 'Synced Healthy 3/3: 3 of an older revision, replaced when they are removed (OnDelete)',
  },
  {
    title: 'a broken update holds the others, and says so',
    template: two,
    pods: [member(one, 0), member(one, 1), member(two, 2, { each: crashed })],
    expected: [],
    status:
      'OutOfSync Degraded 2/3: CrashLoopBackOff: container app: Error, exit code 1, restarted 3 times (pod web-2) FAILED',
  },
  {
    title: 'the way back does not wait for the broken pod',
    template: one,
    pods: [member(one, 0), member(one, 1), member(two, 2, { each: crashed })],
    expected: ['remove pod web-2 (old revision bbb)'],
    status:
      'OutOfSync Progressing 2/3: 2 of 3 pods updated, 1 of an older revision, waiting for web-2: CrashLoopBackOff…',
  },
  {
    title: 'nor does the way forward, if the first pod is the broken one',
    template: three,
    pods: [member(one, 0, { each: { health: unready } }), member(one, 1), member(one, 2)],
    expected: ['stop pod web-0 (old revision aaa)'],
  },
  {
    title: 'but not below the partition',
    template: three,
    spec: rolling(1),
    pods: [member(one, 0, { each: { health: unready } }), member(one, 1), member(one, 2)],
    expected: [],
  },
  {
    title: 'nor beside a new one that is not ready yet',
    template: three,
    pods: [member(three, 0, { each: { health: unready } }), member(one, 1, { each: { health: unready } })],
    expected: [],
  },
  {
    title: 'changed by hand: replaced like an old revision',
    pods: [member(one, 0), member(one, 1), member(one, 2, { each: { config: { ...one.containers[0]!, tty: true } } })],
    expected: ['stop pod web-2 (changed by hand: tty: true -> false)'],
  },
]

describe.each([
  ['scaling', scaling],
  ['ordinals', ordinals],
  ['updates', updates],
])('%s', (_name, rows) => {
  test.each(rows)('$title', (row) => {
    const found = planned(row)
    expect(renderPlan(found)).toBe(row.expected.join('\n'))
    const status = statusText(found.status)
    if (row.status) expect(status).toSatisfy((text) => matches(text, row.status ?? ''), status)
  })
})

/** `…` stands for any end. */
function matches(text: string, expected: string): boolean {
  return expected.endsWith('…') ? text.startsWith(expected.slice(0, -1)) : text === expected
}

test('a pod has its name, its index and the domain of its service', () => {
  const [task] = planned({ title: '', expected: [] }).tasks
  const sandbox = task?.actions.find((action) => action.kind === 'createSandbox')?.sandbox
  expect(sandbox).toMatchObject({
    hostname: 'web-0',
    spec: { subdomain: 'nginx' },
    labels: {
      'apps.kubernetes.io/pod-index': '0',
      'statefulset.kubernetes.io/pod-name': 'web-0',
      'controller-revision-hash': 'web-aaa',
    },
  })
})

test('a whole update is foretold, pod by pod', () => {
  const wanted = statefulSet(two, 2)
  const whole = forecast((world) => plan(wanted, world), view([member(one, 0), member(one, 1)]))
  expect(whole.tasks.map(renderTask)).toEqual([
    'stop pod web-1 (old revision aaa)',
    'remove pod web-1 (it has ended)',
    'create pod web-1 on local (update to revision bbb)',
    'stop pod web-0 (old revision aaa)',
    'remove pod web-0 (it has ended)',
    'create pod web-0 on local (2 replicas wanted)',
  ])
})

describe('claims', () => {
  const claimName = `data-${standIns.name}`
  const provision = {
    volume: {
      ...{ app: 'demo', namespace: 'shop', subject: `PersistentVolumeClaim/${claimName}`, detail: '', facts: {} },
      ...{ driver: 'local', options: {} },
    },
    ...{ hostPath: undefined, hosts: undefined, waits: true, problem: '', conditions: [] },
  }
  const withClaim: Template = {
    ...one,
    volumes: [
      {
        volume: { kind: 'docker', name: 'data', subject: `PersistentVolumeClaim/${claimName}` },
        contents: undefined,
        claim: { name: claimName, provision },
      },
    ],
  }
  const kept: Partial<StatefulSetSpec> = {
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { volumeMode: 'Filesystem' } }],
  }
  const claims: Partial<StatefulSetSpec> = {
    ...kept,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
  }
  const has = (...volumes: readonly ReturnType<typeof dataVolume>[]): Partial<View> => ({
    volumesOf: (key) => volumes.filter(({ subject }) => key === `shop/${subject}`),
  })
  const leaving = member(one, 1, { leaving: true, each: ended(0) })

  test('a pod goes where its data is', () => {
    const world = { hosts: [host({ name: 'a' }), host({ name: 'b' })], ...has(dataVolume('data-web-0', 'b')) }
    const found = planned({ title: '', template: withClaim, replicas: 1, world, expected: [] })
    expect(renderPlan(found)).toBe('create pod web-0 on b (1 replica wanted)')
  })

  test('data on a host that answers tells that the pod is not on one that does not', () => {
    const world = { hosts: [host(), far], ...has(dataVolume('data-web-0')) }
    const found = planned({ title: '', template: withClaim, replicas: 1, world, expected: [] })
    expect(renderPlan(found)).toBe('create pod web-0 on local (1 replica wanted)')
  })

  test('go with the last of a pod that is scaled away, if the set says so', () => {
    const world = has(dataVolume('data-web-0'), dataVolume('data-web-1'))
    const [task] = planned({
      title: '',
      replicas: 1,
      spec: claims,
      pods: [member(one, 0), leaving],
      world,
      expected: [],
    }).tasks
    expect(task?.text).toBe('remove pod web-1 and the data of its claim data-web-1')
    expect(task?.actions.at(-1)).toEqual({ kind: 'removeVolume', host: 'local', name: 'berth_shop_data-web-1' })
    expect(task?.actions.filter(({ kind }) => kind === 'removeVolume')).toHaveLength(1)
  })

  test.each([
    ['the set keeps them', kept, 1, {}],
    ['the ordinal is wanted', claims, 2, {}],
    ['the data is in a volume that somebody provided', claims, 1, { facts: { pv: 'disk-1' } }],
  ] satisfies [string, Partial<StatefulSetSpec>, number, Partial<LiveVolume>][])(
    'stay where %s',
    (_why, spec, replicas, changes) => {
      const world = has(dataVolume('data-web-1', 'local', changes))
      const found = planned({ title: '', replicas, spec, pods: [member(one, 0), leaving], world, expected: [] })
      expect(renderPlan(found)).toBe('remove pod web-1 (it has ended)')
      expect(found.tasks.flatMap(({ actions }) => actions.map(({ kind }) => kind))).not.toContain('removeVolume')
    },
  )

  test('stay while the pod still runs', () => {
    const world = has(dataVolume('data-web-1'))
    const found = planned({
      ...{ title: '', replicas: 1, spec: claims, world, expected: [] },
      pods: [member(one, 0), pod(one, 1, { name: 'web-1' })],
    })
    expect(renderPlan(found)).toBe('stop pod web-1 (scaled down to 1)')
    expect(found.tasks.flatMap(({ actions }) => actions.map(({ kind }) => kind))).not.toContain('removeVolume')
  })
})
