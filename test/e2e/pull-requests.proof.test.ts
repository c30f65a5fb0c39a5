// Pull requests of a forge that is away, and of a Berth that is killed: nothing is lost, and nothing is said twice.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { answering } from '../forge/forge-server.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'
import { type ForgeChoice, TestForge } from './pull-forge.ts'
import { tracesOf, web } from './pull-scene.ts'

let berth: TestBerth
let forge: TestForge
let production: string
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
afterEach(async () => {
  await forge.end()
  await berth.close()
})

async function begin(choice: ForgeChoice = {}): Promise<void> {
  berth = new TestBerth('pulls-proof')
  forge = await TestForge.start(berth, choice)
  production = await forge.pushMain('Start', { 'app/web.yaml': web('production') })
  berth.start('--interval', '1h')
  await berth.synced(production)
}

/** All calls fail from now on. */
function away(status: number): void {
  forge.server.faults.push(...Array.from({ length: 1_000 }, () => answering({ status, body: { message: 'no' } })))
}

function back(): void {
  forge.server.faults.length = 0
}

test('while the forge is away or our token is revoked previews stay, and are told of later', async () => {
  await begin({ previews: { interval: '1s' } })
  const pull = await forge.open({ 'app/web.yaml': web('preview') })
  const closing = await forge.open({ 'app/web.yaml': web('closing') })
  for (const one of [pull, closing]) await forge.wasTold(one.head, /^success/)
  await forge.said(closing, /runs: Healthy/)
  for (const status of [502, 401]) {
    away(status)
    const head = await forge.push(pull, { 'app/web.yaml': web(`while-${status}`) })
    if (status === 401) await forge.close(closing)
    await berth.until('the list is not known', ({ warnings }) => /previews stay as they are/.test(warnings.join()))
    const before = forge.server.requests.length
    await berth.until('it was tried again', () => forge.server.requests.length > before + 2)
    expect(await tracesOf(berth)).toEqual(['app-pr-1', 'app-pr-2', 'shop'])
    expect(forge.comment(closing)).toContain('runs: Healthy')
    back()
    await forge.label(pull, `after-${status}`, 'maintainer')
    await forge.wasTold(head, /^success/)
    await forge.said(pull, new RegExp(`Commit \`${head.slice(0, 7)}\``))
  }
  await forge.said(closing, /is gone/)
  expect(await berth.synced(production)).toMatchObject({ health: 'Healthy' })
})

test('a Berth that is killed says what it had not said, and nothing twice', async () => {
  await begin()
  const [one, two] = [
    await forge.open({ 'app/web.yaml': web('one') }),
    await forge.open({ 'app/web.yaml': web('two') }),
  ]
  for (const pull of [one, two]) await forge.said(pull, /runs: Healthy[\s\S]*What the merge/)
  away(502)
  // Until it has written down what it said.
  const file = join(berth.dir, 'state', 'told-previews.json')
  const isWritten = () => readFileSync(file, 'utf8').match(/"isPlanned":true/g)?.length === 2
  await berth.until('it is written down', isWritten)
  const edits = forge.world.comments.map(({ updatedAt }) => updatedAt)
  await berth.stop('SIGKILL')
  two.open = false
  back()
  berth.log = ''
  berth.start('--interval', '1h')
  await forge.said(two, /is gone/)
  await berth.until('it is as before', ({ previews }) => previews?.[0]?.merge !== undefined)
  expect(await tracesOf(berth)).toEqual(['app-pr-1', 'shop'])
  // Longer than a new process waits before it takes a difference for one.
  await new Promise((done) => setTimeout(done, 30_000))
  expect(forge.world.comments[0]?.updatedAt).toBe(edits[0])
  expect(forge.world.comments).toHaveLength(2)
})

test('a label decides, and who has none hears nothing', async () => {
  await begin({ previews: { labels: ['preview'], sleepAfter: '72h' } })
  const pull = await forge.open({ 'app/web.yaml': web('preview') })
  const other = await forge.open({ 'app/web.yaml': web('other') })
  await forge.label(other, 'preview', 'maintainer')
  await forge.said(other, /runs: Healthy/)
  expect(forge.comment(pull)).toBe('')
  expect(forge.statuses(pull.head)).toEqual([])
  await forge.label(other, 'preview', 'maintainer', false)
  await forge.said(other, /has no preview[\s\S]*without the label preview\.[\s\S]*Nothing of it is left/)
  expect(await tracesOf(berth)).toEqual(['shop'])
  await forge.label(other, 'preview', 'maintainer')
  await forge.said(other, /runs: Healthy/)
})

test('a crash loop is a failure of its commit, and over with the next one', async () => {
  await begin()
  const exit = '{ name: EXIT_AFTER, value: "0" }, { name: EXIT_CODE, value: "7" }'
  const pull = await forge.open({ 'app/web.yaml': web('crashing', 1, testImages.one, exit) })
  await forge.wasTold(pull.head, /^failure Degraded: Deployment web: CrashLoopBackOff/, 180_000)
  const edits = () => forge.server.requests.filter(({ method, path }) => method === 'PATCH' && /comments/.test(path))
  const before = edits().length
  await new Promise((done) => setTimeout(done, 60_000))
  expect(edits().length - before).toBeLessThanOrEqual(5)
  const mended = await forge.push(pull, { 'app/web.yaml': web('mended') })
  await forge.wasTold(mended, /^success/)
  await forge.said(pull, /runs: Healthy/)
})
