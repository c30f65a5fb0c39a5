import { expect, test } from 'vitest'
import { compareMerges } from './merge-histories.ts'

test('merges give the tree that git gives, in many histories', async () => {
  const counts = await compareMerges(Array.from({ length: 100 }, (_, at) => 1000 + at))
  console.log(JSON.stringify(counts))
  expect(counts.differing).toEqual([])
  expect(counts.careful).toBeLessThanOrEqual(counts.clean / 4)
})
