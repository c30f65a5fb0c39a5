import { expect, test } from 'vitest'
import { codeOnly, importsOf } from './walls.ts'

test.each([
  { source: "import { a } from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "import type { A } from './a.ts'", expected: [{ from: './a.ts', typeOnly: true }] },
  { source: "import { type A, type B } from './a.ts'", expected: [{ from: './a.ts', typeOnly: true }] },
  { source: "import { type A, b } from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "import * as a from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "import a, { type B } from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "import {\n  type A,\n  b,\n} from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "import './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "const a = await import('./a.ts')", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "export { a } from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "export * from './a.ts'", expected: [{ from: './a.ts', typeOnly: false }] },
  { source: "export type { A } from './a.ts'", expected: [{ from: './a.ts', typeOnly: true }] },
  { source: "// import { a } from './a.ts'", expected: [] },
  { source: "/*\nimport { a } from './a.ts'\n*/", expected: [] },
  { source: "export const from = 'a'\nconst b = `from './b.ts'`", expected: [] },
  {
    source: "import { a } from './a.ts'\nimport type { B } from './b.ts'",
    expected: [
      { from: './a.ts', typeOnly: false },
      { from: './b.ts', typeOnly: true },
    ],
  },
])('imports of $source', ({ source, expected }) => {
  expect(importsOf(source)).toEqual(expected)
})

test.each([
  { source: "a('async') // await", expected: "a('')         " },
  { source: 'const slashes = /\\/\\/[/*]/g\nb()', expected: 'const slashes = /\\/\\/[/*]/g\nb()' },
])('code of $source', ({ source, expected }) => {
  expect(codeOnly(source)).toBe(expected)
})
