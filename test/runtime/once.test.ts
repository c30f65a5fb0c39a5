import { expect, test } from 'vitest'
import { once } from '../../src/runtime/once.ts'

test('equal values become one', () => {
  const first = once([{ name: 'MODE', value: 'fast' }])
  expect(once([{ name: 'MODE', value: 'fast' }])).toBe(first)
  expect(once([{ name: 'MODE', value: 'slow' }])).toEqual([{ name: 'MODE', value: 'slow' }])
  expect(first).toEqual([{ name: 'MODE', value: 'fast' }])
})

test('long values are not remembered', () => {
  const long = () => ['x'.repeat(10_000)]
  const first = once(long())
  expect(first).toEqual(long())
  expect(once(long())).not.toBe(first)
})
