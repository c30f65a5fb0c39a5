import { describe, expect, test } from 'vitest'
import type { ConfigMap, Container, PodSpec, Secret } from '../../../src/manifests/types.ts'
import { containersFor } from '../../../src/reconcile/plan/containers.ts'
import type { Template } from '../../../src/reconcile/plan/desired.ts'
import { resolveTemplate } from '../../../src/reconcile/plan/template.ts'
import { podAddress } from '../../../src/runtime/pod-address.ts'
import { container, podSpec } from './world.ts'

const settings: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data: { LEVEL: '1', url: 'http://db' },
}
const credentials: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials', namespace: 'shop' },
  type: 'Opaque',
  data: { user: 'YWRtaW4=', word: 'YWRtaW4=' },
  stringData: { word: 'grüße' },
}

function resolve(spec: PodSpec, objects: readonly (ConfigMap | Secret)[] = [settings, credentials]): Template {
  return resolveTemplate({ metadata: { labels: { app: 'web' } }, spec }, 'shop', 'Deployment/web', (kind, name) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name),
  )
}

function resolved(changes: Partial<Container>): Template {
  return resolve(podSpec({ containers: [container(changes)] }))
}

const pod = { host: 'local', namespace: 'shop', name: 'web-aaa-0' }

function envOf(changes: Partial<Container>): Record<string, string> {
  const host = { cpuMillis: 2500, memoryBytes: 2 ** 30, address: '192.0.2.1' }
  const [config] = containersFor(resolved(changes), pod, host)
  return Object.fromEntries(
    (config?.env ?? []).map((entry) => [entry.name, entry.secret ? `secret ${entry.value}` : entry.value]),
  )
}

const field = (fieldPath: string) => ({ name: 'X', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } })
const resource = (name: string, divisor?: string) => ({
  name: 'X',
  valueFrom: { resourceFieldRef: { resource: name, ...(divisor ? { divisor } : {}) } },
})
const resources = { limits: { cpu: '1500m', memory: '1Gi' }, requests: { cpu: '250m' } }

