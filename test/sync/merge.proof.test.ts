import { expect, test } from 'vitest'
import { compareCrossings } from './merge-crossings.ts'
import { compareMerges } from './merge-histories.ts'

test('merges give the tree that git gives, in many histories', async () => {
  const counts = await compareMerges(Array.from({ length: 100 }, (_, at) => 1000 + at))
  console.log(JSON.stringify(counts))
  expect(counts.differing).toEqual([])
  expect(counts.careful).toBeLessThanOrEqual(counts.clean / 4)
})

test('merges of sides that come from several commits give the tree that git gives, in many histories', async () => {
  const counts = await compareCrossings(Array.from({ length: 300 }, (_, at) => 1000 + at))
  console.log(JSON.stringify(counts))
  expect(counts.differing).toEqual([])
  expect(counts.careful).toBeLessThanOrEqual(counts.clean / 4)
  expect([counts.several, counts.nested, counts.conflicts].every((count) => count > 20)).toBe(true)
})
