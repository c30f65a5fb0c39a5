import { expect, test } from 'vitest'
import {
  addressHex,
  bridgeName,
  gateway,
  hostBlock,
  hostBlockCount,
  namespaceBlocks,
  overlap,
  parseRange,
  podsPerBlock,
  type Range,
  rangeText,
} from '../../src/runtime/docker/addresses.ts'
import { parseRoutes } from '../../src/runtime/docker/routes.ts'

function range(text: string): Range {
  const parsed = parseRange(text)
  if (!parsed) throw new Error(text)
  return parsed
}

test.each(['10.244.0.0/14', '0.0.0.0/0', '255.255.255.255/32', '10.244.16.64/26'])('reads %s', (text) => {
  expect(rangeText(range(text))).toBe(text)
})

test.each(['10.244.1.0/14', '10.244.0.0', '10.244.0.0/33', '256.0.0.0/8', 'fd00::/8', '10.0.0/8', ''])(
  'does not take %s for a range',
  (text) => expect(parseRange(text)).toBeUndefined(),
)

test.each([
  ['10.244.0.0/14', '10.247.255.0/24', true],
  ['10.247.255.0/24', '10.244.0.0/14', true],
  ['10.244.0.0/14', '10.248.0.0/16', false],
  ['10.244.0.0/14', '10.243.255.0/24', false],
  ['172.16.0.0/12', '172.17.0.0/16', true],
])('%s and %s overlap: %s', (a, b, expected) => expect(overlap(range(a), range(b))).toBe(expected))

test('cuts the range into hosts and namespaces', () => {
  const pods = range('10.244.0.0/14')
  expect(hostBlockCount(pods)).toBe(64)
  expect(hostBlockCount(range('10.244.0.0/20'))).toBe(1)
  expect(hostBlockCount(range('10.244.0.0/24'))).toBe(0)
  expect(rangeText(hostBlock(pods, 0))).toBe('10.244.0.0/20')
  expect(rangeText(hostBlock(pods, 63))).toBe('10.247.240.0/20')
  expect(podsPerBlock).toBe(61)
})

test('names bridge and gateway by the block', () => {
  const block = range('10.244.16.64/26')
  expect(bridgeName(block)).toBe('bt0af41040')
  expect(gateway(block)).toBe('10.244.16.65')
})

test('tries every block of a host but the first, each once, beginning with the namespace’s own', () => {
  const host = range('10.244.16.0/20')
  const blocks = namespaceBlocks(host, 'shop').map(rangeText)
  expect(new Set(blocks).size).toBe(63)
  expect(blocks).not.toContain('10.244.16.0/26')
  expect(blocks.every((text) => overlap(range(text), host))).toBe(true)
  expect(namespaceBlocks(host, 'shop').map(rangeText)).toEqual(blocks)
  expect(namespaceBlocks(range('10.244.32.0/20'), 'shop')[0]?.base).toBe((range(blocks[0] ?? '').base ?? 0) + 4096)
  const firsts = new Set(['shop', 'blog', 'db', 'ci', 'web'].map((name) => namespaceBlocks(host, name)[0]?.base))
  expect(firsts.size).toBeGreaterThan(2)
})

test('reads the routes of the machine', () => {
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'bt0af41040\t4010F40A\t00000000\t0001\t0\t0\t0\tC0FFFFFF\t0\t0\t0',
    '',
  ].join('\n')
  expect(parseRoutes(table).map((route) => `${route.device} ${rangeText(route.range)}`)).toEqual([
    'docker0 172.17.0.0/16',
    'bt0af41040 10.244.16.64/26',
  ])
})

test('an address as the kernel shows it', () => expect(addressHex('10.244.0.2')).toBe('0200F40A'))
