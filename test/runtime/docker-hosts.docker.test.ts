import { expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { createDockerRuntime, type DockerRuntimeOptions } from '../../src/runtime/docker/runtime.ts'
import { mayStartEngines, startTestEngine } from '../support/docker-engine.ts'
import { engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { dockerWorld, testSocket } from './docker-world.ts'
import { runPod, until, webKey } from './samples.ts'

const settings = (hosts: DockerRuntimeOptions['hosts'], engine = 'test-hosts'): DockerRuntimeOptions => ({
  engine,
  hosts,
  pauseImage: testImages.pause,
  network: { podCIDR: '10.196.0.0/16', mtu: 1500 },
  clock: systemClock,
  log: silentLog,
})

test.each([
  [{ engine: 'Upper_Case' }, /installation id "Upper_Case": expected lower-case letters/],
  [
    { network: { podCIDR: '10.0.0.0/24', mtu: 1500 } },
    /network\.podCIDR 10\.0\.0\.0\/24: expected an IPv4 range of at least \/20/,
  ],
  [{ network: { podCIDR: 'everything', mtu: 1500 } }, /network\.podCIDR everything/],
  [{ hosts: [{ name: 'far', endpoint: 'ssh://far' }] }, /host far: endpoint ssh:\/\/far: ssh is not supported yet/],
])('refuses settings that cannot work: %#', (given, message) => {
  expect(() => createDockerRuntime({ ...settings([]), ...given })).toThrow(message)
})

test('a host that never answered keeps blocks from being chosen, and nothing else', async () => {
  const world = await dockerWorld()
  const hosts = [
    { name: 'here', endpoint: world.proxy.endpoint },
    { name: 'away', endpoint: 'unix:///nowhere/docker.sock' },
  ]
  const runtime = createDockerRuntime(settings(hosts, world.engine))
  try {
    await runtime.start()
    expect(runtime.hostFacts()).toMatchObject([
      { name: 'here', reachable: true },
      { name: 'away', reachable: false, message: expect.stringContaining('ENOENT') },
    ])
    await expect(runtime.ensureNetwork('here', 'shop')).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: 'host away has not answered yet, so no address block can be chosen for host here',
    })
    // The block is on a network now, so nobody has to be asked.
    await world.runtime.ensureNetwork('local', 'blog')
    await until(runtime, () => runtime.hostFacts()[0]?.networks.has('blog') === true, 'the network is seen')
    await runtime.ensureNetwork('here', 'shop')
  } finally {
    await runtime.close()
    await world.close()
  }
})

// A second engine of the test's own takes root.
if (mayStartEngines) {
  test('two hosts have blocks of their own, and lose only their own pods from sight', async () => {
    await using second = await startTestEngine()
    await ensureTestImages(second.host)
    const world = await dockerWorld()
    const hosts = [
      { name: 'a', endpoint: testSocket },
      { name: 'b', endpoint: second.host },
    ]
    const runtime = createDockerRuntime(settings(hosts, world.engine))
    try {
      await runtime.start()
      const pods = ['a', 'b'].map((host) => ({ host, namespace: 'shop', name: `web-abc-${host}` }))
      await Promise.all(pods.map((pod) => runPod(runtime, pod)))
      const block = async (socket: string) => {
        const path = `/networks/${world.engine}_shop`
        const { Labels } = await engineJson<{ Labels: Record<string, string> }>(socket, 'GET', path)
        return Labels['berth.dev/host-block']
      }
      expect(await block(testSocket)).not.toBe(await block(second.host))
      const [a, b] = runtime.podsOf(webKey)
      expect([a?.host, b?.host]).toEqual(['a', 'b'])
      expect(a?.address).not.toBe(b?.address)
      await second.stop('kill')
      await until(runtime, () => runtime.hostFacts()[1]?.reachable === false, 'host b is unreachable')
      expect(runtime.hostFacts()[0]?.reachable).toBe(true)
      expect(runtime.podsOf(webKey)).toEqual([a, b])
    } finally {
      await runtime.close()
      await world.close()
    }
  })
}
