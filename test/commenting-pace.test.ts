import { expect, test } from 'vitest'
import { CallError } from '../src/outward/errors.ts'
import { at, away, closed, making, news, pass, shop, show, shut, start, two } from './support/commenting-world.ts'

test('one edit in 10 s at most, ever less often for one commit, and the last is never forgotten', async () => {
  start(shop({ statuses: false }))
  show(7)
  await pass(5_000)
  at.times = []
  for (let second = 0; second < 600; second++) {
    show(7, {}, { message: `state ${second}`, sync: 'OutOfSync' })
    await pass(1_000, 500)
  }
  // Ten after 10 s each, then one a minute.
  expect(at.times.length).toBeGreaterThan(15)
  expect(at.times.length).toBeLessThan(20)
  const gaps = at.times.slice(1).map((time, index) => time - at.times[index]!)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000)
  await pass(600_000, 5_000)
  expect(at.comments.get(7)).toContain('state 599')
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
  expect(at.calls).toHaveLength(120)
  expect(at.comments.size).toBe(60)
  const gaps = at.times.slice(1).map((time, index) => time - at.times[index]!)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000)
  expect(Math.min(...gaps.slice(100))).toBeGreaterThanOrEqual(9_000)
})

test('while the forge is away nothing is lost, and only the newest is told', async () => {
  start()
  at.outcomes.push(...Array<Error>(4).fill(away))
  show(7, making)
  await pass(2_000)
  show(7)
  await pass(60_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(at.lines.join('\n')).toMatch(
    /cannot be told; trying again to="pull requests of shop" reason="forge answers 502"/,
  )
})

test('also when it is away for hours, until a token is mended', async () => {
  start()
  const revoked = new CallError('AUTH_REQUIRED', 'forge answers 401')
  at.outcomes.push(...Array<Error>(80).fill(revoked))
  show(7)
  await pass(3 * 3_600_000, 10_000)
  expect(news()).toEqual([])
  at.outcomes = []
  await pass(600_000, 10_000)
  expect(news().sort()).toEqual(['comment 7', 'status aaa success Healthy: 0 objects http://pr-7.shop.example.com'])
})

test('a pull request whose conversation is locked does not keep the others waiting', async () => {
  start(shop({ statuses: false }))
  at.locked = new Set([1])
  for (const number of [1, 2, 3]) show(number)
  await pass(10_000)
  expect(news()).toEqual(['comment 2', 'comment 3'])
  at.locked = new Set()
  await pass(600_000, 5_000)
  expect(news()).toEqual(['comment 1'])
})

test('what the forge will never take is tried once, and the next text again', async () => {
  start(shop({ statuses: false }))
  at.outcomes.push(new CallError('REFUSED', 'body is too long'))
  show(7)
  await pass(5 * 3_600_000, 60_000)
  expect(news()).toEqual([])
  expect(at.lines.filter((line) => line.includes('will not be told'))).toHaveLength(1)
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
  at.outcomes.push(...Array<Error>(3).fill(away))
  show(8, { head: two })
  shut(9)
  await pass(2_000)
  await closed()
  expect(news()).toEqual([])
  at.outcomes = []
  start()
  const known = at.listed
  at.listed = undefined
  at.commenting.changed()
  await pass(30_000)
  // Not known is not closed. The status was said already.
  expect(news()).toEqual(['status bbb success Healthy: 0 objects http://pr-7.shop.example.com'])
  at.listed = known
  at.commenting.changed()
  await pass(30_000)
  expect(news().sort()).toEqual(['comment 8', 'comment 9'])
  expect(at.comments.get(9)).toContain('is gone')
})

test('after a restart what is not found out yet is no news, and what is, is', async () => {
  const plan = { base: two, stale: false, apps: [], items: [] }
  start(shop({ statuses: false }))
  for (const number of [7, 8, 9]) show(number, { plan })
  await pass(15_000)
  expect(news()).toHaveLength(3)
  await closed()
  start(shop({ statuses: false }))
  for (const number of [7, 8, 9]) show(number, making)
  await pass(15_000)
  for (const number of [7, 8, 9]) show(number)
  show(8, { head: two })
  await pass(60_000)
  expect(news()).toEqual(['comment 8'])
  show(7, { plan })
  await pass(600_000, 5_000)
  // Its plan is still not there.
  expect(news()).toEqual(['comment 9'])
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
  at.commenting.changed()
  await pass(15_000)
  expect(news()).toEqual(['comment 7'])
  show(7)
  await pass(15_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(at.comments.get(7)).toContain('runs')
})

test('last words wait until nothing is left, and are not told to one that is open again', async () => {
  start()
  show(7)
  await pass(15_000)
  news()
  at.listed?.set('pr-7', { id: 'pr-7', number: null, report: undefined })
  at.commenting.changed()
  await pass(60_000)
  expect(news()).toEqual([])
  at.outcomes.push(away)
  shut(7)
  await pass(1_000)
  show(7, { head: two })
  await pass(30_000)
  expect(news().sort()).toEqual(['comment 7', 'status bbb success Healthy: 0 objects http://pr-7.shop.example.com'])
  expect(at.comments.get(7)).not.toContain('is gone')
})

test('where previews are switched off, their pull requests hear of it', async () => {
  start()
  show(7)
  await pass(15_000)
  await closed()
  news()
  at.listed = new Map()
  start({ ...shop(), previews: undefined })
  at.commenting.changed()
  await pass(15_000)
  expect(news()).toEqual(['comment 7'])
  expect(at.comments.get(7)).toContain('is gone')
})
