import { expect, test } from 'vitest'
import { GitError } from '../src/sync/errors.ts'
import {
  clock,
  defaults,
  done,
  engine,
  forgetJournal,
  journal,
  open,
  pass,
  repositories,
  repository,
  runtime,
  status,
} from './support/engine-fixture.ts'
import { FakeRepository } from './support/fake-repository.ts'

function deployment(name: string, more: { image?: string; replicas?: number; env?: string } = {}): string {
  const { image = 'app:1', replicas = 1, env = '' } = more
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${image}"${env} }] }
`
}

const podNames = (): string[] => runtime.pods().map((pod) => `${pod.owner}${pod.leaving ? ' leaving' : ''}`)

test('a commit is followed to its end, and the journal tells it', async () => {
  const commit = repository.push('Add web', { 'web.yaml': deployment('web', { replicas: 2 }) })
  await open().start()
  await pass(15_000)
  expect(status()).toMatchObject({ commit, head: commit, sync: 'Synced', health: 'Healthy', stage: 'synced' })
  expect(podNames()).toEqual(['Deployment/web', 'Deployment/web'])
  expect(journal.history('shop')).toMatchObject([{ commit, result: 'synced', changes: expect.arrayContaining(done) }])
})

test('a refused commit changes nothing, is told once in the journal, and does not stop healing', async () => {
  const good = repository.push('Add web', { 'web.yaml': deployment('web') })
  await open().start()
  await pass(15_000)
  const bad = repository.push('Break', { 'web.yaml': 'kind: [', 'more.yaml': deployment('more') })
  await pass(40_000)
  expect(status()).toMatchObject({ commit: good, head: bad, sync: 'Refused', health: 'Healthy' })
  expect(podNames()).toEqual(['Deployment/web'])
  expect(journal.history('shop').map(({ result }) => result)).toEqual(['refused', 'synced'])

  const docker = runtime.engines.get('one')
  const main = [...(docker?.boxes.values() ?? [])].find((box) => box.name === 'main')
  if (!docker || !main) throw new Error('a container expected')
  docker.end(main, 1)
  await pass(10_000)
  expect(status()).toMatchObject({ sync: 'Refused', health: 'Healthy' })
  expect(done.at(-1)).toMatch(/web/)
})

test('a repository that cannot be reached is told, and what runs goes on', async () => {
  const commit = repository.push('Add web', { 'web.yaml': deployment('web') })
  await open().start()
  await pass(15_000)
  repository.fault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  await pass(30_000)
  expect(status()).toMatchObject({ commit, sync: 'Unknown', health: 'Healthy', message: 'connection refused' })
  expect(podNames()).toEqual(['Deployment/web'])
  repository.fault = undefined
  await pass(120_000)
  expect(status()).toMatchObject({ sync: 'Synced' })
})

test('a repository that is unreachable from the start leaves the last applied commit running and healed', async () => {
  const commit = repository.push('Add web', { 'web.yaml': deployment('web') })
  await open().start()
  await pass(15_000)
  await engine.close()
  runtime.restart()
  repository.fault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  const docker = runtime.engines.get('one')
  for (const box of [...(docker?.boxes.values() ?? [])]) docker?.end(box, 137)
  await open().start()
  await pass(30_000)
  expect(status()).toMatchObject({ commit, sync: 'Unknown', health: 'Healthy' })
})

test('too much at once is held; an approval in a later commit lets it go on, also when the engine ends half way', async () => {
  const names = ['a', 'b', 'c', 'd']
  repository.push('Add', Object.fromEntries(names.map((name) => [`${name}.yaml`, deployment(name)])))
  await open().start()
  await pass(20_000)
  repository.push('Remove three', { 'a.yaml': null, 'b.yaml': null, 'c.yaml': null })
  await pass(15_000)
  expect(status()).toMatchObject({ sync: 'Refused', health: 'Healthy' })
  expect(status().message).toContain('Berth-Allow-Prune')
  expect(podNames()).toHaveLength(4)

  repository.push('Yes\n\nBerth-Allow-Prune: yes', {})
  const after = repository.push('Something else', { 'README.md': 'words' })
  while (!podNames().some((name) => name.endsWith('leaving'))) await pass(250)
  await engine.close()
  runtime.restart()
  await open().start()
  await pass(30_000)
  expect(status()).toMatchObject({ commit: after, sync: 'Synced', health: 'Healthy' })
  expect(podNames()).toEqual(['Deployment/d'])
})

test('an approval of long ago does not count for an engine without memory', async () => {
  const names = ['a', 'b', 'c', 'd']
  repository.push(
    'Add\n\nBerth-Allow-Prune: yes',
    Object.fromEntries(names.map((name) => [`${name}.yaml`, deployment(name)])),
  )
  await open().start()
  await pass(20_000)
  await engine.close()
  forgetJournal()
  runtime.restart()
  repository.push('Remove three', { 'a.yaml': null, 'b.yaml': null, 'c.yaml': null })
  await open().start()
  await pass(20_000)
  expect(status().sync).toBe('Refused')
  expect(podNames()).toHaveLength(4)
})

test('the network of a namespace goes with its last object', async () => {
  repository.push('Add', {
    'a.yaml': deployment('a'),
    'other.yaml': deployment('b').replace('{ name: b }', '{ name: b, namespace: other }'),
  })
  await open({ pruneBudget: '100%' }).start()
  await pass(20_000)
  expect([...(runtime.engines.get('one')?.networks ?? [])].sort()).toEqual(['other', 'shop'])
  repository.push('Remove', { 'other.yaml': null })
  await pass(30_000)
  expect([...(runtime.engines.get('one')?.networks ?? [])]).toEqual(['shop'])
})

test('a change of a ConfigMap replaces its readers only', async () => {
  const config = (value: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: config }\ndata: { A: "${value}" }\n`
  const reader = ', envFrom: [{ configMapRef: { name: config } }]'
  repository.push('Add', {
    'config.yaml': config('1'),
    'web.yaml': deployment('web', { env: reader }),
    'other.yaml': deployment('other'),
  })
  await open().start()
  await pass(20_000)
  done.length = 0
  repository.push('Change', { 'config.yaml': config('2') })
  await pass(30_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(done.length).toBeGreaterThan(0)
  expect(done.filter((text) => text.includes('other'))).toEqual([])
})

