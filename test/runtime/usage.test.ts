import { expect, test } from 'vitest'
import { readUsage, usageOf } from '../../src/runtime/docker/usage.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'

const read = '2026-11-22T10:00:00.5Z'
const cpu_stats = { cpu_usage: { total_usage: 1_500_000_000 } }

test.each([
  {
    title: 'control groups, version 2',
    memory_stats: { usage: 1000, stats: { inactive_file: 300 } },
    memoryBytes: 700,
  },
  {
    title: 'control groups, version 1, children included',
    memory_stats: { usage: 1000, stats: { inactive_file: 1, total_inactive_file: 400 } },
    memoryBytes: 600,
  },
  { title: 'no details', memory_stats: { usage: 1000 }, memoryBytes: 1000 },
  { title: 'never below nothing', memory_stats: { usage: 10, stats: { inactive_file: 300 } }, memoryBytes: 0 },
])('working set: $title', ({ memory_stats, memoryBytes }) => {
  expect(usageOf('a', { read, cpu_stats, memory_stats })).toEqual({
    id: 'a',
    at: Date.parse(read),
    cpuNanos: 1_500_000_000,
    memoryBytes,
  })
})

test('a container that does not run has no figures', () => {
  expect(usageOf('a', { read: '0001-01-01T00:00:00Z', cpu_stats: {}, memory_stats: {} })).toBeUndefined()
  const stopped = { read: '0001-01-01T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} }
  expect(usageOf('a', stopped)).toBeUndefined()
})

test('what cannot be read is left out', async () => {
  const stats = async (id: string): Promise<never> => {
    throw new RuntimeError('NO_SUCH_CONTAINER', id, 'gone')
  }
  expect(await readUsage(stats, ['a', 'b'])).toEqual([])
})
