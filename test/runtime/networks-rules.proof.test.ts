import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mayStartEngines } from '../support/docker-engine.ts'
import { engineJson } from '../support/engine-call.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import {
  answering,
  ask,
  type NftEngine,
  type NftWorld,
  nftEngine,
  nftWorld,
  nodeImage,
  startContainer,
  type TestPod,
} from './nft-world.ts'
import { emptyTable } from './node-samples.ts'
import { sandboxSpec, until, webKey } from './samples.ts'

describe.runIf(mayStartEngines)('two installations on one engine', () => {
  const a = { installation: 'first', podCIDR: '10.192.0.0/16', serviceCIDR: '10.113.0.0/24' }
  const b = { installation: 'second-one', podCIDR: '10.193.0.0/16', serviceCIDR: '10.114.0.0/24' }
  let engine: NftEngine
  let first: NftWorld
  let second: NftWorld
  let pods: Record<'a1' | 'a2' | 'b1' | 'b2', TestPod>

  beforeAll(async () => {
    engine = await nftEngine()
    first = await nftWorld(engine, a)
    second = await nftWorld(engine, b)
    for (const world of [first, second]) {
      await world.networks.refresh()
      await world.networks.ensure('shop')
      await world.apply({})
    }
    pods = {
      a1: await first.pod('shop', 'a1', answering('a1')),
      a2: await first.pod('shop', 'a2', answering('a2')),
      b1: await second.pod('shop', 'b1', answering('b1')),
      b2: await second.pod('shop', 'b2', answering('b2')),
    }
  })

  afterAll(async () => {
    await first?.close()
    await second?.close()
    await engine?.[Symbol.asyncDispose]()
  })

  const host = (script: string) => first.run(script)
  const docker = 'for each in iptables-nft iptables-legacy; do $each -w -n -L DOCKER-USER 2>/dev/null && break; done'
  const raw = docker.replace('-n -L DOCKER-USER', '-t raw -n -L PREROUTING')

  /** As docs/network.md tells to do it. */
  const remove = async (world: NftWorld, id: string, run: (script: string) => Promise<string>) => {
    await engine.docker.destroy(world.node)
    const socket = engine.engine.host
    const script = await startContainer(socket, `${id}-remove`, {
      Image: nodeImage,
      Cmd: ['sh', '/state/nft/remove.sh'],
      HostConfig: { NetworkMode: 'host', CapAdd: ['NET_ADMIN', 'NET_RAW'], Binds: [`${id}-node:/state`] },
    })
    const { StatusCode: status } = await engineJson<{ StatusCode: number }>(
      socket,
      'POST',
      `/containers/${script}/wait`,
    )
    expect(status).toBe(0)
    return run(`nft list tables ip; ip route show table local; ${docker}; ${raw}`)
  }

  test('keep apart: pods of the same namespace of both reach their own alone', async () => {
    const { a1, a2, b1, b2 } = pods
    expect(await a1.run(ask('tcp', a2.address))).toContain(`a2 to ${a1.address}`)
    expect(await b1.run(ask('tcp', b2.address))).toContain(`b2 to ${b1.address}`)
    expect(await a1.run(ask('tcp', b1.address))).not.toContain('b1 to')
    expect(await b1.run(ask('udp', a1.address))).not.toContain('a1 to')
    expect(await host(ask('tcp', b1.address))).toContain('b1 to')
  })

  test('one goes, and takes nothing of the other with it; with the last one nothing is left', async () => {
    const after = await remove(second, b.installation, host)
    expect(after).toContain('table ip berth_first')
    expect(after).not.toContain('berth_second_one')
    expect(after).toContain(a.serviceCIDR)
    expect(after).not.toContain(b.serviceCIDR)
    expect(after).toContain(a.podCIDR)
    expect(after).not.toContain(b.podCIDR)
    expect(after).toContain('0x4000000')
    expect(await pods.a1.run(ask('tcp', pods.a2.address))).toContain(`a2 to ${pods.a1.address}`)

    const outside = await startContainer(engine.engine.host, 'looks', {
      Image: nodeImage,
      Cmd: ['sleep', '600'],
      HostConfig: { NetworkMode: 'host', CapAdd: ['NET_ADMIN', 'NET_RAW'] },
    })
    const last = await remove(first, a.installation, (script) => engine.docker.exec(outside, ['sh', '-c', script]))
    expect(last).toContain('Chain DOCKER-USER')
    expect(last).not.toMatch(/berth_|0x4000000|10\.113\.|10\.192\.\S+ +\S+ *$/)
    expect(last).not.toContain(a.podCIDR)
  })
})

