import { expect, test } from 'vitest'
import { type PreviewReport, renderClosedComment, renderPreviewComment } from '../../src/report/preview-comment.ts'
import { commentMark, olderCommentMark } from '../../src/report/preview-mark.ts'
import type { AppStatus } from '../../src/report/status.ts'

const head = 'c'.repeat(40)
const status: AppStatus = {
  ...{ name: 'shop-pr-7', repo: 'r', revision: 'x', path: '', commit: head, subject: 's', head },
  ...{ sync: 'Synced', health: 'Healthy', stage: 'synced', message: '', problems: [], ignored: [], warnings: [] },
  ...{ conflicts: [], lastSync: null, rollback: null },
  objects: [object('Deployment', 'web', 'Healthy', '2/2')],
}
const report: PreviewReport = {
  ...{
    app: 'shop',
    engine: 'production',
    id: 'pr-7',
    head,
    newest: undefined,
    is: 'awake',
    reason: '',
    ahead: undefined,
    approveLabel: 'berth-approve',
  },
  ...{ untrusted: false, leaving: false, status, isOfHead: true, since: Date.parse('2026-11-22T12:00:31Z') },
  addresses: [{ url: 'http://pr-7.shop.example.com', known: true }],
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

function object(kind: string, name: string, health: 'Healthy' | 'Degraded' | 'Progressing', ready = '', message = '') {
  return { kind, namespace: 'shop-pr-7', name, sync: 'Synced', health, ready, message } as const
}

function told(more: Partial<PreviewReport>, ofStatus: Partial<AppStatus> = {}): string {
  return renderPreviewComment({ ...report, plan: undefined, status: { ...status, ...ofStatus }, ...more })
}

test('a running preview and what its merge would do', () => {
  expect(renderPreviewComment(report)).toMatchInlineSnapshot(`
    "<!-- berth preview of shop by production -->
    ### shop pr-7 runs: Healthy

    - http://pr-7.shop.example.com

    Commit \`ccccccc\`; preview since 2026-11-22 12:00 UTC.

    | object | health | ready | message |
    |---|---|---|---|
    | \`Deployment web\` | Healthy | 2/2 |  |

    #### What the merge would change in production

    On \`bbbbbbb\`: **nothing is interrupted**.

    \`\`\`text
    shop: ccccccc s

      Deployment shop/web: nothing is interrupted
        ~ spec.replicas: 2 -> 3
        create pod web-abc-2 (3 replicas wanted)
    \`\`\`"
  `)
})

test('one that waits for an approval says what to do', () => {
  const reason = 'it comes from a fork, and nobody who may write to the repository has approved it'
  expect(told({ is: 'unapproved', reason, status: undefined, addresses: [], since: undefined })).toMatchInlineSnapshot(`
    "<!-- berth preview of shop by production -->
    ### shop pr-7 waits for an approval

    Commit \`ccccccc\`: it comes from a fork, and nobody who may write to the repository has approved it.

    Nothing of it runs before somebody who may write to this repository has looked at the commit and approves it:

    - by a comment whose first line is \`/berth approve cccccccccccccccccccccccccccccccccccccccc\`
    - or by the label \`berth-approve\`; after a later push it is to be taken away and given again

    Approved, it still has no Secrets, and reaches nothing outside of itself."
  `)
})

test('one that sleeps', () => {
  expect(told({ is: 'asleep', reason: 'nobody used it' })).toMatchInlineSnapshot(`
    "<!-- berth preview of shop by production -->
    ### shop pr-7 sleeps

    - http://pr-7.shop.example.com

    Commit \`ccccccc\`; preview since 2026-11-22 12:00 UTC: nobody used it.

    It has no pods, but all of its data.

    The first request to its address wakes it, and is answered once it is ready. So do \`berth preview wake shop pr-7\` and a push.

    | object | health | ready | message |
    |---|---|---|---|
    | \`Deployment web\` | Healthy | 2/2 |  |"
  `)
  const words = (reason: string) => told({ is: 'asleep', reason, addresses: [] })
  expect(words('nobody used it')).toContain('`berth preview wake shop pr-7` or a push wakes it.')
  expect(words('it was put to sleep')).toContain('`berth preview wake shop pr-7` or a push wakes it.')
  expect(words('it has the label zz')).toContain('It wakes when the label is taken away.')
  expect(words('2 others are awake')).toContain('It wakes when there is room')
})

test('a newer commit that waits for its image', () => {
  const text = told({ newest: 'e'.repeat(40), reason: 'the registry does not have app:pr-7 yet' })
  const line = 'Commit `eeeeeee` is to follow: the registry does not have app:pr-7 yet.'
  expect(text).toContain(`Commit \`ccccccc\`; preview since 2026-11-22 12:00 UTC. ${line}`)
})

test.each([
  [0, 'It is the next. It comes as soon as there is room.'],
  [1, '1 is before it.'],
  [5, '5 are before it.'],
  [6, 'More than 5 are before it.'],
  [499, 'More than 100 are before it.'],
])('one that waits for its turn behind %i others', (ahead, words) => {
  const text = told({ is: 'queued', reason: '10 previews are there', ahead, status: undefined, since: undefined })
  expect(text).toContain('### shop pr-7 waits for its turn')
  expect(text).toContain('Commit `ccccccc`: 10 previews are there.')
  expect(text).toContain(words)
})

test('one that waits for something else than its turn', () => {
  const reason = 'the registry does not have app:pr-7 yet'
  const text = told({ is: 'queued', reason, status: undefined, since: undefined, addresses: [] })
  expect(text).toContain('### shop pr-7 waits\n\nCommit `ccccccc`: the registry does not have app:pr-7 yet.')
})

test('one that was approved says what it lacks', () => {
  expect(told({ untrusted: true })).toContain('It has no Secrets, and reaches nothing outside of itself, as it is from')
})

test('one without a preview says whether something is left', () => {
  const gone = { is: 'none', reason: 'it is a draft', status: undefined } as const
  expect(told(gone)).toContain('### shop pr-7 has no preview')
  expect(told(gone)).toContain('Nothing of it is left.')
  expect(told({ ...gone, leaving: true })).toContain('What there was is being removed.')
  expect(told(gone)).not.toContain('The next push')
  expect(told({ ...gone, reason: 'nothing was pushed for too long' })).toContain('The next push makes it anew.')
})

test('a refused commit: its problems with file and line, and what runs meanwhile', () => {
  const problems = [
    { file: 'app/web.yaml', line: 4, path: 'spec.replicas', message: 'expected a whole number from 0, found "three"' },
  ]
  const message = 'ddddddd is not applied: 1 problem; ccccccc keeps running'
  const text = told(
    { head: 'd'.repeat(40), isOfHead: false },
    { sync: 'Refused', message, problems, head: 'd'.repeat(40) },
  )
  expect(text).toMatchInlineSnapshot(`
    "<!-- berth preview of shop by production -->
    ### shop pr-7 is refused: what ran before goes on

    - http://pr-7.shop.example.com

    Commit \`ddddddd\`; preview since 2026-11-22 12:00 UTC.

    - \`app/web.yaml:4: spec.replicas: expected a whole number from 0, found "three"\`

    Of commit \`ccccccc\` there is:

    | object | health | ready | message |
    |---|---|---|---|
    | \`Deployment web\` | Healthy | 2/2 |  |"
  `)
})

test('what is not healthy comes first, and a long table of what is well is folded away', () => {
  const well = Array.from({ length: 9 }, (_, index) => object('ConfigMap', `c${index}`, 'Healthy'))
  const crash = 'CrashLoopBackOff: container main: exit code 1, restarted 3 times: "no database"'
  const ill = object('Deployment', 'web', 'Degraded', '0/1', crash)
  const lines = told({}, { health: 'Degraded', message: `Deployment web: ${crash}`, objects: [...well, ill] }).split(
    '\n',
  )
  expect(lines[1]).toBe('### shop pr-7 runs: Degraded')
  expect(lines.findIndex((line) => line.includes('Deployment web'))).toBeLessThan(
    lines.indexOf('<details><summary>9 healthy objects</summary>'),
  )
  // Once, in its row.
  expect(lines.filter((line) => line.includes('CrashLoopBackOff'))).toHaveLength(1)
})

test('what is left out is folded away', () => {
  const text = told({}, { ignored: ['a.yaml:1: ClusterRole x: not a kind that berth runs'] })
  expect(text).toContain('<details><summary>1 thing is left out</summary>\n\n- `a.yaml:1: ClusterRole x')
})

test('a plan says its effect, and when it is stale or would be refused', () => {
  const plan = report.plan!
  expect(told({ plan: { ...plan, items: [] } })).toContain('On `bbbbbbb`: **nothing**.')
  expect(told({ plan: { ...plan, stale: true } })).toContain(
    'On `bbbbbbb` (the target branch, which has moved since; this is being worked out anew): ',
  )
  const none = { ...plan, apps: [], items: [] }
  expect(told({ plan: { ...none, conflicts: ['a.yaml', 'b'] } })).toContain(
    'On `bbbbbbb`: **it cannot be merged**: conflicts in `a.yaml`, `b`.',
  )
  expect(told({ plan: { ...none, unknown: 'too far *apart*' } })).toContain(
    'On `bbbbbbb`: **not known**: too far \\*apart\\*.',
  )
  const refused = { ...plan, apps: [{ ...status, name: 'shop', sync: 'Refused' as const }], items: [] }
  expect(told({ plan: refused })).toContain('**production would refuse it, and go on as it is**')
})

test('a repository that is away for a while is not told of at a commit that was read', () => {
  const away = { sync: 'Unknown', message: 'git.example.com cannot be reached' } as const
  expect(told({}, away)).not.toContain('cannot be reached')
  expect(told({ isOfHead: false }, { ...away, commit: '', objects: [] })).toContain('cannot be reached')
})

test('last words', () => {
  expect(renderClosedComment(report, 'pr-7', Date.parse('2026-11-22T12:00:31Z'))).toMatchInlineSnapshot(`
    "<!-- berth preview of shop by production -->
    ### shop pr-7 is gone

    2026-11-22 12:00 UTC: It is closed or merged. Its preview was removed, with its volumes, networks and all data in them."
  `)
})

const hostile =
  '</details>\n```\n/merge `x` | @maintainer #12 !3 [click](https://evil.example) <img src=x> www.evil.example \\\\| \u202e'

test('foreign text is only text', () => {
  const problems = [{ file: hostile, line: 2, path: hostile, message: hostile }]
  const objects = [object('Deployment', hostile, 'Degraded', hostile, hostile)]
  const items = [{ ...report.plan!.items[0]!, key: `shop/Deployment/${hostile}`, changes: [hostile], note: hostile }]
  const plan = { ...report.plan!, items }
  const ignored = [hostile]
  const texts = [
    told(
      { plan, addresses: [{ url: 'http://evil.example', known: false }] },
      { problems, objects, ignored, message: hostile, sync: 'Refused' },
    ),
    told({ is: 'none', reason: hostile, status: undefined, addresses: [] }),
  ]
  for (const text of texts) {
    expect(text).not.toContain('@maintainer')
    expect(text).not.toMatch(/^\//m)
    expect(text).not.toContain('\u202e')
    const visible = withoutCode(text)
    expect(visible).not.toMatch(/:\/\/|www\./)
    expect(visible).not.toMatch(/#12|!3|(?<!\\)<img/)
    for (const row of text.match(/^\| .*/gm) ?? []) expect(row.replace(/\\./g, '').match(/\|/g)).toHaveLength(5)
    expect(visible.match(/<\/?details>/g)?.length ?? 0).toBe(2 * (visible.match(/<details>/g)?.length ?? 0))
  }
})

/** As a reader of Markdown does it: blocks first, then spans, which end with as many backticks as they began with. */
function withoutCode(text: string): string {
  const outside: string[] = []
  let fence = ''
  for (const line of text.split('\n')) {
    const [mark = ''] = /^ {0,3}(`{3,})/.exec(line)?.slice(1) ?? []
    if (fence === '' && mark !== '') fence = mark
    else if (fence !== '' && new RegExp(`^ {0,3}\`{${fence.length},}\\s*$`).test(line)) fence = ''
    else if (fence === '') outside.push(line)
  }
  return outside.join('\n').replace(/(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
}

test('what is too long is cut, line by line', () => {
  const long = 'x'.repeat(1_000)
  const items = Array.from({ length: 3_000 }, (_, index) => ({
    ...report.plan!.items[0]!,
    key: `shop/Deployment/web-${index}`,
  }))
  const objects = Array.from({ length: 400 }, (_, index) => object('Deployment', `w${index}`, 'Degraded', '0/1', long))
  const problems = Array.from({ length: 200 }, (_, line) => ({ file: long, line, path: '', message: long }))
  const ignored = problems.map(({ message }) => message)
  const text = told({ plan: { ...report.plan!, items } }, { objects, problems, ignored, sync: 'Refused' })
  expect(Buffer.byteLength(text)).toBeLessThan(65_536)
  expect(text).toMatch(/\| … and \d+ more\n/)
  expect(text).toMatch(/- … and \d+ more\n/)
  expect(text).toMatch(/… and \d+ more\n```\n\n<\/details>$/)
})

test('the mark of a comment is found again, and ends nothing', () => {
  expect(renderPreviewComment(report).startsWith(commentMark('shop', 'production'))).toBe(true)
  expect(commentMark('a --> b', 'c -->')).toBe('<!-- berth preview of a--b by c-- -->')
})

test('two installations are told apart, by their marks and by people', () => {
  const other = { ...report, engine: 'staging' }
  const [one, two] = [renderPreviewComment(report), renderPreviewComment(other)]
  expect([one.split('\n')[1], two.split('\n')[1]]).toEqual([
    '### shop pr-7 runs: Healthy',
    '### staging/shop pr-7 runs: Healthy',
  ])
  expect(two.startsWith(commentMark('shop', 'production'))).toBe(false)
  expect(renderClosedComment(other, 'pr-7', 0)).toContain('### staging/shop pr-7 is gone')
  // What a mark begins with is no other mark.
  const marks = [
    olderCommentMark('shop'),
    commentMark('shop', 'a'),
    commentMark('shop', 'a-b'),
    commentMark('shop-by', 'a'),
  ]
  for (const mark of marks) expect(marks.filter((one) => one.startsWith(mark))).toEqual([mark])
})
