import { describe, expect, test } from 'vitest'
import { type Key, keyParts } from '../../../src/base/key.ts'
import { planClaim, planGoneClaim } from '../../../src/reconcile/plan/claim.ts'
import type { Provision, View } from '../../../src/reconcile/plan/desired.ts'
import { planFill } from '../../../src/reconcile/plan/fill.ts'
import { provisionOf } from '../../../src/reconcile/plan/provision.ts'
import type { LiveVolume } from '../../../src/runtime/live.ts'
import { host, now, view } from './world.ts'

const key: Key = 'shop-blue/PersistentVolumeClaim/data'
const from: Key = 'shop/PersistentVolumeClaim/orders'
const resources = { requests: { storage: '1Gi' } }
const spec = { volumeMode: 'Filesystem' as const, accessModes: ['ReadWriteOnce'], resources }
const seed = { from, limitBytes: 2 ** 30 }
const wish = { app: 'shop/blue', namespace: 'shop-blue', name: 'data', spec, seed }
const provision = provisionOf(wish, [], undefined, [])

function volume(of: Key, changes: Partial<LiveVolume> = {}): LiveVolume {
  const { namespace, kind, name } = keyParts(of)
  const detail = changes.detail ?? ''
  return {
    ...{
      host: 'local',
      name: `e_${namespace}_${name}${detail}`,
      app: '',
      namespace,
      subject: `${kind}/${name}`,
      detail,
    },
    ...{ facts: {}, driver: 'local', options: {}, createdAt: now },
    ...changes,
  }
}

const source = volume(from)
const made = (changes: Partial<LiveVolume> = {}) => volume(key, { facts: { seed: from }, ...changes })
const record = volume(key, { detail: 'filled' })

function seen(volumes: readonly LiveVolume[], changes: Partial<View> = {}): View {
  const of = (subject: Key) =>
    volumes.filter((one) => `${one.namespace}/${one.subject}` === subject).sort((a, b) => (a.name < b.name ? -1 : 1))
  return view([], { volumesOf: of, ...changes })
}

/** `create, fill` and what is said. */
function filling(volumes: readonly LiveVolume[], changes: Partial<View> = {}, given: Provision = provision): string {
  const planned = planFill(key, given, seen(volumes, changes))
  if (!planned) return 'may be used'
  const steps = planned.tasks.flatMap(({ actions }) =>
    actions.map((action) => (action.kind === 'removeVolume' ? `remove ${action.name}` : action.kind)),
  )
  return [...steps, `${planned.failed ? 'failed: ' : ''}${planned.message}`].join(', ')
}

const failed = (at: number, attempts = 1) => made({ filling: { state: 'failed', at, attempts, message: 'disk full' } })

