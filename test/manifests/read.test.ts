import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isManifestPath } from '../../src/manifests/read.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'
import { read, readProblems, values } from './manifest.ts'

const times = (count: number, piece: (index: number) => string) => Array.from({ length: count }, (_, i) => piece(i))

/** Refused with one message within the processor time; returns it. */
function refusedWithin(ms: number, text: string | Uint8Array): string {
  const began = cpuTimeMs()
  const { documents, problems } = read(text)
  expect(cpuTimeMs() - began).toBeLessThan(ms)
  expect(documents).toEqual([])
  expect(problems).toHaveLength(1)
  return `${problems[0]!.line}: ${problems[0]!.message}`
}

function msOf(run: () => void): number {
  const began = cpuTimeMs()
  run()
  return cpuTimeMs() - began
}

/** How many times as long as the library's own parser, which does less: a slow machine slows down both. */
function costAgainstParser(text: string): number {
  const parserMs = msOf(() => parseAllDocuments(text, { uniqueKeys: false }))
  return msOf(() => read(text)) / parserMs
}

const tooDeep = 'expected at most 64 levels of nesting, found more'

describe('Y01 deep nesting', () => {
  test.each([
    { title: 'flow lists', text: '['.repeat(1000) + ']'.repeat(1000) },
    { title: 'open flow lists', text: '['.repeat(20_000) },
    { title: 'flow maps', text: '{a: '.repeat(1000) },
    { title: 'lists in one line', text: '- '.repeat(1000) },
    { title: 'keys in one line', text: '? '.repeat(1000) },
    { title: 'nested maps', text: times(1000, (i) => `${' '.repeat(i)}a:`).join('\n') },
    { title: 'nested lists', text: times(1000, (i) => `${' '.repeat(i)}-`).join('\n') },
  ])('$title', ({ text }) => {
    expect(refusedWithin(2000, text)).toContain(tooDeep)
  })

  test('may be looked at again and again', () => {
    for (let poll = 0; poll < 100; poll += 1) expect(readProblems('['.repeat(1000))).toHaveLength(1)
  })

  test('brackets in texts, comments and blocks do not count', () => {
    const text = `a: "${'['.repeat(100)}" # ${'['.repeat(100)}\nb: |\n  ${'['.repeat(100)}\nc: '${'{'.repeat(100)}'\n`
    expect(values(text)).toEqual([{ a: '['.repeat(100), b: `${'['.repeat(100)}\n`, c: '{'.repeat(100) }])
  })

  test('what people write is far from the limit', () => {
    const deep = `${'['.repeat(60)}${']'.repeat(60)}`
    expect(readProblems(`a:\n  - b: ${deep}`)).toEqual([])
    expect(readProblems(times(500, (i) => `k${i}:\n- a: [1, 2]\n  b: {c: d}`).join('\n'))).toEqual([])
  })

  test('aliases do not add up to more', () => {
    const text = times(40, (i) => `k${i}: &k${i} ${'['.repeat(9)}${i > 0 ? `*k${i - 1}` : ''}${']'.repeat(9)}`).join(
      '\n',
    )
    expect(readProblems(text).join()).toContain(tooDeep)
  })
})

describe('Y02 aliases', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i += 1) {
    const name = (offset: number) => String.fromCharCode(97 + i + offset)
    bomb.push(`${name(0)}: &${name(0)} [${times(9, () => `*${name(-1)}`).join(', ')}]`)
  }

  test('a bomb', () => {
    expect(refusedWithin(2000, bomb.join('\n'))).toMatch(/^\d+: expected at most 1000 uses of anchors/)
  })
  test('of an unknown anchor', () => {
    expect(readProblems('a: 1\nb: *x')).toEqual([
      'app.yaml:2: b: expected an anchor before its alias, found "*x" without one',
    ])
  })
  test('inside its anchor', () => {
    expect(readProblems('a: &a\n  - *a')).toEqual([
      'app.yaml:2: a[0]: expected an alias outside of its anchor, found "*a" inside',
    ])
  })
  test('many uses of one anchor', () => {
    expect(readProblems(`a: &a 1\nb: [${'*a, '.repeat(2000)}]`)).toEqual([
      'app.yaml:2: b[1000]: expected at most 1000 uses of anchors in one document, found more',
    ])
    expect(readProblems(`a: &a 1\nb: [${'*a, '.repeat(1000)}]`)).toEqual([])
  })
  test('an anchor that is set again', () => {
    expect(values('a: &a 1\nb: *a\nc: &a 2\nd: *a')).toEqual([{ a: 1, b: 1, c: 2, d: 2 }])
  })
})

