import { expect, test } from 'vitest'
import type { ManifestObject, PodSpec } from '../../../src/manifests/types.ts'
import { podTemplateOf, readsOf } from '../../../src/reconcile/plan/references.ts'
import { container, podSpec } from './world.ts'

const metadata = { name: 'web', namespace: 'shop' }
const spec: PodSpec = podSpec({
  initContainers: [container({ envFrom: [{ secretRef: { name: 'for-init' } }] })],
  containers: [
    container({
      envFrom: [{ configMapRef: { name: 'all', optional: true } }],
      env: [
        { name: 'A', valueFrom: { secretKeyRef: { name: 'one', key: 'a' } } },
        { name: 'B', valueFrom: { configMapKeyRef: { name: 'all', key: 'b' } } },
      ],
    }),
  ],
  volumes: [
    { name: 'a', configMap: { name: 'files', defaultMode: 0o644 } },
    { name: 'b', secret: { secretName: 'tls', defaultMode: 0o644 } },
    { name: 'c', persistentVolumeClaim: { claimName: 'data' } },
    {
      name: 'd',
      projected: { defaultMode: 0o644, sources: [{ secret: { name: 'part' } }, { configMap: { name: 'x' } }] },
    },
    { name: 'e', emptyDir: {} },
  ],
  imagePullSecrets: [{ name: 'registry' }, {}],
})
const template = { metadata: { labels: { app: 'web' } }, spec }
const jobSpec = {
  backoffLimit: 6,
  completionMode: 'NonIndexed' as const,
  parallelism: 1,
  podReplacementPolicy: 'Failed' as const,
  suspend: false,
  template,
}
const common = { replicas: 1, selector: {}, template }
const reads = [
  'shop/Secret/for-init',
  'shop/ConfigMap/all',
  'shop/Secret/one',
  'shop/ConfigMap/files',
  'shop/Secret/tls',
  'shop/PersistentVolumeClaim/data',
  'shop/Secret/part',
  'shop/ConfigMap/x',
  'shop/Secret/registry',
]

const workloads: readonly ManifestObject[] = [
  { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, labels: { app: 'web' } }, spec },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: common },
  { apiVersion: 'v1', kind: 'ReplicationController', metadata, spec: { replicas: 1, template } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { ...common, progressDeadlineSeconds: 600, revisionHistoryLimit: 10, strategy: { type: 'Recreate' } },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: {
      ...common,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'OnDelete' },
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: { selector: {}, template, revisionHistoryLimit: 10, updateStrategy: { type: 'OnDelete' } },
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: jobSpec },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata,
    spec: {
      concurrencyPolicy: 'Allow',
      failedJobsHistoryLimit: 1,
      jobTemplate: { spec: jobSpec },
      schedule: '@hourly',
      successfulJobsHistoryLimit: 3,
      suspend: false,
    },
  },
]

test.each(workloads)('what the pods of a $kind read', (object) => {
  expect(readsOf(object)).toEqual(reads)
  expect(podTemplateOf(object)?.metadata.labels).toEqual({ app: 'web' })
})

test('what has no pods reads nothing', () => {
  expect(readsOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata })).toEqual([])
})
