import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from '../src/base/log.ts'
import { Commenting } from '../src/commenting.ts'
import { noRollback } from '../src/manifests/config-delivery.ts'
import { CallError } from '../src/outward/errors.ts'
import type { ListedPreview } from '../src/preview-reports.ts'
import type { PreviewReport } from '../src/report/preview-comment.ts'
import type { AppStatus } from '../src/report/status.ts'
import type { ApplicationSettings, ForgeSettings, PreviewSettings } from '../src/settings.ts'
import { FakeClock } from './sim/fake-clock.ts'

const [one, two] = ['a'.repeat(40), 'b'.repeat(40)]
const away = new CallError('SERVER_ERROR', 'forge answers 502')

let folder: string
let clock: FakeClock
let lines: string[]
let commenting: Commenting
/** Comments as they are at the forge, by number. */
let comments: Map<number, string>
/** Each call that worked, `12.5 comment 7` or `12.5 status aaaaaaa pending Is being made`. */
let calls: string[]
let times: number[]
/** What the next calls come to; none: they work. */
let outcomes: (Error | undefined)[]
/** Calls about these never work. */
let locked: ReadonlySet<number>
/** Undefined: the list is not known. */
let listed: Map<string, ListedPreview> | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-commenting-'))
  clock = new FakeClock()
  ;[lines, calls, times, outcomes, locked] = [[], [], [], [], new Set()]
  comments = new Map()
  listed = new Map()
})
afterEach(async () => {
  await closed()
  rmSync(folder, { recursive: true, force: true })
})

const previews = { provider: 'github', comments: true, statuses: true } as PreviewSettings

function shop(more: Partial<PreviewSettings> | undefined = {}): ApplicationSettings {
  return {
    ...{ name: 'shop', repoURL: 'memory', revision: 'main', path: '', namespace: 'shop', intervalMs: 30_000 },
    ...{ credentials: {} as ApplicationSettings['credentials'], verify: undefined, rollback: noRollback },
    ...{ prune: true, pruneBudget: '25%', selfHeal: true, podSecurity: 'baseline', notes: false },
    ...{ forge: {} as ForgeSettings, previews: more && { ...previews, ...more } },
  }
}

function start(application = shop()): void {
  const log = createLog('info', (line) => lines.push(line.replace(/^\S+ /, '')), clock.now.bind(clock))
  commenting = new Commenting({
    settings: { applications: [application], stateDir: folder },
    previews: () => ({
      listed: () => listed && [...listed.values()],
      report: (_app, id) => listed?.get(id)?.report,
    }),
    openForge: () => ({
      comment: async ({ number, text, mark }) => {
        await outcome(number)
        expect(text.startsWith(mark)).toBe(true)
        comments.set(number, text)
        did(`comment ${number}`)
      },
      setStatus: async ({ commit, state, description, context, url }) => {
        await outcome(0)
        expect(context).toBe('berth/preview/shop')
        did(`status ${commit.slice(0, 3)} ${state} ${description}${url === undefined ? '' : ` ${url}`}`)
      },
    }),
    ...{ clock, log },
  })
}

async function outcome(number: number): Promise<void> {
  if (locked.has(number)) throw new CallError('FORBIDDEN', 'the conversation is locked')
  const error = outcomes.shift()
  if (error) throw error
}

function did(what: string): void {
  times.push(clock.now())
  calls.push(what)
}

async function closed(): Promise<void> {
  const end = commenting.close()
  await pass(6_000)
  await end
}

/** What has happened since the last time that this was asked. */
function news(): string[] {
  return calls.splice(0)
}

async function breathe(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next))
}

async function pass(ms: number, step = 250): Promise<void> {
  await breathe()
  for (let passed = 0; passed < ms; passed += step) {
    clock.advance(step)
    await breathe()
  }
}

const status: AppStatus = {
  ...{ name: 'shop/pr-7', repo: 'r', revision: 'x', path: '', commit: one, subject: '', head: one },
  ...{ sync: 'Synced', health: 'Healthy', stage: 'synced', message: '', problems: [], ignored: [], warnings: [] },
  ...{ conflicts: [], lastSync: null, rollback: null, objects: [] },
}
const base: PreviewReport = {
  ...{ app: 'shop', id: 'pr-7', head: one, is: 'awake', reason: '', ahead: undefined, approveLabel: 'ok' },
  ...{ untrusted: false, leaving: false, status, isOfHead: true, since: 0, plan: undefined },
  addresses: [{ url: 'http://pr-7.shop.example.com', known: true }],
}
const making = { status: undefined, isOfHead: false } as const
const waiting = { is: 'unapproved', reason: 'it comes from a fork', status: undefined, isOfHead: false } as const

/** The pull request is as this says now. */
function show(number: number, more: Partial<PreviewReport> = {}, ofStatus: Partial<AppStatus> = {}): void {
  const id = `pr-${number}`
  const report = { ...base, id, ...('status' in more ? {} : { status: { ...status, ...ofStatus } }), ...more }
  listed?.set(id, { id, number, report })
  commenting.changed()
}