describe('Y03 many keys', () => {
  const tooMany = 'expected at most 5000 entries in one map, found more'
  test('in a block, in braces', () => {
    expect(refusedWithin(2000, times(50_000, (i) => `key${i}: v`).join('\n'))).toBe(`5001: ${tooMany}`)
    expect(refusedWithin(2000, `{${times(50_000, (i) => `key${i}: v`).join(', ')}}`)).toBe(`1: ${tooMany}`)
  })
  test('a storm of merged maps', () => {
    const text = `a: &a {x: 1}\nb:\n  <<: [${times(1000, () => '*a').join(', ')}]`
    expect(refusedWithin(2000, text)).toBe('3: expected at most 100 merged maps, found 1000')
  })
  test('spread over several maps they are fine', () => {
    const text = times(4, (i) => `m${i}:\n${times(3000, (j) => `  k${j}: v`).join('\n')}`).join('\n')
    expect(readProblems(text)).toEqual([])
  })
})

test.each([
  ['a: 1\nb: 2\na: 3', 'app.yaml:3: a: expected each key once, found it again (first in line 1)'],
  [
    'metadata:\n  name: a\n  name: b',
    'app.yaml:3: metadata.name: expected each key once, found it again (first in line 2)',
  ],
  [
    'metadata: {labels: {a: b, a: b}}',
    'app.yaml:1: metadata.labels.a: expected each key once, found it again (first in line 1)',
  ],
  ['on: 1\n"true": 2', 'app.yaml:2: true: expected each key once, found it again (first in line 1)'],
  ['1: a\n0x1: b', 'app.yaml:2: ["1"]: expected each key once, found it again (first in line 1)'],
])('Y04 duplicate keys: %j', (text, problem) => {
  expect(readProblems(text)).toEqual([problem])
})

describe('Y05 odd keys', () => {
  test.each([
    ['__proto__: {a: 1}', 'expected another key, found "__proto__"'],
    ['a: {constructor: 1}', 'expected another key, found "constructor"'],
    ['prototype: 1', 'expected another key, found "prototype"'],
    ['null: 1', 'expected a text as key, found null: quote it'],
    [': 1', 'expected a text as key, found null: quote it'],
    ['9007199254740993: 1', 'expected a text as key, found 9007199254740993: quote it'],
    ['? [a]\n: 1', 'expected a text as key, found a map or list'],
    ['a: {{ .Values.x }}', 'it looks like a template'],
  ])('%j is refused', (text, message) => {
    expect(readProblems(text).join()).toContain(message)
  })

  test('others become texts', () => {
    expect(values('1: a\non: b\n010: c\n2.0: d\n.5: e\n"": f')).toEqual([
      { '1': 'a', true: 'b', '8': 'c', '2': 'd', '0.5': 'e', '': 'f' },
    ])
  })

  test('a key of 10 KB', () => {
    const key = 'k'.repeat(10_000)
    expect(values(`? ${key}\n: 1`)).toEqual([{ [key]: 1 }])
  })
})

describe('Y06 characters', () => {
  test('a byte order mark, CRLF and a missing last line end are fine', () => {
    expect(values('\ufeffa: 1\r\nb: |\r\n  x\r\n  y')).toEqual([{ a: 1, b: 'x\ny' }])
  })
  test.each([
    ['a: "\\ud800"', 'app.yaml:1: a: expected text, found half of a surrogate pair'],
    ['a: 1\nb: \u0007', 'app.yaml:2: expected printable text, found the character U+0007'],
    ['a: "\u0000"', 'app.yaml:1: expected printable text, found the character U+0000'],
    ['a: \u009b', 'app.yaml:1: expected printable text, found the character U+009b'],
    ['a:\n\t- b', 'app.yaml:2: expected YAML, Tabs are not allowed as indentation'],
  ])('%j is refused', (text, problem) => {
    expect(readProblems(text)).toEqual([problem])
  })
  test('UTF-16 and bytes of no encoding are refused by name', () => {
    expect(readProblems(new Uint8Array([0xff, 0xfe, 0x61, 0]))).toEqual(['app.yaml: expected UTF-8 text, found UTF-16'])
    expect(readProblems(new Uint8Array([0, 0x61, 0, 0x3a]))).toEqual(['app.yaml: expected UTF-8 text, found UTF-16'])
    expect(readProblems(new Uint8Array([0x61, 0x3a, 0x20, 0xc3]))).toEqual([
      'app.yaml: expected UTF-8 text, found other bytes',
    ])
  })
})

