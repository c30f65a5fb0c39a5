import { expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaimSpec, StorageClass } from '../../../src/manifests/types.ts'
import { defaultClass, provisionOf } from '../../../src/reconcile/plan/provision.ts'

function storageClass(name: string, provisioner: string, changes: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    ...changes,
  }
}

function provide(
  spec: Partial<PersistentVolumeClaimSpec>,
  classes: readonly StorageClass[] = [],
  bound?: PersistentVolume['spec'],
) {
  const wish = { app: 'demo', namespace: 'shop', name: 'data', spec: { volumeMode: 'Filesystem' as const, ...spec } }
  const volume =
    bound && ({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv1' }, spec: bound } as const)
  return provisionOf(wish, classes, volume, volume ? [volume] : [])
}

const request = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

test('without a class: a local Docker volume on the host of the first pod, which is never deleted by itself', () => {
  expect(provide(request)).toEqual({
    volume: {
      ...{
        app: 'demo',
        namespace: 'shop',
        subject: 'PersistentVolumeClaim/data',
        detail: '',
        driver: 'local',
        options: {},
      },
      facts: { class: 'local', reclaim: 'Retain', capacity: '1Gi', modes: 'ReadWriteOnce' },
    },
    ...{ hostPath: undefined, hosts: undefined, waits: true, problem: '', conditions: [] },
  })
})

test('the parameters of a class go to the driver, with the names of the claim filled in', () => {
  const parameters = { type: 'nfs', o: 'addr=10.0.0.5,rw', device: ':/exports/$(claim.namespace)/$(claim.name)' }
  const { volume, waits } = provide({ storageClassName: 'share' }, [
    storageClass('share', 'berth.dev/local', { parameters }),
  ])
  expect(volume).toMatchObject({ driver: 'local', options: { ...parameters, device: ':/exports/shop/data' } })
  expect(volume.facts).toMatchObject({ class: 'share', reclaim: 'Delete' })
  expect(waits).toBe(false)
})

test('a driver is named by the provisioner or by a parameter', () => {
  const driver = (storage: StorageClass) =>
    provide({ storageClassName: storage.metadata.name }, [storage]).volume.driver
  expect(driver(storageClass('a', 'berth.dev/rexray'))).toBe('rexray')
  expect(driver(storageClass('a', 'berth.dev/local', { parameters: { driver: 'sshfs' } }))).toBe('sshfs')
})

test.each([
  {
    title: 'a class that nobody describes',
    spec: { storageClassName: 'gp2' },
    classes: [],
    expected: 'class "gp2" is in no repository: a local Docker volume is used',
  },
  {
    title: 'a provisioner of a cloud',
    spec: { storageClassName: 'gp2' },
    classes: [storageClass('gp2', 'ebs.csi.aws.com', { parameters: { type: 'gp2' } })],
    expected: 'provisioner ebs.csi.aws.com does not exist here: a local Docker volume is used',
  },
])('$title is served by a local volume, with a condition', ({ spec, classes, expected }) => {
  const { conditions, volume, problem } = provide(spec, classes)
  expect([conditions, volume.driver, volume.options, problem]).toEqual([[expected], 'local', {}, ''])
})

test.each([
  {
    title: 'no class wanted and no volume fits',
    spec: { storageClassName: '' },
    classes: [],
    expected: 'no persistent volume fits, and the claim asks for no storage class',
  },
  {
    title: 'a class of static volumes',
    spec: { storageClassName: 'disks' },
    classes: [storageClass('disks', 'kubernetes.io/no-provisioner')],
    expected: 'no persistent volume of class "disks" fits',
  },
  {
    title: 'a volume by name',
    spec: { volumeName: 'pv7' },
    classes: [],
    expected: 'persistentvolume "pv7" not found or does not fit',
  },
])('$title: pending', ({ spec, classes, expected }) => {
  expect(provide(spec, classes).problem).toBe(expected)
})

const common = { persistentVolumeReclaimPolicy: 'Delete', volumeMode: 'Filesystem' } as const

test('a path of the host: the Docker volume only records the binding', () => {
  const { volume, hostPath, hosts } = provide(request, [], {
    ...common,
    local: { path: '/mnt/ssd' },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] }],
      },
    },
  })
  expect([volume.facts.pv, volume.facts.reclaim, hostPath, hosts]).toEqual(['pv1', 'Retain', '/mnt/ssd', ['b']])
})

test('an nfs share', () => {
  const { volume } = provide(request, [], {
    ...common,
    nfs: { server: '10.0.0.5', path: '/x' },
    mountOptions: ['vers=4'],
  })
  expect(volume.options).toEqual({ type: 'nfs', o: 'addr=10.0.0.5,vers=4', device: ':/x' })
})

test('a disk of a cloud', () => {
  expect(provide(request, [], { ...common, awsElasticBlockStore: { volumeID: 'v' } }).problem).toMatch(
    /of a type that Docker hosts do not have/,
  )
})

test('the default class is the one that says so', () => {
  const marked = { metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } }
  expect(defaultClass([storageClass('slow', 'x'), storageClass('fast', 'y', marked)]).metadata.name).toBe('fast')
  expect(defaultClass([storageClass('slow', 'x')]).metadata.name).toBe('local')
})
