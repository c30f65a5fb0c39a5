import { expect, test } from 'vitest'
import { admit, type KnownPreview, type PreviewPolicy, type Verdict } from '../../src/preview/admission.ts'
import type { Candidate } from '../../src/preview/pull-request.ts'

const hour = 3_600_000
const now = 1000 * hour
const policy: PreviewPolicy = {
  ...{ max: 3, maxAwake: 2, labels: [], drafts: false, targetBranch: 'main' },
  ...{ ttlMs: 72 * hour, sleepAfterMs: hour, keepLabel: 'keep', sleepLabel: 'sleep' },
}

function request(number: number, more: Partial<Candidate> = {}): Candidate {
  return {
    ...{ id: `pr-${number}`, number, title: '', branch: 'b', targetBranch: 'main', head: 'a', author: 'ada' },
    ...{
      draft: false,
      labels: [],
      fork: false,
      authorMayWrite: true,
      approvals: [],
      approved: false,
      activeAt: now,
      url: '',
    },
    ...more,
  }
}

const preview = (number: number, more: Partial<KnownPreview> = {}): KnownPreview => ({
  ...{ id: `pr-${number}`, since: now - number, usedAt: 0 },
  ...more,
})

function show(verdicts: readonly Verdict[]): string[] {
  return verdicts.map((verdict) => {
    const untrusted = 'untrusted' in verdict && verdict.untrusted ? ' untrusted' : ''
    return `${verdict.id} ${verdict.is}${untrusted}${verdict.reason === '' ? '' : `: ${verdict.reason}`}`
  })
}

const one = (more: Partial<Candidate>, known: readonly KnownPreview[] = [], rules: Partial<PreviewPolicy> = {}) =>
  show(admit([request(1, more)], known, { ...policy, ...rules }, now))[0]

test.each<[Partial<Candidate>, Partial<PreviewPolicy>, string]>([
  [{}, {}, 'pr-1 awake'],
  [{ draft: true }, {}, 'pr-1 none: it is a draft'],
  [{ draft: true }, { drafts: true }, 'pr-1 awake'],
  [{ targetBranch: 'next' }, {}, 'pr-1 none: it is for next, not main'],
  [{ labels: ['a'] }, { labels: ['a', 'b'] }, 'pr-1 none: without the label b'],
  [{ labels: ['a', 'b'] }, { labels: ['a', 'b'] }, 'pr-1 awake'],
  [{ fork: true }, {}, 'pr-1 unapproved: it comes from a fork, and nobody who may has approved it'],
  [{ fork: true, approved: true }, {}, 'pr-1 awake untrusted'],
  [
    { authorMayWrite: false },
    {},
    'pr-1 unapproved: its author may not write to the repository, and nobody who may has approved it',
  ],
  [
    { authorMayWrite: undefined },
    {},
    'pr-1 unapproved: its author may not write to the repository, and nobody who may has approved it',
  ],
  [{ activeAt: now - hour }, {}, 'pr-1 asleep: nobody used it'],
  [{ activeAt: now - hour, labels: ['keep'] }, {}, 'pr-1 awake'],
  [{ labels: ['sleep', 'keep'] }, {}, 'pr-1 asleep: it has the label sleep'],
  [{ activeAt: now - 72 * hour }, {}, 'pr-1 none: nothing was pushed for too long'],
  [{ activeAt: now - 72 * hour, labels: ['keep'] }, {}, 'pr-1 awake'],
])('%j under %j', (more, rules, expected) => {
  expect(one(more, [], rules)).toBe(expected)
})

test('who uses it keeps it awake', () => {
  expect(one({ activeAt: now - 2 * hour }, [preview(1, { usedAt: now - 1 })])).toBe('pr-1 awake')
})

test('a preview whose pull request is closed goes; one of which nothing is known stays', () => {
  expect(show(admit([], [preview(1)], policy, now))).toEqual(['pr-1 none: closed'])
  expect(admit(undefined, [preview(1)], policy, now)).toEqual([])
})

test('those that are there stay; others wait for their turn, the newest push first', () => {
  const open = [1, 2, 3, 4, 5].map((number) => request(number, { activeAt: now - number * 1000 }))
  expect(show(admit(open, [preview(5), preview(4)], policy, now))).toEqual([
    'pr-1 asleep: 2 others are awake',
    'pr-2 queued: 3 previews are there',
    'pr-3 queued: 3 previews are there',
    'pr-4 awake',
    'pr-5 awake',
  ])
})

test('the same pull requests in another order are judged alike', () => {
  const open = Array.from({ length: 40 }, (_, index) => request(index, { activeAt: now - (index % 7) }))
  const known = [3, 9, 30].map((number) => preview(number))
  const verdicts = admit(open, known, policy, now)
  expect(admit(open.toReversed(), known.toReversed(), policy, now)).toEqual(verdicts)
  expect(verdicts.filter(({ is }) => is === 'awake' || is === 'asleep')).toHaveLength(3)
})
