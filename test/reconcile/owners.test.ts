import { expect, test } from 'vitest'
import { type Key, keyOf } from '../../src/base/key.ts'
import { Owners } from '../../src/reconcile/owners.ts'
import type { LivePod } from '../../src/runtime/live.ts'

const web: Key = 'shop/Deployment/web'
const api: Key = 'shop/Deployment/api'
const job: Key = 'tools/Pod/job'

/** Only what is read of a pod. */
function pod(key: Key, host = 'a', app = 'one'): LivePod {
  const [namespace = '', kind, name = ''] = key.split('/')
  const requests = { cpu: '100m', memory: '1Mi' }
  const spec = { containers: [{ name: 'main', resources: { requests } }] }
  return { namespace, owner: `${kind}/${name}`, name, host, app, spec } as unknown as LivePod
}

function setUp(...pods: LivePod[]) {
  const live = [...pods]
  const ownerOf = (one: LivePod): Key => {
    const [kind = '', name = ''] = one.owner.split('/')
    return keyOf({ namespace: one.namespace, kind, name })
  }
  const owners = new Owners({ pods: () => live, podsOf: (key) => live.filter((one) => ownerOf(one) === key) })
  return { live, owners }
}

function placed(owners: Owners): Record<string, number> {
  return Object.fromEntries([...owners.placed()].map(([host, { pods, cpuMillis }]) => [host, pods * 1000 + cpuMillis]))
}

test('reads all pods at first', () => {
  const { owners } = setUp(pod(web), pod(web, 'b'), pod(api), pod(job, 'a', 'two'))
  expect(owners.of('one')).toEqual([api, web])
  expect(owners.of('two')).toEqual([job])
  expect(owners.of('three')).toEqual([])
  expect(owners.podsIn('shop')).toHaveLength(3)
  expect(owners.podsIn('nowhere')).toEqual([])
  expect(placed(owners)).toEqual({ a: 3300, b: 1100 })
})

test('follows an owner that comes, grows and goes', () => {
  const { live, owners } = setUp(pod(web))
  expect(owners.of('one')).toEqual([web])
  live.push(pod(api), pod(api))
  owners.changed([api, '/Namespace/shop'])
  expect(owners.of('one')).toEqual([api, web])
  expect(placed(owners)).toEqual({ a: 3300 })
  live.splice(0, 2)
  owners.changed([web])
  owners.changed([api])
  expect(owners.of('one')).toEqual([api])
  expect(owners.podsIn('shop')).toHaveLength(1)
  expect(placed(owners)).toEqual({ a: 1100 })
})

test('follows an owner that goes to another application', () => {
  const { live, owners } = setUp(pod(web))
  expect(owners.of('one')).toEqual([web])
  live[0] = pod(web, 'a', 'two')
  owners.changed([web])
  expect(owners.of('one')).toEqual([])
  expect(owners.of('two')).toEqual([web])
})

test('reads everything again when nobody knows what changed', () => {
  const { live, owners } = setUp(pod(web))
  expect(owners.of('one')).toEqual([web])
  live[0] = pod(job, 'b')
  owners.changed()
  expect(owners.of('one')).toEqual([job])
  expect(owners.podsIn('shop')).toEqual([])
  expect(placed(owners)).toEqual({ b: 1100 })
})

test('tells the pods that keep others away', () => {
  const guard = (key: Key): LivePod => {
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: {} }
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
    return { ...pod(key), spec: { containers: [], affinity: { podAntiAffinity } } } as unknown as LivePod
  }
  const shy = guard(web)
  const { live, owners } = setUp(shy, pod(web), pod(api))
  expect(owners.guards()).toEqual([shy])
  live.splice(0, 1)
  owners.changed([web])
  expect(owners.guards()).toEqual([])
  live.push(guard(api))
  owners.changed([api])
  expect(owners.guards()).toHaveLength(1)
})
