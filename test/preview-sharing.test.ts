// What all previews of all applications have together.
import { expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { Journal } from '../src/journal/journal.ts'
import type { PullRequest } from '../src/preview/pull-request.ts'
import { Sharing } from '../src/preview-sharing.ts'
import { Previewing } from '../src/previewing.ts'
import type { ApplicationSettings, PreviewSettings } from '../src/settings.ts'
import { Dice } from './sim/dice.ts'
import { FakeClock } from './sim/fake-clock.ts'
import { breathe, defaults, engine, open, pass, repository, runtime } from './support/engine-fixture.ts'
import { branchPreviews } from './support/preview-settings.ts'

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "app:1" }] }
`

/** Open pull requests of each application, by number. */
const listed = new Map<string, Set<number>>()

function pullRequest(number: number, head: string): PullRequest {
  return {
    ...{ id: `pr-${number}`, number, title: '', branch: 'b', targetBranch: 'main', head, author: 'ann', draft: false },
    ...{ labels: [], fork: false, authorMayWrite: true, approvals: [], activeAt: 0, url: '' },
  }
}

function previewsOf(pods: string, more: Partial<PreviewSettings> = {}): PreviewSettings {
  return { ...branchPreviews, provider: 'github', quota: { pods }, sleepAfterMs: 72 * 3_600_000, ...more }
}

/** `shop` with previews of two pods each, and `blog` with previews of three. */
async function start(total: string, more: Partial<PreviewSettings> = {}): Promise<void> {
  repository.push('Start', { 'web.yaml': web })
  const [head = ''] = [(await repository.head())?.oid]
  const pullRequests = ({ name }: ApplicationSettings) => ({
    list: async () => [...(listed.get(name) ?? [])].map((number) => pullRequest(number, head)),
  })
  const blog = { ...defaults, name: 'blog', namespace: 'blog', previews: previewsOf('3', more) }
  await open({ previews: previewsOf('2', more) }, [blog], { pullRequests }, { previewQuota: { pods: total } }).start()
  await pass(12_000)
}

const rows = (): string[] =>
  engine
    .status()
    .flatMap(({ name, previews = [] }) => previews.map(({ id, is, reason }) => `${name}/${id} ${is} ${reason}`.trim()))

function awakePods(): number {
  const awake = (app: string) => rows().filter((row) => row.startsWith(`${app}/`) && /^\S+ awake/.test(row)).length
  return awake('shop') * 2 + awake('blog') * 3
}

test('whoever comes first has the room, and what one leaves the other has at once', async () => {
  listed.set('shop', new Set([1, 2, 3])).set('blog', new Set())
  await start('7')
  listed.set('blog', new Set([1]))
  await pass(12_000)
  const full = 'all previews together have pods 7: 3 are awake'
  expect(rows()).toEqual(['shop/pr-1 awake', 'shop/pr-2 awake', 'shop/pr-3 awake', `blog/pr-1 asleep ${full}`])
  engine.previews.answer('sleep', 'shop', 'pr-2')
  expect(rows()).toEqual([
    'shop/pr-1 awake',
    'shop/pr-2 asleep it was put to sleep',
    'shop/pr-3 awake',
    'blog/pr-1 awake',
  ])
  expect(engine.previews.answer('wake', 'shop', 'pr-2')).toEqual({
    done: false,
    text: 'pr-2 sleeps: all previews together have pods 7: 3 are awake',
  })
  listed.set('blog', new Set())
  await pass(12_000)
  expect(rows()).toEqual(['shop/pr-1 awake', 'shop/pr-2 awake', 'shop/pr-3 awake'])
  await pass(30_000)
  expect(runtime.pods().filter(({ namespace }) => /^shop-pr-/.test(namespace))).toHaveLength(3)
})

test('they keep to it over a restart, and to a smaller one', async () => {
  listed.set('shop', new Set([1, 2])).set('blog', new Set([1]))
  await start('7')
  expect(awakePods()).toBe(7)
  await engine.close()
  runtime.restart()
  await start('7')
  expect(awakePods()).toBe(7)
  await engine.close()
  runtime.restart()
  await start('5')
  await pass(30_000)
  expect(awakePods()).toBeLessThanOrEqual(5)
  expect(awakePods()).toBeGreaterThan(2)
})

/** Two applications' decisions alone, without an engine. */
function decisions(total: Record<string, string>, journal = () => Journal.inMemory(), fault?: Error) {
  const clock = new FakeClock()
  const sharing = new Sharing(total)
  const opened = { shop: new Map<number, string>(), blog: new Map<number, string>() }
  const make = (app: 'shop' | 'blog', pods: string): Previewing => {
    const previews = previewsOf(pods, { max: 4, maxAwake: 3, sleepAfterMs: 600_000, ttlMs: 3_600_000 })
    const previewing = new Previewing({
      settings: { ...defaults, name: app, previews },
      requests: {
        list: async () => {
          if (fault) throw fault
          return [...opened[app]].map(([number, head]) => pullRequest(number, head))
        },
      },
      ...{ journal: journal(), clock, log: silentLog, random: () => 0.5, namespaceOf: (id) => id },
      ...{ want: () => '', end: () => '', remove: () => {}, found: () => [] },
      room: () => sharing.roomOf(app),
      onChange: () => sharing.decided(app),
    })
    sharing.join(app, { quota: { pods }, awake: () => previewing.awake, decide: () => previewing.decide() })
    return previewing
  }
  return { clock, opened, previewings: { shop: make('shop', '2'), blog: make('blog', '3') } }
}

const states = (previewing: Previewing) => previewing.rows().map(({ is }) => is)

test('whatever opens, sleeps, wakes and closes, together they never have more, and nobody waits for room that there is', async () => {
  let [most, waited] = [0, 0]
  for (let seed = 1; seed <= 40; seed++) {
    const dice = new Dice(seed)
    const { clock, opened, previewings } = decisions({ pods: '7' })
    const { shop, blog } = previewings
    for (let step = 0; step < 50; step++) {
      const app = dice.chance(0.5) ? 'shop' : 'blog'
      const number = dice.between(1, 6)
      const what = dice.between(0, 4)
      if (what < 2) opened[app].set(number, `head-${what}-${step}`)
      else if (what === 2) opened[app].delete(number)
      else previewings[app].answer(what === 3 ? 'sleep' : 'wake', `pr-${number}`)
      if (dice.chance(0.4)) previewings[app].pollNow()
      if (dice.chance(0.5)) clock.advance(dice.chance(0.2) ? 700_000 : 6_000)
      await breathe()
      const taken = shop.awake * 2 + blog.awake * 3
      const shown =
        states(shop).filter((is) => is === 'awake').length * 2 + states(blog).filter((is) => is === 'awake').length * 3
      expect([taken, shown, seed, step]).toEqual([shown, taken, seed, step])
      expect(taken).toBeLessThanOrEqual(7)
      most = Math.max(most, taken)
      const waiting = [...shop.rows(), ...blog.rows()].filter(({ reason }) =>
        reason.startsWith('all previews together'),
      )
      waited += waiting.length
      for (const { id, reason } of waiting) {
        const own = shop.rows().some((row) => row.id === id && row.reason === reason) ? 2 : 3
        expect(taken + own, `${seed} ${step} ${id}: ${reason}`).toBeGreaterThan(7)
      }
    }
    await Promise.all([shop.close(), blog.close()])
  }
  expect(most).toBe(7)
  expect(waited).toBeGreaterThan(100)
})

test('a request wakes nobody beyond it either, while pull requests are not known', async () => {
  const journal = Journal.inMemory()
  const row = {
    branch: 'b',
    head: 'a',
    seenAt: 1,
    since: 1,
    usedAt: 1,
    laidDown: false,
    untrusted: false,
    deletedAt: '',
  }
  journal.setPreviews('shop', [
    { ...row, id: 'pr-1', asleep: false },
    { ...row, id: 'pr-2', asleep: true, rest: 'hold' },
    { ...row, id: 'pr-3', asleep: true, rest: 'hold' },
  ])
  const { clock, previewings } = decisions({ pods: '5' }, () => journal, new Error('502'))
  const { shop, blog } = previewings
  shop.pollNow()
  await breathe()
  expect([shop.awake, shop.trouble]).toEqual([1, '502'])
  const now = clock.now()
  shop.used(
    new Map([
      ['pr-2', now],
      ['pr-3', now],
    ]),
  )
  expect(shop.rows().map(({ is }) => is)).toEqual(['awake', 'awake', 'asleep'])
  await Promise.all([shop.close(), blog.close()])
})
