import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { check, claim, claimSpec, json, object, plain, storageClass, volume } from './manifest.ts'

const hostPath = { path: '/data' }
const terms = {
  nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['a'] }] }],
}
const storage = (amount: unknown) => claim({ resources: { requests: { storage: amount } } })

describe('what is refused', () => {
  test.each([
    [claim({ accessModes: undefined }), 'spec.accessModes: expected at least one access mode, found none'],
    [
      claim({ accessModes: ['ReadWriteMost'] }),
      'spec.accessModes[0]: expected ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod, found "ReadWriteMost" (string)',
    ],
    [
      claim({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] }),
      'spec.accessModes: expected nothing beside ReadWriteOncePod, found more',
    ],
    [claim({ resources: undefined }), 'spec.resources.requests.storage: expected a quantity like "1Gi", found nothing'],
    [storage(0), 'spec.resources.requests.storage: expected more than 0, found 0 (number)'],
    [storage('-1Gi'), 'spec.resources.requests.storage: expected a quantity from 0, found "-1Gi" (string)'],
    [storage('big'), 'spec.resources.requests.storage: expected a quantity like "500m" or "1Gi", found "big" (string)'],
    [
      claim({ volumeMode: 'Block' }),
      'spec.volumeMode: not supported by this version of berth: expected Filesystem, found "Block" (string)',
    ],
    [
      claim({ dataSource: { kind: 'VolumeSnapshot', name: 'a' } }),
      'spec.dataSource: not supported by this version of berth',
    ],
    [
      claim({ selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      'spec.selector.matchExpressions[0].values: expected values for In',
    ],
    [
      claim({ storageClassName: 'Fast' }),
      'spec.storageClassName: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found "Fast" (string)',
    ],
    [volume({}), 'spec: expected one source of a volume, found none'],
    [
      volume({ hostPath, nfs: { server: 'a', path: '/' } }),
      'spec: expected one source of a volume, found hostPath and nfs',
    ],
    [
      volume({ hostPath: { path: 'data' } }),
      'spec.hostPath.path: expected an absolute path without "..", found "data" (string)',
    ],
    [volume({ nfs: { server: '', path: '/' } }), 'spec.nfs.server: expected a name or an address, found nothing'],
    [volume({ local: hostPath }), 'spec.nodeAffinity: expected the hosts that have a local volume, found nothing'],
    [
      volume({ csi: { driver: 'a', volumeHandle: 'b' } }),
      'spec.csi: not supported by this version of berth: use nfs, hostPath or local',
    ],
    [volume({ hostPath, capacity: {} }), 'spec.capacity.storage: expected a quantity like "1Gi", found nothing'],
    [volume({ hostPath, accessModes: [] }), 'spec.accessModes: expected at least one access mode, found none'],
    [
      volume({ hostPath, volumeMode: 'Block' }),
      'spec.volumeMode: not supported by this version of berth: expected Filesystem, found "Block" (string)',
    ],
    [volume({ hostPath, claimRef: { name: 'a' } }), 'spec.claimRef.namespace: expected a name, found nothing'],
    [
      volume({ hostPath, nodeAffinity: { required: { nodeSelectorTerms: [] } } }),
      'spec.nodeAffinity.required.nodeSelectorTerms: expected at least one term, found none',
    ],
    [storageClass({ provisioner: '' }), 'provisioner: expected a name, found nothing'],
    [storageClass({ provisioner: undefined }), 'provisioner: expected a string, found nothing'],
    [storageClass({ reclaimPolicy: 'Recycle' }), 'reclaimPolicy: expected Retain or Delete, found "Recycle" (string)'],
    [
      storageClass({ volumeBindingMode: 'Later' }),
      'volumeBindingMode: expected Immediate or WaitForFirstConsumer, found "Later" (string)',
    ],
    [storageClass({ parameters: { a: 5 } }), 'parameters.a: expected a string, found 5 (number): put it in quotes'],
    [storageClass({ parameters: { '': 'a' } }), 'parameters[""]: expected a name, found nothing'],
    [
      storageClass({ allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] }),
      'allowedTopologies[0].matchLabelExpressions[0].values: expected at least one value, found none',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('defaults', () => {
  test('of a claim', () => {
    expect(object('PersistentVolumeClaim', storage('1024Mi')).spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeMode: 'Filesystem',
    })
  })
  test('the class of an annotation wins, an empty class stays', () => {
    const metadata = { name: 'data', annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' } }
    const given = { ...claim({ storageClassName: 'new' }), metadata }
    expect(object('PersistentVolumeClaim', given).spec.storageClassName).toBe('old')
    const old = { ...volume({ hostPath }), metadata }
    expect(object('PersistentVolume', old).spec.storageClassName).toBe('old')
    expect(object('PersistentVolumeClaim', claim({ storageClassName: '' })).spec.storageClassName).toBe('')
    expect(object('PersistentVolumeClaim', claim()).spec).not.toHaveProperty('storageClassName')
  })
  test('of a volume, which belongs to no namespace', () => {
    const { metadata, spec } = object('PersistentVolume', volume({ hostPath }))
    expect(metadata).toEqual({ name: 'disk' })
    expect(spec).toEqual({
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath,
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
    })
  })
  test('of a class', () => {
    expect(object('StorageClass', storageClass())).toEqual({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'fast' },
      provisioner: 'local',
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    })
  })
})

test.each([
  claim({ volumeName: 'disk', selector: { matchLabels: { app: 'web' } }, storageClassName: '' }),
  claim({
    accessModes: ['ReadWriteMany', 'ReadOnlyMany'],
    resources: { ...claimSpec.resources, limits: { storage: 5 } },
  }),
  volume({ local: hostPath, nodeAffinity: { required: terms } }),
  volume({
    nfs: { server: 'files', path: '/a' },
    mountOptions: ['nfsvers=4.1'],
    claimRef: { namespace: 'a', name: 'b' },
  }),
  storageClass({ parameters: { type: 'nfs', o: 'addr=files' }, allowVolumeExpansion: true, mountOptions: ['hard'] }),
  storageClass({ provisioner: 'kubernetes.io/aws-ebs', volumeBindingMode: 'WaitForFirstConsumer' }),
])('taken: %j', (manifest) => {
  expect(plain(manifest)).toEqual([])
})

test('what has no meaning is said', () => {
  const recycled = volume({ hostPath, persistentVolumeReclaimPolicy: 'Recycle', volumeAttributesClassName: 'a' })
  const slow = storageClass({ mountOptions: ['hard'], allowVolumeExpansion: true })
  const { problems, ignored } = check([recycled, slow].map(json).join('\n---\n'))
  expect(problems).toEqual([])
  expect(ignored.map(renderIgnored)).toEqual([
    'PersistentVolume disk: spec.persistentVolumeReclaimPolicy: data of static volumes is never deleted',
    'PersistentVolume disk: spec.volumeAttributesClassName: describes a Kubernetes cluster',
    'StorageClass fast: mountOptions: give them in the parameters',
    'StorageClass fast: allowVolumeExpansion: a larger claim keeps its volume, with a condition',
  ])
})