describe('environment', () => {
  test.each<{ title: string; changes: Partial<Container>; expected: Record<string, string> }>([
    { title: 'a plain value', changes: { env: [{ name: 'A', value: '1' }] }, expected: { A: '1' } },
    {
      title: 'the later one wins, env over envFrom',
      changes: {
        envFrom: [{ configMapRef: { name: 'settings' } }],
        env: [
          { name: 'LEVEL', value: '2' },
          { name: 'LEVEL', value: '3' },
        ],
      },
      expected: { LEVEL: '3', url: 'http://db' },
    },
    {
      title: 'a prefix, and stringData over data',
      changes: { envFrom: [{ secretRef: { name: 'credentials' }, prefix: 'DB_' }] },
      expected: { DB_user: 'secret admin', DB_word: 'secret grüße' },
    },
    {
      title: 'references to what came before, and not to what comes later',
      changes: {
        env: [
          { name: 'A', value: '$(B)' },
          { name: 'B', value: '2' },
          { name: 'C', value: '$(B)$$(B)$(B' },
        ],
      },
      expected: { A: '$(B)', B: '2', C: '2$(B)$(B' },
    },
    {
      title: 'what a Secret flows into is one',
      changes: {
        env: [
          { name: 'W', valueFrom: { secretKeyRef: { name: 'credentials', key: 'user' } } },
          { name: 'URL', value: 'http://$(W)@db' },
        ],
      },
      expected: { W: 'secret admin', URL: 'secret http://admin@db' },
    },
    { title: 'the name of the pod', changes: { env: [field('metadata.name')] }, expected: { X: 'web-aaa-0' } },
    { title: 'the namespace', changes: { env: [field('metadata.namespace')] }, expected: { X: 'shop' } },
    { title: 'the host', changes: { env: [field('spec.nodeName')] }, expected: { X: 'local' } },
    { title: 'the address, later', changes: { env: [field('status.podIP')] }, expected: { X: podAddress } },
    { title: 'the address of the host', changes: { env: [field('status.hostIP')] }, expected: { X: '192.0.2.1' } },
    {
      title: 'the account',
      changes: { env: [field('spec.serviceAccountName')] },
      expected: { X: 'default' },
    },
    { title: 'a label', changes: { env: [field("metadata.labels['app']")] }, expected: { X: 'web' } },
    { title: 'a limit in whole cores', changes: { resources, env: [resource('limits.cpu')] }, expected: { X: '2' } },
    {
      title: 'a request in millis',
      changes: { resources, env: [resource('requests.cpu', '1m')] },
      expected: { X: '250' },
    },
    {
      title: 'memory in MiB',
      changes: { resources, env: [resource('limits.memory', '1Mi')] },
      expected: { X: '1024' },
    },
    {
      title: 'a limit that is not set is what the host has, rounded up',
      changes: { env: [resource('limits.cpu')] },
      expected: { X: '3' },
    },
    {
      title: 'such a limit of memory',
      changes: { env: [resource('limits.memory', '1Mi')] },
      expected: { X: '1024' },
    },
    { title: 'a request that is not set is none', changes: { env: [resource('requests.cpu')] }, expected: { X: '0' } },
    {
      title: 'an optional key that is not there',
      changes: {
        env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'no', optional: true } } }],
      },
      expected: {},
    },
  ])('$title', ({ changes, expected }) => {
    expect(envOf(changes)).toEqual(expected)
  })

  test('the resources of an init container', () => {
    const reference = {
      name: 'X',
      valueFrom: { resourceFieldRef: { containerName: 'init', resource: 'limits.memory' } },
    }
    const initContainers = [container({ name: 'init', resources: { limits: { memory: '5' } } })]
    const { containers } = resolve(podSpec({ initContainers, containers: [container({ env: [reference] })] }))
    expect(containers[1]?.env[0]?.value).toBe('5')
  })

  test('what tells of the host is as it was when the pod was made', () => {
    const [config] = resolved({
      env: [field('status.hostIP'), { name: 'Y', value: '$(X)' }],
      args: ['$(Y)'],
    }).containers
    expect(config?.unfollowed).toEqual(['env.X', 'env.Y', 'args'])
  })

  test('arguments see the variables, names of the pod included', () => {
    const env = [field('metadata.name')]
    const [config] = containersFor(resolved({ env, command: ['sh'], args: ['$(X)', '$(Y)'] }), pod)
    expect(config?.args).toEqual(['web-aaa-0', '$(Y)'])
  })
})

test.each<{ title: string; changes: Partial<Container>; missing: string[] }>([
  {
    title: 'a ConfigMap',
    changes: { envFrom: [{ configMapRef: { name: 'none' } }] },
    missing: ['ConfigMap shop/none'],
  },
  {
    title: 'a key',
    changes: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'credentials', key: 'none' } } }] },
    missing: ['key "none" of Secret shop/credentials'],
  },
  {
    title: 'not what is optional',
    changes: { envFrom: [{ secretRef: { name: 'none', optional: true } }] },
    missing: [],
  },
])('names what is missing: $title', ({ changes, missing }) => {
  expect(resolved(changes).missing).toEqual(missing)
})

describe('hash', () => {
  const base = resolved({ resources }).hash

  test.each<{ title: string; changes: Partial<Container> }>([
    {
      title: 'other amounts of resources',
      changes: { resources: { ...resources, limits: { cpu: '2', memory: '2Gi' } } },
    },
    { title: 'another pull policy', changes: { resources, imagePullPolicy: 'Always' } },
  ])('the same with $title', ({ changes }) => {
    expect(resolved(changes).hash).toBe(base)
  })

  test.each<{ title: string; changes: Partial<Container> }>([
    { title: 'another image', changes: { resources, image: 'web:2' } },
    { title: 'a limit less', changes: { resources: { ...resources, limits: { cpu: '1500m' } } } },
    { title: 'another variable', changes: { resources, env: [{ name: 'A', value: '1' }] } },
    {
      title: 'another class of service',
      changes: { resources: { limits: resources.limits, requests: resources.limits } },
    },
  ])('another one with $title', ({ changes }) => {
    expect(resolved(changes).hash).not.toBe(base)
  })

  test('another one when data that is read changes, the same when other data does', () => {
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LEVEL' } } }]
    const spec = podSpec({ containers: [container({ env })] })
    const of = (data: Record<string, string>) => resolve(spec, [{ ...settings, data }]).hash
    expect(of({ LEVEL: '2' })).not.toBe(of({ LEVEL: '1' }))
    expect(of({ LEVEL: '1', other: 'x' })).toBe(of({ LEVEL: '1' }))
  })

  test('another one for another owner', () => {
    const of = (owner: string) => resolveTemplate({ spec: podSpec() }, 'shop', owner, () => undefined).hash
    expect(of('ReplicaSet/web')).not.toBe(of('Deployment/web'))
  })
})

