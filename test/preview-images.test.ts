// Previews of pull requests of a source repository, whose image CI makes.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PullRequest } from '../src/preview/pull-request.ts'
import type { PreviewSettings } from '../src/settings.ts'
import { clock, engine, open, pass, registry, repository, runtime, status } from './support/engine-fixture.ts'
import { branchPreviews } from './support/preview-settings.ts'

const byCommit = { image: 'app', imageTemplate: 'reg.example.com/app:pr-{{number}}-{{shortSha}}' }
const images = { repository: 'acme/app', replace: [byCommit], timeoutMs: 3_600_000 }
const previews: PreviewSettings = { ...branchPreviews, provider: 'github', images, sleepAfterMs: 72 * 3_600_000 }
const [a, b] = ['a'.repeat(40), 'b'.repeat(40)]
const [imageA, imageB] = ['reg.example.com/app:pr-7-aaaaaaa', 'reg.example.com/app:pr-7-bbbbbbb']

const deployment = (name: string, image = 'app:1') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: key }\nstringData: { key: secret }\n'

let listed: PullRequest[]
let known: ReadonlyMap<string, string>
beforeEach(() => {
  listed = []
  known = new Map(registry)
})
afterEach(() => {
  registry.clear()
  for (const [image, id] of known) registry.set(image, id)
})

function pullRequest(head: string, more: Partial<PullRequest> = {}): PullRequest {
  return {
    ...{
      id: 'pr-7',
      number: 7,
      title: 'Try',
      branch: 'try',
      targetBranch: 'develop',
      head,
      author: 'ann',
      draft: false,
    },
    ...{ labels: [], fork: false, authorMayWrite: true, approvals: [], activeAt: 0, url: '' },
    ...more,
  }
}

async function start(more: Partial<PreviewSettings> = {}): Promise<void> {
  const pullRequests = () => ({ list: async () => listed })
  await open({ previews: { ...previews, ...more } }, [], { pullRequests }).start()
  await pass(12_000)
}

/** Production, with a container that has the image and one that has not. */
async function begin(more: Partial<PreviewSettings> = {}): Promise<string> {
  const head = repository.push('Start', { 'web.yaml': deployment('web'), 'db.yaml': deployment('db', 'app2:1') })
  registry.set('app2:1', 'sha256:app2:1')
  await start(more)
  return head
}

/** Hosts have rules, which keep previews of strangers from the outside. */
function servicesMode(): void {
  const facts = runtime.hostFacts.bind(runtime)
  vi.spyOn(runtime, 'hostFacts').mockImplementation(() =>
    facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' as const } })),
  )
}

const running = (): string[] =>
  runtime
    .pods()
    .filter(({ namespace }) => namespace === 'shop-pr-7')
    .flatMap(({ containers }) => containers.map(({ image, state }) => `${image} ${state}`))
    .sort()
const row = () => status().previews?.[0]
const preview = () => engine.status().find(({ name }) => name === 'shop/pr-7')

test('a pull request waits for its image, follows to the next one once that is there, and goes', async () => {
  const commit = await begin()
  listed = [pullRequest(a)]
  await pass(30_000)
  const waits = `the registry does not have ${imageA} yet`
  expect(row()).toMatchObject({ id: 'pr-7', is: 'queued', reason: waits, head: a })
  expect(runtime.pods().map(({ namespace }) => namespace)).toEqual(['shop', 'shop'])
  registry.set(imageA, 'sha256:1')
  await pass(40_000)
  const first = ['app2:1 running', `${imageA}@sha256:1 running`]
  expect(running()).toEqual(first)
  expect(row()).toMatchObject({ is: 'awake', reason: '', head: a })
  expect(preview()).toMatchObject({ commit, revision: 'main', sync: 'Synced', health: 'Healthy' })
  listed = [pullRequest(b)]
  await pass(30_000)
  const waiting = `the registry does not have ${imageB} yet`
  expect(row()).toMatchObject({ is: 'awake', reason: waiting, head: a, newest: b })
  expect(running()).toEqual(first)
  registry.set(imageB, 'sha256:2')
  await pass(40_000)
  expect(running()).toEqual(['app2:1 running', `${imageB}@sha256:2 running`])
  expect(row()).toMatchObject({ is: 'awake', reason: '', head: b })
  listed = []
  await pass(60_000)
  expect(runtime.pods().map(({ namespace }) => namespace)).toEqual(['shop', 'shop'])
  expect([...(runtime.hostFacts()[0]?.networks ?? [])]).toEqual(['shop'])
})