describe('installations of one range for Services', () => {
  let world: DockerWorld

  beforeAll(async () => {
    await ensureNodeImage(testSocket)
    world = await dockerWorld({
      network: {
        ...{ podCIDR: '10.194.0.0/16', mtu: 1450, serviceCIDR: '10.115.0.0/24' },
        ...{ mode: 'services', nodeImage: testNodeImage, ingress: { httpPort: 0, httpsPort: 0 } },
      },
    })
  })

  afterAll(() => world.close())

  test('the second is refused, with both named', async () => {
    world.runtime.setNetwork(emptyTable, new Map())
    const network = () => world.runtime.hostFacts()[0]?.network
    await until(world.runtime, () => network()?.mode === 'services', 'the data path is up', 60_000)
    const other = await world.another('other')
    other.setNetwork(emptyTable, new Map())
    const refusal = `serviceCIDR 10.115.0.0/24 overlaps serviceCIDR 10.115.0.0/24 of the installation ${world.engine} on the same host: set another network.serviceCIDR`
    await until(other, () => other.hostFacts()[0]?.network.message === refusal, 'it is said', 60_000)
    await expect(other.ensureNetwork('local', 'shop')).rejects.toMatchObject({ code: 'SUBNET_TAKEN', message: refusal })
    expect(network()).toMatchObject({ mode: 'services', message: '' })
  })
})

describe('a host that cannot have a node container', () => {
  let world: DockerWorld

  beforeAll(async () => {
    world = await dockerWorld({
      network: {
        ...{ podCIDR: '10.191.0.0/16', mtu: 1450, serviceCIDR: '10.116.0.0/24' },
        ...{ mode: 'services', nodeImage: '127.0.0.1:9/nothing/here:1', ingress: { httpPort: 0, httpsPort: 0 } },
      },
    })
  })

  afterAll(() => world.close())

  test('starts pods all the same after a while, cut off, and says why', async () => {
    const { runtime } = world
    runtime.setNetwork(emptyTable, new Map())
    const names = ['web-abc-0', 'web-abc-1']
    for (const name of names) {
      const pod = { host: 'local', namespace: 'shop', name }
      await runtime.ensureNetwork('local', 'shop')
      await runtime.createSandbox(pod, sandboxSpec({ hostname: name }))
      await runtime.startContainer(pod, '')
    }
    const [one, two] = runtime.podsOf(webKey)
    expect(one?.address).toMatch(/^10\.191\./)
    const serve = 'mkdir -p /tmp/www; echo found >/tmp/www/index.html; httpd -p 8080 -h /tmp/www'
    const ask = `(echo 'GET / HTTP/1.0'; echo) | timeout 3 nc ${two?.address} 8080; echo asked`
    await world.exec(two?.uid ?? '', 'sh', '-c', serve)
    expect(await world.exec(two?.uid ?? '', 'sh', '-c', ask)).toContain('found')
    expect(await world.exec(one?.uid ?? '', 'sh', '-c', ask)).toMatch(/^(?!.*found)[\s\S]*asked/)
    expect(runtime.hostFacts()[0]?.network).toMatchObject({ mode: 'starting' })
    expect(runtime.hostFacts()[0]?.network.message).toContain('127.0.0.1:9/nothing/here:1')
  })
})
