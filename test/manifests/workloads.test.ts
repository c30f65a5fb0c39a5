import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import {
  check,
  claimSpec,
  container,
  daemonSet,
  deployment,
  json,
  object,
  plain,
  replicationController,
  statefulSet,
} from './manifest.ts'

const { template } = deployment().spec
const data = { metadata: { name: 'data' }, spec: claimSpec }
/** A StatefulSet with one template of claims. */
const claiming = (claim: object) => statefulSet({ volumeClaimTemplates: [{ ...data, ...claim }] })

describe('what is refused', () => {
  test.each([
    [
      replicationController({ selector: { app: 'other' } }),
      'spec.template.metadata.labels: expected labels that spec.selector matches, found others',
    ],
    [
      replicationController({ template: { spec: { containers: [container] } } }),
      'spec.selector: expected at least one label, found none',
    ],
    [replicationController({ template: undefined }), 'spec.template: expected a map, found nothing'],
    [statefulSet({ selector: undefined }), 'spec.selector: expected a map, found nothing'],
    [
      statefulSet({}, { restartPolicy: 'OnFailure' }),
      'spec.template.spec.restartPolicy: expected Always, found "OnFailure" (string)',
    ],
    [
      statefulSet({ podManagementPolicy: 'parallel' }),
      'spec.podManagementPolicy: expected OrderedReady or Parallel, found "parallel" (string): did you mean "Parallel"?',
    ],
    [
      statefulSet({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
      'spec.updateStrategy.rollingUpdate: expected nothing beside the type OnDelete, found a map',
    ],
    [
      statefulSet({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: expected more than 0: no pod could ever be replaced',
    ],
    [
      statefulSet({ updateStrategy: { rollingUpdate: { partition: -1 } } }),
      'spec.updateStrategy.rollingUpdate.partition: expected a whole number from 0, found -1 (number)',
    ],
    [
      statefulSet({ ordinals: { start: -1 } }),
      'spec.ordinals.start: expected a whole number from 0, found -1 (number)',
    ],
    [claiming({ metadata: {} }), 'spec.volumeClaimTemplates[0].metadata.name: expected a string, found nothing'],
    [
      claiming({ metadata: { name: 'my.data' } }),
      'spec.volumeClaimTemplates[0].metadata.name: expected a name of lower-case letters, digits and "-", 63 at most, that begins and ends with a letter or digit, found "my.data" (string)',
    ],
    [
      statefulSet({ volumeClaimTemplates: [data, data] }),
      'spec.volumeClaimTemplates[1].metadata.name: expected another name for each claim, found "data" again',
    ],
    [
      claiming({ spec: { accessModes: ['ReadWriteOnce'] } }),
      'spec.volumeClaimTemplates[0].spec.resources.requests.storage: expected a quantity like "1Gi", found nothing',
    ],
    [
      statefulSet({}, { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/a' }] }] }),
      'spec.template.spec.containers[0].volumeMounts[0].name: expected a volume of the pod, which has none, found "data" (string)',
    ],
    [
      statefulSet({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep' } }),
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: expected Retain or Delete, found "Keep" (string)',
    ],
    [
      daemonSet({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: expected more than 0 when maxSurge is 0: no pod could ever be replaced',
    ],
    [
      daemonSet({ updateStrategy: { rollingUpdate: { maxSurge: 1 } } }),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: expected 0 beside maxSurge: a host has the old pod until the new one is ready, or it does not',
    ],
    [
      daemonSet({ updateStrategy: { rollingUpdate: { maxUnavailable: '110%' } } }),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: expected a whole number from 0 or a percentage to 100%, found "110%" (string)',
    ],
    [
      daemonSet({ updateStrategy: { type: 'OnDelete', rollingUpdate: {} } }),
      'spec.updateStrategy.rollingUpdate: expected nothing beside the type OnDelete, found a map',
    ],
    [daemonSet({ replicas: 1 }), 'spec.replicas: expected a known field, found "replicas"'],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('defaults', () => {
  test('a ReplicationController selects by the labels of its template', () => {
    expect(object('ReplicationController', replicationController()).spec).toMatchObject({
      replicas: 1,
      selector: { app: 'web' },
      template: { spec: { restartPolicy: 'Always' } },
    })
  })
  test('of a StatefulSet', () => {
    const { selector, template: _, ...spec } = object('StatefulSet', statefulSet()).spec
    expect(selector).toEqual({ matchLabels: { app: 'web' } })
    expect(spec).toEqual({
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    })
  })
  test('what is given stays, inside maps too', () => {
    const given = {
      updateStrategy: { rollingUpdate: { partition: 2 } },
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
    }
    expect(object('StatefulSet', statefulSet(given)).spec).toMatchObject({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
    })
  })
  test('OnDelete has no rolling parameters', () => {
    const given = { updateStrategy: { type: 'OnDelete' } }
    expect(object('StatefulSet', statefulSet(given)).spec.updateStrategy).toEqual({ type: 'OnDelete' })
    expect(object('DaemonSet', daemonSet(given)).spec.updateStrategy).toEqual({ type: 'OnDelete' })
  })
  test('of a DaemonSet', () => {
    expect(object('DaemonSet', daemonSet()).spec).toMatchObject({
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    })
  })
  test('templates of claims have those of claims, and mounts may name them', () => {
    const spec = { ...claimSpec, resources: { requests: { storage: '1024Mi' } } }
    const annotations = { 'volume.beta.kubernetes.io/storage-class': 'fast' }
    const given = statefulSet(
      {
        volumeClaimTemplates: [{ metadata: { name: 'data', annotations, creationTimestamp: null }, spec, status: {} }],
      },
      { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/a' }] }] },
    )
    const [claim] = object('StatefulSet', given).spec.volumeClaimTemplates!
    expect(claim).toEqual({
      metadata: { name: 'data', annotations },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
      },
    })
    expect(check(json(given)).warnings.map(({ path }) => path)).toEqual(['spec.volumeClaimTemplates[0].status'])
  })
})

test('revisions are kept in Git', () => {
  const { ignored } = check(
    [statefulSet, daemonSet].map((made) => json(made({ revisionHistoryLimit: 1 }))).join('\n---\n'),
  )
  expect(ignored.map(renderIgnored)).toEqual([
    'StatefulSet web: spec.revisionHistoryLimit: the history is in Git',
    'DaemonSet web: spec.revisionHistoryLimit: the history is in Git',
  ])
})

test('a full StatefulSet and DaemonSet are fine', () => {
  const rolling = { maxSurge: '25%', maxUnavailable: 0 }
  expect(plain(daemonSet({ updateStrategy: { rollingUpdate: rolling }, minReadySeconds: 5 }))).toEqual([])
  const extra = { ordinals: { start: 3 }, podManagementPolicy: 'Parallel', serviceName: 'web', template }
  expect(plain(statefulSet({ ...extra, updateStrategy: { rollingUpdate: { maxUnavailable: '30%' } } }))).toEqual([])
})
