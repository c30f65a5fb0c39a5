import { expect, test } from 'vitest'
import { commentMark, type PreviewReport, renderPreviewComment } from '../../src/report/preview-comment.ts'
import type { AppStatus } from '../../src/report/status.ts'

const status: AppStatus = {
  ...{
    name: 'shop-pr-7',
    repo: 'r',
    revision: 'x',
    path: '',
    commit: 'c'.repeat(40),
    subject: 's',
    head: 'c'.repeat(40),
  },
  ...{ sync: 'Synced', health: 'Healthy', stage: 'synced', message: '', problems: [], ignored: [], warnings: [] },
  ...{ conflicts: [], lastSync: null, rollback: null },
  objects: [
    {
      ...{ kind: 'Deployment', namespace: 'shop-pr-7', name: 'web' },
      ...{ sync: 'Synced', health: 'Healthy', ready: '2/2', message: '' },
    },
  ],
}
const report: PreviewReport = {
  ...{ app: 'shop', id: 'pr-7', head: 'c'.repeat(40), is: 'awake', reason: '' },
  ...{ addresses: ['http://pr-7.shop.example.com'], status, since: 0, now: 7_200_000 },
  plan: {
    base: 'b'.repeat(40),
    stale: false,
    apps: [{ ...status, name: 'shop' }],
    items: [
      {
        ...{ app: 'shop', key: 'shop/Deployment/web', changes: ['spec.replicas: 2 -> 3'], note: '' },
        tasks: [{ text: 'create pod web-abc-2', cause: '3 replicas wanted', effect: 'none' } as never],
      },
    ],
  },
}

test('a running preview and what its merge would do', () => {
  expect(renderPreviewComment(report)).toMatchInlineSnapshot(`
    "<!-- berth preview of shop -->
    ### shop pr-7 runs: Healthy

    Commit \`ccccccc\`, for 2 h

    - http://pr-7.shop.example.com

    | object | health | ready | message |
    |---|---|---|---|
    | Deployment web | Healthy | 2/2 |  |

    #### What the merge would change in production

    On \`bbbbbbb\`.

    \`\`\`text
    shop: ccccccc s

      Deployment shop/web: nothing is interrupted
        ~ spec.replicas: 2 -> 3
        create pod web-abc-2 (3 replicas wanted)
    \`\`\`"
  `)
})

test.each([
  ['asleep', 'nobody used it', '### shop pr-7 sleeps'],
  ['queued', '10 previews are there', '### shop pr-7 waits for its turn'],
  ['unapproved', 'it comes from a fork', '### shop pr-7 waits for an approval'],
] as const)('%s', (is, reason, title) => {
  const text = renderPreviewComment({ ...report, is, reason, status: undefined, plan: undefined, addresses: [] })
  expect(text.split('\n').slice(1)).toEqual([title, '', `Commit \`ccccccc\`, for 2 h: ${reason}`])
})

test('a plan for a base that has moved says so', () => {
  const text = renderPreviewComment({ ...report, plan: { ...report.plan!, stale: true } })
  expect(text).toContain('On `bbbbbbb`, which has moved since')
})

test('foreign text is only text', () => {
  const problems = [{ file: '@all.yaml', line: 2, path: 'spec', message: '</script> | **x**\n# title' }]
  const text = renderPreviewComment({ ...report, plan: undefined, status: { ...status, problems } })
  expect(text).toContain(String.raw`- &#64;all.yaml:2: spec: \</script\> \| \*\*x\*\* \# title`)
})

test('what is too long is cut', () => {
  const items = Array.from({ length: 3000 }, (_, index) => ({
    ...report.plan!.items[0]!,
    key: `shop/Deployment/web-${index}`,
  }))
  const text = renderPreviewComment({ ...report, plan: { ...report.plan!, items } })
  expect(text.length).toBeLessThan(65_536)
  expect(text.endsWith('```\n… cut here')).toBe(true)
})

test('the mark of a comment is found again, and ends nothing', () => {
  expect(renderPreviewComment(report).startsWith(commentMark('shop'))).toBe(true)
  expect(commentMark('a --> b')).toBe('<!-- berth preview of a--b -->')
})
