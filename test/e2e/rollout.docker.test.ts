import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('rollout')
})
afterEach(() => berth.close())

/** Image of each running main container, sorted. */
async function runningImages(): Promise<string[]> {
  const containers = await berth.containers({ 'berth.dev/container': 'main' })
  return containers
    .filter((container) => container.State === 'running')
    .map((container) => container.Image)
    .sort()
}

test('a commit becomes ready pods, the next one replaces them, a smaller one scales down', async () => {
  const first = berth.repository.commit('Add web', { 'app/web.yaml': deployment() })
  berth.start()
  const app = await berth.synced(first)
  expect(app.objects.find((object) => object.kind === 'Deployment')).toMatchObject({
    name: 'web',
    namespace: 'shop',
    ready: '3/3',
  })
  expect(await runningImages()).toEqual([testImages.one, testImages.one, testImages.one])

  const second = berth.repository.commit('Version 2', { 'app/web.yaml': deployment({ image: testImages.two }) })
  await berth.synced(second)
  expect(await runningImages()).toEqual([testImages.two, testImages.two, testImages.two])

  const third = berth.repository.commit('One is enough', {
    'app/web.yaml': deployment({ image: testImages.two, replicas: 1 }),
  })
  await berth.synced(third)
  await berth.until('two pods are gone', async () => (await berth.pods()).length === 1)

  const history = await berth.command('history', '-o', 'json')
  expect(
    (JSON.parse(history.stdout) as { commit: string; result: string }[]).map(({ commit, result }) => [commit, result]),
  ).toEqual([
    [third, 'synced'],
    [second, 'synced'],
    [first, 'synced'],
  ])
})

test('a version that never becomes ready costs no old pod its life, and the next good commit goes on', async () => {
  const good = berth.repository.commit('Add web', { 'app/web.yaml': deployment() })
  berth.start()
  await berth.synced(good)
  const old = await berth.pods()

  const bad = berth.repository.commit('Never ready', {
    'app/web.yaml': deployment({ image: testImages.two, env: { READY_AFTER: 'never' } }),
  })
  await berth.until('a new pod runs, unready', async (app) => app.commit === bad && (await berth.pods()).length === 4)
  await new Promise((done) => setTimeout(done, 3_000))
  const pods = await berth.pods()
  expect(pods.filter((pod) => old.includes(pod))).toEqual(old)
  expect((await berth.status()).health).toBe('Progressing')

  const fixed = berth.repository.commit('Ready again', { 'app/web.yaml': deployment({ image: testImages.two }) })
  await berth.synced(fixed)
  expect(await runningImages()).toEqual([testImages.two, testImages.two, testImages.two])
})

test('an image that does not exist is said, and the old version keeps running', async () => {
  const good = berth.repository.commit('Add web', { 'app/web.yaml': deployment() })
  berth.start()
  await berth.synced(good)
  const old = await berth.pods()
  berth.repository.commit('Typo', { 'app/web.yaml': deployment({ image: 'localhost:1/no/such:image' }) })
  const app = await berth.until('the pull failed', ({ objects }) =>
    objects.some(({ message }) => /ErrImagePull|ImagePullBackOff/.test(message)),
  )
  expect(app.objects.find(({ kind }) => kind === 'Deployment')?.message).toContain('localhost:1/no/such:image')
  expect(await berth.pods()).toEqual(old)
})

test('a container that crashes is restarted with a growing wait, and said to be in CrashLoopBackOff', async () => {
  berth.repository.commit('Crash', {
    'app/web.yaml': deployment({ replicas: 1, env: { EXIT_AFTER: '0', EXIT_CODE: '3' } }),
  })
  berth.start()
  const app = await berth.until('it waits to be restarted', ({ objects }) =>
    objects.some(({ message }) => message.includes('CrashLoopBackOff')),
  )
  expect(app.objects.find(({ kind }) => kind === 'Deployment')?.message).toMatch(/exit code 3|exit 3/)
  const [main] = await berth.containers({ 'berth.dev/container': 'main' })
  expect(Number(main?.Labels['berth.dev/restarts'])).toBeGreaterThanOrEqual(1)
})