test('what changes in production changes in its previews', async () => {
  registry.set(imageA, 'sha256:1')
  listed = [pullRequest(a)]
  await begin()
  await pass(20_000)
  const commit = repository.push('Add', { 'more.yaml': deployment('more', 'app:2') })
  await pass(40_000)
  expect(running()).toEqual(['app2:1 running', `${imageA}@sha256:1 running`, `${imageA}@sha256:1 running`])
  expect(preview()).toMatchObject({ commit, sync: 'Synced', health: 'Healthy' })
})

test('while the registry cannot be asked all stays, also over a restart', async () => {
  registry.set(imageA, 'sha256:1')
  listed = [pullRequest(a)]
  await begin()
  await pass(20_000)
  const before = running()
  expect(before).toContain(`${imageA}@sha256:1 running`)
  runtime.registryFault = 'connection refused'
  listed = [pullRequest(b)]
  await pass(30_000)
  const reason = `whether the registry has ${imageB} is not known: connection refused`
  expect(row()).toMatchObject({ is: 'awake', reason, head: a, newest: b })
  await engine.close()
  runtime.restart()
  await start()
  await pass(30_000)
  expect(row()).toMatchObject({ is: 'awake', reason, head: a, newest: b })
  expect(running()).toEqual(before)
  expect(preview()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  runtime.registryFault = ''
  registry.set(imageB, 'sha256:2')
  await pass(60_000)
  expect(running()).toContain(`${imageB}@sha256:2 running`)
})

test('a name that stays rolls when the registry has another image under it', async () => {
  registry.set('reg.example.com/app:pr-7', 'sha256:1')
  listed = [pullRequest(a)]
  await begin({
    images: { ...images, replace: [{ image: 'app', imageTemplate: 'reg.example.com/app:pr-{{number}}' }] },
  })
  await pass(20_000)
  expect(running()).toContain('reg.example.com/app:pr-7@sha256:1 running')
  registry.set('reg.example.com/app:pr-7', 'sha256:2')
  await pass(120_000)
  expect(running()).toEqual(['app2:1 running', 'reg.example.com/app:pr-7@sha256:2 running'])
})

test('where no container has the image nothing runs, and that is said', async () => {
  registry.set(imageA, 'sha256:1')
  listed = [pullRequest(a)]
  await begin({ images: { ...images, replace: [{ ...byCommit, image: 'webapp' }] } })
  await pass(30_000)
  expect(running()).toEqual([])
  expect(preview()).toMatchObject({ sync: 'Refused' })
  expect(preview()?.problems.map(({ message }) => message)).toEqual([
    'expected a container with the image webapp, which spec.previews.images replaces, found none',
  ])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('the image of a fork runs once it is approved, without Secrets', async () => {
  servicesMode()
  registry.set(imageA, 'sha256:1')
  const fork = { fork: true, authorMayWrite: undefined }
  listed = [pullRequest(a, fork)]
  await begin()
  repository.push('Add a Secret', { 'key.yaml': secret })
  await pass(30_000)
  expect(row()).toMatchObject({ is: 'unapproved' })
  listed = [pullRequest(a, { ...fork, approvals: [{ id: 'label-1', by: 'ann', commit: undefined }] })]
  await pass(40_000)
  expect(running()).toContain(`${imageA}@sha256:1 running`)
  expect(preview()?.objects.map(({ kind }) => kind)).not.toContain('Secret')
  expect(preview()?.ignored.join()).toMatch(/Secret key/)
  listed = [pullRequest(b, { ...fork, approvals: [{ id: 'label-1', by: 'ann', commit: undefined }] })]
  registry.set(imageB, 'sha256:2')
  await pass(60_000)
  expect(row()).toMatchObject({ is: 'unapproved', head: b })
  expect(running()).toEqual([])
})

test('asleep and deleted by hand it is as any other', async () => {
  registry.set(imageA, 'sha256:1')
  listed = [pullRequest(a), pullRequest(a, { id: 'pr-8', number: 8 })]
  await begin()
  await pass(20_000)
  expect(engine.previews.answer('sleep', 'shop', 'pr-7')).toMatchObject({ done: true })
  await pass(30_000)
  expect(running()).toEqual([])
  expect(engine.previews.answer('wake', 'shop', 'pr-7')).toMatchObject({ done: true })
  await pass(30_000)
  expect(running()).toContain(`${imageA}@sha256:1 running`)
  expect(engine.previews.answer('open', 'shop', 'pr-8').text).toMatch(/^pr-8 waits: the registry does not have/)
  expect(engine.previews.answer('delete', 'shop', 'pr-7')).toMatchObject({ done: true })
  await pass(40_000)
  expect(running()).toEqual([])
  listed = [pullRequest(b)]
  registry.set(imageB, 'sha256:2')
  await pass(60_000)
  expect(running()).toContain(`${imageB}@sha256:2 running`)
})

test('images are asked for once, however long their previews run', async () => {
  registry.set(imageA, 'sha256:1')
  listed = [pullRequest(a)]
  await begin()
  await pass(600_000)
  expect(runtime.registryAsked).toEqual([imageA])
})

/** As a registry says it. */
function pushed(image: string): readonly string[] {
  const waiting = engine.pushes.waitingFor([image])
  engine.pushes.ask(waiting.map((one) => one.image))
  return waiting.flatMap(({ applications }) => applications)
}

test('a push of its image is looked for at once, however long it has been missing', async () => {
  await begin({ intervalMs: 24 * 3_600_000 })
  listed = [pullRequest(a)]
  engine.previews.pollNow(['shop'])
  await pass(400_000)
  engine.previews.pollNow(['shop'])
  await pass(60_000)
  expect(row()).toMatchObject({ is: 'queued' })
  const before = runtime.registryAsked.length
  expect(pushed('reg.example.com/app:main')).toEqual([])
  await pass(1_000)
  expect(runtime.registryAsked).toHaveLength(before)
  registry.set(imageA, 'sha256:1')
  expect(pushed(imageA)).toEqual(['shop'])
  await pass(20_000)
  expect(running()).toContain(`${imageA}@sha256:1 running`)
  expect(pushed(imageA)).toEqual([])
})

test('a pod whose pull is held back tries at once when its image was pushed, and waits on as before if that fails', async () => {
  repository.push('Start', { 'web.yaml': deployment('web', 'reg.example.com/late:1') })
  await start()
  const web = () => status().objects.find(({ kind }) => kind === 'Deployment')?.message
  const attempts = () => runtime.hostFacts()[0]?.pulls.get('reg.example.com/late:1')?.attempts
  await pass(600_000)
  expect(web()).toMatch(/ImagePullBackOff/)
  const before = attempts() ?? 0
  expect(pushed('reg.example.com/late:2')).toEqual([])
  expect(pushed('reg.example.com/late')).toEqual(['shop'])
  await pass(10_000)
  expect(attempts()).toBe(before + 1)
  await pass(100_000)
  expect(attempts()).toBe(before + 1)
  registry.set('reg.example.com/late:1', 'sha256:late')
  expect(pushed('late:1')).toEqual(['shop'])
  await pass(20_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('how long a commit has waited is remembered over a restart, and told once that is too long', async () => {
  const more = { images: { ...images, timeoutMs: 120_000 } }
  await begin(more)
  listed = [pullRequest(a)]
  await pass(30_000)
  const { waits, waitsSince } = row() ?? {}
  expect(waits).toBe(`the registry does not have ${imageA} yet`)
  expect(Math.abs(Date.parse(waitsSince ?? '') - clock.now())).toBeLessThan(60_000)
  const late = () => engine.previews.report('shop', 'pr-7')?.images?.lateSince
  expect(late()).toBeUndefined()
  await engine.close()
  runtime.restart()
  await start(more)
  await pass(120_000)
  expect(row()).toMatchObject({ waits, waitsSince })
  expect(late()).toBe(Date.parse(waitsSince ?? ''))
  listed = [pullRequest(b)]
  await pass(30_000)
  expect(row()).toMatchObject({ is: 'queued', head: b, waits: `the registry does not have ${imageB} yet` })
  expect(row()?.waitsSince).not.toBe(waitsSince)
  expect(late()).toBeUndefined()
  registry.set(imageB, 'sha256:2')
  await pass(60_000)
  expect(row()).toMatchObject({ is: 'awake', images: { app: `${imageB}@sha256:2` } })
  expect(row()).not.toHaveProperty('waits')
  expect(row()).not.toHaveProperty('waitsSince')
})

test('of several images all are in one preview', async () => {
  registry.set('other:1', 'sha256:other')
  const other = { image: 'other', imageTemplate: 'reg.example.com/other:{{branchSlug}}-{{sha}}' }
  repository.push('Start', { 'web.yaml': deployment('web'), 'other.yaml': deployment('other', 'other:1') })
  await start({ images: { ...images, replace: [byCommit, other] } })
  const second = `reg.example.com/other:feature-try-${a}`
  listed = [pullRequest(a, { branch: 'feature/Try' })]
  registry.set(imageA, 'sha256:1')
  await pass(30_000)
  expect(row()).toMatchObject({ is: 'queued', reason: `the registry does not have ${second} yet` })
  registry.set(second, 'sha256:2')
  await pass(60_000)
  expect(running()).toEqual([`${imageA}@sha256:1 running`, `${second}@sha256:2 running`].sort())
})

test('what a release of its image would change in production is worked out', async () => {
  const one = `sha256:${'1'.repeat(64)}`
  const commit = await begin()
  listed = [pullRequest(a)]
  registry.set(imageA, one)
  await pass(60_000)
  expect(row()?.merge).toMatchObject({ base: commit, stale: false, refused: false, ofImages: true })
  const first = row()?.merge?.actions.join('\n') ?? ''
  expect(first).toMatch(/shop\/Deployment\/web: create pod web-/)
  expect(first).not.toContain('Deployment/db')
  const comment = engine.previews.comment('shop', 'pr-7')
  expect(comment).toContain('#### What a release of its image would change in production')
  expect(comment).toContain(`shop: ${commit.slice(0, 7)} Start`)
  expect(comment).toContain('production follows once its manifests name an image of this commit')
  expect(comment).toContain(`app:1 -> ${imageA}@sha256:1111`)
  const runs = runtime.pods().filter(({ namespace }) => namespace === 'shop')
  expect(runs.flatMap(({ containers }) => containers.map(({ image }) => image)).sort()).toEqual(['app2:1', 'app:1'])
  const moved = repository.push('Add', { 'more.yaml': deployment('more') })
  listed = [pullRequest(b)]
  registry.set(imageB, `sha256:${'2'.repeat(64)}`)
  await pass(90_000)
  expect(row()?.merge).toMatchObject({ base: moved, stale: false, refused: false })
  const second = row()?.merge?.actions.join('\n') ?? ''
  expect(second).toMatch(/Deployment\/more: create pod/)
  expect(second).toMatch(/Deployment\/web: create pod/)
})
