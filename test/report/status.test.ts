import { expect, test } from 'vitest'
import type { ObjectStatus } from '../../src/reconcile/plan/action.ts'
import { historyMarkdown, renderHistory } from '../../src/report/history.ts'
import { markdownStatus } from '../../src/report/markdown.ts'
import { type AppFacts, allGood, appStatus } from '../../src/report/status.ts'
import { renderStatus } from '../../src/report/text.ts'

const web: ObjectStatus = {
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
  sync: 'Synced',
  health: 'Healthy',
  ready: '3/3',
  message: '',
  failed: false,
}

const good: AppFacts = {
  name: 'shop',
  repo: 'https://git.example.com/shop.git',
  revision: 'main',
  path: 'production',
  commit: 'aaaaaaaaaa',
  subject: 'Add web',
  head: 'aaaaaaaaaa',
  stage: 'idle',
  error: '',
  refusal: undefined,
  objects: [web],
  unseen: 0,
  ignored: [],
  warnings: [],
  conflicts: [],
  lastSync: { commit: 'aaaaaaaaaa', startedAt: 1_000, finishedAt: 3_500 },
}

const problem = {
  file: 'web.yaml',
  line: 14,
  path: 'spec.replicas',
  message: 'expected a whole number from 0, found "three" (string)',
}
const refusal = { commit: 'bbbbbbbbbb', summary: '1 problem', problems: [problem] }

test.each<{ title: string; facts: Partial<AppFacts>; expected: string }>([
  { title: 'all good', facts: {}, expected: 'Synced Healthy synced' },
  {
    title: 'nothing read yet',
    facts: { commit: '', head: '', objects: [], stage: 'fetching' },
    expected: 'Unknown Missing fetching',
  },
  { title: 'the remote does not answer', facts: { error: 'timed out' }, expected: 'Unknown Healthy synced' },
  { title: 'the head has a problem', facts: { head: 'bbbbbbbbbb', refusal }, expected: 'Refused Healthy synced' },
  {
    title: 'a newer head is being read',
    facts: { head: 'bbbbbbbbbb', stage: 'reading' },
    expected: 'OutOfSync Healthy reading',
  },
  {
    title: 'steps left to do',
    facts: { objects: [{ ...web, sync: 'OutOfSync', health: 'Progressing' }] },
    expected: 'OutOfSync Progressing applying',
  },
  {
    title: 'all done, not ready yet',
    facts: { objects: [{ ...web, health: 'Progressing' }] },
    expected: 'Synced Progressing settling',
  },
  {
    title: 'refused before anything was applied',
    facts: { commit: '', objects: [], refusal },
    expected: 'Refused Missing reading',
  },
  { title: 'not looked at yet', facts: { unseen: 1 }, expected: 'OutOfSync Healthy applying' },
  {
    title: 'the worst object counts',
    facts: { objects: [web, { ...web, health: 'Degraded' }, { ...web, health: 'Suspended' }] },
    expected: 'Synced Degraded settling',
  },
])('$title', ({ facts, expected }) => {
  const { sync, health, stage } = appStatus({ ...good, ...facts })
  expect(`${sync} ${health} ${stage}`).toBe(expected)
})

test('the exit code of status is good only when everything is synced and healthy', () => {
  expect(allGood([appStatus(good)])).toBe(true)
  expect(allGood([])).toBe(false)
  expect(allGood([appStatus({ ...good, objects: [{ ...web, health: 'Suspended' }] })])).toBe(true)
  expect(allGood([appStatus({ ...good, objects: [{ ...web, health: 'Progressing' }] })])).toBe(false)
  expect(allGood([appStatus(good), appStatus({ ...good, refusal })])).toBe(false)
  expect(allGood([appStatus({ ...good, conflicts: ['a name is taken'] })])).toBe(false)
})

test('a refused commit says what keeps running and where the problem is', () => {
  const app = appStatus({ ...good, head: 'bbbbbbbbbb', refusal })
  expect(app.message).toBe('bbbbbbb is not applied: 1 problem; aaaaaaa keeps running')
  expect(renderStatus([app])).toMatchInlineSnapshot(`
    "shop  Refused  Healthy  synced
      from    https://git.example.com/shop.git main production
      commit  aaaaaaa Add web
      head    bbbbbbb
      why     bbbbbbb is not applied: 1 problem; aaaaaaa keeps running

      KIND        NAME      SYNC    HEALTH   READY
      Deployment  shop/web  Synced  Healthy  3/3

      problems:
        web.yaml:14: spec.replicas: expected a whole number from 0, found "three" (string)"
  `)
})

