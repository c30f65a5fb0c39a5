// When packet rules of a new network are waited for: the rest of its first pod is made meanwhile.
import type { NetworkCreateOptions, NetworkInspectInfo } from 'dockerode'
import { expect, test } from 'vitest'
import { parseRange } from '../../src/runtime/docker/addresses.ts'
import type { HostApi } from '../../src/runtime/docker/host-api.ts'
import { Networks } from '../../src/runtime/docker/networks.ts'
import { FakeClock } from '../sim/fake-clock.ts'

/** Networks of an engine that has none, and what ends when its rules are in. */
function world() {
  const made: Partial<NetworkInspectInfo>[] = []
  const api = {
    listNetworks: async () => made,
    createNetwork: async ({ Name, Labels, IPAM }: NetworkCreateOptions) => {
      made.push({ Id: `id of ${Name}`, Name, Labels, IPAM } as Partial<NetworkInspectInfo>)
    },
  } as unknown as HostApi
  const rules = Promise.withResolvers<void>()
  const range = parseRange('10.110.0.0/24')!
  const services = {
    ...{ serviceRange: range, rulesFor: () => rules.promise, neighbours: async () => [], clock: new FakeClock() },
  }
  const networks = new Networks(api, {
    ...{ engine: 'test', podRange: parseRange('10.198.0.0/16')!, mtu: 1500, local: false },
    hostBlock: () => parseRange('10.198.0.0/20')!,
    ...{ podsIn: () => 0, addressPools: () => [], services: () => services, changed: () => {} },
  })
  return { networks, rulesAreIn: rules.resolve }
}

test('a network is there for pods that are made before its rules are in, and not for those that start', async () => {
  const { networks, rulesAreIn } = world()
  await networks.ensure('shop')
  const { name } = await networks.withRoom('shop')
  let ready = false
  const start = networks.ready(name).then(() => {
    ready = true
  })
  await new Promise((next) => setImmediate(next))
  expect(ready).toBe(false)
  rulesAreIn()
  await start
  expect(ready).toBe(true)
})

test('nobody waits for rules of a network of somebody else', async () => {
  const { networks } = world()
  await networks.ready('host')
})
