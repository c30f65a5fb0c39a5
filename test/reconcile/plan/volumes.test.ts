import { describe, expect, test } from 'vitest'
import type { ConfigMap, Container, PodSpec, Secret, Volume } from '../../../src/manifests/types.ts'
import { containersFor, filled } from '../../../src/reconcile/plan/containers.ts'
import type { Provision, Template } from '../../../src/reconcile/plan/desired.ts'
import { resolveTemplate, type TemplateContext } from '../../../src/reconcile/plan/template.ts'
import { container, podSpec } from './world.ts'

const settings: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data: { LEVEL: '1', 'app.conf': 'a=1' },
  binaryData: { 'logo.png': '/9j/' },
}
const credentials: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials', namespace: 'shop' },
  type: 'Opaque',
  data: { key: 'AP8=' },
  stringData: { user: 'me' },
}

interface Situation {
  readonly owner?: string
  readonly spec?: Partial<PodSpec>
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly objects?: readonly (ConfigMap | Secret)[]
  readonly context?: Partial<TemplateContext>
}

function resolve({ owner = 'Deployment/web', spec = {}, ...rest }: Situation): Template {
  const { objects = [settings, credentials], labels = { app: 'web' }, annotations = {} } = rest
  return resolveTemplate(
    { metadata: { labels, annotations }, spec: podSpec(spec) },
    'shop',
    owner,
    (kind, name) => objects.find((object) => object.kind === kind && object.metadata.name === name),
    { storage: noStorage, annotations: {}, limitRanges: [], ...rest.context },
  )
}

const noStorage = { claim: () => undefined, claimTemplate: () => undefined, claimTemplates: [] }

const provision: Provision = {
  volume: {
    app: 'demo',
    namespace: 'shop',
    subject: 'PersistentVolumeClaim/data',
    detail: '',
    facts: {},
    driver: 'fast',
    options: { tier: 'gold' },
  },
  hostPath: undefined,
  hosts: undefined,
  waits: true,
  problem: '',
  conditions: [],
}

/** `path mode data`, one a line; what is written in base64 is marked. */
function filesOf(volume: Volume, situation: Situation = {}): string[] {
  const [found] = resolve({ ...situation, spec: { ...situation.spec, volumes: [volume] } }).volumes
  const pod = { host: 'local', namespace: 'shop', name: 'web-0', labels: { 'apps.kubernetes.io/pod-index': '0' } }
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
        'labels 444 app="web"\ntier="front"',
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
    expect(resolve({ spec: { volumes: [{ name: 'v', ...volume }] } }).missing).toEqual(missing)
  })
})

describe('volumes', () => {
  const local = { driver: 'local', options: {} }
  const claimed = { claim: (name: string) => (name === 'data' ? provision : undefined) }

  test.each<{ title: string; volume: Omit<Volume, 'name'>; context?: Partial<TemplateContext>; expected: unknown }>([
    {
      title: 'an emptyDir',
      volume: { emptyDir: {} },
      expected: { volume: { kind: 'empty', name: 'v', medium: 'disk', sizeBytes: 0, ...local } },
    },
    {
      title: 'an emptyDir in memory',
      volume: { emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      expected: { volume: { kind: 'empty', name: 'v', medium: 'memory', sizeBytes: 64 * 2 ** 20, ...local } },
    },
    {
      title: 'a path of the host',
      volume: { hostPath: { path: '/var/log', type: 'Directory' } },
      expected: { volume: { kind: 'host', name: 'v', path: '/var/log', type: 'Directory' } },
    },
    {
      title: 'a share',
      volume: { nfs: { server: 'files', path: '/x', readOnly: true } },
      expected: {
        volume: {
          kind: 'empty',
          name: 'v',
          medium: 'disk',
          sizeBytes: 0,
          driver: 'local',
          options: { type: 'nfs', o: 'addr=files,ro', device: ':/x' },
        },
      },
    },
    {
      title: 'a claim',
      volume: { persistentVolumeClaim: { claimName: 'data' } },
      context: { storage: { ...noStorage, ...claimed } },
      expected: {
        volume: { kind: 'docker', name: 'v', subject: 'PersistentVolumeClaim/data' },
        claim: { name: 'data', provision },
      },
    },
    {
      title: 'a claim that nobody wants',
      volume: { persistentVolumeClaim: { claimName: 'none' } },
      context: { storage: { ...noStorage, ...claimed } },
      expected: { claim: { name: 'none', provision: undefined } },
    },
    {
      title: 'a claim on a path of the host',
      volume: { persistentVolumeClaim: { claimName: 'data' } },
      context: { storage: { ...noStorage, claim: () => ({ ...provision, hostPath: '/srv' }) } },
      expected: { volume: { kind: 'host', name: 'v', path: '/srv', type: '' }, claim: { name: 'data' } },
    },
    {
      title: 'an ephemeral one, by the driver of its class',
      volume: { ephemeral: { volumeClaimTemplate: { spec: { volumeMode: 'Filesystem' } } } },
      context: { storage: { ...noStorage, claimTemplate: () => provision } },
      expected: { volume: { kind: 'empty', driver: 'fast', options: { tier: 'gold' } }, claim: undefined },
    },
  ])('$title', ({ volume, context = {}, expected }) => {
    const [found] = resolve({ spec: { volumes: [{ name: 'v', ...volume }] }, context }).volumes
    expect(found).toMatchObject(expected as object)
  })

  test('a claim of a StatefulSet wins over a volume of its name', () => {
    const claimTemplates = [{ metadata: { name: 'data' }, spec: { volumeMode: 'Filesystem' as const } }]
    const names: string[] = []
    const claimTemplate = (_template: unknown, name: string) => {
      names.push(name)
      return provision
    }
    const { volumes } = resolve({
      owner: 'StatefulSet/db',
      spec: { volumes: [{ name: 'data', emptyDir: {} }] },
      context: { storage: { ...noStorage, claimTemplate, claimTemplates } },
    })
    const pod = { host: 'local', namespace: 'shop', name: 'db-0' }
    expect(volumes.map(({ claim }) => filled(claim?.name ?? '', pod))).toEqual(['data-db-0'])
    expect(names.map((name) => filled(name, pod))).toEqual(['data-db-0'])
    expect(volumes.map(({ volume }) => volume.kind)).toEqual(['docker'])
  })

  test('an ephemeral one that its class cannot provide keeps pods from being made', () => {
    const { forbidden } = resolve({
      spec: { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: { volumeMode: 'Filesystem' } } } }] },
      context: { storage: { ...noStorage, claimTemplate: () => ({ ...provision, problem: 'no such class' }) } },
    })
    expect(forbidden).toBe('volume v: no such class')
  })
})

