import { expect, test } from 'vitest'
import { type Awake, roomFor } from '../../src/preview/room.ts'

const quota = { pods: '20', 'limits.cpu': '4', 'limits.memory': '4Gi' }

test.each<[string, Awake[], Record<string, string> | undefined, number | undefined, string]>([
  ['no limit', [], undefined, undefined, ''],
  ['alone', [], { 'limits.cpu': '8' }, 2, 'limits.cpu 8: 2 are awake'],
  ['beside others', [{ quota, count: 1 }], { 'limits.cpu': '8' }, 1, 'limits.cpu 8: 2 are awake'],
  ['beside smaller ones', [{ quota: { 'limits.cpu': '500m' }, count: 3 }], { 'limits.cpu': '8' }, 1, '8: 4 are awake'],
  ['full', [{ quota, count: 2 }], { 'limits.cpu': '8' }, 0, 'limits.cpu 8: 2 are awake'],
  ['more than full', [{ quota, count: 3 }], { 'limits.cpu': '8' }, 0, 'limits.cpu 8: 3 are awake'],
  ['not quite two', [], { 'limits.cpu': '7900m' }, 1, 'limits.cpu 7900m: 1 is awake'],
  ['the scarcest counts', [], { 'limits.cpu': '40', 'limits.memory': '9Gi', pods: '100' }, 2, 'limits.memory 9Gi: 2'],
])('%s', (_title, others, total, awake, reason) => {
  const room = roomFor(quota, others, total)
  expect(room?.awake).toBe(awake)
  expect(room?.reason ?? '').toContain(reason)
})

test('what takes nothing has room for ever', () => {
  expect(roomFor({ pods: '0' }, [], { pods: '0' })?.awake).toBe(Number.POSITIVE_INFINITY)
})
