import { expect, test } from 'vitest'
import type { PreviewSettings } from '../src/settings.ts'
import { GitError } from '../src/sync/errors.ts'
import {
  breathe,
  clock,
  defaults,
  engine,
  forgetJournal,
  open,
  pass,
  repository,
  runtime,
  status,
} from './support/engine-fixture.ts'

const previews: PreviewSettings = {
  ...{ provider: 'branches', branches: 'preview/*', images: undefined, targetBranch: undefined },
  ...{ labels: [], drafts: false, max: 20, maxAwake: 20, ttlMs: 72 * 3_600_000, sleepAfterMs: 8 * 3_600_000 },
  ...{ keepLabel: 'keep', sleepLabel: 'sleep', approveLabel: 'ok', hostTemplate: '{{id}}.{{host}}', host: undefined },
  ...{ podSecurity: 'baseline', quota: { pods: '20' }, intervalMs: 10_000 },
  ...{ comments: true, statuses: true, hookTimeoutMs: 300_000 },
}

const deployment = (name: string, image = 'app:1', replicas = 1) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const database = `apiVersion: apps/v1
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
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

/** Pods by namespace: `shop Deployment/web`. */
const pods = (): string[] =>
  runtime.pods().map((pod) => `${pod.namespace} ${pod.owner}${pod.leaving ? ' leaving' : ''}`)
const volumes = (): string[] => runtime.volumes().map(({ namespace, subject }) => `${namespace} ${subject}`)
const networks = (): string[] => [...(runtime.hostFacts()[0]?.networks ?? [])].sort()
const statusOf = (name: string) => engine.status().find((app) => app.name === name)
const rows = (): string[] => (status().previews ?? []).map(({ id, is, reason }) => `${id} ${is} ${reason}`.trim())

async function start(more: Partial<PreviewSettings> = {}): Promise<void> {
  await open({ previews: { ...previews, ...more } }).start()
  await pass(15_000)
}

test('a branch is a preview beside production, follows pushes, and leaves nothing when it is deleted', async () => {
  repository.push('Start', { 'web.yaml': deployment('web'), 'db.yaml': database })
  await start()
  expect(pods()).toEqual(['shop StatefulSet/db', 'shop Deployment/web'])
  const head = repository.pushTo('preview/blue', 'Try blue', { 'web.yaml': deployment('web', 'app:2', 2) })
  await pass(25_000)
  const inside = ['shop-blue StatefulSet/db', 'shop-blue Deployment/web', 'shop-blue Deployment/web']
  expect(pods().filter((pod) => pod.startsWith('shop-blue '))).toEqual(inside)
  expect(statusOf('shop/blue')).toMatchObject({
    ...{ commit: head, sync: 'Synced', health: 'Healthy', revision: 'preview/blue' },
    preview: { of: 'shop', id: 'blue', is: 'awake', reason: '' },
  })
  expect(status().previews).toMatchObject([
    { id: 'blue', is: 'awake', namespace: 'shop-blue', branch: 'preview/blue', head, title: 'Try blue' },
  ])
  const later = repository.pushTo('preview/blue', 'Try less', { 'web.yaml': deployment('web', 'app:2', 1) })
  await pass(25_000)
  expect(statusOf('shop/blue')).toMatchObject({ commit: later, sync: 'Synced', health: 'Healthy' })
  expect(pods().filter((pod) => pod.startsWith('shop-blue '))).toHaveLength(2)
  expect(volumes()).toContain('shop-blue PersistentVolumeClaim/data-db-0')
  repository.drop('preview/blue')
  await pass(60_000)
  expect(pods()).toEqual(['shop StatefulSet/db', 'shop Deployment/web'])
  expect(volumes()).toEqual(['shop PersistentVolumeClaim/data-db-0'])
  expect(networks()).toEqual(['shop'])
  expect(engine.status().map(({ name }) => name)).toEqual(['shop'])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', previews: [] })
})

test('a force-push is followed, also to fewer objects and claims', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/blue', 'Add a database', { 'db.yaml': database, 'more.yaml': deployment('more') })
  await pass(25_000)
  expect(pods()).toContain('shop-blue StatefulSet/db')
  const head = repository.pushTo('preview/blue', 'Begin anew', { 'new.yaml': deployment('new') }, { force: true })
  await pass(60_000)
  expect(statusOf('shop/blue')).toMatchObject({ commit: head, sync: 'Synced', health: 'Healthy' })
  expect(pods().filter((pod) => pod.startsWith('shop-blue'))).toEqual([
    'shop-blue Deployment/new',
    'shop-blue Deployment/web',
  ])
  expect(volumes()).toEqual([])
})

test('what is wrong with a preview is told by it alone', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/invalid', 'Break', { 'web.yaml': 'kind: [' })
  repository.pushTo('preview/missing', 'Misspell', { 'web.yaml': deployment('web', 'none:1') })
  repository.pushTo('preview/crashes', 'Crash', { 'web.yaml': deployment('web', 'done:1') })
  repository.pushTo('preview/escapes', 'Take the host', {
    'web.yaml': deployment('web').replace('spec: { containers', 'spec: { hostNetwork: true, containers'),
  })
  repository.pushTo('preview/leaves', 'Leave', {
    'secret.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: stolen, namespace: kube-system }\n',
  })
  await pass(120_000)
  expect(statusOf('shop/invalid')).toMatchObject({ sync: 'Refused', health: 'Missing' })
  expect(statusOf('shop/missing')?.message).toMatch(/ErrImagePull|ImagePullBackOff/)
  expect(statusOf('shop/crashes')?.message).toMatch(/CrashLoopBackOff/)
  const problemsOf = (name: string) =>
    statusOf(name)
      ?.problems.map(({ message }) => message)
      .join()
  expect(problemsOf('shop/escapes')).toMatch(/podSecurity is baseline/)
  expect(problemsOf('shop/leaves')).toBe('expected a namespace of the application (shop), found "kube-system"')
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(pods().filter((pod) => pod.startsWith('shop '))).toEqual(['shop Deployment/web'])
  for (const name of ['invalid', 'missing', 'crashes', 'escapes', 'leaves']) repository.drop(`preview/${name}`)
  await pass(90_000)
  expect([pods(), networks()]).toEqual([['shop Deployment/web'], ['shop']])
})

test.each(['pushed', 'pulling', 'created', 'running', 'leaving'])(
  'closed while it is %s, it goes whole',
  async (when) => {
    const steps = ['pushed', 'pulling', 'created', 'running', 'leaving']
    repository.push('Start', { 'web.yaml': deployment('web') })
    await start()
    repository.pushTo('preview/blue', 'Try', { 'db.yaml': database, 'web.yaml': deployment('web', 'never:1') })
    engine.syncNow()
    for (let turn = 0; turn < steps.indexOf(when) * 8; turn++) await breathe().then(() => clock.advance(50))
    repository.drop('preview/blue')
    engine.syncNow()
    await pass(90_000)
    expect([pods(), volumes(), networks()]).toEqual([['shop Deployment/web'], [], ['shop']])
  },
)

test('closed and opened again at once, it is made anew when the old one is gone', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  const first = repository.pushTo('preview/blue', 'Try', { 'db.yaml': database })
  await pass(25_000)
  repository.drop('preview/blue')
  engine.syncNow()
  await pass(500)
  const head = repository.pushTo('preview/blue', 'Try again', { 'db.yaml': database })
  expect(head).not.toBe(first)
  engine.syncNow()
  await pass(60_000)
  expect(rows()).toEqual(['blue awake'])
  expect(statusOf('shop/blue')).toMatchObject({ commit: head, sync: 'Synced', health: 'Healthy' })
})

test('while pull requests are not known, all stays; a list without them removes', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/blue', 'Try', {})
  await pass(25_000)
  repository.branchesFault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  repository.drop('preview/blue')
  await pass(120_000)
  expect(pods()).toContain('shop-blue Deployment/web')
  expect(status().warnings).toEqual(['pull requests are not known, previews stay as they are: connection refused'])
  repository.branchesFault = undefined
  await pass(400_000)
  expect(pods()).toEqual(['shop Deployment/web'])
})

test.each([
  { title: 'with its journal', forgets: false },
  { title: 'without its journal', forgets: true },
])('a restart $title changes nothing for who is open, and removes who is not', async ({ forgets }) => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/stays', 'Stay', { 'db.yaml': database })
  repository.pushTo('preview/goes', 'Go', { 'db.yaml': database })
  await pass(40_000)
  const before = pods()
  expect(before).toContain('shop-goes StatefulSet/db')
  await engine.close()
  repository.drop('preview/goes')
  if (forgets) forgetJournal()
  runtime.restart()
  await start()
  await pass(90_000)
  expect(pods()).toEqual(before.filter((pod) => !pod.startsWith('shop-goes')))
  expect(volumes()).toEqual(['shop-stays PersistentVolumeClaim/data-db-0'])
  expect(networks()).toEqual(['shop', 'shop-stays'])
  expect(statusOf('shop/stays')).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test.each([0, 1, 2, 4, 8, 16, 32])('a restart %d moments after it was closed ends what was begun', async (moments) => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/blue', 'Try', { 'db.yaml': database })
  await pass(40_000)
  repository.drop('preview/blue')
  engine.syncNow()
  for (let moment = 0; moment < moments; moment++) await breathe().then(() => clock.advance(250))
  await engine.close()
  runtime.restart()
  await start()
  await pass(60_000)
  expect([pods(), volumes(), networks()]).toEqual([['shop Deployment/web'], [], ['shop']])
})

test('names of branches with capitals, slashes, emoji and 200 letters are names of previews of their own', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  const branches = ['Foo', 'foo', 'a/b', 'a-b', '🚀', 'x'.repeat(200)]
  for (const branch of branches) repository.pushTo(`preview/${branch}`, branch, {})
  await pass(40_000)
  const names = networks().filter((name) => name !== 'shop')
  expect(names).toHaveLength(branches.length)
  for (const name of names) expect(name).toMatch(/^shop-[a-z0-9]([a-z0-9-]{0,55}[a-z0-9])?$/)
  for (const branch of branches) repository.drop(`preview/${branch}`)
  await pass(90_000)
  expect([pods(), networks()]).toEqual([['shop Deployment/web'], ['shop']])
})

test('a branch that is merged has no preview any more', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/blue', 'Try', { 'web.yaml': deployment('web', 'app:2') })
  await pass(25_000)
  const head = repository.fastForward('preview/blue')
  await pass(90_000)
  expect(status()).toMatchObject({ commit: head, sync: 'Synced', health: 'Healthy', previews: [] })
  expect(networks()).toEqual(['shop'])
})

test.each([500, 1_500, 2_500])('two that go %d ms after each other both go whole', async (ms) => {
  const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`
  const user = deployment('user').replace(
    '"app:1" }]',
    '"app:1", volumeMounts: [{ name: d, mountPath: /d }] }], volumes: [{ name: d, persistentVolumeClaim: { claimName: data } }]',
  )
  repository.push('Start', { 'web.yaml': deployment('web'), 'data.yaml': claim, 'user.yaml': user })
  await start()
  repository.pushTo('preview/blue', 'Try', {})
  repository.pushTo('preview/green', 'Try more', {})
  await pass(25_000)
  expect(volumes()).toHaveLength(3)
  repository.drop('preview/blue')
  engine.syncNow()
  await pass(ms)
  repository.drop('preview/green')
  engine.syncNow()
  await pass(60_000)
  expect(volumes()).toEqual(['shop PersistentVolumeClaim/data'])
  expect(networks()).toEqual(['shop'])
})

