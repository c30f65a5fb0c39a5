import { expect, test } from 'vitest'
import { cut } from '../../src/cli/print.ts'

test.each([
  { title: 'a short line stays', line: 'abc', width: 5, expected: 'abc' },
  { title: 'a long one is cut', line: 'abcdef', width: 4, expected: 'abcd' },
  { title: 'colours take no room', line: '\u001b[32mabc\u001b[0mdef', width: 4, expected: '\u001b[32mabc\u001b[0md' },
  {
    title: 'and are closed where the text is cut',
    line: 'a\u001b[31mbcdef\u001b[0m',
    width: 3,
    expected: 'a\u001b[31mbc\u001b[0m',
  },
  { title: 'characters beyond the first plane are one each', line: '😀😀😀', width: 2, expected: '😀😀' },
])('$title', ({ line, width, expected }) => {
  expect(cut(line, width)).toBe(expected)
})