test('the JSON has the documented members', () => {
  const json = JSON.parse(JSON.stringify(appStatus(good)))
  expect(json).toMatchObject({
    name: 'shop',
    sync: 'Synced',
    health: 'Healthy',
    stage: 'synced',
    objects: [
      {
        kind: 'Deployment',
        namespace: 'shop',
        name: 'web',
        sync: 'Synced',
        health: 'Healthy',
        ready: '3/3',
        message: '',
      },
    ],
    lastSync: {
      commit: 'aaaaaaaaaa',
      startedAt: '1970-01-01T00:00:01.000Z',
      finishedAt: '1970-01-01T00:00:03.500Z',
      durationMs: 2500,
    },
  })
})

test('markup in foreign text stays text in Markdown', () => {
  const app = appStatus({ ...good, subject: '[click](https://evil) | <script>' })
  expect(markdownStatus([app])).toContain('\\[click\\](https:/\u200b/evil) \\| \\<script\\>')
})

test('history tells what each commit did', () => {
  const entry = {
    commit: 'aaaaaaaaaa',
    subject: 'Add web',
    author: 'Ann',
    startedAt: 0,
    finishedAt: 2_500,
    result: 'synced',
    message: '',
    changes: ['create pod web-a-0'],
    stages: { readMs: 12 },
    reverts: [],
    revertedBy: '',
  }
  expect(renderHistory('shop', [entry])).toMatchInlineSnapshot(`
    "aaaaaaa  1970-01-01T00:00:00.000Z  synced in 2.5 s
      Add web (Ann)
      read 12 ms
        create pod web-a-0"
  `)
  expect(renderHistory('shop', [])).toBe('shop: nothing applied yet')
})

test('history tells who took what back, also as a table', () => {
  const common = { author: 'Ann', startedAt: 0, finishedAt: 2_500, changes: [], stages: {} }
  const back = { ...common, commit: 'cccccccccc', subject: 'Roll back', result: 'synced', message: '' }
  const bad = { ...common, commit: 'bbbbbbbbbb', subject: 'Break | it', result: 'rolledBack' }
  const message = 'Deployment web: CrashLoopBackOff\nrolled back by ccccccc'
  const entries = [
    { ...back, reverts: ['bbbbbbbbbb'], revertedBy: '' },
    { ...bad, message, reverts: [], revertedBy: 'cccccccccc' },
  ]
  expect(renderHistory('shop', entries)).toMatchInlineSnapshot(`
    "ccccccc  1970-01-01T00:00:00.000Z  synced in 2.5 s
      Roll back (Ann)
      reverts bbbbbbb

    bbbbbbb  1970-01-01T00:00:00.000Z  rolledBack in 2.5 s
      Break | it (Ann)
      Deployment web: CrashLoopBackOff
      rolled back by ccccccc"
  `)
  expect(historyMarkdown('shop', entries)).toMatchInlineSnapshot(`
    "### shop

    | commit | subject | author | when | result | took | why |
    |---|---|---|---|---|---|---|
    | \`ccccccc\` | Roll back | Ann | 1970-01-01T00:00:00.000Z | synced | 2.5 s | reverts bbbbbbb |
    | \`bbbbbbb\` | Break \\| it | Ann | 1970-01-01T00:00:00.000Z | rolledBack | 2.5 s | Deployment web: CrashLoopBackOff; rolled back by ccccccc |"
  `)
  expect(historyMarkdown('shop', [])).toBe('### shop\n\nnothing applied yet')
})

const rollback = {
  failed: '1a2b3c4'.padEnd(40, '0'),
  restored: '9f8e7d6'.padEnd(40, '0'),
  commit: undefined,
  pullRequest: undefined,
  reason: 'Deployment web: CrashLoopBackOff',
  trouble: '',
}

test.each([
  [{ commit: '5c4b3a2'.padEnd(40, '0') }, 'rolled back to 9f8e7d6 by 5c4b3a2'],
  [{ pullRequest: 'https://f/7' }, 'rolled back to 9f8e7d6 on the hosts, and in Git once https://f/7 is merged'],
  [{ trouble: 'connection refused' }, 'rolled back to 9f8e7d6 on the hosts, but not in Git: connection refused'],
  [{}, 'rolled back to 9f8e7d6 on the hosts, in Git in a moment'],
])('a rolled-back application says so: %j', (more, expected) => {
  const facts = { ...good, rollback: { ...rollback, ...more } }
  const words = `1a2b3c4 failed: Deployment web: CrashLoopBackOff; ${expected}`
  expect(appStatus(facts).message).toBe(words)
  expect(appStatus({ ...facts, refusal: { ...refusal, commit: rollback.failed } }).message).toBe(words)
  const held = appStatus({ ...facts, refusal })
  expect(held.message).toBe('bbbbbbb is not applied: 1 problem; aaaaaaa keeps running')
  expect(held.rollback).toMatchObject({ failed: rollback.failed, restored: rollback.restored })
  expect(appStatus(good).rollback).toBeNull()
})
