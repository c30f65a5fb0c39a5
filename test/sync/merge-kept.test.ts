import { expect, test } from 'vitest'
import { KeptMerges, type Made } from '../../src/sync/merge/kept.ts'
import { nothing } from '../../src/sync/objects/reader.ts'

const made = (oid: string, bytes: number): Made => {
  const object = { oid, type: 'blob', data: new Uint8Array(bytes) } as const
  return { merged: { kind: 'merged', oid }, objects: new Map([[oid, object]]) }
}

test('the last merges are kept, by how much they are, and what was kept is not taken for damage', async () => {
  const kept = new KeptMerges()
  const large = 12 * 1024 * 1024
  kept.set('one', made('a', large))
  kept.set('two', made('b', large))
  expect(kept.get('one')).toBeDefined()
  kept.set('three', made('c', large))
  expect([kept.get('one'), kept.get('two'), kept.get('three')].map((found) => found !== undefined)).toEqual([
    true,
    false,
    true,
  ])
  const reader = kept.over(nothing)
  expect((await reader.objects(['a', 'c', 'x'], large)).map((found) => found?.size)).toEqual([large, large, undefined])
  await expect(reader.objects(['b'], large)).rejects.toMatchObject({ code: 'NO_SUCH_REVISION', subject: 'b' })
  // One that is larger than all of it is kept as well, alone.
  kept.set('four', made('d', 4 * large))
  expect([kept.has('a'), kept.has('d')]).toEqual([false, true])
})
