import { expect, test } from 'vitest'
import { renderManifests } from '../../src/manifests/render.ts'
import { check, deployment, service } from './manifest.ts'

const objectsOf = (text: string) => [...check(text).objects.values()].map((located) => located.object)

const odd = [
  'yes',
  'on',
  'y',
  '~',
  '',
  'null',
  '0644',
  '1_000',
  '12:30',
  '1e3',
  '.5',
  '.inf',
  '.nan',
  '0x1F',
  '2001-01-01',
  '# x',
]
  .concat([
    'a: b',
    '- a',
    '{a}',
    '[a]',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '%',
    '@',
    '`',
    ' padded ',
    '\ttab',
    'two\nlines\n',
    '"',
    "'",
    '\\',
    '…',
  ])
  .concat([
    'true',
    'No',
    '--- ',
    '...',
    '=',
    '<<',
    'é',
    '😀',
    '0o17',
    '+1',
    '-',
    '9007199254740993',
    '\u0085',
    '\u2028',
  ])

test('what is rendered reads as the same objects', () => {
  const data = Object.fromEntries(odd.map((text, index) => [`k${index}`, text]))
  const labels = { yes: 'no', on: '1', '0x1': 'y', n: '1e3' }
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd', labels }, data }
  const objects = objectsOf(
    [configMap, deployment(), service({ ports: [{ port: 80 }] })].map((o) => JSON.stringify(o)).join('\n---\n'),
  )
  expect(objects).toHaveLength(3)
  const again = objectsOf(renderManifests(objects))
  expect(again).toHaveLength(3)
  expect(again).toEqual(expect.arrayContaining(objects))
})

test('the order of files and members does not show', () => {
  const text = renderManifests(
    objectsOf(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b"},"spec":{"containers":[{"name":"c","image":"i:1"}]}}
---
kind: ConfigMap
metadata: {name: z}
apiVersion: v1
---
kind: Namespace
apiVersion: v1
metadata: {name: shop}
---
kind: ConfigMap
metadata: {namespace: another, name: z}
apiVersion: v1`),
  )
  expect(text.match(/^(?:kind| {2}name| {2}namespace): .*$/gm)?.map((line) => line.trim())).toEqual([
    ...['kind: Namespace', 'name: shop'],
    ...['kind: ConfigMap', 'name: z', 'namespace: another'],
    ...['kind: ConfigMap', 'name: z', 'namespace: shop'],
    ...['kind: Pod', 'name: b', 'namespace: shop'],
  ])
})

test('values of Secrets are shown only when asked for', () => {
  const objects = objectsOf('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hello}')
  expect(renderManifests(objects)).toContain('data:\n  a: "***"\n')
  expect(renderManifests(objects)).not.toContain('aGVsbG8=')
  expect(renderManifests(objects, { secrets: true })).toContain('a: aGVsbG8=\n')
})

test('nothing renders as nothing', () => {
  expect(renderManifests([])).toBe('')
})
