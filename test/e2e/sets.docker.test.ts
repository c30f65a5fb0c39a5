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

const database = (replicas: number, image: string) => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: ${replicas}
  serviceName: db
  persistentVolumeClaimRetentionPolicy: { whenDeleted: Retain, whenScaled: Delete }
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:${podSpec(image, '          volumeMounts: [{ name: data, mountPath: /data }]')}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

const agent = (image: string) => `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec:
      nodeSelector: { kubernetes.io/os: linux }${podSpec(image)}
`

async function objectOf(kind: string) {
  return (await berth.status()).objects.find((object) => object.kind === kind)
}

async function imagesOf(owner: string): Promise<string[]> {
  const found = await berth.containers({ 'berth.dev/container': 'main', 'berth.dev/owner': owner })
  return found.map(({ Labels, Image }) => `${Labels['berth.dev/pod']} ${Image}`).sort()
}

test('a StatefulSet keeps names and data over an update; data of ordinals scaled away goes', async () => {
  berth.start()
  await berth.synced(berth.repository.commit('Add db', { 'app/db.yaml': database(2, testImages.one) }))
  expect(await berth.pods()).toEqual(['db-0', 'db-1'])
  expect((await berth.exec('db-0', 'main', 'hostname')).output.trim()).toBe('db-0')
  await berth.exec('db-0', 'main', 'sh', '-c', 'echo kept > /data/file')

  await berth.synced(berth.repository.commit('Update db', { 'app/db.yaml': database(2, testImages.two) }))
  expect(await imagesOf('StatefulSet/db')).toEqual([`db-0 ${testImages.two}`, `db-1 ${testImages.two}`])
  expect((await berth.exec('db-0', 'main', 'cat', '/data/file')).output).toBe('kept\n')
  expect(await berth.volumes()).toHaveLength(2)

  await berth.synced(berth.repository.commit('Shrink db', { 'app/db.yaml': database(1, testImages.two) }))
  expect(await berth.pods()).toEqual(['db-0'])
  expect((await berth.exec('db-0', 'main', 'cat', '/data/file')).output).toBe('kept\n')
  expect((await berth.volumes()).map(({ Name }) => Name.split('_').at(-1))).toEqual(['data-db-0'])
})

test('a broken update of a StatefulSet heals when it is taken back', async () => {
  berth.start()
  await berth.synced(berth.repository.commit('Add db', { 'app/db.yaml': database(2, testImages.one) }))
  const broken = database(2, testImages.two).replace('/ready', '/nowhere')
  berth.repository.commit('Break db', { 'app/db.yaml': broken })
  await berth.until('db-1 is updated', async () => (await imagesOf('StatefulSet/db'))[1] === `db-1 ${testImages.two}`)
  await berth.synced(berth.repository.commit('Take it back', { 'app/db.yaml': database(2, testImages.one) }))
  expect(await imagesOf('StatefulSet/db')).toEqual([`db-0 ${testImages.one}`, `db-1 ${testImages.one}`])
})

test('a DaemonSet has one pod on the host, and updates it', async () => {
  berth.start()
  await berth.synced(berth.repository.commit('Add agent', { 'app/agent.yaml': agent(testImages.one) }))
  expect(await objectOf('DaemonSet')).toMatchObject({ ready: '1/1', health: 'Healthy' })
  await berth.synced(berth.repository.commit('Update agent', { 'app/agent.yaml': agent(testImages.two) }))
  expect(await berth.pods()).toHaveLength(1)
  expect((await imagesOf('DaemonSet/agent'))[0]).toContain(testImages.two)
})
