import { expect, test } from 'vitest'
import type { Key } from '../../../src/base/key.ts'
import { decidePrune, deletableClaims } from '../../../src/reconcile/plan/prune.ts'
import type { LiveVolume } from '../../../src/runtime/live.ts'

const web: Key = 'shop/Deployment/web'
const api: Key = 'shop/Deployment/api'
const config: Key = 'shop/ConfigMap/web'
const secret: Key = 'shop/Secret/web'
const namespace: Key = '/Namespace/shop'
const before = [namespace, config, api, web, secret]

function decide(after: readonly Key[], message = 'Tidy up', budget: number | string = '25%'): string {
  const { allowed, text } = decidePrune({ before, after: new Set(after), budget, messages: [message] })
  return allowed ? 'allowed' : text.split(';')[0]!
}

const approved = 'Remove the api\n\nIt is no longer called.\n\nBerth-Allow-Prune: '

test.each([
  { title: 'nothing vanishes', after: before, expected: 'allowed' },
  { title: 'new objects', after: [...before, 'shop/Pod/new' as Key], expected: 'allowed' },
  { title: 'the budget is rounded up: 25% of 5 are 2', after: [namespace, config, web], expected: 'allowed' },
  {
    title: 'more than the budget',
    after: [namespace, web],
    expected:
      'held: it would remove 3 of 5 objects, the budget is 2 (25%): ConfigMap shop/web, Deployment shop/api, Secret shop/web',
  },
  {
    title: 'a budget in objects',
    after: [namespace, config, api, web],
    budget: 0,
    expected: 'held: it would remove 1 of 5 objects, the budget is 0: Secret shop/web',
  },
  {
    title: 'a Namespace',
    after: [config, api, web, secret],
    expected: 'held: removing a Namespace always needs an approval: Namespace shop',
  },
  {
    title: 'a Namespace within a full budget',
    after: [config, api, web, secret],
    budget: '100%',
    expected: 'held: removing a Namespace always needs an approval: Namespace shop',
  },
  {
    title: 'everything',
    after: [],
    budget: '100%',
    expected:
      'held: it would remove all objects of the application: Namespace shop, ConfigMap shop/web, Deployment shop/api, Deployment shop/web, Secret shop/web',
  },
  { title: 'everything, approved', after: [], message: `${approved}yes`, expected: 'allowed' },
  { title: 'approved by name', after: [namespace, web], message: `${approved}Deployment/api`, expected: 'allowed' },
  {
    title: 'approved by full name',
    after: [namespace, web],
    message: `${approved}shop/Deployment/api, Secret/web`,
    expected: 'allowed',
  },
  {
    title: 'another one is approved',
    after: [namespace, web],
    message: `${approved}Deployment/web`,
    expected:
      'held: it would remove 3 of 5 objects, the budget is 2 (25%): ConfigMap shop/web, Deployment shop/api, Secret shop/web',
  },
  {
    title: 'words in the text are no trailer',
    after: [namespace, web],
    message: 'Explain\n\nBerth-Allow-Prune: yes\n\nis what one writes.',
    expected:
      'held: it would remove 3 of 5 objects, the budget is 2 (25%): ConfigMap shop/web, Deployment shop/api, Secret shop/web',
  },
])('$title', ({ after, message, budget, expected }) => {
  expect(decide(after, message, budget)).toBe(expected)
})

test('what is removed is said, and how to approve it', () => {
  const { removed, text } = decidePrune({ before, after: new Set([namespace, web]), budget: 1, messages: [] })
  expect(removed).toEqual([config, api, secret])
  expect(text).toContain('"Berth-Allow-Prune: yes"')
})

const claim: Key = 'shop/PersistentVolumeClaim/data'
const old: Key = 'shop/PersistentVolumeClaim/old'
const set: Key = 'shop/StatefulSet/db'
const ofSet: Key = 'shop/PersistentVolumeClaim/data-db-0'

test.each([
  { title: 'a claim that vanishes is kept', message: '', removed: [] },
  { title: 'yes removes what vanishes now', message: `${approved}yes`, removed: [claim] },
  { title: 'data that was kept is removed by name', message: `${approved}PersistentVolumeClaim/old`, removed: [old] },
])('$title', ({ message, removed }) => {
  const claims = [
    { key: claim, with: claim },
    { key: old, with: old },
  ]
  const decision = decidePrune({ before: [claim, web], after: new Set([web]), budget: 0, messages: [message], claims })
  expect(decision).toMatchObject({ allowed: true, removed })
})

test('the data of a StatefulSet goes with it where it says so, and only when its removal was approved by name', () => {
  const ask = (message: string) =>
    decidePrune({
      before: [set, web],
      after: new Set([web]),
      budget: '100%',
      messages: [message],
      claims: [{ key: ofSet, with: set }],
    }).removed
  expect(ask('Remove it')).toEqual([set])
  expect(ask(`${approved}StatefulSet/db`)).toEqual([ofSet, set])
})

test('what volumes say about the end of their claim', () => {
  const volume = (name: string, facts: Record<string, string>, detail = ''): LiveVolume => ({
    ...{ host: 'local', name, app: 'shop', namespace: 'shop', subject: `PersistentVolumeClaim/${name}`, detail, facts },
    ...{ driver: 'local', options: {}, createdAt: 0 },
  })
  const volumes = [
    volume('a', { reclaim: 'Retain' }),
    volume('data', { reclaim: 'Delete' }),
    volume('data-db-0', { reclaim: 'Retain', statefulSet: 'db', whenDeleted: 'Delete' }),
    { ...volume('x', {}, '7'), subject: 'Job/x' },
  ]
  expect(deletableClaims(volumes)).toEqual([
    { key: claim, with: claim },
    { key: ofSet, with: set },
  ])
})
