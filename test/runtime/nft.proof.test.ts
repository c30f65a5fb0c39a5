import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BackendRow, PolicyRow, ServiceRow } from '../../src/runtime/network/table.ts'
import { mayStartEngines } from '../support/docker-engine.ts'
import { engineJson } from '../support/engine-call.ts'
import {
  addressOf,
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

describe.runIf(mayStartEngines)('packet rules on an engine of their own', () => {
  let engine: NftEngine
  let world: NftWorld
  let a: TestPod
  let b: TestPod
  let other: TestPod

  beforeAll(async () => {
    engine = await nftEngine()
    world = await nftWorld(engine)
    await world.networks.refresh()
    await world.networks.ensure('shop')
    await world.networks.ensure('blog')
    a = await world.pod('shop', 'a', answering('a'))
    const published = { ExposedPorts: { '8080/tcp': {} } }
    const HostConfig = { PortBindings: { '8080/tcp': [{ HostPort: '18080' }] } }
    b = await world.pod('shop', 'b', answering('b'), { ...published, HostConfig })
    other = await world.pod('blog', 'other', answering('other'), { HostConfig: { CapAdd: ['NET_ADMIN'] } })
    // The world outside: a wire to another place that knows no way to pods.
    await world.run(`ip link add out0 type veth peer name out1
      ip address add 192.0.2.1/24 dev out0; ip link set out0 up; ip link set out1 up`)
  })

  afterAll(async () => {
    await world?.close()
    await engine?.[Symbol.asyncDispose]()
  })

  const backend = (pod: TestPod): BackendRow => ({
    ...{ name: pod.id.slice(0, 12), pod: '', host: 'local' },
    ...{ address: pod.address, port: 8080, state: 'ready' },
  })
  const service = (pods: readonly TestPod[], given: Partial<ServiceRow> = {}): ServiceRow => ({
    ...{ key: 'shop/Service/echo', namespace: 'shop', name: 'echo', type: 'NodePort', clusterIP: '10.96.0.53' },
    ...{ externalName: '', externalIPs: [], selector: {}, sourceRanges: [], affinitySeconds: undefined, addresses: [] },
    ports: (['TCP', 'UDP'] as const).map((protocol) => ({
      ...{ name: protocol, protocol, port: 53, nodePort: 30053, mode: 'kernel' },
      backends: pods.map(backend),
    })),
    ...given,
  })
  const hostAddress = '192.0.2.1'

  test('pods of one namespace reach each other, pods of two do not, the host reaches all', async () => {
    await world.apply({})
    expect(await a.run(ask('tcp', b.address))).toContain(`b to ${a.address}`)
    expect(await a.run(ask('udp', b.address))).toContain(`b to ${a.address}`)
    expect(await other.run(ask('tcp', b.address))).not.toContain('b to')
    expect(await other.run(ask('udp', b.address))).not.toContain('b to')
    expect(await world.run(ask('tcp', other.address))).toContain('other to')
  })

  test('a port of the host leads to its pod, from outside and from the host', async () => {
    expect(await world.run(ask('tcp', hostAddress, 18080))).toContain('b to')
    expect(await world.run(ask('tcp', '127.0.0.1', 18080))).toContain('b to')
  })

  test('a forged source gets nowhere, as long as the rules are there', async () => {
    const heard = async () => {
      const listening = b.run('timeout 3 socat -u UDP4-RECV:9999 - 2>&1')
      await other.run(`ip address add ${a.address}/32 dev lo
        for again in 1 2 3 4; do sleep 0.5; echo forged | socat -u - UDP4:${b.address}:9999,bind=${a.address}; done
        ip address delete ${a.address}/32 dev lo`)
      return await listening
    }
    await world.apply({})
    expect(await heard()).toBe('')
    await world.shell.run('nft flush chain ip berth_test_nft anti_spoof')
    expect(await heard()).toContain('forged')
    await world.shell.run('sh /state/nft/apply.sh')
    expect(await heard()).toBe('')
  })

  test('pods reach the outside with the address of their host, and nobody outside reaches them', async () => {
    const { engine: own } = engine
    await engineJson(own.host, 'POST', '/networks/create', {
      ...{ Name: 'outside', Driver: 'macvlan', Options: { parent: 'out1' } },
      IPAM: { Config: [{ Subnet: '192.0.2.0/24', IPRange: '192.0.2.128/25', Gateway: '192.0.2.254' }] },
    })
    const body = { Image: nodeImage, Cmd: ['sh', '-c', answering('outside')] }
    const HostConfig = { NetworkMode: 'outside', CapAdd: ['NET_ADMIN'] }
    const id = await startContainer(own.host, 'outside', { ...body, HostConfig })
    const address = await addressOf(own.host, id, 'outside')
    expect(await a.run(ask('tcp', address))).toContain(`outside to ${hostAddress}`)
    await engine.docker.exec(id, ['sh', '-c', `ip route replace default via ${hostAddress}`])
    const run = (script: string) => engine.docker.exec(id, ['sh', '-c', script])
    await world.apply({ services: [service([a])] })
    expect(await run(ask('tcp', a.address))).not.toContain('a to')
    expect(await run(ask('tcp', '10.96.0.53', 53))).not.toContain('a to')
    expect(await run(ask('udp', hostAddress, 30053))).toContain(`a to ${address}`)
  })

  test('a port that a program of the host listens on is left to it, and taken once it is free', async () => {
    await world.apply({})
    const program =
      await world.shell.run(`socat UDP4-RECVFROM:30053,fork SYSTEM:'read line; echo the host' >/dev/null 2>&1 &
      echo $!
      until grep -q ':7565 ' /proc/net/udp; do sleep 0.1; done`)
    const freed = new Promise<void>((resolve) => world.applier.outdated(resolve))
    expect(await world.apply({ services: [service([a])] })).toEqual([
      { key: 'shop/Service/echo', message: 'port 30053/UDP is in use on this host' },
    ])
    expect(await world.run(ask('udp', hostAddress, 30053))).toContain('the host')
    expect(await world.run(ask('tcp', hostAddress, 30053))).toContain('a to')
    expect(await world.run(ask('udp', '10.96.0.53', 53))).toContain('a to')
    await world.shell.run(`kill ${program.trim()}`)
    await freed
    expect(await world.apply({ services: [service([a])] })).toEqual([])
    expect(await world.run(ask('udp', hostAddress, 30053))).toContain('a to')
  })

  test('a Service without a proxy: by ClusterIP, node port, from the host, from another namespace, from itself', async () => {
    await world.apply({ services: [service([a])] })
    for (const protocol of ['tcp', 'udp'] as const) {
      expect(await b.run(ask(protocol, '10.96.0.53', 53))).toContain(`a to ${b.address}`)
      expect(await other.run(ask(protocol, '10.96.0.53', 53))).toContain(`a to ${other.address}`)
      expect(await a.run(ask(protocol, '10.96.0.53', 53))).toContain('a to')
      expect(await world.run(ask(protocol, '10.96.0.53', 53))).toContain('a to')
      expect(await b.run(ask(protocol, hostAddress, 30053))).toContain(`a to ${b.address}`)
      expect(await world.run(ask(protocol, hostAddress, 30053))).toContain('a to')
    }
  })

  test('a flow of UDP moves on when its pod goes', async () => {
    const steady = ask('udp', '10.96.0.53', 53, ',sourceport=4053')
    await world.apply({ services: [service([a])] })
    expect(await other.run(steady)).toContain('a to')
    await world.apply({ services: [service([b])] })
    expect(await other.run(steady)).toContain('b to')
    await world.apply({ services: [service([])] })
    expect(await other.run(steady)).not.toContain('to')
    expect(await other.run(ask('tcp', '10.96.0.53', 53))).toContain('refused')
    await world.apply({ services: [service([a])] })
    expect(await other.run(steady)).toContain('a to')
  })

  test('a client stays with its pod where the Service says so', async () => {
    await world.apply({ services: [service([a, b], { affinitySeconds: 600 })] })
    const first = await other.run(ask('udp', '10.96.0.53', 53))
    const name = first.slice(0, 1)
    for (let again = 0; again < 5; again += 1) {
      expect(await other.run(ask('udp', '10.96.0.53', 53))).toContain(`${name} to`)
    }
    await world.apply({ services: [service([a, b])] })
    const seen = new Set<string>()
    for (let again = 0; again < 4; again += 1) seen.add((await other.run(ask('udp', '10.96.0.53', 53))).slice(0, 1))
    expect([...seen].sort()).toEqual(['a', 'b'])
  })

  describe('policies', () => {
    const row = (pod: TestPod, name: string, given: Partial<PolicyRow>): PolicyRow => ({
      ...{ pod: name, address: pod.address, host: 'local', ingress: undefined, egress: undefined },
      ...given,
    })
    const port = (from: number) => [{ protocol: 'TCP' as const, from, to: from }]

    test('ingress: only peers and ports that a rule names, of whatever namespace; the host still reaches the pod', async () => {
      const peers = [`${other.address}/32`]
      const rule = { peers, except: [], ports: port(8080) }
      await world.apply({ services: [service([a])], policies: [row(a, 'shop/a', { ingress: [rule] })] })
      expect(await other.run(ask('tcp', a.address))).toContain('a to')
      expect(await other.run(ask('udp', a.address))).not.toContain('a to')
      expect(await b.run(ask('tcp', a.address))).not.toContain('a to')
      expect(await b.run(ask('tcp', '10.96.0.53', 53))).not.toContain('a to')
      expect(await world.run(ask('tcp', a.address))).toContain('a to')
      expect(await a.run(ask('tcp', b.address))).toContain('b to')
    })

    test('egress: only peers that a rule names, and only where they are let in', async () => {
      const rule = (address: string) => ({ peers: [address], except: [], ports: undefined })
      const egress = [rule(other.address)]
      await world.apply({ services: [service([a])], policies: [row(b, 'shop/b', { egress })] })
      expect(await b.run(ask('tcp', a.address))).not.toContain('a to')
      expect(await b.run(ask('udp', '10.96.0.53', 53))).not.toContain('a to')
      expect(await b.run(ask('tcp', other.address))).not.toContain('other to')
      const ingress = [rule('10.244.0.0/14')]
      await world.apply({ policies: [row(b, 'shop/b', { egress }), row(other, 'blog/other', { ingress })] })
      expect(await b.run(ask('tcp', other.address))).toContain('other to')
      expect(await a.run(ask('tcp', b.address))).toContain('b to')
    })
  })

  test('what a firewall flushed comes back by itself, without Berth', async () => {
    await world.apply({ services: [service([a])] })
    await world.shell.run('nft flush ruleset')
    const until = async (script: string) => {
      for (let tries = 0; tries < 100; tries += 1) {
        if ((await world.run(script)).includes('yes')) return true
        await new Promise((later) => setTimeout(later, 100))
      }
      return false
    }
    expect(await until('nft list table ip berth_test_nft | grep -q 10.96.0.53 && echo yes')).toBe(true)
    expect(await until('grep -q gone /state/nft/problem && echo yes')).toBe(true)
    const problems = await world.apply({ services: [service([a])] })
    expect(problems.map(({ message }) => message).join()).toContain('the packet rules of Docker are gone')
    await engine.engine.stop('stop')
    await engine.engine.start()
  })
})
