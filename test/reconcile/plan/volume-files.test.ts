import { describe, expect, test } from 'vitest'
import type { ConfigMap, Volume } from '../../../src/manifests/types.ts'
import { filled } from '../../../src/reconcile/plan/containers.ts'
import { resolve, type Situation, settings } from './templates.ts'
import { container } from './world.ts'

/** `path mode data`, one a line; what is written in base64 is marked. */
function filesOf(volume: Volume, situation: Situation = {}): string[] {
  const [found] = resolve({ ...situation, spec: { ...situation.spec, volumes: [volume] } }).volumes
  const pod = {
    host: 'local',
    namespace: 'shop',
    name: 'web-0',
    labels: { 'apps.kubernetes.io/pod-index': '0', 'pod-template-hash': 'aaa' },
  }
  return (found?.contents?.files ?? []).map(({ path, mode, data, encoding }) => {
    const text = filled(data, pod, { cpuMillis: 4000, memoryBytes: 2 ** 30, address: '192.0.2.1' })
    return `${path} ${mode.toString(8)} ${encoding === 'base64' ? `base64 ${data}` : text}`
  })
}

const field = (path: string, fieldPath: string) => ({ path, fieldRef: { apiVersion: 'v1', fieldPath } })
const limited = container({ resources: { limits: { memory: '64Mi' }, requests: { cpu: '250m' } } })

describe('files', () => {
  test.each<{ title: string; volume: Omit<Volume, 'name'>; situation?: Situation; expected: string[] }>([
    {
      title: 'all of a ConfigMap, bytes too',
      volume: { configMap: { name: 'settings', defaultMode: 0o644 } },
      expected: ['LEVEL 644 1', 'app.conf 644 a=1', 'logo.png 644 base64 /9j/'],
    },
    {
      title: 'some of a Secret, with modes',
      volume: {
        secret: {
          secretName: 'credentials',
          defaultMode: 0o400,
          items: [{ key: 'key', path: 'tls//key', mode: 0o440 }],
        },
      },
      expected: ['tls/key 440 base64 AP8='],
    },
    {
      title: 'nothing of what is optional and not there',
      volume: { configMap: { name: 'none', optional: true, defaultMode: 0o644 } },
      expected: [],
    },
    {
      title: 'without optional keys that are not there',
      volume: {
        configMap: {
          name: 'settings',
          optional: true,
          defaultMode: 0o644,
          items: [
            { key: 'none', path: 'a' },
            { key: 'LEVEL', path: 'b' },
          ],
        },
      },
      expected: ['b 644 1'],
    },
    {
      title: 'the pod about itself',
      volume: {
        downwardAPI: {
          defaultMode: 0o444,
          items: [
            field('name', 'metadata.name'),
            field('namespace', 'metadata.namespace'),
            field('labels', 'metadata.labels'),
            field('annotations', 'metadata.annotations'),
            field('app', "metadata.labels['app']"),
          ],
        },
      },
      situation: { labels: { tier: 'front', app: 'web' }, annotations: { note: 'say "hi"\n\u0001é\\' } },
      expected: [
        'annotations 444 note="say \\"hi\\"\\n\\x01é\\\\"',
        'app 444 web',
        'labels 444 app="web"\npod-template-hash="aaa"\ntier="front"',
        'name 444 web-0',
        'namespace 444 shop',
      ],
    },
    {
      title: 'labels that only the pod has',
      volume: {
        downwardAPI: { defaultMode: 0o644, items: [field('index', "metadata.labels['apps.kubernetes.io/pod-index']")] },
      },
      situation: { owner: 'StatefulSet/web' },
      expected: ['index 644 0'],
    },
    {
      title: 'resources',
      volume: {
        downwardAPI: {
          defaultMode: 0o644,
          items: [
            ['a', 'limits.memory', '1Mi'],
            ['b', 'requests.cpu', '1m'],
            ['c', 'limits.cpu', '1m'],
            ['d', 'requests.ephemeral-storage', '1'],
          ].map(([path = '', resource = '', divisor = '']) => ({
            path,
            resourceFieldRef: { containerName: 'app', resource, divisor },
          })),
        },
      },
      situation: { spec: { containers: [limited] } },
      expected: ['a 644 64', 'b 644 250', 'c 644 4000', 'd 644 0'],
    },
    {
      title: 'several sources in one, the later wins; a token is left out',
      volume: {
        projected: {
          defaultMode: 0o600,
          sources: [
            { configMap: { name: 'settings', items: [{ key: 'LEVEL', path: 'level' }] } },
            { secret: { name: 'credentials', items: [{ key: 'user', path: 'level', mode: 0o400 }] } },
            { downwardAPI: { items: [field('me', 'metadata.name')] } },
            { serviceAccountToken: { path: 'token' } },
          ],
        },
      },
      expected: ['level 400 me', 'me 600 web-0'],
    },
  ])('$title', ({ volume, situation, expected }) => {
    expect(filesOf({ name: 'v', ...volume }, situation)).toEqual(expected)
  })

  test('are in memory where a Secret is among them', () => {
    const secretOf = (volume: Omit<Volume, 'name'>) =>
      resolve({ spec: { volumes: [{ name: 'v', ...volume }] } }).volumes.map((found) => found.volume)
    const sources = [{ secret: { name: 'credentials' } }]
    expect(secretOf({ projected: { defaultMode: 0o644, sources } })).toEqual([
      { kind: 'files', name: 'v', secret: true },
    ])
    expect(secretOf({ configMap: { name: 'settings', defaultMode: 0o644 } })).toEqual([
      { kind: 'files', name: 'v', secret: false },
    ])
  })

  test('have another version when they differ, and the same for every pod', () => {
    const version = (changes: Partial<ConfigMap>) => {
      const volumes = [{ name: 'v', configMap: { name: 'settings', defaultMode: 0o644 } }]
      return resolve({ spec: { volumes }, objects: [{ ...settings, ...changes }] }).volumes[0]?.contents?.version
    }
    expect(version({ data: { LEVEL: '1' } })).not.toBe(version({ data: { LEVEL: '2' } }))
    expect(version({ data: { LEVEL: '1', 'app.conf': 'a=1' } })).toBe(version({}))
  })

  test.each<{ title: string; volume: Omit<Volume, 'name'>; missing: string[] }>([
    {
      title: 'a ConfigMap',
      volume: { configMap: { name: 'none', defaultMode: 0o644 } },
      missing: ['ConfigMap shop/none'],
    },
    {
      title: 'a key of a Secret',
      volume: { secret: { secretName: 'credentials', defaultMode: 0o644, items: [{ key: 'none', path: 'a' }] } },
      missing: ['key "none" of Secret shop/credentials'],
    },
    {
      title: 'a Secret among others',
      volume: { projected: { defaultMode: 0o644, sources: [{ secret: { name: 'none' } }] } },
      missing: ['Secret shop/none'],
    },
  ])('names what is missing: $title', ({ volume, missing }) => {
    const template = resolve({ spec: { volumes: [{ name: 'v', ...volume }] } })
    expect(template.missing).toEqual(missing)
    expect(template.volumes.map(({ contents }) => contents)).toEqual([undefined])
  })
})
