import { expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { Images } from '../../src/runtime/docker/images.ts'
import type { Applier } from '../../src/runtime/docker/node/contract.ts'
import { HostNode } from '../../src/runtime/docker/node/node.ts'
import { nodeOptions } from '../../src/runtime/docker/node/options.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { service } from './haproxy-world.ts'
import { emptyTable, nodeNetwork } from './node-samples.ts'

const idle: Applier = { attach: async () => {}, apply: async () => [], detach: () => {} }
const haproxy = { ...idle, trafficOf: () => 'joining' as const, watch() {}, expect() {}, outdated() {} }
const backend = {
  name: 'web',
  pod: 'shop/web',
  host: 'local',
  address: '10.198.0.7',
  port: 80,
  state: 'ready',
} as const

test('pods wait half a minute for a data path that does not come', async () => {
  const clock = new FakeClock()
  const api = new HostApi(parseEndpoint('local', 'unix:///nowhere/docker.sock'), defaultDeadlines, () => {})
  const told: string[] = []
  const options = nodeOptions('test', nodeNetwork)
  if (!options) throw new Error('expected a node container')
  const node = new HostNode({
    ...{ settings: { ...options.settings, host: 'local' }, image: options.image, api, clock, log: silentLog },
    appliers: { haproxy, dns: idle, nft: { ...idle, rulesFor: async () => {} } },
    images: new Images(api, clock, () => {}),
    changed: () => {},
    trafficChanged: (pods) => told.push(...pods),
  })
  node.set({ ...emptyTable, services: [service('web', '10.110.0.20', { backends: [backend] })] }, new Map())
  clock.advance(29_000)
  expect(node.trafficOf('shop/web')).toBe('joining')
  clock.advance(2000)
  expect(node.trafficOf('shop/web')).toBe('none')
  expect(told).toEqual(['shop/web'])
  node.close()
  api.close()
})
