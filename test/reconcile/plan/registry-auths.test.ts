import { expect, test } from 'vitest'
import type { Secret } from '../../../src/manifests/types.ts'
import { authsOf } from '../../../src/reconcile/plan/registry-auths.ts'
import { podSpec } from './world.ts'

function auths(type: string, data: Record<string, string>): string[] {
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'registry' }, type, data }
  const find = (kind: string, name: string) => (kind === 'Secret' && name === 'registry' ? secret : undefined)
  const spec = podSpec({ imagePullSecrets: [{ name: 'none' }, { name: 'registry' }, {}] })
  return authsOf(spec, find).map(({ username, password, serverAddress }) => `${username} ${password} ${serverAddress}`)
}

const json = 'kubernetes.io/dockerconfigjson'
const of = (value: unknown) => ({ '.dockerconfigjson': btoa(JSON.stringify(value)) })

test.each<{ title: string; type: string; data: Record<string, string>; expected: string[] }>([
  {
    title: 'name and password, together or apart, of several registries',
    type: json,
    data: of({
      auths: {
        'registry.example': { auth: btoa('me:a:b'), username: 'other', password: 'other' },
        'https://index.docker.io/v1/': { username: 'you', password: 'c' },
      },
    }),
    expected: ['me a:b registry.example', 'you c https://index.docker.io/v1/'],
  },
  {
    title: 'the older form',
    type: 'kubernetes.io/dockercfg',
    data: { '.dockercfg': btoa(JSON.stringify({ 'registry.example': { username: 'me', password: 'a' } })) },
    expected: ['me a registry.example'],
  },
  {
    title: 'no other type',
    type: 'Opaque',
    data: of({ auths: { a: { username: 'me', password: 'a' } } }),
    expected: [],
  },
  { title: 'nothing that is no JSON', type: json, data: { '.dockerconfigjson': btoa('{') }, expected: [] },
  { title: 'nothing without a password', type: json, data: of({ auths: { a: { username: 'me' } } }), expected: [] },
  { title: 'nothing that is no base64', type: json, data: of({ auths: { a: { auth: '%' } } }), expected: [] },
  { title: 'nothing where there are no registries', type: json, data: of({ auths: 'a' }), expected: [] },
])('reads $title', ({ type, data, expected }) => {
  expect(auths(type, data)).toEqual(expected)
})