test('what a merge would do is worked out beside production, and told again when the target has moved', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  const head = repository.pushTo('preview/blue', 'Try', {
    'web.yaml': deployment('web', 'app:2'),
    'new.yaml': deployment('new'),
  })
  await pass(40_000)
  const merge = () => status().previews?.[0]?.merge
  const before = pods().filter((pod) => pod.startsWith('shop '))
  expect(merge()).toMatchObject({ stale: false, refused: false })
  expect(merge()?.actions.join('\n')).toMatch(/shop\/Deployment\/new: create pod new-/)
  expect(merge()?.actions.join('\n')).toMatch(/shop\/Deployment\/web: create pod web-/)
  expect(before).toEqual(['shop Deployment/web'])
  expect(engine.previews.comment('shop', 'blue')).toMatch(/What the merge would change in production[\s\S]*new-/)
  const moved = repository.push('Move on', { 'other.yaml': deployment('other') })
  await pass(60_000)
  expect(merge()).toMatchObject({ stale: false, base: moved })
  expect(merge()?.actions.join('\n')).toMatch(/shop\/Deployment\/new: create pod new-/)
  expect(merge()?.actions.join('\n')).not.toContain('other')
  const later = repository.pushTo('preview/blue', 'Rebase', { 'web.yaml': deployment('web', 'app:2') }, { force: true })
  expect(later).not.toBe(head)
  await pass(40_000)
  expect(merge()).toMatchObject({ stale: false, base: status().head })
  expect(merge()?.actions.join('\n')).not.toMatch(/new/)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('what a merge would do does not wait for the next list', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start({ intervalMs: 3_600_000 })
  repository.pushTo('preview/blue', 'Try', { 'new.yaml': deployment('new') })
  engine.syncNow()
  await pass(30_000)
  expect(status().previews?.[0]?.merge?.actions.join('\n')).toMatch(/shop\/Deployment\/new: create pod new-/)
})

