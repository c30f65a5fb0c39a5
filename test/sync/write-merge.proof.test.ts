import { expect, test } from 'vitest'
import { compareReverts } from './revert-histories.ts'

test('taking commits back gives the tree that git revert gives, in many histories', async () => {
  const counts = await compareReverts(Array.from({ length: 100 }, (_, at) => 1000 + at))
  console.log(JSON.stringify(counts))
  expect(counts.differing).toEqual([])
  expect(counts.careful).toBeLessThanOrEqual(counts.clean / 10)
})