function shut(number: number): void {
  listed?.delete(`pr-${number}`)
  commenting.changed()
}

test('one comment and one status follow a pull request from its opening to its end', async () => {
  start()
  show(7, making)
  await pass(3_000)
  expect(news()).toEqual(['status aaa pending Is being made', 'comment 7'])
  expect(comments.get(7)).toContain('is being made')
  show(7)
  await pass(12_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(comments.get(7)).toContain('runs: Healthy')
  show(7, { head: two, ...making })
  await pass(12_000)
  expect(news()).toEqual(['status bbb pending Is being made', 'comment 7'])
  show(7, { head: two })
  await pass(12_000)
  expect(news()).toEqual(['status bbb success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  shut(7)
  await pass(12_000)
  expect(news()).toEqual(['comment 7'])
  expect(comments.get(7)).toContain('### shop pr-7 is gone')
  commenting.changed()
  await pass(60_000)
  expect(news()).toEqual([])
  await closed()
  expect(JSON.parse(readFileSync(join(folder, 'told-previews.json'), 'utf8')).apps).toEqual({ shop: {} })
})

test.each([
  ['waits for an approval', waiting, 'status aaa pending Waits for an approval: it comes from a fork'],
  [
    'waits for its turn',
    { is: 'queued', reason: '10 previews are there', status: undefined, isOfHead: false },
    'status aaa pending Waits: 10 previews are there',
  ],
  [
    'sleeps',
    { is: 'asleep', reason: 'nobody used it' },
    'status aaa success Sleeps: nobody used it http://pr-7.shop.example.com',
  ],
] as const)('one that %s', async (words, report, told) => {
  start()
  show(7, report)
  await pass(3_000)
  expect(news()).toEqual([told, 'comment 7'])
  expect(comments.get(7)).toContain(words)
})

test('why a commit is not there', async () => {
  start()
  const problem = { file: 'web.yaml', line: 3, path: 'spec.replicas', message: 'expected a number' }
  show(7, { isOfHead: false }, { sync: 'Refused', problems: [problem, problem], commit: '' })
  show(8, { head: two }, { health: 'Degraded', message: 'Deployment web: CrashLoopBackOff' })
  await pass(6_000)
  expect(news()).toEqual([
    'status aaa failure Refused: web.yaml:3: spec.replicas: expected a number (and 1 more)',
    'comment 7',
    'status bbb failure Degraded: Deployment web: CrashLoopBackOff',
    'comment 8',
  ])
})

test('those that have nothing to do with previews hear nothing', async () => {
  start()
  show(7, { is: 'none', reason: 'it is for next, not main', status: undefined, isOfHead: false })
  await pass(10_000)
  shut(7)
  await pass(10_000)
  expect(news()).toEqual([])
})

test('a commit that was still being worked on does not stay so', async () => {
  start()
  show(7, making)
  await pass(3_000)
  news()
  show(7, { head: two, ...making })
  await pass(6_000)
  expect(news().slice(0, 2)).toEqual([
    'status aaa error Superseded by bbbbbbb before everything was there',
    'status bbb pending Is being made',
  ])
  show(7, { head: two, is: 'none', reason: 'it is a draft', status: undefined, isOfHead: false })
  await pass(30_000)
  expect(news()).toContain('status bbb error The preview was removed before everything was there')
  show(7, { head: two, ...making })
  await pass(30_000)
  news()
  shut(7)
  await pass(30_000)
  expect(news()).toEqual(['status bbb error Closed before everything was there', 'comment 7'])
})

test('one edit in 10 s at most, ever less often for one commit, and the last is never forgotten', async () => {
  start(shop({ statuses: false }))
  show(7)
  await pass(5_000)
  times = []
  for (let second = 0; second < 600; second++) {
    show(7, {}, { message: `state ${second}`, sync: 'OutOfSync' })
    await pass(1_000, 500)
  }
  // Ten after 10 s each, then one a minute.
  expect(times.length).toBeGreaterThan(15)
  expect(times.length).toBeLessThan(20)
  const gaps = times.slice(1).map((at, index) => at - times[index]!)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000)
  await pass(600_000, 5_000)
  expect(comments.get(7)).toContain('state 599')
})

test('what differs in times alone is no news', async () => {
  start()
  const crash = (count: number, seconds: number) =>
    `CrashLoopBackOff: container main: exit code 1 after ${seconds} s, restarted ${count} times`
  show(7, {}, { health: 'Degraded', message: crash(3, 1) })
  await pass(15_000)
  news()
  for (const count of [4, 5, 6]) {
    show(7, {}, { health: 'Degraded', message: crash(count, count + 0.5) })
    await pass(30_000, 1_000)
  }
  expect(news()).toEqual([])
})

test('many pull requests share one pace, and later ones a slower one', async () => {
  start()
  for (let number = 1; number <= 60; number++) show(number, { head: number.toString(16).padStart(40, '0') })
  await pass(6 * 60_000, 1_000)
  expect(calls).toHaveLength(120)
  expect(comments.size).toBe(60)
  const gaps = times.slice(1).map((at, index) => at - times[index]!)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000)
  expect(Math.min(...gaps.slice(100))).toBeGreaterThanOrEqual(9_000)
})

test('while the forge is away nothing is lost, and only the newest is told', async () => {
  start()
  outcomes.push(...Array<Error>(4).fill(away))
  show(7, making)
  await pass(2_000)
  show(7)
  await pass(60_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(lines.join('\n')).toMatch(/cannot be told; trying again to="pull requests of shop" reason="forge answers 502"/)
})

test('also when it is away for hours, until a token is mended', async () => {
  start()
  const revoked = new CallError('AUTH_REQUIRED', 'forge answers 401')
  outcomes.push(...Array<Error>(80).fill(revoked))
  show(7)
  await pass(3 * 3_600_000, 10_000)
  expect(news()).toEqual([])
  outcomes = []
  await pass(600_000, 10_000)
  expect(news().sort()).toEqual(['comment 7', 'status aaa success Healthy: 0 objects http://pr-7.shop.example.com'])
})

test('a pull request whose conversation is locked does not keep the others waiting', async () => {
  start(shop({ statuses: false }))
  locked = new Set([1])
  for (const number of [1, 2, 3]) show(number)
  await pass(10_000)
  expect(news()).toEqual(['comment 2', 'comment 3'])
  locked = new Set()
  await pass(600_000, 5_000)
  expect(news()).toEqual(['comment 1'])
})

test('what the forge will never take is tried once, and the next text again', async () => {
  start(shop({ statuses: false }))
  outcomes.push(new CallError('REFUSED', 'body is too long'))
  show(7)
  await pass(5 * 3_600_000, 60_000)
  expect(news()).toEqual([])
  expect(lines.filter((line) => line.includes('will not be told'))).toHaveLength(1)
  show(7, {}, { health: 'Degraded' })
  await pass(30_000)
  expect(news()).toEqual(['comment 7'])
})

test('a restart repeats nothing, and tells what was not told', async () => {
  start()
  show(7)
  show(8)
  show(9)
  await pass(8_000)
  expect(news()).toHaveLength(6)
  outcomes.push(...Array<Error>(3).fill(away))
  show(8, { head: two })
  shut(9)
  await pass(2_000)
  await closed()
  expect(news()).toEqual([])
  outcomes = []
  start()
  const known = listed
  listed = undefined
  commenting.changed()
  await pass(30_000)
  // Not known is not closed. The status was said already.
  expect(news()).toEqual(['status bbb success Healthy: 0 objects http://pr-7.shop.example.com'])
  listed = known
  commenting.changed()
  await pass(30_000)
  expect(news().sort()).toEqual(['comment 8', 'comment 9'])
  expect(comments.get(9)).toContain('is gone')
})

test('those that were closed while Berth was down have their last words, reopened ones live on', async () => {
  start()
  show(7)
  show(8)
  await pass(6_000)
  await closed()
  shut(7)
  news()
  start()
  commenting.changed()
  await pass(15_000)
  expect(news()).toEqual(['comment 7'])
  show(7)
  await pass(15_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(comments.get(7)).toContain('runs')
})

test('last words wait until nothing is left, and are not told to one that is open again', async () => {
  start()
  show(7)
  await pass(15_000)
  news()
  listed?.set('pr-7', { id: 'pr-7', number: null, report: undefined })
  commenting.changed()
  await pass(60_000)
  expect(news()).toEqual([])
  outcomes.push(away)
  shut(7)
  await pass(1_000)
  show(7, { head: two })
  await pass(30_000)
  expect(news().sort()).toEqual(['comment 7', 'status bbb success Healthy: 0 objects http://pr-7.shop.example.com'])
  expect(comments.get(7)).not.toContain('is gone')
})

test('where previews are switched off, their pull requests hear of it', async () => {
  start()
  show(7)
  await pass(15_000)
  await closed()
  news()
  listed = new Map()
  start({ ...shop(), previews: undefined })
  commenting.changed()
  await pass(15_000)
  expect(news()).toEqual(['comment 7'])
  expect(comments.get(7)).toContain('is gone')
})

test('only what is wanted is told', async () => {
  start(shop({ comments: false }))
  show(7)
  await pass(15_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com'])
  await closed()
  start({ ...shop(), previews: { ...previews, provider: 'branches' } })
  shut(7)
  listed?.set('blue', { id: 'blue', number: null, report: { ...base, id: 'blue' } })
  commenting.changed()
  await pass(15_000)
  expect(news()).toEqual([])
})
