import { expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { Images } from '../../src/runtime/docker/images.ts'
import type { Applier, TrafficApplier } from '../../src/runtime/docker/node/contract.ts'
import { HostNode } from '../../src/runtime/docker/node/node.ts'
import { nodeOptions } from '../../src/runtime/docker/node/options.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { service } from './haproxy-world.ts'
import { emptyTable, nodeNetwork } from './node-samples.ts'

const idle: Applier = { attach: async () => {}, apply: async () => [], detach: () => {} }
const haproxy = {
  ...idle,
  trafficOf: (pod: string) => (pod === 'shop/web' ? 'joining' : 'none'),
  watch() {},
  expect() {},
  outdated() {},
  watchUses() {},
} satisfies TrafficApplier
const backend = {
  name: 'web',
  pod: 'shop/web',
  host: 'local',
  address: '10.198.0.7',
  port: 80,
  state: 'ready',
} as const

/** A node that has no container, a clock, and what it tells: `any`, or pods. */
function lonelyNode() {
  const clock = new FakeClock()
  const api = new HostApi(parseEndpoint('local', 'unix:///nowhere/docker.sock'), defaultDeadlines, () => {})
  const told: string[] = []
  const options = nodeOptions('test', nodeNetwork)
  if (!options) throw new Error('expected a node container')
  const node = new HostNode({
    ...{ settings: { ...options.settings, host: 'local' }, image: options.image, api, clock, log: silentLog },
    appliers: { haproxy, dns: idle, nft: { ...idle, rulesFor: async () => {}, outdated() {} } },
    images: new Images(api, clock, () => {}),
    changed: () => {},
    trafficChanged: (pods = ['any']) => told.push(...pods),
  })
  const close = () => {
    node.close()
    api.close()
  }
  return { node, clock, told, [Symbol.dispose]: close }
}

const table = { ...emptyTable, services: [service('web', '10.110.0.20', { backends: [backend] })] }

test('pods wait half a minute for a data path that does not come', () => {
  using lonely = lonelyNode()
  const { node, clock, told } = lonely
  node.set(table, new Map())
  clock.advance(29_000)
  expect(node.trafficOf('shop/web')).toBe('joining')
  clock.advance(2000)
  expect(node.trafficOf('shop/web')).toBe('none')
  expect(told).toEqual(['shop/web'])
})

test('until there is a table, no pod is out of traffic, but for half a minute at most', () => {
  using lonely = lonelyNode()
  const { node, clock, told } = lonely
  expect(node.trafficOf('shop/other')).toBe('none')
  node.expect()
  expect(node.trafficOf('shop/other')).toBe('joining')
  clock.advance(29_000)
  expect(node.trafficOf('shop/other')).toBe('joining')
  clock.advance(2000)
  expect(node.trafficOf('shop/other')).toBe('none')
  expect(told).toEqual(['any'])
})

test('a table tells who is in traffic', () => {
  using lonely = lonelyNode()
  const { node } = lonely
  node.expect()
  node.set(table, new Map())
  expect(node.trafficOf('shop/web')).toBe('joining')
  expect(node.trafficOf('shop/other')).toBe('none')
})
