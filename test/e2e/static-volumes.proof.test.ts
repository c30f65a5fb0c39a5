// A StatefulSet whose pods keep their data in directories that somebody made for them, on a real engine.
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
let disks: string
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('static')
  disks = `/tmp/berth-static-${randomUUID()}`
})
afterEach(async () => {
  await berth.close()
  // Where the engine is on another machine they are not here, and stay there.
  await rm(disks, { recursive: true, force: true })
})

const disk = (name: string) => `apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name} }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: manual
  hostPath: { path: ${disks}/${name} }
---
`

const database = (replicas: number) => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: ${replicas}
  serviceName: db
  podManagementPolicy: Parallel
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${testImages.one}
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: manual
        resources: { requests: { storage: 1Gi } }
`

async function mountsOf(): Promise<string[]> {
  const found = await berth.containers({ 'berth.dev/container': 'main' })
  return found.map(({ Labels, Mounts }) => `${Labels['berth.dev/pod']} ${Mounts[0]?.Source}`).sort()
}

test('each pod has a directory of its own, finds it again, and waits when none is left', async () => {
  berth.start()
  const files = (replicas: number, ...names: string[]) => ({
    'app/disks.yaml': names.map(disk).join(''),
    'app/db.yaml': database(replicas),
  })
  await berth.synced(berth.repository.commit('Add db', files(2, 'one', 'two')))
  const own = [`db-0 ${disks}/one`, `db-1 ${disks}/two`]
  expect(await mountsOf()).toEqual(own)
  await berth.exec('db-1', 'main', 'sh', '-c', 'echo kept > /data/file')

  await berth.synced(berth.repository.commit('Shrink db', files(1, 'one', 'two')))
  expect(await berth.pods()).toEqual(['db-0'])

  berth.repository.commit('Grow db beyond its disks', files(3, 'one', 'two'))
  await berth.until('db-1 is back and db-2 waits', async () => {
    const set = (await berth.status()).objects.find(({ kind }) => kind === 'StatefulSet')
    return set?.ready === '2/3' && set.message.includes('"data-db-2"')
  })
  expect(await mountsOf()).toEqual(own)
  expect((await berth.exec('db-1', 'main', 'cat', '/data/file')).output).toBe('kept\n')

  await berth.synced(berth.repository.commit('Add a disk', files(3, 'a-new-one', 'one', 'two')))
  expect(await mountsOf()).toEqual([...own, `db-2 ${disks}/a-new-one`])
})