test('looking touches nothing', async () => {
  const claim =
    'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec:\n  accessModes: [ReadWriteOnce]\n'
  const commit = repository.push('Add web', {
    'web.yaml': deployment('web'),
    'claim.yaml': `${claim}  resources: { requests: { storage: 1Gi } }\n`,
  })
  const looked = open()
  const look = looked.observe()
  await pass(3_000)
  await look
  const items = await looked.preview()
  expect(items.map(({ key, changes, note }) => [key, changes, note])).toEqual([
    ['shop/Deployment/web', ['new'], ''],
    ['shop/PersistentVolumeClaim/data', ['new'], 'WaitForFirstConsumer: made with its first pod'],
  ])
  expect(items[0]?.tasks.length).toBeGreaterThan(0)
  await pass(30_000)
  expect(runtime.pods()).toEqual([])
  expect(done).toEqual([])
  expect(status()).toMatchObject({ commit, sync: 'OutOfSync' })
})

test('diff tells what vanishes, and that the data of a claim is kept', async () => {
  const storage = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: now }
provisioner: berth.dev/local
reclaimPolicy: Retain
volumeBindingMode: Immediate
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { storageClassName: now, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`
  const settings = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n'
  repository.push('Add', { 'web.yaml': deployment('web'), 'storage.yaml': storage, 'settings.yaml': settings })
  await open().start()
  await pass(30_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  await engine.close()
  repository.push('Less\n\nBerth-Allow-Prune: yes', { 'storage.yaml': '', 'settings.yaml': '' })
  const looked = open()
  const look = looked.observe()
  await pass(3_000)
  await look
  const items = (await looked.preview()).filter(({ changes }) => changes.length > 0)
  expect(items.map(({ key, changes, note }) => `${key} ${changes.join()} ${note}`.trim())).toEqual([
    '/StorageClass/now removed',
    'shop/ConfigMap/settings removed',
    'shop/PersistentVolumeClaim/data removed kept: 1Gi on one; it is taken again when the claim comes back',
  ])
  expect(items.flatMap(({ tasks }) => tasks)).toEqual([])
  await looked.close()
  await open().start()
  await pass(30_000)
  expect(engine.outcome()).toBe('synced')
  expect(journal.history('shop').map(({ result }) => result)).toEqual(['synced', 'synced'])
})

test('with selfHeal off drift is told, not touched; a new commit is still applied', async () => {
  repository.push('Add web', { 'web.yaml': deployment('web') })
  await open({ selfHeal: false }).start()
  await pass(15_000)
  done.length = 0
  const docker = runtime.engines.get('one')
  const main = [...(docker?.boxes.values() ?? [])].find((box) => box.name === 'main')
  if (!docker || !main) throw new Error('a container expected')
  docker.pause(main, true)
  await pass(15_000)
  expect(done).toEqual([])
  expect(status()).toMatchObject({ sync: 'OutOfSync' })
  expect(status().message).toContain('selfHeal is off')
  const commit = repository.push('Two', { 'web.yaml': deployment('web', { image: 'app:2' }) })
  await pass(30_000)
  expect(status()).toMatchObject({ commit, sync: 'Synced', health: 'Healthy' })
})

test('with selfHeal off what crashed is started again, and what was removed is made again', async () => {
  repository.push('Add web', { 'web.yaml': deployment('web') })
  await open({ selfHeal: false }).start()
  await pass(15_000)
  const docker = runtime.engines.get('one')
  const boxes = () => [...(docker?.boxes.values() ?? [])]
  const main = boxes().find((box) => box.name === 'main')
  if (!docker || !main) throw new Error('a container expected')
  docker.end(main, 1)
  await pass(15_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  for (const box of boxes()) docker.remove(box)
  await pass(15_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(podNames()).toEqual(['Deployment/web'])
})

test('with selfHeal off the end of a pod is still written down', async () => {
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: once }\nspec: { restartPolicy: Never, containers: ['
  repository.push('Add once', { 'once.yaml': `${pod}{ name: main, image: "app:1" }] }\n` })
  await open({ selfHeal: false }).start()
  await pass(15_000)
  const docker = runtime.engines.get('one')
  const main = [...(docker?.boxes.values() ?? [])].find((box) => box.name === 'main')
  if (!docker || !main) throw new Error('a container expected')
  docker.end(main, 0)
  await pass(15_000)
  expect(runtime.volumes().map(({ subject }) => subject)).toEqual(['Pod/once'])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('with prune off what vanished stays and is told', async () => {
  repository.push('Add', { 'a.yaml': deployment('a'), 'b.yaml': deployment('b') })
  await open({ prune: false }).start()
  await pass(15_000)
  repository.push('Remove b', { 'b.yaml': null })
  await pass(15_000)
  expect(podNames()).toEqual(['Deployment/a', 'Deployment/b'])
  expect(status()).toMatchObject({ sync: 'OutOfSync' })
  expect(JSON.stringify(status().objects)).toContain('prune is off')
  expect(engine.outcome()).toBe('synced')
  expect(journal.history('shop').map(({ result }) => result)).toEqual(['synced', 'synced'])
})

test('a wave begins when the one before it is healthy, and not at all while that is broken', async () => {
  const wave = (name: string, number: number, image: string): string =>
    deployment(name, { image }).replace(
      `{ name: ${name} }`,
      `{ name: ${name}, annotations: { berth.dev/wave: "${number}" } }`,
    )
  repository.push('Add', { 'db.yaml': wave('db', -1, 'never:1'), 'web.yaml': wave('web', 2, 'app:1') })
  await open().start()
  await pass(20_000)
  expect(podNames()).toEqual(['Deployment/db'])
  expect(status().objects.find(({ name }) => name === 'web')?.message).toBe(
    'waits for Deployment shop/db, which is in an earlier wave',
  )
  const fixed = repository.push('Mend', { 'db.yaml': wave('db', -1, 'app:1') })
  await pass(40_000)
  expect(status()).toMatchObject({ commit: fixed, sync: 'Synced', health: 'Healthy' })
  expect(done.findIndex((text) => text.includes('create pod web'))).toBeGreaterThan(
    done.findIndex((text) => text.includes('remove pod db')),
  )
})

test('the report follows a long look step by step', async () => {
  repository.push('Add', { 'web.yaml': deployment('web', { replicas: 6 }) })
  const create = runtime.createSandbox.bind(runtime)
  runtime.createSandbox = (pod, sandbox) =>
    new Promise((made, failed) => clock.after(1_000, () => create(pod, sandbox).then(made, failed)))
  await open().start()
  const seen = new Set<string>()
  for (let passed = 0; passed < 40_000; passed += 250) {
    await pass(250)
    const [web] = status().objects
    if (web) seen.add(web.ready)
  }
  expect([...seen]).toEqual(['0/6', '4/6', '6/6'])
})

test('an object moves to another application, whichever of the two is read first', async () => {
  const other = new FakeRepository()
  repositories.set('blog', other)
  repository.push('Add', { 'web.yaml': deployment('web'), 'more.yaml': deployment('more') })
  other.push('Add', { 'page.yaml': deployment('page') })
  await open({ pruneBudget: '100%' }, [{ ...defaults, name: 'blog' }]).start()
  await pass(15_000)
  const commit = other.push('Take more', { 'more.yaml': deployment('more') })
  await pass(40_000)
  expect(engine.status().map(({ sync }) => sync)).toEqual(['Synced', 'Refused'])
  expect(journal.history('blog').map(({ result }) => result)).toEqual(['refused', 'synced'])
  repository.push('Give more away', { 'more.yaml': null })
  await pass(40_000)
  expect(engine.status().map(({ sync }) => sync)).toEqual(['Synced', 'Synced'])
  expect(engine.status()[1]).toMatchObject({ commit, health: 'Healthy' })
  expect(engine.outcome()).toBe('synced')
  expect(podNames().sort()).toEqual(['Deployment/more', 'Deployment/page', 'Deployment/web'])
})

test('a look that was asked for is told until it has ended, so that nobody takes the old report for the new one', async () => {
  repository.push('Add web', { 'web.yaml': deployment('web') })
  await open().start()
  await pass(15_000)
  const commit = repository.push('Two', { 'web.yaml': deployment('web', { replicas: 2 }) })
  engine.syncNow()
  expect(status()).toMatchObject({ stage: 'fetching' })
  await pass(5_000)
  expect(status()).toMatchObject({ commit, sync: 'Synced', stage: 'synced' })
})
