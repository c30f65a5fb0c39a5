import { describe, expect, test } from 'vitest'
import { type Key, keyOf } from '../../../src/base/key.ts'
import { ipv4Range as addressRange } from '../../../src/manifests/ipv4.ts'
import { allocate, type Claimant, dnsAddress, outsideAddresses } from '../../../src/runtime/network/allocate.ts'
import type { Allocation } from '../../../src/runtime/network/table.ts'
import { service as manifest, object } from '../../manifests/manifest.ts'

const range = addressRange('10.96.0.0/16')!
const nothing: ReadonlyMap<Key, Allocation> = new Map()

function key(name: string): Key {
  return keyOf({ namespace: 'shop', kind: 'Service', name })
}

function claimant(name: string, spec: object = {}): Claimant {
  return { key: key(name), spec: object('Service', manifest({ ports: [{ port: 80 }], ...spec })).spec }
}

function addressOf(claimants: readonly Claimant[], name: string, before = nothing, from = range): string | undefined {
  return allocate(claimants, before, from).allocations.get(key(name))?.clusterIP
}

test('the DNS server has the tenth address', () => {
  expect(dnsAddress(range)).toBe('10.96.0.10')
})

describe('addresses', () => {
  test('follow from the name, in the part of the range that nobody asks for by number', () => {
    const alone = addressOf([claimant('web')], 'web')
    expect(alone).toMatch(/^10\.96\./)
    expect(addressOf([claimant('db'), claimant('web'), claimant('cache')], 'web')).toBe(alone)
    const low = allocate(
      Array.from({ length: 200 }, (_, index) => claimant(`s${index}`)),
      nothing,
      range,
    )
    const addresses = [...low.allocations.values()].map(({ clusterIP }) => clusterIP)
    expect(new Set(addresses).size).toBe(200)
    expect(addresses.filter((address) => address.startsWith('10.96.0.'))).toEqual([])
  })

  test('stay, whoever comes later and whatever the name says', () => {
    const before = new Map([[key('web'), { clusterIP: '10.96.9.9', nodePorts: {} }]])
    expect(addressOf([claimant('web')], 'web', before)).toBe('10.96.9.9')
    const late = allocate([claimant('web'), claimant('a', { clusterIP: '10.96.9.9' })], before, range)
    expect(late.allocations.get(key('web'))?.clusterIP).toBe('10.96.9.9')
    expect(late.allocations.get(key('a'))?.clusterIP).toBe('')
    expect(late.problems.get(key('a'))).toBe('clusterIP 10.96.9.9 is taken by Service shop/web')
  })

  test("of the range are nobody's to take from outside", () => {
    const thief = claimant('a', { externalIPs: ['192.0.2.1', '10.96.9.9'] })
    const words = 'externalIPs: expected addresses outside of the range of Services, found 10.96.9.9'
    expect(allocate([thief], nothing, range).problems.get(key('a'))).toBe(words)
    expect(outsideAddresses(thief.spec, range)).toEqual(['192.0.2.1'])
  })

  test('of another range are given up', () => {
    const before = new Map([[key('web'), { clusterIP: '10.200.0.9', nodePorts: {} }]])
    expect(addressOf([claimant('web')], 'web', before)).toMatch(/^10\.96\./)
  })

  test('that are asked for by number come before those that are not', () => {
    const small = addressRange('10.96.0.0/24')!
    const free = addressOf([claimant('web')], 'web', nothing, small)!
    const both = allocate([claimant('web'), claimant('zebra', { clusterIP: free })], nothing, small)
    expect(both.allocations.get(key('zebra'))?.clusterIP).toBe(free)
    expect(both.allocations.get(key('web'))?.clusterIP).not.toBe(free)
    expect(both.problems.size).toBe(0)
  })

  test.each([
    ['10.97.0.1', 'clusterIP 10.97.0.1 is not in the service range'],
    ['10.96.0.0', 'clusterIP 10.96.0.0 is not in the service range'],
    ['10.96.255.255', 'clusterIP 10.96.255.255 is not in the service range'],
    ['10.96.0.10', 'clusterIP 10.96.0.10 is taken by DNS'],
  ])('%s cannot be had', (clusterIP, problem) => {
    const { allocations, problems } = allocate([claimant('web', { clusterIP })], nothing, range)
    expect(problems.get(key('web'))).toBe(problem)
    expect(allocations.get(key('web'))?.clusterIP).toBe('')
  })

  test('are not for headless Services and aliases', () => {
    const claimants = [
      claimant('a', { clusterIP: 'None' }),
      claimant('b', { type: 'ExternalName', externalName: 'x.example' }),
    ]
    const { allocations } = allocate(claimants, nothing, range)
    expect([...allocations.values()].map(({ clusterIP }) => clusterIP)).toEqual(['', ''])
  })

  test('run out', () => {
    const tiny = addressRange('10.96.0.0/27')!
    const claimants = Array.from({ length: 20 }, (_, index) => claimant(`s${index}`))
    const { allocations, problems } = allocate(claimants, nothing, tiny)
    expect([...allocations.values()].filter(({ clusterIP }) => clusterIP !== '').length).toBe(15)
    expect(new Set(problems.values())).toEqual(new Set(['no address of the service range is free']))
  })
})

