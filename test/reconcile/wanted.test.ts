import { expect, test } from 'vitest'
import type { Key } from '../../src/base/key.ts'
import type { Desired, Template } from '../../src/reconcile/plan/desired.ts'
import { Wanted } from '../../src/reconcile/wanted.ts'
import { check, deployment, statefulSet } from '../manifests/manifest.ts'

const web: Key = 'shop/Deployment/web'

/** Takes in all documents as one commit; those of the commit before are replaced. */
function accept(wanted: Wanted, commit: string, ...documents: object[]): Key[] {
  const { objects } = check(documents.map((document) => JSON.stringify(document)).join('\n---\n'))
  const before = [...wanted.keys('demo')]
  const removed = before.filter((key) => !objects.has(key))
  return wanted.accept('demo', commit, objects, [...objects.keys()], removed, 1)
}

function templateOf(desired: Desired | undefined): Template {
  if (!desired || !('template' in desired)) throw new Error('no workload is wanted')
  return desired.template
}

const configMap = (level: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { level },
})
const limitRange = (...limits: object[]) => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'range' },
  spec: { limits },
})
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
}
const volumes = (source: object) => ({ volumes: [{ name: 'v', ...source }] })

test('what reads an object is looked at again when that changes', () => {
  const wanted = new Wanted()
  const reader = deployment({}, volumes({ configMap: { name: 'settings' } }))
  accept(wanted, 'a', reader, configMap('1'))
  const before = templateOf(wanted.desired(web))
  const { objects } = check(JSON.stringify(configMap('2')))
  const touched = wanted.accept('demo', 'b', objects, ['shop/ConfigMap/settings'], [], 2)
  expect(touched).toContain(web)
  const after = templateOf(wanted.desired(web))
  expect(after.hash).toBe(before.hash)
  expect(after.volumes[0]?.contents?.files.map(({ data }) => data)).toEqual(['2'])
})

test('the annotation of a workload says what a changed ConfigMap does', () => {
  const hashes = ['1', '2'].map((level) => {
    const wanted = new Wanted()
    const reader = deployment({}, volumes({ configMap: { name: 'settings' } }))
    const metadata = { ...reader.metadata, annotations: { 'berth.dev/on-config-change': 'roll' } }
    accept(wanted, 'a', { ...reader, metadata }, configMap(level))
    return templateOf(wanted.desired(web)).hash
  })
  expect(new Set(hashes).size).toBe(2)
})

test('pods and claims are held against the ranges of their namespace', () => {
  const wanted = new Wanted()
  const set = statefulSet({
    serviceName: 'web',
    volumeClaimTemplates: [{ metadata: { name: 'own' }, spec: claim.spec }],
  })
  const reader = deployment({}, volumes({ persistentVolumeClaim: { claimName: 'data' } }))
  accept(wanted, 'a', reader, set, claim)
  expect(templateOf(wanted.desired(web)).volumes[0]?.claim?.provision?.forbidden).toBeUndefined()

  const range = limitRange(
    { type: 'Container', default: { memory: '64Mi' } },
    { type: 'Pod', max: { memory: '32Mi' } },
    { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
  )
  const { objects } = check(JSON.stringify(range))
  const touched = wanted.accept('demo', 'b', objects, ['shop/LimitRange/range'], [], 2)
  expect(touched).toEqual(expect.arrayContaining([web, 'shop/StatefulSet/web', 'shop/PersistentVolumeClaim/data']))

  const tooLarge = 'maximum storage usage per PersistentVolumeClaim is 1Gi, but limit is 2Gi'
  const template = templateOf(wanted.desired(web))
  expect(template.forbidden).toBe('maximum memory usage per Pod is 32Mi, but limit is 64Mi')
  expect(template.volumes[0]?.claim?.provision?.forbidden).toBe(tooLarge)
  expect(templateOf(wanted.desired('shop/StatefulSet/web')).volumes[0]?.claim?.provision?.forbidden).toBe(tooLarge)
  expect(wanted.desired('shop/PersistentVolumeClaim/data')).toMatchObject({ provision: { forbidden: tooLarge } })
})

test('the objects of a namespace are the same list until one of them is another', () => {
  const wanted = new Wanted()
  accept(wanted, 'c1', configMap('info'))
  const before = wanted.objectsIn('shop')
  expect(wanted.objectsIn('shop')).toBe(before)
  accept(wanted, 'c2', configMap('debug'))
  expect(wanted.objectsIn('shop')).toEqual([expect.objectContaining({ data: { level: 'debug' } })])
  accept(wanted, 'c3', configMap('debug'), claim)
  expect(wanted.objectsIn('shop').map(({ kind }) => kind)).toEqual(['ConfigMap', 'PersistentVolumeClaim'])
  accept(wanted, 'c4', claim)
  expect(wanted.objectsIn('shop').map(({ kind }) => kind)).toEqual(['PersistentVolumeClaim'])
  wanted.drop('demo', 2)
  expect(wanted.objectsIn('shop')).toEqual([])
})
