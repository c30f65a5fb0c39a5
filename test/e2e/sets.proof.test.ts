import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('sets')
})
afterEach(() => berth.close())

const podSpec = (image: string, mounts = '') => `
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${image}
          readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 1 }
${mounts}`

interface DatabaseOptions {
  readonly replicas?: number
  readonly image?: string
  readonly partition?: number
  readonly whenScaled?: string
}

const database = ({ replicas = 3, image = testImages.two, partition = 0, whenScaled = 'Retain' }: DatabaseOptions) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: ${replicas}
  serviceName: db
  persistentVolumeClaimRetentionPolicy: { whenDeleted: Retain, whenScaled: ${whenScaled} }
  updateStrategy: { rollingUpdate: { partition: ${partition} } }
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:${podSpec(image, '          volumeMounts: [{ name: data, mountPath: /data }]')}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

const agent = (name: string, disk: string, image: string) => `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      nodeSelector: { kubernetes.io/os: linux, disk: ${disk} }${podSpec(image)}
---`

const controller = `
apiVersion: v1
kind: ReplicationController
metadata: { name: old }
spec:
  replicas: 2
  template:
    metadata: { labels: { app: old } }
    spec:${podSpec(testImages.one)}
`

async function objectOf(name: string) {
  return (await berth.status()).objects.find((object) => object.name === name)
}

async function imagesOf(owner: string): Promise<string[]> {
  const found = await berth.containers({ 'berth.dev/container': 'main', 'berth.dev/owner': owner })
  return found.map(({ Labels, Image }) => `${Labels['berth.dev/pod']} ${Image}`).sort()
}

const told = (step: string): string[] =>
  [...berth.log.matchAll(new RegExp(`${step} pod (db-\\d)`, 'g'))].map(([, pod = '']) => pod)

test('a StatefulSet goes in order, keeps names and data through updates, kills and scaling, and heals', async () => {
  const push = (message: string, options: DatabaseOptions): string =>
    berth.repository.commit(message, { 'app/db.yaml': database(options) })
  const [one, two] = [testImages.one, testImages.two]
  berth.start()
  await berth.synced(push('Add db', { image: one }))
  expect(told('create')).toEqual(['db-0', 'db-1', 'db-2'])
  expect((await berth.exec('db-2', 'main', 'hostname')).output).toBe('db-2\n')
  await berth.exec('db-2', 'main', 'sh', '-c', 'echo kept > /data/file')

  await berth.synced(push('Try the last one', { image: two, partition: 2 }))
  expect(await imagesOf('StatefulSet/db')).toEqual([`db-0 ${one}`, `db-1 ${one}`, `db-2 ${two}`])
  expect(await objectOf('db')).toMatchObject({ ready: '3/3', message: '2 of an older revision, below the partition' })

  const all = push('Update all', { image: two })
  await berth.until('db-1 has ended', async () => (await imagesOf('StatefulSet/db'))[1] !== `db-1 ${one}`)
  await berth.stop('SIGKILL')
  berth.start()
  await berth.synced(all)
  expect(await imagesOf('StatefulSet/db')).toEqual([0, 1, 2].map((ordinal) => `db-${ordinal} ${two}`))
  expect((await berth.exec('db-2', 'main', 'cat', '/data/file')).output).toBe('kept\n')

  berth.repository.commit('Break db', { 'app/db.yaml': database({ image: one }).replace('/ready', '/nowhere') })
  await berth.until('db-2 is broken', async () => (await imagesOf('StatefulSet/db'))[2] === `db-2 ${one}`)
  await berth.synced(push('Take it back', { image: two }))
  expect(await imagesOf('StatefulSet/db')).toEqual([0, 1, 2].map((ordinal) => `db-${ordinal} ${two}`))

  await berth.synced(push('Shrink', { replicas: 1 }))
  expect(await berth.pods()).toEqual(['db-0'])
  expect(await berth.volumes()).toHaveLength(3)
  await berth.synced(push('Grow', { whenScaled: 'Delete' }))
  expect((await berth.exec('db-2', 'main', 'cat', '/data/file')).output).toBe('kept\n')
  await berth.synced(push('Shrink for good', { replicas: 1, whenScaled: 'Delete' }))
  await berth.until('their data is gone', async () => {
    return (await berth.volumes()).map(({ Name }) => Name.split('_').at(-1)).join() === 'data-db-0'
  })
})

test('a DaemonSet has a pod where its labels lead, and updates it; a ReplicationController keeps its number', async () => {
  berth.configure({ disk: 'ssd' })
  berth.start()
  const sets = (image: string): string => agent('agent', 'ssd', image) + agent('none', 'tape', image) + controller
  const first = berth.repository.commit('Add agents', { 'app/sets.yaml': sets(testImages.one) })
  await berth.synced(first)
  expect(await objectOf('agent')).toMatchObject({ ready: '1/1', health: 'Healthy' })
  expect(await objectOf('none')).toMatchObject({ ready: '0/0', message: 'no host is for it' })
  expect(await objectOf('old')).toMatchObject({ kind: 'ReplicationController', ready: '2/2' })
  await berth.synced(berth.repository.commit('Update agents', { 'app/sets.yaml': sets(testImages.two) }))
  expect((await imagesOf('DaemonSet/agent')).map((text) => text.split(' ')[1])).toEqual([testImages.two])
  expect(await berth.pods()).toHaveLength(3)
})
