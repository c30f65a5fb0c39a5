import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { NetworkOptions } from '../../src/runtime/docker/node/options.ts'
import { createDockerRuntime } from '../../src/runtime/docker/runtime.ts'
import type { ServiceRow } from '../../src/runtime/network/table.ts'
import { podAddress } from '../../src/runtime/pod-address.ts'
import type { PodRef, Runtime } from '../../src/runtime/port.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { testImages } from '../support/images.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { startLoad } from './haproxy-load.ts'
import { nothingElse, serviceOf } from './network-samples.ts'
import { plainConfig, sandboxSpec, until, webKey } from './samples.ts'

const network: NetworkOptions = {
  ...{ podCIDR: '10.195.0.0/16', mtu: 1450, serviceCIDR: '10.112.0.0/24' },
  ...{ mode: 'services', nodeImage: testNodeImage, ingress: { httpPort: 0, httpsPort: 0 } },
}
const clusterIP = '10.112.0.80'

describe('pods on networks of an earlier build', () => {
  let world: DockerWorld

  beforeEach(async () => {
    await ensureNodeImage(testSocket)
    world = await dockerWorld({ network })
  })

  afterEach(() => world.close())

  const pods = [0, 1].map((index): PodRef => ({ host: 'local', namespace: 'shop', name: `web-abc-${index}` }))

  /** As an installation without node containers makes them. */
  const earlierPods = async (env: { name: string; value: string; secret: boolean }[] = []) => {
    const old = createDockerRuntime({
      ...{ engine: world.engine, hosts: [{ name: 'local', endpoint: testSocket }], pauseImage: testImages.pause },
      ...{ network: { ...network, mode: 'names' }, clock: systemClock, log: silentLog },
    })
    await old.start()
    await old.ensureNetwork('local', 'shop')
    for (const pod of pods) {
      await old.createSandbox(pod, sandboxSpec({ hostname: pod.name }))
      await old.startContainer(pod, '')
      await old.createContainer(pod, plainConfig({ command: ['/bin/sh', '-c'], args: [serve], env }))
      await old.startContainer(pod, 'web')
    }
    await old.close()
    await world.runtime.refresh()
    expect(addresses(world.runtime)).toHaveLength(2)
  }
  const serve = 'mkdir -p /tmp/www; hostname >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www'
  const addresses = (runtime: Runtime) => runtime.podsOf(webKey).flatMap(({ address }) => address ?? [])

  /** The table follows the pods, as the engine lets it. */
  const follow = (runtime: Runtime) => {
    const [first = pods[0]!] = pods
    const base = serviceOf(first)
    const set = () => {
      const backends = runtime.podsOf(webKey).flatMap(({ namespace, name, host, address }) =>
        address === undefined
          ? []
          : {
              ...{ name: `${name}_${address}`, pod: `${namespace}/${name}`, host, address, port: 8080 },
              state: 'ready' as const,
            },
      )
      const ports: ServiceRow['ports'] = base.ports.map((port) => ({ ...port, mode: 'http', backends }))
      const service = { ...base, clusterIP, ports }
      runtime.setNetwork({ ...nothingElse, services: [service] }, new Map())
    }
    set()
    return runtime.watch((keys) => {
      if (keys.includes(webKey)) set()
    })
  }
  const serves = (runtime: Runtime) =>
    until(runtime, () => runtime.hostFacts()[0]?.network.mode === 'services', 'the data path is up', 60_000)
  const exists = async (name: string) => (await engineCall(testSocket, 'GET', `/networks/${name}`)).status === 200
  const sandboxId = (runtime: Runtime, index: number) => runtime.podsOf(webKey)[index]?.uid ?? ''

  test('move to a network of today while they serve', async () => {
    await earlierPods()
    const { runtime, docker, engine } = world
    const old = addresses(runtime)
    follow(runtime)
    await serves(runtime)
    await using load = startLoad(clusterIP, 80, 4, 4)
    await load.more(100)
    await expect.poll(() => exists(`${engine}_shop`)).toBe(false)
    await load.more(100)
    expect((await load.end()).failures).toEqual([])

    expect(addresses(runtime).filter((address) => old.includes(address))).toEqual([])
    const { Labels, IPAM } = await engineJson<{
      Labels: Record<string, string>
      IPAM: { Config: { Gateway: string }[] }
    }>(testSocket, 'GET', `/networks/${engine}_shop_2`)
    expect(Labels['berth.dev/network']).toBe('2')
    const inside = (script: string) => docker.exec(sandboxId(runtime, 0), ['sh', '-c', script])
    expect(await inside('ip route')).toContain(`default via ${IPAM.Config[0]?.Gateway}`)
    expect(await inside('cat /etc/resolv.conf')).toContain('nameserver 10.112.0.10')
    expect(runtime.conflicts()).toEqual([])

    const [pod = pods[0]!] = pods
    await docker.kill(sandboxId(runtime, 0))
    await until(runtime, () => runtime.podsOf(webKey)[0]?.sandbox?.state === 'exited', 'the sandbox ended')
    await runtime.startContainer(pod, '')
    expect(runtime.podsOf(webKey)[0]?.address).toMatch(/^10\.195\./)
    await expect.poll(() => inside('cat /etc/resolv.conf')).toContain('nameserver 10.112.0.10')
  })

  test('go on moving under the next Berth', async () => {
    await earlierPods()
    const { runtime, engine } = world
    const old = addresses(runtime)
    follow(runtime)
    await serves(runtime)
    await using load = startLoad(clusterIP, 80, 2, 2)
    await until(runtime, () => !old.includes(addresses(runtime)[0] ?? ''), 'the first pod has another address', 60_000)
    await runtime.close()
    const next = await world.another('same')
    follow(next)
    await expect.poll(() => exists(`${engine}_shop`)).toBe(false)
    const { failures } = await load.end()
    expect(failures).toEqual([])
    expect(addresses(next).filter((address) => old.includes(address))).toEqual([])
    expect(addresses(next)).toHaveLength(2)
  })

  test('stay where they are when they were told their address, which is said', async () => {
    await earlierPods([{ name: 'SELF', value: podAddress, secret: false }])
    const { runtime, engine } = world
    const old = addresses(runtime)
    follow(runtime)
    await serves(runtime)
    await expect.poll(() => runtime.conflicts()).toHaveLength(2)
    expect(runtime.conflicts()[0]).toBe(
      `host local: network ${engine}_shop of an earlier build stays until pod shop/web-abc-0 is replaced, as it was told its address`,
    )
    await using load = startLoad(clusterIP, 80, 1, 1)
    await load.more(50)
    expect((await load.end()).failures).toEqual([])
    expect(addresses(runtime)).toEqual(old)
  })
})