describe('a claim that begins with another one', () => {
  test.each([
    {
      title: 'is made and filled',
      volumes: [source],
      expected: 'createVolume, fillVolume, is being filled from shop/orders',
    },
    {
      title: 'is filled where it is only made',
      volumes: [source, made()],
      expected: 'fillVolume, is being filled from shop/orders',
    },
    {
      title: 'waits while it is being filled',
      volumes: [source, made({ filling: { state: 'running', at: now, attempts: 0, message: '' } })],
      expected: 'is being filled from shop/orders',
    },
    { title: 'is used when it is whole', volumes: [source, made(), record], expected: 'may be used' },
    {
      title: 'is used when it is whole, whatever became of the other one',
      volumes: [made(), record],
      expected: 'may be used',
    },
    { title: 'is used where it was made without a seed', volumes: [source, volume(key)], expected: 'may be used' },
    {
      title: 'waits after a failure',
      volumes: [source, failed(now - 9_999)],
      expected: 'failed: could not be filled from shop/orders: disk full',
    },
    {
      title: 'is tried again after a while',
      volumes: [source, failed(now - 10_000)],
      expected: 'fillVolume, failed: is being filled from shop/orders',
    },
    {
      title: 'is tried less and less often',
      volumes: [source, failed(now - 299_999, 9)],
      expected: 'failed: could not be filled from shop/orders: disk full',
    },
    { title: 'waits for data', volumes: [], expected: 'waits: shop/orders, which it begins with, has no data yet' },
    {
      title: 'waits for data that went while it was filled',
      volumes: [made()],
      expected: 'waits: shop/orders, which it begins with, has no data on host local',
    },
    {
      title: 'does not choose among several hosts',
      volumes: [source, { ...source, host: 'other', name: 'e_shop_orders2' }],
      expected: 'failed: cannot be filled: shop/orders has data on several hosts',
    },
    {
      title: 'is not filled from a path of a host',
      volumes: [{ ...source, facts: { pv: 'disk' } }],
      expected: 'failed: cannot be filled: shop/orders is a path of its host, not a volume of Docker',
    },
    {
      title: 'is filled from a share',
      volumes: [{ ...source, facts: { pv: 'share' }, options: { type: 'nfs' } }],
      expected: 'createVolume, fillVolume, is being filled from shop/orders',
    },
    {
      title: 'forgets a record of a volume that is gone',
      volumes: [source, record],
      expected: 'remove e_shop-blue_datafilled, createVolume, fillVolume, is being filled from shop/orders',
    },
  ])('$title', ({ volumes, expected }) => {
    expect(filling(volumes)).toBe(expected)
  })

  test('is made where the other one is, and waits while that host is silent', () => {
    const there = { ...source, host: 'two' }
    const hosts = [host(), host({ name: 'two' })]
    const [task] = planFill(key, provision, seen([there], { hosts }))?.tasks ?? []
    expect(task).toMatchObject({ host: 'two', text: 'fill claim data from shop/orders on two' })
    expect(task?.actions).toMatchObject([
      { kind: 'createVolume', host: 'two', volume: { facts: { seed: from } } },
      {
        kind: 'fillVolume',
        host: 'two',
        fill: { namespace: 'shop-blue', from: { namespace: 'shop' }, limitBytes: 2 ** 30 },
      },
    ])
    const silent = [host(), host({ name: 'two', reachable: false })]
    expect(filling([there], { hosts: silent })).toBe(
      'waits: shop/orders, which it begins with, is on host two, which is unreachable',
    )
  })

  test('with a part of something that is not wanted any more is made anew', () => {
    const plain: Provision = { ...provision, seed: undefined }
    expect(filling([source, made()], {}, plain)).toBe('remove e_shop-blue_data, is made anew')
    const other: Provision = { ...provision, seed: { ...seed, from: 'shop/PersistentVolumeClaim/files' } }
    expect(filling([source, made()], {}, other)).toBe('remove e_shop-blue_data, is made anew')
    expect(filling([source, made(), record], {}, plain)).toBe('may be used')
    expect(filling([source], {}, plain)).toBe('may be used')
  })

  test('says how far it is, and is filled without a pod where its class says so', () => {
    const metadata = { name: 'data', namespace: 'shop-blue' }
    const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec } as const
    const desired = {
      kind: 'PersistentVolumeClaim',
      object,
      provision,
      app: 'shop/blue',
      commit: 'c',
      since: now,
    } as const
    expect(planClaim(desired, seen([source]))).toMatchObject({ tasks: [], status: { health: 'Healthy' } })
    const immediate = { ...desired, provision: { ...provision, waits: false } }
    expect(planClaim(immediate, seen([source])).tasks).toHaveLength(1)
    expect(planClaim(desired, seen([source, failed(now)]))).toMatchObject({
      status: { health: 'Degraded', message: 'Pending: could not be filled from shop/orders: disk full' },
      lookAgainAt: now + 10_000,
    })
    expect(planClaim(desired, seen([source, made(), record])).status).toMatchObject({ health: 'Healthy' })
  })

  test('goes with its record, also where only that is left', () => {
    const removed = (volumes: readonly LiveVolume[]) =>
      planGoneClaim(key, seen(volumes)).tasks.flatMap(({ actions }) =>
        actions.map((action) => (action.kind === 'removeVolume' ? action.name : '')),
      )
    expect(removed([made(), record])).toEqual(['e_shop-blue_data', 'e_shop-blue_datafilled'])
    expect(removed([record])).toEqual(['e_shop-blue_datafilled'])
  })
})
