import { expect, test } from 'vitest'
import { expand } from '../../src/manifests/expand.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'

const variables = new Map([
  ['A', 'one'],
  ['B', '$(A)'],
  ['EMPTY', ''],
  ['A B', 'spaced'],
])

test.each([
  ['plain', 'plain'],
  ['$(A)', 'one'],
  ['x$(A)y$(A)z', 'xoneyonez'],
  ['$(B)', '$(A)'],
  ['$(EMPTY)', ''],
  ['$(A B)', 'spaced'],
  ['$(MISSING)', '$(MISSING)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$$$$(A)', '$$(A)'],
  ['$$', '$'],
  ['$', '$'],
  ['a$', 'a$'],
  ['$A', '$A'],
  ['$(A', '$(A'],
  ['$(A$(A)', '$(A$(A)'],
  ['$()', '$()'],
  ['$(A))', 'one)'],
  ['$😀(A)', '$😀(A)'],
  ['', ''],
])('Y18 %j -> %j', (text, expected) => {
  expect(expand(text, variables)).toBe(expected)
})

test('a variable that names itself stays as it is', () => {
  expect(expand('$(SELF)', new Map([['SELF', '$(SELF)']]))).toBe('$(SELF)')
})

test('a text full of openings costs no more than any other', () => {
  const text = '$('.repeat(300_000)
  const began = cpuTimeMs()
  expect(expand(text, variables)).toBe(text)
  expect(cpuTimeMs() - began).toBeLessThan(2000)
})