test('a merge is not planned for what a preview refuses', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/many', 'Try', { 'web.yaml': deployment('web', 'app:1', 1_000_000) })
  await pass(30_000)
  expect(statusOf('shop/many')).toMatchObject({ sync: 'Refused' })
  expect(status().previews?.[0]).toMatchObject({ id: 'many', is: 'awake' })
  expect(status().previews?.[0]?.merge).toBeUndefined()
})

test('where previews are switched off, those that there were go with the next start', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/blue', 'Try', { 'db.yaml': database })
  await pass(40_000)
  expect(volumes()).toHaveLength(1)
  await engine.close()
  runtime.restart()
  await open().start()
  await pass(60_000)
  expect([pods(), volumes(), networks()]).toEqual([['shop Deployment/web'], [], ['shop']])
})

test('what runs of a preview that nobody knows any more is left alone until branches can be listed', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await start()
  repository.pushTo('preview/blue', 'Try', { 'db.yaml': database })
  await pass(40_000)
  const before = pods()
  await engine.close()
  forgetJournal()
  runtime.restart()
  repository.branchesFault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  await start()
  await pass(60_000)
  expect(pods()).toEqual(before)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', conflicts: [] })
  repository.branchesFault = undefined
  engine.syncNow()
  await pass(30_000)
  expect(statusOf('shop/blue')).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(pods()).toEqual(before)
})

