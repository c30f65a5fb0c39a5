import { expect, test } from 'vitest'
import { objectChanges } from '../../src/diff/objects.ts'
import { checkManifests } from '../../src/manifests/check.ts'
import { readManifest } from '../../src/manifests/read.ts'
import type { ManifestObject } from '../../src/manifests/types.ts'

/** The one object of a manifest, as a commit would give it. */
function object(manifest: unknown): ManifestObject {
  const { documents } = readManifest({ path: 'one.json', bytes: Buffer.from(JSON.stringify(manifest)) })
  const { objects, problems } = checkManifests(documents, { namespace: 'shop', podSecurity: 'baseline' })
  const [located] = [...objects.values()]
  if (!located) throw new Error(JSON.stringify(problems))
  return located.object
}

const config = (data: Record<string, string>): ManifestObject =>
  object({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data })
const secret = (data: Record<string, string>): ManifestObject =>
  object({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data })

function web(image: string, env: Record<string, string>): ManifestObject {
  const containers = [{ name: 'main', image, env: Object.entries(env).map(([name, value]) => ({ name, value })) }]
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers } }
  const spec = { selector: { matchLabels: { app: 'web' } }, template }
  return object({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })
}

function database(storage: string): ManifestObject {
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } }
  const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image: 'db:1' }] } }
  const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: claim }]
  const spec = { selector: { matchLabels: { app: 'db' } }, template, volumeClaimTemplates }
  return object({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec })
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
    title: 'templates of claims by the name in their metadata',
    from: database('1Gi'),
    to: database('2Gi'),
    expected: ['spec.volumeClaimTemplates[data].spec.resources.requests.storage: 1Gi -> 2Gi'],
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
