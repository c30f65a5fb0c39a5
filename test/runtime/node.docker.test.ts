import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Key } from '../../src/base/key.ts'
import { nodeName, nodeVolumeName } from '../../src/runtime/labels.ts'
import type { Allocation } from '../../src/runtime/network/table.ts'
import type { Runtime } from '../../src/runtime/port.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { ensureNodeImage, testNodeImage } from '../support/node-image.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { emptyTable, nodeNetwork } from './node-samples.ts'
import { until } from './samples.ts'

const given: ReadonlyMap<Key, Allocation> = new Map([
  ['shop/Service/web', { clusterIP: '10.110.0.77', nodePorts: { '80/TCP': 30_123 } }],
])

interface NodeRow {
  readonly Id: string
  readonly Names: readonly string[]
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

describe('the node container', () => {
  let world: DockerWorld

  beforeEach(async () => {
    await ensureNodeImage(testSocket)
    world = await dockerWorld({ network: nodeNetwork })
  })

  afterEach(() => world.close())

  const nodes = async (): Promise<NodeRow[]> => {
    const filters = JSON.stringify({ label: [`berth.dev/engine=${world.engine}`, 'berth.dev/node'] })
    return engineJson(testSocket, 'GET', `/containers/json?all=1&filters=${encodeURIComponent(filters)}`)
  }
  const facts = (runtime: Runtime) => runtime.hostFacts()[0]!.network
  const serves = (runtime: Runtime) =>
    until(runtime, () => facts(runtime).mode === 'services', 'the data path is up', 120_000)
  const inNode = async (script: string) => {
    const [node] = await nodes()
    return (await world.docker.exec(node?.Id ?? '', ['sh', '-c', script])).replaceAll('\r', '')
  }

  test('is not made before there is a table', async () => {
    await until(world.runtime, () => facts(world.runtime).allocations !== undefined, 'what was given is read')
    expect(facts(world.runtime)).toEqual({ mode: 'starting', message: '', problems: [], allocations: new Map() })
    expect(await nodes()).toEqual([])
    expect((await engineCall(testSocket, 'GET', `/volumes/${nodeVolumeName(world.engine)}`)).status).toBe(404)
  })

  test('is made, remembers what was given, and is found again by the next Berth', async () => {
    world.runtime.setNetwork(emptyTable, given)
    await serves(world.runtime)
    expect(facts(world.runtime)).toMatchObject({ mode: 'services', message: '', problems: [] })
    const [node, ...others] = await nodes()
    expect(others).toEqual([])
    expect(node?.Names).toEqual([`/${nodeName(world.engine, node?.Labels['berth.dev/node'] ?? '')}`])
    expect(node?.State).toBe('running')
    expect(await inNode('ip route show table local')).toContain('local 10.110.0.0/24 dev lo')
    expect(JSON.parse(await inNode('cat /state/allocations.json'))).toEqual(Object.fromEntries(given))

    await world.runtime.close()
    expect((await nodes()).map(({ Id, State }) => [Id, State])).toEqual([[node?.Id, 'running']])
    const next = await world.another('same')
    await until(next, () => facts(next).allocations !== undefined, 'what was given is read')
    expect(facts(next).allocations).toEqual(given)
    next.setNetwork(emptyTable, given)
    await serves(next)
    expect((await nodes()).map(({ Id, State }) => [Id, State])).toEqual([[node?.Id, 'running']])
  })

  test('is put back when somebody stops or removes it', async () => {
    world.runtime.setNetwork(emptyTable, given)
    await serves(world.runtime)
    const [node] = await nodes()
    await world.docker.post(node?.Id ?? '', 'stop?t=2')
    const states = async () => (await nodes()).map(({ Id, State }) => [Id, State])
    await expect.poll(states).toEqual([[node?.Id, 'running']])
    await world.docker.destroy(node?.Id ?? '')
    await expect.poll(async () => (await nodes()).map(({ State }) => State)).toEqual(['running'])
    await expect.poll(() => inNode('cat /state/allocations.json')).toContain('10.110.0.77')
  })

  test('what was given is read from its volume when it is gone', async () => {
    world.runtime.setNetwork(emptyTable, given)
    await serves(world.runtime)
    await world.runtime.close()
    for (const { Id } of await nodes()) await world.docker.destroy(Id)
    const next = await world.another('same')
    await until(next, () => facts(next).allocations !== undefined, 'what was given is read')
    expect(facts(next).allocations).toEqual(given)
    expect(await nodes()).toEqual([])
  })

  test('goes on through a break of the connection', async () => {
    world.runtime.setNetwork(emptyTable, given)
    await serves(world.runtime)
    const [node] = await nodes()
    const outage = await world.outage()
    await until(world.runtime, () => world.runtime.hostFacts()[0]?.reachable === false, 'the host is unreachable')
    await outage.end()
    await until(world.runtime, () => world.runtime.hostFacts()[0]?.reachable === true, 'the host answers')
    const more = new Map([...given, ['shop/Service/api', { clusterIP: '10.110.0.78', nodePorts: {} }] as const])
    world.runtime.setNetwork({ ...emptyTable }, more)
    await expect.poll(() => inNode('cat /state/allocations.json')).toContain('10.110.0.78')
    await until(world.runtime, () => facts(world.runtime).message === '', 'nothing is amiss')
    expect((await nodes()).map(({ Id }) => Id)).toEqual([node?.Id])
  })

  test('is replaced by one of another image, which takes over before the old one ends', async () => {
    const image = `berth-node-next:${world.engine}`
    const tag = image.replace(':', '&tag=')
    await world.close()
    await engineJson(testSocket, 'POST', `/images/${testNodeImage}/tag?repo=${tag}`)
    try {
      world = await dockerWorld({ network: { ...nodeNetwork, nodeImage: image } })
      world.runtime.setNetwork(emptyTable, given)
      await serves(world.runtime)
      const [old] = await nodes()
      const before = await inNode('cat /state/run/owner')
      await world.runtime.close()
      await engineJson(testSocket, 'POST', `/commit?container=${old?.Id}&repo=${tag}`)
      const next = await world.another('same')
      next.setNetwork(emptyTable, given)
      await serves(next)
      const others = async () => (await nodes()).map(({ Id }) => Id === old?.Id)
      await expect.poll(others).toEqual([false])
      expect(Number(await inNode('cat /state/run/owner'))).toBeGreaterThan(Number(before))
      expect(facts(next)).toMatchObject({ mode: 'services', message: '' })
    } finally {
      await engineCall(testSocket, 'DELETE', `/images/${image}?force=1`)
    }
  })
})
