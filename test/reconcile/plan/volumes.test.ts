import { describe, expect, test } from 'vitest'
import type { ConfigMap, Container, Volume } from '../../../src/manifests/types.ts'
import { containersFor, filled } from '../../../src/reconcile/plan/containers.ts'
import type { TemplateContext } from '../../../src/reconcile/plan/template.ts'
import { noStorage, provision, resolve, settings } from './templates.ts'
import { container } from './world.ts'

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
