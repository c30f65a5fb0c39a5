import { describe, expect, test } from 'vitest'
import type { ManifestObject, PodSpec, ResourceQuota, ResourceQuotaSpec } from '../../../src/manifests/types.ts'
import { covers, refusesPods } from '../../../src/reconcile/plan/quota.ts'
import { exceededByObjects } from '../../../src/reconcile/plan/quota-objects.ts'
import { object, service } from '../../manifests/manifest.ts'
import { container, now, type PodChanges, pod, podSpec, template } from './world.ts'

function quota(spec: ResourceQuotaSpec): ResourceQuota {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'small', namespace: 'shop' }, spec }
}

const asking = (cpu: string) => podSpec({ containers: [container({ resources: { requests: { cpu } } })] })
const running = (number: number, changes: PodChanges = {}) => pod(template('aaa', asking('500m')), number, changes)
const two = [running(0), running(1)]

test.each<{
  title: string
  spec: ResourceQuotaSpec
  pods?: readonly ReturnType<typeof pod>[]
  wanted?: PodSpec
  count?: number
  expected: string
}>([
  { title: 'nothing where there is room', spec: { hard: { pods: '3' } }, expected: '' },
  {
    title: 'too many pods',
    spec: { hard: { pods: '3' } },
    count: 2,
    expected: 'exceeded quota: small, requested: pods=2, used: pods=2, limited: pods=3',
  },
  {
    title: 'too much cpu',
    spec: { hard: { 'requests.cpu': '1200m', pods: '9' } },
    wanted: asking('250m'),
    expected: 'exceeded quota: small, requested: requests.cpu=250m, used: requests.cpu=1, limited: requests.cpu=1200m',
  },
  {
    title: 'a pod that does not say what is counted',
    spec: { hard: { 'limits.memory': '1Gi' } },
    expected: 'failed quota: small: must specify limits.memory for: app',
  },
  {
    title: 'nothing because of pods that ended',
    spec: { hard: { pods: '2' } },
    pods: [
      running(0),
      pod(template('aaa', podSpec({ restartPolicy: 'Never' })), 1, { each: { state: 'exited', finishedAt: 1 } }),
    ],
    expected: '',
  },
  {
    title: 'too many pods while one is ending',
    spec: { hard: { pods: '2' } },
    pods: [running(0), running(1, { leaving: true, leavingSince: now - 10_000 })],
    expected: 'exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
  },
  {
    title: 'nothing because of one that should have ended',
    spec: { hard: { pods: '2' } },
    pods: [running(0), running(1, { leaving: true, leavingSince: now - 31_000 })],
    expected: '',
  },
  {
    title: 'nothing because of pods of other namespaces',
    spec: { hard: { pods: '2' } },
    pods: [running(0), { ...running(1), namespace: 'other' }],
    expected: '',
  },
  {
    title: 'nothing where its scope is another',
    spec: { hard: { pods: '1' }, scopes: ['BestEffort'] },
    expected: '',
  },
  {
    title: 'too many pods of its scope',
    spec: { hard: { pods: '1' }, scopes: ['NotBestEffort', 'NotTerminating'] },
    expected: 'exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=1',
  },
])('refuses $title', ({ spec, pods = two, wanted = asking('500m'), count = 1, expected }) => {
  expect(refusesPods([quota(spec)], pods, wanted, count, now)).toBe(expected)
})

test('one quota is enough to refuse; the first by name is named', () => {
  const named = (name: string, pods: string) => ({
    ...quota({ hard: { pods } }),
    metadata: { name, namespace: 'shop' },
  })
  const quotas = [named('c', '1'), named('b', '1'), named('a', '9')]
  expect(refusesPods(quotas, two, asking('1'), 1, now)).toMatch(/^exceeded quota: b,/)
})

describe('a scope selector', () => {
  test.each([
    { operator: 'In', priority: 'high', expected: true },
    { operator: 'In', priority: 'low', expected: false },
    { operator: 'NotIn', priority: 'low', expected: true },
    { operator: 'NotIn', priority: undefined, expected: true },
    { operator: 'Exists', priority: 'low', expected: true },
    { operator: 'Exists', priority: undefined, expected: false },
    { operator: 'DoesNotExist', priority: undefined, expected: true },
  ])('$operator with priority $priority: $expected', ({ operator, priority, expected }) => {
    const values = operator.endsWith('In') ? ['high'] : []
    const scopeSelector = { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] }
    const spec = podSpec(priority === undefined ? {} : { priorityClassName: priority })
    expect(covers(quota({ hard: {}, scopeSelector }), spec)).toBe(expected)
  })
})

test('objects are counted by kind, claims also by size and class', () => {
  const claim = (name: string, storageClassName: string): ManifestObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop' },
    spec: { storageClassName, volumeMode: 'Filesystem', resources: { requests: { storage: '3Gi' } } },
  })
  const objects: ManifestObject[] = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
    claim('data', 'fast'),
    claim('logs', 'slow'),
    object(
      'Service',
      service({
        type: 'NodePort',
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'b' },
        ],
      }),
    ),
  ]
  const hard = {
    configmaps: '1',
    'count/configmaps': '2',
    'count/services': '0',
    'services.nodeports': '1',
    'services.loadbalancers': '0',
    'requests.storage': '5Gi',
    'fast.storageclass.storage.k8s.io/requests.storage': '3Gi',
    'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
    pods: '0',
  }
  expect(exceededByObjects(quota({ hard }), objects)).toEqual([
    'configmaps: 2 of 1',
    'count/services: 1 of 0',
    'services.nodeports: 2 of 1',
    'requests.storage: 6Gi of 5Gi',
    'fast.storageclass.storage.k8s.io/persistentvolumeclaims: 1 of 0',
  ])
  expect(exceededByObjects(quota({ hard, scopes: ['BestEffort'] }), objects)).toEqual([])
})

test('the claims that a StatefulSet makes count', () => {
  const spec = {
    serviceName: 'db',
    replicas: 3,
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db:1' }] } },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
      },
    ],
  }
  const set = object('StatefulSet', { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec })
  const hard = { persistentvolumeclaims: '2', 'requests.storage': '5Gi', 'count/statefulsets.apps': '1' }
  expect(exceededByObjects(quota({ hard }), [set])).toEqual([
    'persistentvolumeclaims: 3 of 2',
    'requests.storage: 6Gi of 5Gi',
  ])
})
