// What a pull request is told whose images CI makes.
import { expect, test } from 'vitest'
import type { ImageFacts } from '../../src/report/image-words.ts'
import { type PreviewReport, renderPreviewComment } from '../../src/report/preview-comment.ts'
import { previewStatusWords, statusCommit } from '../../src/report/preview-status.ts'

const [head, newest] = ['c'.repeat(40), 'e'.repeat(40)]
const waits = 'the registry does not have app:pr-7 yet'
const lateSince = Date.parse('2026-11-22T12:00:31Z')
const images: ImageFacts = { used: [], waits: '', lateSince: undefined }
const report: PreviewReport = {
  ...{ app: 'shop', engine: 'production', id: 'pr-7', head, newest: undefined, is: 'awake', reason: '', images },
  ...{ ahead: undefined, approveLabel: 'ok', untrusted: false, leaving: false, status: undefined, isOfHead: true },
  ...{ since: undefined, addresses: [], plan: undefined },
}
const first = { is: 'queued', reason: waits } as const

const words: readonly (readonly [string, Partial<PreviewReport>, string])[] = [
  ['the first', { ...first, images: { ...images, waits } }, `c pending Waits: ${waits}`],
  [
    'the first, for long',
    { ...first, images: { ...images, waits, lateSince } },
    `c failure No image since 2026-11-22 12:00 UTC: ${waits}`,
  ],
  ['a newer one', { newest, reason: waits, images: { ...images, waits } }, `e pending Waits: ${waits}`],
  [
    'a newer one, for long',
    { newest, reason: waits, images: { ...images, waits, lateSince } },
    `e failure No image since 2026-11-22 12:00 UTC: ${waits}`,
  ],
  [
    'a newer one beside one that sleeps',
    { newest, is: 'asleep', reason: 'nobody used it', images: { ...images, waits } },
    `e pending Waits: ${waits}`,
  ],
  [
    'a newer one beside one that was deleted',
    { newest, is: 'none', reason: 'it was deleted by hand', images: { ...images, waits } },
    `e pending Waits: ${waits}`,
  ],
  [
    'one that nobody has approved',
    { newest, is: 'unapproved', reason: 'it comes from a fork', images: { ...images, waits } },
    'e pending Waits for an approval: it comes from a fork',
  ],
  ['one whose image is there', { images: { ...images, used: ['app@sha256:1'] } }, 'c pending Is being made'],
]

test.each(words)('the commit is told of %s', (_title, more, expected) => {
  const of = { ...report, ...more }
  const told = previewStatusWords(of)
  expect(`${statusCommit(of)[0]} ${told?.state} ${told?.description}`).toBe(expected)
})

const lines = (more: Partial<PreviewReport>) =>
  renderPreviewComment({ ...report, ...more })
    .split('\n')
    .slice(1)

test('the comment says what a pull request waits for', () => {
  expect(lines({ ...first, images: { ...images, waits } })).toEqual([
    '### shop pr-7 waits for its image',
    '',
    `Commit \`ccccccc\`: ${waits}.`,
  ])
  expect(lines({ ...first, images: { ...images, waits, lateSince } }).at(-1)).toBe(
    'It has waited since 2026-11-22 12:00 UTC: did CI fail? It comes all the same once the registry has the image.',
  )
})

test('and of a newer commit, beside what runs or sleeps', () => {
  const of = { newest, images: { used: ['app:pr-7@sha256:1', 'b@sha256:2'], waits, lateSince: undefined } }
  expect(lines({ ...of, reason: waits })).toEqual([
    '### shop pr-7 is being made',
    '',
    `Commit \`ccccccc\`. Commit \`eeeeeee\` is to follow: ${waits}.`,
    '',
    '- image `app:pr-7@sha256:1`',
    '- image `b@sha256:2`',
  ])
  expect(lines({ ...of, is: 'asleep', reason: 'nobody used it' })[2]).toBe(
    `Commit \`ccccccc\`: nobody used it. Commit \`eeeeeee\` is to follow: ${waits}.`,
  )
})
