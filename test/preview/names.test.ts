import { expect, test } from 'vitest'
import { branchId, previewName, pullRequestId } from '../../src/preview/names.ts'

test.each([
  ['preview', /^preview$/],
  ['Preview', /^preview-[a-z0-9]{6}$/],
  ['feature/UPPER_😀/x', /^feature-upper-x-[a-z0-9]{6}$/],
  ['-x', /^x-[a-z0-9]{6}$/],
  ['😀', /^[a-z0-9]{6}$/],
  ['a'.repeat(200), /^a{30}-[a-z0-9]{6}$/],
])('branch %s', (branch, id) => {
  expect(branchId(branch)).toMatch(id)
})

test('two branches with the same words have different names', () => {
  const branches = ['fix/a', 'fix-a', 'fix_a', 'Fix-a', `${'x'.repeat(100)}1`, `${'x'.repeat(100)}2`]
  expect(new Set(branches.map(branchId)).size).toBe(branches.length)
})

test('a namespace is a label, whatever the names are', () => {
  expect(previewName('shop', pullRequestId(12))).toBe('shop-pr-12')
  const long = 'a'.repeat(63)
  const names = [previewName(long, pullRequestId(1)), previewName(`${'a'.repeat(62)}b`, pullRequestId(1))]
  for (const name of names) expect(name).toMatch(/^a[a-z0-9-]{1,61}-pr-1$/)
  expect(names[0]).not.toBe(names[1])
  const both = previewName(long, branchId('b'.repeat(200)))
  expect(both).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])$/)
  expect(both.length).toBeLessThanOrEqual(63)
})
