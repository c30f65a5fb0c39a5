import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { sandboxSpec, until, webKey } from './samples.ts'

interface Network {
  readonly Name: string
  readonly Labels: Record<string, string>
  readonly Options: Record<string, string>
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] }
}

describe('networks on Docker', () => {
  let world: DockerWorld
  const made: string[] = []

  beforeEach(async () => {
    world = await dockerWorld({ network: { podCIDR: '10.197.0.0/16', mtu: 1450 } })
  })

  afterEach(async () => {
    await world.close()
    for (const name of made.splice(0)) await engineCall(testSocket, 'DELETE', `/networks/${name}`)
  })

  const network = (name: string) => engineJson<Network>(testSocket, 'GET', `/networks/${name}`)
  const foreign = async (name: string, subnet?: string) => {
    const config = subnet === undefined ? {} : { IPAM: { Config: [{ Subnet: subnet }] } }
    await engineJson(testSocket, 'POST', '/networks/create', { Name: name, ...config })
    made.push(name)
  }

  test('gives a namespace a block of the host’s block, with everything that cannot be changed later', async () => {
    await Promise.all([1, 2, 3].map(() => world.runtime.ensureNetwork('local', 'shop')))
    const { Labels, Options, IPAM } = await network(`${world.engine}_shop`)
    const [config] = IPAM.Config
    expect(config?.Subnet).toMatch(/^10\.197\.\d+\.\d+\/26$/)
    expect(Labels).toMatchObject({
      'berth.dev/engine': world.engine,
      'berth.dev/namespace': 'shop',
      'berth.dev/block': config?.Subnet,
    })
    const [a = 0, b = 0, c = 0, d = 0] = (config?.Subnet ?? '').split('/')[0]?.split('.').map(Number) ?? []
    expect(Labels['berth.dev/host-block']).toBe(`10.197.${c - (c % 16)}.0/20`)
    expect(config?.Gateway).toBe(`10.197.${c}.${d + 1}`)
    expect(Options).toMatchObject({
      'com.docker.network.bridge.name': `bt${Buffer.from([a, b, c, d]).toString('hex')}`,
      'com.docker.network.driver.mtu': '1450',
    })
  })

  test('two namespaces and two installations keep apart', async () => {
    const other = await world.another('other')
    await Promise.all([
      world.runtime.ensureNetwork('local', 'shop'),
      other.ensureNetwork('local', 'shop'),
      world.runtime.ensureNetwork('local', 'blog'),
    ])
    const names = [`${world.engine}_shop`, `${world.engine}_blog`, `${world.engine}-b_shop`]
    const blocks = await Promise.all(names.map(async (name) => (await network(name)).Labels['berth.dev/block']))
    expect(new Set(blocks).size).toBe(3)
    await world.runtime.removeNetwork('local', 'shop')
    expect([...(world.runtime.hostFacts()[0]?.networks ?? [])]).toEqual(['blog'])
    expect((await network(`${world.engine}-b_shop`)).Name).toBe(`${world.engine}-b_shop`)
  })

  test('a host whose block is full is given another one', async () => {
    await world.runtime.ensureNetwork('local', 'shop')
    const shop = (await network(`${world.engine}_shop`)).Labels
    const hostBlock = shop['berth.dev/host-block'] ?? ''
    // All of the host's block but that of the namespace: its neighbours in ever larger pieces.
    const address = (text: string) =>
      text
        .split('/')[0]
        ?.split('.')
        .reduce((sum, part) => sum * 256 + Number(part), 0) ?? 0
    const own = address(shop['berth.dev/block'] ?? '')
    for (let prefix = 26; prefix > 20; prefix -= 1) {
      const size = 2 ** (32 - prefix)
      const base = Math.floor(own / size) * size
      const start = base % (2 * size) === 0 ? base + size : base - size
      const Subnet = `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')}/${prefix}`
      const Labels = { ...shop, 'berth.dev/namespace': `full-${prefix}`, 'berth.dev/block': Subnet }
      const Options = { 'com.docker.network.bridge.name': `bt${start.toString(16).padStart(8, '0')}` }
      const options = { Name: `${world.engine}_full-${prefix}`, Labels, Options, IPAM: { Config: [{ Subnet }] } }
      await engineJson(testSocket, 'POST', '/networks/create', options)
    }
    await Promise.all(['blog', 'mail'].map((namespace) => world.runtime.ensureNetwork('local', namespace)))
    for (const namespace of ['blog', 'mail']) {
      const { Labels } = await network(`${world.engine}_${namespace}`)
      expect(Labels['berth.dev/host-block']).toMatch(/^10\.197\.\d+\.0\/20$/)
      expect(Labels['berth.dev/host-block']).not.toBe(hostBlock)
    }
    const other = await world.another('same')
    await other.ensureNetwork('local', 'news')
    const blocks = await Promise.all(
      ['blog', 'mail', 'news'].map(
        async (name) => (await network(`${world.engine}_${name}`)).Labels['berth.dev/host-block'],
      ),
    )
    expect(new Set(blocks).size).toBe(1)
  })

  test('refuses a range that another network uses, naming both', async () => {
    const name = `${world.engine}-elsewhere`
    await foreign(name, '10.197.200.0/24')
    await expect(world.runtime.ensureNetwork('local', 'shop')).rejects.toMatchObject({
      code: 'SUBNET_TAKEN',
      message: `podCIDR 10.197.0.0/16 overlaps network ${name} (10.197.200.0/24): set another network.podCIDR`,
    })
  })

  test('leaves a foreign network of its name alone', async () => {
    await foreign(`${world.engine}_shop`)
    await expect(world.runtime.ensureNetwork('local', 'shop')).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    expect([...(world.runtime.hostFacts()[0]?.networks ?? [])]).toEqual([])
  })

  test('sees a pod that was cut off its network', async () => {
    const pod = { host: 'local', namespace: 'shop', name: 'web-abc-0' }
    await world.runtime.ensureNetwork('local', 'shop')
    await world.runtime.createSandbox(pod, sandboxSpec())
    await world.runtime.startContainer(pod, '')
    const live = () => world.runtime.podsOf(webKey)[0]
    expect(live()?.address).toMatch(/^10\.197\./)
    const body = { Container: live()?.uid, Force: true }
    await engineJson(testSocket, 'POST', `/networks/${world.engine}_shop/disconnect`, body)
    await until(world.runtime, () => live()?.address === undefined, 'the address is gone')
    expect(live()?.sandbox?.state).toBe('running')
  })

  test('takes a second block when the first is full', async () => {
    const { runtime } = world
    await runtime.ensureNetwork('local', 'shop')
    const names = Array.from({ length: 62 }, (_, index) => `web-abc-${index}`)
    for (const name of names) {
      await runtime.createSandbox({ host: 'local', namespace: 'shop', name }, sandboxSpec({ hostname: name }))
    }
    const first = { host: 'local', namespace: 'shop', name: 'web-abc-0' }
    const last = { host: 'local', namespace: 'shop', name: 'web-abc-61' }
    await runtime.startContainer(first, '')
    await runtime.startContainer(last, '')
    const address = (name: string) => runtime.podsOf(webKey).find((pod) => pod.name === name)?.address ?? ''
    const second = (await network(`${world.engine}_shop_2`)).Labels['berth.dev/block'] ?? ''
    expect(second).not.toBe((await network(`${world.engine}_shop`)).Labels['berth.dev/block'])
    expect(address(last.name).split('.').slice(0, 3)).toEqual(second.split('.').slice(0, 3))
    expect(address(first.name)).not.toBe('')
    expect([...(runtime.hostFacts()[0]?.networks ?? [])]).toEqual(['shop'])
  })
})
