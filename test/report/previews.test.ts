import { expect, test } from 'vitest'
import { renderPreviews, renderPreviewsMarkdown } from '../../src/report/previews.ts'
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
const refusal = { commit: 'b'.repeat(40), summary: '1 problem', problems: [] }
const apps: AppStatus[] = [
  {
    ...appStatus(facts),
    previews: [row, { ...row, id: 'pr-8', is: 'queued', reason: '1 previews are there', branch: 'a|b\u001b[2J' }],
  },
  {
    ...appStatus({ ...facts, name: 'shop/pr-7', commit: '', refusal }),
    preview: { of: 'shop', id: 'pr-7', is: 'awake', reason: '' },
  },
]

test('previews are a table, with why they are not as they should be', () => {
  const lines = renderPreviews(apps).split('\n')
  expect(lines[1]).toMatch(/^shop +pr-7 +awake +Missing +bbbbbbb +blue +shop-pr-7 +bbbbbbb is not applied: 1 problem/)
  expect(lines[2]).toMatch(/^shop +pr-8 +queued +bbbbbbb +a\|b.* 1 previews are there$/)
  expect(renderPreviews(apps)).not.toContain('\u001b')
  expect(renderPreviews([])).toBe('no open pull requests')
})

test('what is foreign ends no cell of the Markdown', () => {
  expect(renderPreviewsMarkdown(apps).split('\n')[3]).toContain('a\\|b')
})

test('a preview that fails is not what is asked of production', () => {
  expect(allGood(apps)).toBe(true)
  expect(allGood(apps.slice(1))).toBe(false)
})
