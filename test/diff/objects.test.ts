import { expect, test } from 'vitest'
import { objectChanges } from '../../src/diff/objects.ts'
import type { ConfigMap, Deployment, Secret } from '../../src/manifests/types.ts'

const config = (data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c' },
  data,
})
const secret = (data: Record<string, string>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's' },
  type: 'Opaque',
  data,
})

function web(image: string, env: Record<string, string>): Deployment {
  const containers = [{ name: 'main', image, env: Object.entries(env).map(([name, value]) => ({ name, value })) }]
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers } }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } }, template },
  } as Deployment
}

test.each<{
  title: string
  from: Parameters<typeof objectChanges>[0]
  to: Parameters<typeof objectChanges>[1]
  expected: string[]
}>([
  { title: 'a new object', from: undefined, to: config({}), expected: ['new'] },
  { title: 'a removed object', from: config({}), to: undefined, expected: ['removed'] },
  { title: 'nothing', from: config({ a: '1' }), to: config({ a: '1' }), expected: [] },
  {
    title: 'keys of a ConfigMap',
    from: config({ a: '1', b: '1' }),
    to: config({ b: '2', c: '3' }),
    expected: ['data.a: removed 1', 'data.b: 1 -> 2', 'data.c: added 3'],
  },
  {
    title: 'list items by name, wherever they stand',
    from: web('web:1', { A: '1', B: '1' }),
    to: web('web:2', { B: '1', A: '2' }),
    expected: [
      'spec.template.spec.containers[main].env[A].value: 1 -> 2',
      'spec.template.spec.containers[main].image: web:1 -> web:2',
    ],
  },
  {
    title: 'a Secret, without its values',
    from: secret({ old: 'b2xk', both: 'YQ==' }),
    to: secret({ both: 'Yg==', fresh: 'bmV3' }),
    expected: ['data.both: changed', 'data.fresh: added ***', 'data.old: removed ***'],
  },
])('$title', ({ from, to, expected }) => {
  expect(objectChanges(from, to)).toEqual(expected)
})
