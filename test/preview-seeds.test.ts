import { expect, test, vi } from 'vitest'
import { volumeName } from '../src/runtime/labels.ts'
import type { PreviewSettings } from '../src/settings.ts'
import { GitError } from '../src/sync/errors.ts'
import { ours } from './sim/fake-docker.ts'
import {
  breathe,
  clock,
  done,
  engine,
  forgetJournal,
  open,
  pass,
  repository,
  runtime,
  status,
} from './support/engine-fixture.ts'
import { FakePullRequests } from './support/fake-pull-requests.ts'
import { branchPreviews } from './support/preview-settings.ts'

const database = (seed = '', storage = '1Gi') => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers: [{ name: main, image: "app:1", volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: data${seed === '' ? '' : `, annotations: { berth.dev/preview-seed: ${seed} }`} }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: ${storage} } } }
`
const claim = (seed = '') => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: files${seed === '' ? '' : `, annotations: { berth.dev/preview-seed: ${seed} }`} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: "app:1", volumeMounts: [{ name: files, mountPath: /files }] }]
      volumes: [{ name: files, persistentVolumeClaim: { claimName: files } }]
`
const job = (name: string, image = 'done:1') => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "${image}" }] } }
`

const docker = () => runtime.engines.get('one')!
const nameOf = (namespace: string, name: string) =>
  volumeName(ours, { namespace, subject: `PersistentVolumeClaim/${name}`, detail: '' })
const dataOf = (namespace: string, name: string) => docker().volumes.get(nameOf(namespace, name))?.data
function write(namespace: string, name: string, data: string, bytes = data.length): void {
  const key = nameOf(namespace, name)
  docker().setVolume(key, { ...docker().volumes.get(key)!, data, bytes })
}
const pods = (namespace = 'shop-blue') =>
  runtime
    .pods()
    .filter((pod) => pod.namespace === namespace)
    .map(({ owner }) => owner)
const statusOf = (name: string) => engine.status().find((app) => app.name === name)
const messageOf = (kind: string) => statusOf('shop/blue')?.objects.find((object) => object.kind === kind)?.message
const left = () => [pods(), runtime.volumes().filter(({ namespace }) => namespace !== 'shop')]
const fills = () => done.filter((text) => text.startsWith('fill claim'))

async function start(more: Partial<PreviewSettings> = {}): Promise<void> {
  await open({ previews: { ...branchPreviews, ...more } }).start()
  await pass(15_000)
}

/** Lets time pass until a message reads so. */
async function untilSaid(kind: string, text: string): Promise<void> {
  for (let turn = 0; turn < 400 && !messageOf(kind)?.includes(text); turn++) await pass(250)
  expect(messageOf(kind)).toContain(text)
}

async function restart(): Promise<void> {
  await engine.close()
  runtime.restart()
  await start()
}

test('a claim begins with a copy of production’s, made once, before any pod has it', async () => {
  repository.push('Start', { 'db.yaml': database('data-db-0'), 'web.yaml': claim('PersistentVolumeClaim/files') })
  await start()
  write('shop', 'data-db-0', 'orders')
  write('shop', 'files', 'pictures')
  const before = runtime.pods().map(({ uid }) => uid)
  repository.pushTo('preview/blue', 'Try', {})
  await untilSaid('StatefulSet', '"data-db-0" is being filled from shop/data-db-0')
  expect(pods()).toEqual([])
  expect(messageOf('PersistentVolumeClaim')).toBe('Pending: is being filled from shop/files')
  await pass(20_000)
  expect(pods()).toEqual(['StatefulSet/db', 'Deployment/web'])
  expect(statusOf('shop/blue')).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect([dataOf('shop-blue', 'data-db-0'), dataOf('shop-blue', 'files')]).toEqual(['orders', 'pictures'])
  write('shop-blue', 'data-db-0', 'tests')
  write('shop', 'data-db-0', 'more orders')
  await restart()
  repository.pushTo('preview/blue', 'Try more', { 'db.yaml': database('data-db-0', '2Gi') })
  await pass(40_000)
  expect([dataOf('shop', 'data-db-0'), dataOf('shop-blue', 'data-db-0')]).toEqual(['more orders', 'tests'])
  expect(
    runtime
      .pods()
      .filter(({ namespace }) => namespace === 'shop')
      .map(({ uid }) => uid),
  ).toEqual(before)
  expect(fills()).toHaveLength(2)
  repository.drop('preview/blue')
  await pass(60_000)
  expect(left()).toEqual([[], []])
})

test('naming a seed changes nothing for production', async () => {
  repository.push('Start', { 'db.yaml': database(), 'web.yaml': claim() })
  await start()
  const before = runtime.pods().map(({ uid }) => uid)
  const steps = done.length
  const head = repository.push('Name seeds', { 'db.yaml': database('data-db-0'), 'web.yaml': claim('files') })
  await pass(40_000)
  expect(status()).toMatchObject({ commit: head, sync: 'Synced', health: 'Healthy', ignored: [] })
  expect([runtime.pods().map(({ uid }) => uid), done.slice(steps)]).toEqual([before, []])
})

test('before production was read no claim is made without what it begins with', async () => {
  const forge = new FakePullRequests(() => repository)
  const settings = { previews: { ...branchPreviews, provider: 'github' as const } }
  repository.push('Start', { 'db.yaml': database('data-db-0') })
  await open(settings, [], { pullRequests: () => forge }).start()
  await pass(15_000)
  write('shop', 'data-db-0', 'orders')
  await engine.close()
  forgetJournal()
  runtime.restart()
  forge.open(1, {})
  repository.fault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  await open(settings, [], { pullRequests: () => forge }).start()
  await pass(15_000)
  expect(status().previews).toMatchObject([{ is: 'queued', reason: 'application shop is not read yet' }])
  repository.fault = undefined
  await pass(90_000)
  expect([pods('shop-pr-1'), dataOf('shop-pr-1', 'data-db-0')]).toEqual([['StatefulSet/db'], 'orders'])
})

test('what a pull request writes of seeds of production does not count', async () => {
  repository.push('Start', { 'db.yaml': database(), 'web.yaml': claim('files') })
  await start()
  write('shop', 'data-db-0', 'orders')
  write('shop', 'files', 'pictures')
  repository.pushTo('preview/blue', 'Ask', { 'db.yaml': database('data-db-0'), 'web.yaml': claim('data-db-0') })
  await pass(40_000)
  expect([dataOf('shop-blue', 'data-db-0'), dataOf('shop-blue', 'files')]).toEqual([undefined, 'pictures'])
  const said = 'what a claim has of production is said by the target branch alone'
  expect(statusOf('shop/blue')?.ignored.toSorted()).toEqual([
    `PersistentVolumeClaim files: metadata.annotations.berth.dev/preview-seed: ${said}: it says PersistentVolumeClaim/files`,
    `StatefulSet db: spec.volumeClaimTemplates[0].metadata.annotations.berth.dev/preview-seed: ${said}: it is empty`,
  ])
})

test('a Job of the pull request may fill its claim, and everything waits for that', async () => {
  repository.push('Start', { 'db.yaml': database() })
  await start()
  repository.pushTo('preview/blue', 'Fill', { 'db.yaml': database('Job/fill'), 'fill.yaml': job('fill', 'never:1') })
  await pass(40_000)
  expect(pods()).toEqual(['Job/fill'])
  expect(messageOf('StatefulSet')).toBe('waits for Job shop-blue/fill, which is in an earlier wave')
  repository.pushTo('preview/blue', 'Fill sooner', { 'fill.yaml': job('fill') })
  await pass(40_000)
  expect(pods().sort()).toEqual(['Job/fill', 'StatefulSet/db'])
  repository.pushTo('preview/blue', 'Forget the Job', { 'db.yaml': database('Job/nobody') })
  await pass(20_000)
  expect(statusOf('shop/blue')).toMatchObject({
    sync: 'Refused',
    problems: [{ message: 'expected a Job of the preview, found no Job "nobody"' }],
  })
})

test('it waits, in words, for a seed that has no data yet', async () => {
  repository.push('Start', { 'web.yaml': claim('data-db-0') })
  await start()
  repository.pushTo('preview/blue', 'Try', {})
  await pass(30_000)
  expect(messageOf('Deployment')).toContain('"files" waits: shop/data-db-0, which it begins with, has no data yet')
  repository.push('Add it', { 'db.yaml': database() })
  await pass(40_000)
  expect(pods()).toEqual(['Deployment/web'])
})

test('more than the claim asks for is not copied, in words', async () => {
  repository.push('Start', { 'db.yaml': database(), 'web.yaml': claim('data-db-0') })
  await start()
  write('shop', 'data-db-0', 'orders', 2 ** 31)
  repository.pushTo('preview/blue', 'Try', {})
  await untilSaid('Deployment', 'could not be filled from shop/data-db-0: it has 2147483648 bytes')
  expect(statusOf('shop/blue')).toMatchObject({ health: 'Degraded' })
  write('shop', 'data-db-0', 'orders')
  await pass(200_000)
  expect([pods().sort(), dataOf('shop-blue', 'files')]).toEqual([['Deployment/web', 'StatefulSet/db'], 'orders'])
})

test.each([0, 1, 2, 3, 4, 6, 8, 12, 16])(
  'a restart %d moments after the push neither uses half of a copy nor makes it twice',
  async (moments) => {
    repository.push('Start', { 'db.yaml': database('data-db-0') })
    await start()
    write('shop', 'data-db-0', 'orders')
    repository.pushTo('preview/blue', 'Try', {})
    engine.syncNow()
    for (let moment = 0; moment < moments; moment++) await breathe().then(() => clock.advance(500))
    await restart()
    await pass(40_000)
    expect([pods(), dataOf('shop-blue', 'data-db-0')]).toEqual([['StatefulSet/db'], 'orders'])
    repository.drop('preview/blue')
    await pass(60_000)
    expect(left()).toEqual([[], []])
  },
)

test.each([1, 2, 3, 4, 6])('closed %d moments after the push, nothing is left of the copy', async (moments) => {
  repository.push('Start', { 'db.yaml': database('data-db-0') })
  await start()
  repository.pushTo('preview/blue', 'Try', {})
  engine.syncNow()
  for (let moment = 0; moment < moments; moment++) await breathe().then(() => clock.advance(500))
  repository.drop('preview/blue')
  engine.syncNow()
  await pass(60_000)
  expect([...left(), docker().filling.size]).toEqual([[], [], 0])
})

test('where the seed is taken away in the middle of a copy, the claim is made anew, and empty', async () => {
  repository.push('Start', { 'db.yaml': database('data-db-0') })
  await start()
  write('shop', 'data-db-0', 'orders', 2 ** 31)
  repository.pushTo('preview/blue', 'Try', {})
  await untilSaid('StatefulSet', 'could not be filled')
  repository.push('Without it', { 'db.yaml': database() })
  await pass(15_000)
  // Without a difference it would be taken for merged.
  const note = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: note }\n'
  repository.pushTo('preview/blue', 'Follow', { 'db.yaml': database(), 'note.yaml': note })
  await pass(40_000)
  expect([pods(), dataOf('shop-blue', 'data-db-0')]).toEqual([['StatefulSet/db'], undefined])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('those who may not write have nothing of production, nor does one who may not any more', async () => {
  const facts = runtime.hostFacts.bind(runtime)
  vi.spyOn(runtime, 'hostFacts').mockImplementation(() =>
    facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' } })),
  )
  const forge = new FakePullRequests(() => repository)
  repository.push('Start', { 'db.yaml': database('data-db-0') })
  const settings = { previews: { ...branchPreviews, provider: 'github' as const } }
  await open(settings, [], { pullRequests: () => forge }).start()
  await pass(15_000)
  write('shop', 'data-db-0', 'orders')
  forge.open(1, {}, { fork: true, authorMayWrite: false })
  forge.approve(1)
  forge.open(2, {})
  forge.approve(2)
  await pass(40_000)
  const datas = () => [1, 2].map((number) => dataOf(`shop-pr-${number}`, 'data-db-0'))
  const owners = () => [1, 2].map((number) => pods(`shop-pr-${number}`).join())
  expect([owners(), datas()]).toEqual([
    ['StatefulSet/db', 'StatefulSet/db'],
    [undefined, 'orders'],
  ])
  expect(statusOf('shop/pr-1')?.ignored.join()).toContain(
    'there is no data of production where the author may not write',
  )
  forge.change(2, { authorMayWrite: false })
  await pass(60_000)
  expect([owners(), datas()]).toEqual([
    ['StatefulSet/db', 'StatefulSet/db'],
    [undefined, undefined],
  ])
})