test('a config change replaces the pods that read it, and no others', async () => {
  const config = (url: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: config }\ndata: { MESSAGE: ${url} }\n`
  const reader = '          envFrom: [{ configMapRef: { name: config } }]'
  const first = berth.repository.commit('Add', {
    'app/config.yaml': config('one'),
    'app/web.yaml': deployment({ replicas: 2, more: reader }),
    'app/other.yaml': deployment({ name: 'other', replicas: 1 }),
  })
  berth.start()
  await berth.synced(first)
  const before = await berth.pods()
  const second = berth.repository.commit('Change config', { 'app/config.yaml': config('two') })
  await berth.synced(second)
  await berth.until('old pods are gone', async () => (await berth.pods()).length === 3)
  const after = await berth.pods()
  expect(after.filter((pod) => before.includes(pod))).toEqual(before.filter((pod) => pod.startsWith('other-')))
})

test('what somebody kills, removes, pauses or edits is put right', async () => {
  const commit = berth.repository.commit('Add web', {
    'app/web.yaml': deployment({ replicas: 2, more: '          resources: { limits: { memory: 64Mi, cpu: 500m } }' }),
  })
  berth.start('--interval', '1h')
  await berth.synced(commit)
  const mains = async () => berth.containers({ 'berth.dev/container': 'main' })
  const [first, second] = await mains()
  if (!first || !second) throw new Error('two containers expected')

  await engineJson(berth.socket, 'POST', `/containers/${first.Id}/kill?signal=KILL`)
  await berth.until('the killed one runs again', async () => {
    const now = await mains()
    return (
      now.filter((container) => container.State === 'running').length === 2 &&
      !now.some((container) => container.Id === first.Id)
    )
  })
  await engineJson(berth.socket, 'POST', `/containers/${second.Id}/pause`)
  await berth.until('the paused one goes on', async () =>
    (await mains()).every((container) => container.State === 'running'),
  )

  await engineJson(berth.socket, 'POST', `/containers/${second.Id}/update`, {
    Memory: 32 * 2 ** 20,
    MemorySwap: 32 * 2 ** 20,
  })
  await berth.until('the edited limit is back', async () => {
    const found = await engineJson<{ HostConfig: { Memory: number } }>(
      berth.socket,
      'GET',
      `/containers/${second.Id}/json`,
    )
    return found.HostConfig.Memory === 64 * 2 ** 20
  })

  const pod = second.Labels['berth.dev/pod'] ?? ''
  for (const container of await berth.containers({ 'berth.dev/pod': pod })) {
    await engineCall(berth.socket, 'DELETE', `/containers/${container.Id}?force=true`)
  }
  await berth.until(
    'the removed pod is made anew',
    async (app) => app.health === 'Healthy' && (await mains()).length === 2,
  )
})

test('resources change in place: the same containers, with the new limits', async () => {
  const limits = (memory: string): string => `          resources: { limits: { memory: ${memory}, cpu: 500m } }`
  const first = berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1, more: limits('64Mi') }) })
  berth.start()
  await berth.synced(first)
  const [before] = await berth.containers({ 'berth.dev/container': 'main' })
  const second = berth.repository.commit('More memory', {
    'app/web.yaml': deployment({ replicas: 1, more: limits('96Mi') }),
  })
  await berth.synced(second)
  const [after] = await berth.containers({ 'berth.dev/container': 'main' })
  expect(after?.Id).toBe(before?.Id)
  const found = await engineJson<{ HostConfig: { Memory: number } }>(
    berth.socket,
    'GET',
    `/containers/${after?.Id}/json`,
  )
  expect(found.HostConfig.Memory).toBe(96 * 2 ** 20)
})