test('one too many waits until another one goes; who sleeps has no pods, and keeps its data', async () => {
  repository.push('Start', { 'web.yaml': deployment('web'), 'db.yaml': database })
  await start({ max: 2, maxAwake: 1 })
  for (const name of ['a', 'b', 'c']) {
    repository.pushTo(`preview/${name}`, name, { 'more.yaml': deployment(name) })
    await pass(15_000)
  }
  expect(rows()).toEqual(['a awake', 'b asleep 1 others are awake', 'c queued 2 previews are there'])
  expect(pods().filter((pod) => pod.startsWith('shop-b'))).toEqual([])
  expect(statusOf('shop/b')).toMatchObject({ sync: 'Synced', preview: { is: 'asleep' } })
  expect(engine.previews.answer('sleep', 'shop', 'a')).toEqual({ done: true, text: 'a sleeps: it was put to sleep' })
  await pass(60_000)
  expect(rows()).toEqual(['a asleep it was put to sleep', 'b awake', 'c queued 2 previews are there'])
  expect(pods().filter((pod) => pod.startsWith('shop-a'))).toEqual([])
  expect(volumes()).toContain('shop-a PersistentVolumeClaim/data-db-0')
  expect(engine.previews.answer('delete', 'shop', 'b').text).toMatch(/comes again with the next push/)
  await pass(60_000)
  expect(rows()).toEqual([
    'a asleep it was put to sleep',
    'b none it was deleted by hand, and comes again with the next push',
    'c awake',
  ])
  expect(volumes().filter((volume) => volume.startsWith('shop-b'))).toEqual([])
  repository.drop('preview/c')
  repository.pushTo('preview/b', 'Again', { 'more.yaml': deployment('again') })
  await pass(60_000)
  expect(rows()).toEqual(['a asleep it was put to sleep', 'b awake'])
  expect(engine.previews.answer('wake', 'shop', 'nobody')).toMatchObject({ done: false })
})

test('a preview does not move into the namespace of somebody else', async () => {
  repository.push('Start', { 'web.yaml': deployment('web') })
  await open({ previews }, [{ ...defaults, name: 'other', namespace: 'shop-blue' }]).start()
  repository.pushTo('preview/blue', 'Try', {})
  await pass(40_000)
  expect(rows()).toEqual(['blue queued its namespace shop-blue is one of application other'])
  expect(pods().sort()).toEqual(['shop Deployment/web', 'shop-blue Deployment/web'])
  expect(
    runtime
      .pods()
      .map(({ app }) => app)
      .sort(),
  ).toEqual(['other', 'shop'])
})