describe('Y07 documents', () => {
  test('empty ones are skipped, however many', () => {
    const many = '---\n'.repeat(30_000)
    expect(read(many)).toEqual({ documents: [], problems: [] })
    expect(costAgainstParser(many)).toBeLessThan(5)
    expect(read('')).toEqual({ documents: [], problems: [] })
    expect(read('# nothing\n---\nnull\n---\n~\n...\n')).toEqual({ documents: [], problems: [] })
  })
  test('scalars and lists are refused', () => {
    expect(readProblems('5\n---\n- a\n---\na: 1')).toEqual([
      'app.yaml:1: expected an object with apiVersion and kind, found a single value',
      'app.yaml:3: expected an object with apiVersion and kind, found a list',
    ])
  })
  test('lists of objects are taken apart, with positions', () => {
    const { documents } = read(
      'apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: ConfigMapList\n  items:\n  - kind: B\n    x:\n      z: 1',
    )
    expect(documents.map(({ kind, line, at }) => [kind, line, at(['x', 'z'])])).toEqual([
      ['A', 4, 4],
      ['B', 7, 9],
    ])
  })
  test('a separator inside a block stays text; text after ... is a document', () => {
    expect(values('a: |\n  ---\n  b\n...\nc: 1')).toEqual([{ a: '---\nb\n' }, { c: 1 }])
  })
  test.each(['%YAML 1.1\n---\na: 1', '%YAML 1.2\n---\na: 1', 'a: 1\n...\n%TAG ! x\n---\nb: 1'])(
    '%j: directives are refused',
    (text) => {
      expect(readProblems(text).join()).toMatch(/expected no directive, found "%/)
    },
  )
  test('more than a thousand objects in one file are refused', () => {
    expect(readProblems(times(1001, () => 'a: 1').join('\n---\n'))).toEqual([
      'app.yaml: expected at most 1000 documents in one file, found more',
    ])
  })
})

test.each([
  'a: [1, 2',
  'a: "x',
  "a: 'x",
  'a: {b',
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: "on',
  'a: b: c',
  '- a\nb: 1',
])('Y08 cut off or broken: %j', (text) => {
  expect(readProblems(text)).toHaveLength(1)
  expect(readProblems(text)[0]).toMatch(/^app\.yaml:\d+: expected YAML, /)
  expect(read(text).documents).toEqual([])
})

test('Y09 scalars', () => {
  const text =
    'a: 0644\nb: yes\non: off\nc: 12:30\nd: 1_000\ne: 08\nf: 1e400\ng: 2001-01-01\nh: 9007199254740993\ni: "0644"\nj: |-\n  yes'
  expect(values(text)).toEqual([
    {
      a: 420,
      b: true,
      true: false,
      c: '12:30',
      d: 1000,
      e: 8,
      f: '1e400',
      g: '2001-01-01',
      h: 9007199254740993n,
      i: '0644',
      j: 'yes',
    },
  ])
  expect(readProblems('a: .inf\nb: 1\nc: .nan')).toEqual([
    'app.yaml:1: a: expected a finite number, found ".inf"',
    'app.yaml:3: c: expected a finite number, found ".nan"',
  ])
})

describe('Y10 tags', () => {
  test("YAML's own", () => {
    const text =
      'a: !!int "5"\nb: !!str 5\nc: ! 5\nd: !!binary aGk=\ne: !!float 3\nf: !!bool "on"\ng: !!null ""\nh: !!map {a: b}\ni: !!seq [a]'
    expect(values(text)).toEqual([{ a: 5, b: '5', c: '5', d: 'hi', e: 3, f: true, g: null, h: { a: 'b' }, i: ['a'] }])
  })
  test.each([
    'a: !foo x',
    'a: !!set {b}',
    'a: !!omap [b: 1]',
    'a: !!timestamp 2001-01-01',
    'a: !!int "x"',
    'a: !!js/function x',
    'a: !x [b]',
  ])('%j is refused', (text) => {
    expect(readProblems(text)).toHaveLength(1)
    expect(readProblems(text)[0]).toMatch(/^app\.yaml:1: a: expected /)
  })
  test('what a broken !!binary holds is not shown', () => {
    expect(readProblems('a: !!binary "pass*word"').join()).not.toContain('pass')
  })
})

describe('Y13 files', () => {
  test.each([
    'a.yaml',
    'a.yml',
    'A.YAML',
    'a.Json',
    'x/y/a.yaml',
    'kustomization.yaml',
    'x/Kustomization',
    'Chart.yaml',
  ])('%s is read', (path) => {
    expect(isManifestPath(path)).toBe(true)
  })
  test.each(['README.md', 'yaml', 'a.yaml.bak', '.a.yaml', '.github/a.yaml', 'x/.hidden/a.yaml', 'a.txt'])(
    '%s is not',
    (path) => {
      expect(isManifestPath(path)).toBe(false)
    },
  )
  test('sources of generated manifests are refused with what to do', () => {
    expect(readProblems('resources: []', 'base/kustomization.yaml')).toEqual([
      'base/kustomization.yaml: expected plain manifests, found the source of generated ones: run `kustomize build` and commit its output',
    ])
    expect(readProblems('name: x', 'chart/Chart.yaml').join()).toContain('helm template')
  })
  test('too large a file is refused before it is decoded', () => {
    expect(readProblems(new Uint8Array(100 * 1024 * 1024))).toEqual([
      'app.yaml: expected at most 1048576 bytes, found 104857600',
    ])
  })
  test('JSON goes the same way', () => {
    expect(read('{\n\t"a": 010,\n\t"b": ["x", null]\n}', 'a.json').documents[0]!.value).toEqual({
      a: 8,
      b: ['x', null],
    })
  })
  test('a megabyte costs what its parsing costs', () => {
    const map = (i: number) =>
      `kind: ConfigMap\nmetadata:\n  name: c${i}\ndata:\n${times(40, (j) => `  key${j}: value`).join('\n')}`
    const text = times(900, map).join('\n---\n')
    expect(read(text).documents).toHaveLength(900)
    expect(costAgainstParser(text)).toBeLessThan(5)
  })
})

describe('merge keys', () => {
  test.each([
    ['own members win wherever << stands', 'x: &x {a: 1, b: 2}\nm:\n  <<: *x\n  a: 3', { a: 3, b: 2 }],
    ['even before it', 'x: &x {a: 1, b: 2}\nm:\n  a: 3\n  <<: *x', { a: 3, b: 2 }],
    ['of several the first wins', 'm:\n  <<: [{a: 1}, {a: 2, b: 2}]', { a: 1, b: 2 }],
    ['quoted it is a key', 'm:\n  "<<": 1', { '<<': 1 }],
  ])('%s', (_, text, m) => {
    expect(values(text)).toMatchObject([{ m }])
  })
  test('something else than a map is refused', () => {
    expect(readProblems('a:\n  <<: 5')).toEqual([
      'app.yaml:2: a: expected a map after the merge key "<<", found something else',
    ])
  })
})

test('positions lead to the line of the key, or of the closest thing around', () => {
  const { documents } = read('a: 1\n---\n# about\nspec:\n  list:\n  - x: 1\n  -\n    z: 2\n  flow: {z:\n    3}')
  const at = documents[1]!.at
  expect([at([]), at(['spec']), at(['spec', 'list', 0, 'x']), at(['spec', 'list', 1, 'z'])]).toEqual([4, 4, 6, 8])
  expect([at(['spec', 'flow', 'z']), at(['spec', 'nothing', 'there']), at(['nothing'])]).toEqual([9, 4, 4])
})
