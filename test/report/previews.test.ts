import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { ObjectStatus } from '../../src/reconcile/plan/action.ts'
import { previewsAsData, renderPreviews, renderPreviewsMarkdown } from '../../src/report/previews.ts'
import { type AppFacts, type AppStatus, allGood, appStatus, type PreviewRow } from '../../src/report/status.ts'

const facts: AppFacts = {
  ...{ name: 'shop', repo: 'r', revision: 'main', path: '', commit: 'a'.repeat(40), subject: '', head: 'a'.repeat(40) },
  ...{ stage: 'idle', error: '', refusal: undefined, objects: [], unseen: 0, ignored: [], warnings: [], conflicts: [] },
  lastSync: undefined,
}
const row: PreviewRow = {
  ...{ id: 'pr-7', is: 'awake', reason: '', number: 7, namespace: 'shop-pr-7', branch: 'blue', head: 'b'.repeat(40) },
  ...{ title: 'Try', author: 'Ada', url: '', since: null },
}
const problem = { file: 'web.yaml', line: 6, path: 'spec.replicas', message: 'expected a whole number' }
const refusal = { commit: 'b'.repeat(40), summary: '1 problem', problems: [problem] }
const ingress: ObjectStatus = {
  ...{
    kind: 'Ingress',
    namespace: 'shop-pr-9',
    name: 'shop',
    sync: 'Synced',
    health: 'Healthy',
    ready: '',
    failed: false,
  },
  message: 'https://pr-9.shop.example.com, http://pr-9.other.example.com',
}
const apps: AppStatus[] = [
  {
    ...appStatus(facts),
    previews: [
      row,
      { ...row, id: 'pr-8', is: 'queued', reason: '1 previews are there', branch: 'a|b\u001b[2J' },
      { ...row, id: 'pr-9', head: 'a'.repeat(40) },
    ],
  },
  {
    ...appStatus({ ...facts, name: 'shop/pr-7', commit: '', head: 'b'.repeat(40), refusal }),
    preview: { of: 'shop', id: 'pr-7', is: 'awake', reason: '' },
  },
  {
    ...appStatus({ ...facts, name: 'shop/pr-9', objects: [ingress] }),
    preview: { of: 'shop', id: 'pr-9', is: 'awake', reason: '' },
  },
]

test('previews are a table, with why they are not as they should be', () => {
  const lines = renderPreviews(apps).split('\n')
  const refused = 'bbbbbbb is refused: web.yaml:6: spec.replicas: expected a whole number'
  expect(lines[1]).toMatch(new RegExp(`^shop +pr-7 +awake +Missing +bbbbbbb +blue +${refused}$`))
  expect(lines[2]).toMatch(/^shop +pr-8 +queued +bbbbbbb +a\|b.* 1 previews are there$/)
  expect(lines[3]).toMatch(/^shop +pr-9 +awake +Healthy +aaaaaaa +blue +https:\/\/pr-9\.shop\.example\.com$/)
  expect(renderPreviews(apps)).not.toContain('\u001b')
  expect(renderPreviews([{ ...appStatus(facts), previews: [] }])).toBe('no open pull requests')
  expect(renderPreviews([appStatus(facts)])).toBe('no previews: an Application has them with spec.previews')
})

test('what is foreign ends no cell of the Markdown', () => {
  expect(renderPreviewsMarkdown(apps).split('\n')[3]).toContain('a\\|b')
})

test('a preview that fails is not what is asked of production', () => {
  expect(allGood(apps)).toBe(true)
  expect(allGood(apps.slice(1, 2))).toBe(false)
  expect(allGood(apps.slice(2))).toBe(true)
})

test('as data they have what a script would have to look for', () => {
  expect(previewsAsData(apps).map(({ app, id, health, address }) => [app, id, health, address])).toEqual([
    ['shop', 'pr-7', 'Missing', ''],
    ['shop', 'pr-8', null, ''],
    ['shop', 'pr-9', 'Healthy', 'https://pr-9.shop.example.com'],
  ])
})

test('each member of a status is told of in the documentation', async () => {
  const [source, text] = await Promise.all(
    ['../../src/report/status.ts', '../../docs/output.md'].map((path) =>
      readFile(new URL(path, import.meta.url), 'utf8'),
    ),
  )
  const membersOf = (type: string) => {
    const [, body = ''] = new RegExp(`export interface ${type} {\\n([\\s\\S]*?)\\n}`).exec(source!) ?? []
    return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
  }
  const members = ['AppStatus', 'PreviewRow', 'PreviewMark'].flatMap(membersOf)
  expect(members.length).toBeGreaterThan(30)
  expect(members.filter((name) => !text!.includes(`\`${name}\``))).toEqual([])
})