test('security and resources in the terms of Docker', () => {
  const { containers, requests } = resolve(
    podSpec({
      securityContext: { runAsUser: 1000, fsGroup: 2000, supplementalGroups: [3000, 2000] },
      containers: [
        container({
          resources,
          securityContext: {
            runAsGroup: 1001,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['all'], add: ['CAP_NET_ADMIN', 'net_raw'] },
            seccompProfile: { type: 'Unconfined' },
          },
        }),
      ],
    }),
  )
  expect(requests).toEqual({ cpuMillis: 250, memoryBytes: 2 ** 30 })
  expect(containers[0]).toMatchObject({
    user: '1000:1001',
    groups: ['2000', '3000'],
    noNewPrivileges: true,
    readOnlyRootFilesystem: true,
    dropCapabilities: ['ALL'],
    addCapabilities: ['NET_ADMIN', 'NET_RAW'],
    seccomp: 'unconfined',
    resources: { cpuRequestMillis: 250, cpuLimitMillis: 1500, memoryLimitBytes: 2 ** 30 },
  })
})

test('a group alone leaves the user to the image', () => {
  const { containers } = resolve(podSpec({ securityContext: { runAsGroup: 2000 } }))
  expect(containers[0]?.user).toBe(':2000')
})

describe('texts that stand for more than a process can be given', () => {
  const doubling = (times: number) => [
    { name: 'A0', value: 'x'.repeat(16) },
    ...Array.from({ length: times }, (_, step) => ({ name: `A${step + 1}`, value: `$(A${step})$(A${step})` })),
  ]
  const tooLong = 'container app has more than 2097152 characters of variables, command and args'

  test.each<{ title: string; changes: Partial<Container> }>([
    { title: 'variables that double forty times', changes: { env: doubling(40) } },
    {
      title: 'args that repeat a long variable',
      changes: { env: doubling(15), args: Array(9_999).fill('$(A15)$(A15)') },
    },
    { title: 'a command that does', changes: { env: doubling(15), command: ['$(A15)'.repeat(50_000)] } },
    {
      title: 'paths that do',
      changes: {
        env: doubling(15),
        volumeMounts: Array.from({ length: 9_999 }, (_, at) => ({
          name: 'v',
          mountPath: `/${at}`,
          subPathExpr: '$(A15)',
        })),
      },
    },
    { title: 'a large ConfigMap, often', changes: { envFrom: Array(99).fill({ configMapRef: { name: 'large' } }) } },
  ])('$title are refused, and held nowhere', ({ changes }) => {
    const large: ConfigMap = { ...settings, metadata: { name: 'large' }, data: { A: 'a'.repeat(900_000) } }
    const { forbidden, containers } = resolve(podSpec({ containers: [container(changes)] }), [large])
    expect(forbidden).toBe(tooLong)
    expect(JSON.stringify(containers).length).toBeLessThan(2_000_000)
  })

  test('what fits is left as it is', () => {
    const { forbidden, containers } = resolved({ env: doubling(12), args: ['$(A12)'] })
    expect(forbidden).toBe('')
    expect(containers[0]?.args?.[0]).toBe('x'.repeat(16 * 2 ** 12))
  })

  test('as many variables as a file can hold cost no more each than a few', () => {
    const env = Array.from({ length: 10_000 }, (_, step) => ({ name: `A${step}`, value: '$(A0)' }))
    const before = process.cpuUsage()
    expect(resolved({ env }).forbidden).toBe('')
    expect(process.cpuUsage(before).user).toBeLessThan(3_000_000)
  })
})