describe('node ports', () => {
  const ports = [
    { name: 'a', port: 80 },
    { name: 'b', port: 53, protocol: 'UDP' },
  ]

  test('are for NodePort and LoadBalancer, one for each port', () => {
    const claimants = [
      claimant('node', { type: 'NodePort', ports }),
      claimant('balanced', { type: 'LoadBalancer' }),
      claimant('bare', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }),
      claimant('inner'),
    ]
    const { allocations } = allocate(claimants, nothing, range)
    expect(Object.keys(allocations.get(key('node'))?.nodePorts ?? {})).toEqual(['80/TCP', '53/UDP'])
    expect(Object.keys(allocations.get(key('balanced'))?.nodePorts ?? {})).toEqual(['80/TCP'])
    expect(allocations.get(key('bare'))?.nodePorts).toEqual({})
    expect(allocations.get(key('inner'))?.nodePorts).toEqual({})
    for (const port of Object.values(allocations.get(key('node'))?.nodePorts ?? {})) {
      expect(port).toBeGreaterThanOrEqual(30_086)
      expect(port).toBeLessThanOrEqual(32_767)
    }
  })

  test('stay as they were given, and as they are written', () => {
    const before = new Map([[key('node'), { clusterIP: '10.96.7.7', nodePorts: { '80/TCP': 31_000 } }]])
    const claimants = [
      claimant('node', { type: 'NodePort' }),
      claimant('other', { type: 'NodePort', ports: [{ port: 80, nodePort: 31_000 }] }),
      claimant('udp', { type: 'NodePort', ports: [{ port: 80, protocol: 'UDP', nodePort: 31_000 }] }),
    ]
    const { allocations, problems } = allocate(claimants, before, range)
    expect(allocations.get(key('node'))?.nodePorts).toEqual({ '80/TCP': 31_000 })
    expect(problems.get(key('other'))).toBe('node port 31000 is taken by Service shop/node')
    expect(allocations.get(key('udp'))?.nodePorts).toEqual({ '80/UDP': 31_000 })
  })

  test('change when the manifest asks for another one', () => {
    const before = new Map([[key('node'), { clusterIP: '10.96.7.7', nodePorts: { '80/TCP': 31_000 } }]])
    const claimants = [claimant('node', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_001 }] })]
    expect(allocate(claimants, before, range).allocations.get(key('node'))).toEqual({
      clusterIP: '10.96.7.7',
      nodePorts: { '80/TCP': 30_001 },
    })
  })
})

test('guests give back what others ask for by number, and are given something else', () => {
  const guest = (name: string, spec: object) => ({ ...claimant(name, spec), guest: true })
  const before = new Map([[key('a-guest'), { clusterIP: '10.96.7.7', nodePorts: { '80/TCP': 31_000 } }]])
  const wanted = { type: 'NodePort', clusterIP: '10.96.7.7', ports: [{ port: 80, nodePort: 31_000 }] }
  const { allocations, problems } = allocate(
    [guest('a-guest', { type: 'NodePort' }), claimant('web', wanted)],
    before,
    range,
  )
  expect(allocations.get(key('web'))).toEqual({ clusterIP: '10.96.7.7', nodePorts: { '80/TCP': 31_000 } })
  const other = allocations.get(key('a-guest'))
  expect([other?.clusterIP, other?.nodePorts['80/TCP']]).not.toEqual(['10.96.7.7', 31_000])
  expect(other?.clusterIP).toMatch(/^10\.96\./)
  expect(other?.nodePorts['80/TCP']).toBeGreaterThan(30_000)
  expect([...problems]).toEqual([])
  const alone = allocate([guest('a-guest', { type: 'NodePort' })], before, range)
  expect(alone.allocations).toEqual(before)
})