describe('mounts', () => {
  const volumes: Volume[] = [
    { name: 'config', configMap: { name: 'settings', defaultMode: 0o644 } },
    { name: 'cache', emptyDir: {} },
    { name: 'data', persistentVolumeClaim: { claimName: 'data', readOnly: true } },
  ]
  const mounted = (changes: Partial<Container>) => resolve({ spec: { volumes, containers: [container(changes)] } })

  test.each<{ title: string; changes: Partial<Container>; expected: string[] }>([
    {
      title: 'by path; what cannot be written is read-only without being asked',
      changes: {
        volumeMounts: [
          { name: 'config', mountPath: '/etc/app/' },
          { name: 'cache', mountPath: 'cache' },
          { name: 'data', mountPath: '/data' },
          { name: 'cache', mountPath: '/b', readOnly: true, mountPropagation: 'HostToContainer' },
        ],
      },
      expected: [
        '/b cache ro HostToContainer',
        '/cache cache rw None',
        '/data data ro None',
        '/etc/app config ro None',
      ],
    },
    {
      title: 'a part of a volume',
      changes: { volumeMounts: [{ name: 'cache', mountPath: '/a', subPath: 'x/y' }] },
      expected: ['/a cache:x/y rw None'],
    },
    {
      title: 'a part named by the pod',
      changes: {
        env: [{ name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
        volumeMounts: [{ name: 'cache', mountPath: '/a', subPathExpr: 'logs/$(POD)' }],
      },
      expected: ['/a cache:logs/web-0 rw None'],
    },
  ])('$title', ({ changes, expected }) => {
    const [config] = containersFor(mounted(changes), { host: 'local', namespace: 'shop', name: 'web-0' })
    const texts = (config?.mounts ?? []).map(
      ({ path, volume, subPath, readOnly, propagation }) =>
        `${path} ${volume}${subPath === '' ? '' : `:${subPath}`} ${readOnly ? 'ro' : 'rw'} ${propagation}`,
    )
    expect(texts).toEqual(expected)
  })

  test('a variable that a subPathExpr needs is missed', () => {
    const changes = { volumeMounts: [{ name: 'cache', mountPath: '/a', subPathExpr: '$$(A)/$(B)' }] }
    expect(mounted(changes).missing).toEqual(['variable B of subPathExpr $$(A)/$(B)'])
  })
})

test('init containers come first, with variables and mounts of their own', () => {
  const { containers } = resolve({
    spec: {
      volumes: [{ name: 'cache', emptyDir: {} }],
      initContainers: [
        container({
          name: 'prepare',
          envFrom: [{ configMapRef: { name: 'settings' } }],
          volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
        }),
      ],
    },
  })
  expect(containers.map(({ name }) => name)).toEqual(['prepare', 'app'])
  expect(containers[0]?.env.map(({ name }) => name)).toEqual(['LEVEL', 'app.conf'])
  expect(containers[0]?.mounts.map(({ path }) => path)).toEqual(['/cache'])
})

describe('hash', () => {
  test('of pods without volumes is that of earlier versions', () => {
    const objects: ConfigMap[] = [{ ...settings, data: { LEVEL: '1', url: 'http://db' } }]
    const env = [
      { name: 'B', value: '$(url)' },
      { name: 'P', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    ]
    const reader = container({
      envFrom: [{ configMapRef: { name: 'settings' } }],
      env,
      resources: { limits: { cpu: '1500m', memory: '1Gi' } },
    })
    const { hash } = resolve({ annotations: { a: 'b' }, spec: { containers: [reader] }, objects })
    expect(hash).toBe('rd74grnb47')
    expect(resolve({ labels: {} }).hash).toBe('8hscqllt9j')
  })

  const volumes: Volume[] = [{ name: 'v', configMap: { name: 'settings', defaultMode: 0o644 } }]
  const of = (level: string, volume: Volume[] = volumes) =>
    resolve({ spec: { volumes: volume }, objects: [{ ...settings, data: { LEVEL: level } }] }).hash

  test('stays when the contents of volumes change', () => {
    expect(of('2')).toBe(of('1'))
  })

  test('changes with the definition of a volume', () => {
    expect(of('1', [{ name: 'v', configMap: { name: 'settings', defaultMode: 0o600 } }])).not.toBe(of('1'))
  })
})
