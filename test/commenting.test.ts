import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  at,
  base,
  closed,
  making,
  news,
  pass,
  previews,
  shop,
  show,
  shut,
  start,
  two,
  waiting,
} from './support/commenting-world.ts'

test('one comment and one status follow a pull request from its opening to its end', async () => {
  start()
  show(7, making)
  await pass(3_000)
  expect(news()).toEqual(['status aaa pending Is being made', 'comment 7'])
  expect(at.comments.get(7)).toContain('is being made')
  show(7)
  await pass(12_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(at.comments.get(7)).toContain('runs: Healthy')
  show(7, { head: two, ...making })
  await pass(12_000)
  expect(news()).toEqual(['status bbb pending Is being made', 'comment 7'])
  show(7, { head: two })
  await pass(12_000)
  expect(news()).toEqual(['status bbb success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  shut(7)
  await pass(12_000)
  expect(news()).toEqual(['comment 7'])
  expect(at.comments.get(7)).toContain('### shop pr-7 is gone')
  at.commenting.changed()
  await pass(60_000)
  expect(news()).toEqual([])
  await closed()
  expect(JSON.parse(readFileSync(join(at.folder, 'told-previews.json'), 'utf8')).apps).toEqual({ shop: {} })
})

test('one of several installations names itself', async () => {
  start(shop(), 'staging')
  show(7, { engine: 'staging' })
  await pass(12_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com', 'comment 7'])
  expect(at.comments.get(7)).toContain('### staging/shop pr-7 runs: Healthy')
  shut(7)
  await pass(12_000)
  expect(at.comments.get(7)).toContain('### staging/shop pr-7 is gone')
})

test.each([
  ['waits for an approval', waiting, 'status aaa pending Waits for an approval: it comes from a fork'],
  [
    'waits for its turn',
    { is: 'queued', reason: '10 previews are there', ahead: 1, status: undefined, isOfHead: false },
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
  expect(at.comments.get(7)).toContain(words)
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

test('what became of a commit stays said while its pods begin anew', async () => {
  start()
  show(7, {}, { health: 'Degraded', message: 'Deployment web: CrashLoopBackOff' })
  await pass(15_000)
  expect(news()).toEqual(['status aaa failure Degraded: Deployment web: CrashLoopBackOff', 'comment 7'])
  show(7, {}, { health: 'Progressing', message: 'Deployment web: 0 of 1 pods are ready' })
  await pass(15_000)
  expect(news()).toEqual(['comment 7'])
  show(7)
  await pass(15_000)
  expect(news()[0]).toMatch(/^status aaa success/)
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

test('only what is wanted is told', async () => {
  start(shop({ comments: false }))
  show(7)
  await pass(15_000)
  expect(news()).toEqual(['status aaa success Healthy: 0 objects http://pr-7.shop.example.com'])
  await closed()
  start({ ...shop(), previews: { ...previews, provider: 'branches' } })
  shut(7)
  at.listed?.set('blue', { id: 'blue', number: null, report: { ...base, id: 'blue' } })
  at.commenting.changed()
  await pass(15_000)
  expect(news()).toEqual([])
})

test('a commit whose image is not there yet waits, beside the one before it', async () => {
  start()
  show(7)
  await pass(15_000)
  news()
  show(7, { newest: two, reason: 'the registry does not have app:pr-7 yet' })
  await pass(15_000)
  expect(news()).toEqual(['status bbb pending Waits: the registry does not have app:pr-7 yet', 'comment 7'])
  show(7, { head: two })
  await pass(15_000)
  expect(news()[0]).toMatch(/^status bbb success/)
})
