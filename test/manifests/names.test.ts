import { describe, expect, test } from 'vitest'
import { renderProblem } from '../../src/manifests/problem.ts'
import { check, config, json, plain, problems, secret, service } from './manifest.ts'

describe('Y11 names', () => {
  test.each([
    ['a/b', '"a/b"'],
    ['..', '".."'],
    ['x'.repeat(300), `"${'x'.repeat(60)}…"`],
    ['Web', '"Web"'],
    ['$(rm -rf)', '"$(rm -rf)"'],
    ['a\nb', '"a b"'],
    ['a\u001b[31m', '"a\\u{1b}[31m"'],
    ['😀', '"😀"'],
    ['-a', '"-a"'],
    ['', '""'],
    ['a\u202e', '"a\\u{202e}"'],
  ])('%j is refused, shown escaped and cut', (name, shown) => {
    expect(plain(config(name))).toEqual([
      `metadata.name: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found ${shown} (string)`,
    ])
  })
  test('a number is no name', () => {
    expect(problems('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 12')).toEqual([
      'app.yaml:4: metadata.name: expected a string, found 12 (number): put it in quotes',
    ])
  })
  test('each kind has its rule', () => {
    expect(plain(json({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } })).join()).toContain(
      'expected a name',
    )
    expect(plain({ ...service({ ports: [{ port: 80 }] }), metadata: { name: '1a' } }).join()).toContain(
      'begins with a letter',
    )
    expect(plain(config('a.b'))).toEqual([])
    expect(plain(config('a', { metadata: { name: 'a', namespace: 'A' } })).join()).toContain(
      'metadata.namespace: expected a name',
    )
  })
  test('labels and annotations', () => {
    const metadata = {
      name: 'a',
      labels: { 'a b': 'c', d: '-', 'x.io/y': '' },
      annotations: { 'UPPER.example/ok': 'ok', 'a/b/c': 'x' },
    }
    expect(plain(config('a', { metadata })).map((text) => text.split(', ')[0])).toEqual([
      'metadata.annotations["a/b/c"]: expected a label key like "app" or "example.com/app"',
      'metadata.labels.d: expected a label value of letters',
      'metadata.labels["a b"]: expected a label key like "app" or "example.com/app"',
    ])
  })
})

describe('Y12 one object, one definition', () => {
  test('twice in one namespace is refused, naming both', () => {
    const other = config('a', { metadata: { name: 'a', namespace: 'shop' } })
    expect(problems(`${config('a')}\n---\n${other}`)).toEqual([
      'app.yaml:3: metadata.name: expected one definition of ConfigMap shop/a, found another one in app.yaml:1',
    ])
  })
  test('in two namespaces, or of two kinds, is fine', () => {
    const other = config('a', { metadata: { name: 'a', namespace: 'other' } })
    const { objects } = check(`${config('a')}\n---\n${other}\n---\n${secret({ metadata: { name: 'a' } })}`)
    expect([...objects.keys()]).toEqual(['shop/ConfigMap/a', 'other/ConfigMap/a', 'shop/Secret/a'])
  })
  test('namespaces belong to none', () => {
    const text = json({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'a', namespace: 'b' },
      spec: { finalizers: ['x'] },
    })
    const { objects, warnings } = check(text)
    expect([...objects.entries()].map(([key, { object }]) => [key, object])).toEqual([
      ['/Namespace/a', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }],
    ])
    expect(warnings.map(renderProblem)).toEqual([
      'app.yaml:1: metadata.namespace: a Namespace belongs to no namespace: ignored',
    ])
  })
})
