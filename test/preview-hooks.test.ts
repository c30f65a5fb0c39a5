import { beforeEach, expect, test } from 'vitest'
import type { PreviewSettings } from '../src/settings.ts'
import {
  breathe,
  clock,
  done,
  engine,
  forgetJournal,
  open,
  pass,
  registry,
  repository,
  runtime,
  status,
} from './support/engine-fixture.ts'
import { FakePullRequests } from './support/fake-pull-requests.ts'
import { branchPreviews } from './support/preview-settings.ts'

for (const image of ['fail:1', 'long:1', 'crash:1']) registry.set(image, `sha256:${image}`)

const web = (image = 'app:1') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
const hook = (name: string, when: string, image = 'done:1') => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, annotations: { berth.dev/preview-hook: ${when} } }
spec:
  backoffLimit: 0
  template: { spec: { restartPolicy: Never, containers: [{ name: main, image: "${image}" }] } }
`

const pods = (namespace = 'shop-blue') =>
  runtime
    .pods()
    .filter((pod) => pod.namespace === namespace)
    .map(({ owner }) => owner)
const rows = () => (status().previews ?? []).map(({ id, is, reason }) => `${id} ${is} ${reason}`.trim())
const statusOf = (name: string) => engine.status().find((app) => app.name === name)
const messageOf = (kind: string) => statusOf('shop/blue')?.objects.find((object) => object.kind === kind)?.message
const runs = (name: string) => done.filter((text) => text.startsWith(`create pod ${name}-`)).length
const left = () => [pods(), runtime.volumes(), [...(runtime.hostFacts()[0]?.networks ?? [])]]

async function start(more: Partial<PreviewSettings> = {}): Promise<void> {
  await open({ previews: { ...branchPreviews, ...more } }).start()
  await pass(15_000)
}

async function restart(): Promise<void> {
  await engine.close()
  runtime.restart()
  await start()
}

beforeEach(() => {
  repository.push('Start', { 'web.yaml': web() })
})

test('production leaves hooks out, and says so', async () => {
  repository.push('Add hooks', { 'fill.yaml': hook('fill', 'create'), 'export.yaml': hook('export', 'delete') })
  await start()
  expect(pods('shop')).toEqual(['Deployment/web'])
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(status().objects.map(({ kind }) => kind)).toEqual(['Deployment'])
  expect(status().ignored).toEqual([
    'Job export: it is run at the end of previews, and nowhere else',
    'Job fill: it is run at the beginning of previews, and nowhere else',
  ])
})

test('a hook on creation is run once, before anything else begins', async () => {
  repository.push('Add a hook', { 'fill.yaml': hook('fill', 'create', 'long:1') })
  await start()
  repository.pushTo('preview/blue', 'Try', {})
  await pass(40_000)
  expect(pods()).toEqual(['Job/fill'])
  expect(messageOf('Deployment')).toBe('waits for Job shop-blue/fill, which is in an earlier wave')
  await pass(80_000)
  expect(pods()).toEqual(['Job/fill', 'Deployment/web'])
  repository.pushTo('preview/blue', 'Change the rest', { 'web.yaml': web('app:2') })
  await restart()
  await pass(30_000)
  expect(runs('fill')).toBe(1)
  repository.pushTo('preview/blue', 'Change the hook', { 'fill.yaml': hook('fill', 'create') })
  await pass(30_000)
  expect(runs('fill')).toBe(2)
})

test('a hook on creation that fails keeps the others waiting, in words', async () => {
  await start()
  repository.pushTo('preview/blue', 'Try', { 'fill.yaml': hook('fill', 'create', 'fail:1') })
  await pass(40_000)
  expect(messageOf('Deployment')).toBe('waits for Job shop-blue/fill, which is in an earlier wave and has failed')
  expect(statusOf('shop/blue')).toMatchObject({ health: 'Degraded' })
  repository.drop('preview/blue')
  await pass(60_000)
  expect(left()).toEqual([[], [], ['shop']])
})

test('a hook on deletion is run first, while the others run; then all is removed', async () => {
  await start()
  repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete', 'long:1') })
  await pass(30_000)
  expect(pods()).toEqual(['Deployment/web'])
  repository.drop('preview/blue')
  await pass(40_000)
  expect(pods()).toEqual(['Job/export', 'Deployment/web'])
  expect(rows().join()).toMatch(
    /^blue ending Job shop-blue\/export is run before it goes: 0 of 1 completions, 1 pod active/,
  )
  await pass(120_000)
  expect([...left(), rows()]).toEqual([[], [], ['shop'], []])
  expect(runs('export')).toBe(1)
})

test('that of a preview that was never healthy, and sleeps, is run too', async () => {
  await start({ maxAwake: 0 })
  const files = { 'export.yaml': hook('export', 'delete'), 'web.yaml': web('crash:1') }
  repository.pushTo('preview/blue', 'Try', files)
  await pass(30_000)
  expect([pods(), rows()]).toEqual([[], ['blue asleep 0 others are awake']])
  repository.drop('preview/blue')
  await pass(60_000)
  expect([...left(), runs('export'), runs('web')]).toEqual([[], [], ['shop'], 1, 1])
})

test.each([
  { title: 'fails', image: 'fail:1' },
  { title: 'takes too long', image: 'app:1' },
  { title: 'cannot be had', image: 'nowhere:1' },
])('a hook on deletion that $title does not keep the preview', async ({ image }) => {
  await start({ hookTimeoutMs: 30_000 })
  repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete', image) })
  await pass(30_000)
  repository.drop('preview/blue')
  await pass(75_000)
  expect(left()).toEqual([[], [], ['shop']])
})

test('opened again meanwhile, it goes on as before, and has its end at the next close', async () => {
  await start()
  repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete', 'long:1') })
  await pass(30_000)
  const [before] = runtime.pods().filter(({ namespace }) => namespace === 'shop-blue')
  expect(engine.previews.answer('delete', 'shop', 'blue')).toMatchObject({ done: true })
  await pass(30_000)
  expect(pods()).toEqual(['Job/export', 'Deployment/web'])
  expect(engine.previews.answer('open', 'shop', 'blue')).toEqual({ done: true, text: 'blue is awake' })
  await pass(30_000)
  const after = runtime.pods().filter(({ namespace }) => namespace === 'shop-blue')
  expect(after.map(({ uid }) => uid)).toEqual([before?.uid])
  expect(rows()).toEqual(['blue awake'])
  repository.drop('preview/blue')
  await pass(150_000)
  expect([...left(), runs('export')]).toEqual([[], [], ['shop'], 2])
})

test('it is of the commit that ran, not of one that is refused', async () => {
  await start()
  const good = repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete') })
  await pass(30_000)
  repository.pushTo('preview/blue', 'Break', { 'export.yaml': 'kind: [' })
  await pass(20_000)
  expect(statusOf('shop/blue')).toMatchObject({ sync: 'Refused', commit: good })
  repository.drop('preview/blue')
  await pass(60_000)
  expect([...left(), runs('export')]).toEqual([[], [], ['shop'], 1])
})

test.each([0, 2, 4, 8, 12, 16, 24, 40, 80])(
  'a restart %d moments after the close neither repeats the hook nor forgets the end',
  async (moments) => {
    await start()
    repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete') })
    await pass(30_000)
    repository.drop('preview/blue')
    engine.syncNow()
    for (let moment = 0; moment < moments; moment++) await breathe().then(() => clock.advance(250))
    await restart()
    await pass(60_000)
    expect([...left(), runs('export')]).toEqual([[], [], ['shop'], 1])
  },
)

test('a lost journal costs the hook, not the end', async () => {
  await start()
  repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete', 'long:1') })
  await pass(30_000)
  repository.drop('preview/blue')
  await pass(15_000)
  expect(pods()).toEqual(['Job/export', 'Deployment/web'])
  await engine.close()
  forgetJournal()
  runtime.restart()
  await start()
  await pass(60_000)
  expect(left()).toEqual([[], [], ['shop']])
})

test('whoever may not write any more has no hooks run either', async () => {
  const forge = new FakePullRequests(() => repository)
  const previews = { ...branchPreviews, provider: 'github' as const }
  await open({ previews }, [], { pullRequests: () => forge }).start()
  forge.open(1, { 'export.yaml': hook('export', 'delete') })
  await pass(40_000)
  expect(pods('shop-pr-1')).toEqual(['Deployment/web'])
  forge.change(1, { authorMayWrite: false })
  await pass(60_000)
  expect([pods('shop-pr-1'), rows(), runs('export')]).toEqual([[], [expect.stringMatching(/^pr-1 unapproved/)], 0])
})

test('several end at the same time, each by itself', async () => {
  await start()
  repository.pushTo('preview/blue', 'Try', { 'export.yaml': hook('export', 'delete', 'long:1') })
  repository.pushTo('preview/green', 'Try', { 'export.yaml': hook('export', 'delete') })
  repository.pushTo('preview/red', 'Try', {})
  await pass(40_000)
  for (const branch of ['blue', 'green', 'red']) repository.drop(`preview/${branch}`)
  await pass(40_000)
  expect([pods('shop-blue'), pods('shop-green'), pods('shop-red')]).toEqual([['Job/export', 'Deployment/web'], [], []])
  await pass(120_000)
  expect(left()).toEqual([[], [], ['shop']])
})
