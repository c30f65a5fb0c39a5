import { expect, test } from 'vitest'
import type { Key } from '../../../src/base/key.ts'
import { keptStatus, planClaim, planGoneClaim } from '../../../src/reconcile/plan/claim.ts'
import type { DesiredClaim, Provision, View } from '../../../src/reconcile/plan/desired.ts'
import { provisionOf } from '../../../src/reconcile/plan/provision.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import type { LiveVolume } from '../../../src/runtime/live.ts'
import { host, now, view } from './world.ts'

const key: Key = 'shop/PersistentVolumeClaim/data'
const resources = { requests: { storage: '1Gi' } }
const spec = { volumeMode: 'Filesystem' as const, accessModes: ['ReadWriteOnce'], resources }

function claim(changes: Partial<Provision> = {}): DesiredClaim {
  const provision = provisionOf({ app: 'demo', namespace: 'shop', name: 'data', spec }, [], undefined, [])
  const metadata = { name: 'data', namespace: 'shop' }
  const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec } as const
  return {
    kind: 'PersistentVolumeClaim',
    object,
    provision: { ...provision, ...changes },
    app: 'demo',
    commit: 'c',
    since: now,
  }
}

function data(changes: Partial<LiveVolume> = {}): LiveVolume {
  const { volume } = claim().provision
  return { ...volume, host: 'local', name: 'e_shop_data', createdAt: now, ...changes }
}

function seen(volumes: readonly LiveVolume[], changes: Partial<View> = {}): View {
  return view([], { volumesOf: (subject) => (subject === key ? volumes : []), ...changes })
}

test('waits for its first pod', () => {
  const { tasks, status } = planClaim(claim(), seen([]))
  expect(tasks).toEqual([])
  expect(status).toMatchObject({
    sync: 'Synced',
    health: 'Healthy',
    message: 'WaitForFirstConsumer: made with its first pod',
  })
})

test('is made at once where its class says so', () => {
  const { tasks, status } = planClaim(claim({ waits: false }), seen([]))
  expect(renderPlan({ tasks })).toMatch(/^create volume of claim data on local/)
  expect(status).toMatchObject({ sync: 'OutOfSync', health: 'Progressing', message: 'Pending: is being made' })
})

test('is not made where a LimitRange forbids it; data that is there stays in use', () => {
  const forbidden = 'maximum storage usage per PersistentVolumeClaim is 1Gi, but limit is 2Gi'
  const { tasks, status } = planClaim(claim({ waits: false, forbidden }), seen([]))
  expect(tasks).toEqual([])
  expect(status).toMatchObject({ health: 'Degraded', message: `Pending: forbidden: ${forbidden}` })
  expect(planClaim(claim({ forbidden }), seen([data()])).status).toMatchObject({ health: 'Healthy' })
})

test('is made on a host that it may be on', () => {
  const hosts = [host({ name: 'a' }), host({ name: 'b', reachable: false }), host({ name: 'c' })]
  const { tasks } = planClaim(claim({ waits: false, hosts: ['c'] }), seen([], { hosts }))
  expect(tasks.map((task) => task.host)).toEqual(['c'])
})

test('is not made as long as its data may be where nobody can look', () => {
  const hosts = [host({ name: 'b', reachable: false }), host({ name: 'c' })]
  const { tasks, status } = planClaim(claim({ waits: false }), seen([], { hosts }))
  expect(tasks).toEqual([])
  expect(status.message).toBe('Pending: may be on host b, which is unreachable')
})

test.each([
  { title: 'bound', volumes: [data()], message: 'Bound on local', health: 'Healthy' },
  {
    title: 'grown',
    volumes: [data({ facts: { capacity: '500Mi' } })],
    message: 'Bound on local; asked for 1Gi, was made for 500Mi: Docker volumes have no size of their own',
    health: 'Healthy',
  },
  {
    title: 'twice',
    volumes: [data(), data({ host: 'b' })],
    message: 'Bound on local; its data is on local and b: remove one',
    health: 'Degraded',
  },
])('$title', ({ volumes, message, health }) => {
  expect(planClaim(claim(), seen(volumes))).toMatchObject({ tasks: [], status: { sync: 'Synced', health, message } })
})

test('that cannot be provided says why', () => {
  const { status } = planClaim(claim({ problem: 'no persistent volume of class "disks" fits' }), seen([]))
  expect(status).toMatchObject({ health: 'Degraded', message: 'Pending: no persistent volume of class "disks" fits' })
})

test('whose removal was approved goes when no pod uses it any more', () => {
  expect(renderPlan(planGoneClaim(key, seen([data()])))).toMatch(/^remove volume of claim data on local/)
})

test('data without a claim is told of', () => {
  expect(keptStatus(data())).toEqual({
    ...{ kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data', ready: '', failed: false },
    ...{
      sync: 'Synced',
      health: 'Healthy',
      message: 'kept: 1Gi on local; it is taken again when the claim comes back',
    },
  })
})
