import { describe, expect, test } from 'vitest'
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
  [
    { fork: true },
    {},
    'pr-1 unapproved: it comes from a fork, and nobody who may write to the repository has approved it',
  ],
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

test('one of which nobody sees when it is used sleeps only where somebody wants it to', () => {
  const unseen = preview(1, { unseen: true })
  const idle = { activeAt: now - 2 * hour }
  expect(one(idle, [unseen])).toBe('pr-1 awake')
  expect(one(idle, [{ ...unseen, laidDown: true }])).toBe('pr-1 asleep: it was put to sleep')
  expect(one({ ...idle, labels: ['sleep'] }, [unseen])).toBe('pr-1 asleep: it has the label sleep')
  expect(one({ activeAt: now - 73 * hour }, [unseen])).toMatch(/^pr-1 none: /)
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

describe('where not all can be awake', () => {
  const minute = 60_000
  const rules = { ...policy, maxAwake: 1, max: 5 }
  const old = { activeAt: now - 50 * minute }
  const used = (number: number, ago: number, more: Partial<KnownPreview> = {}) =>
    preview(number, { usedAt: now - ago * minute, ...more })
  const awake = (open: readonly Candidate[], known: readonly KnownPreview[]) =>
    admit(open, known, rules, now).flatMap(({ id, is }) => (is === 'awake' ? id : []))
  const both = [request(1, old), request(2, old)]

  test.each<[string, readonly KnownPreview[], string]>([
    ['the last used one is', [used(1, 20), used(2, 10)], 'pr-2'],
    ['one that is asked for takes the place of one that is not', [used(1, 6), used(2, 0, { asleep: true })], 'pr-2'],
    ['one in use keeps its place', [used(1, 4), used(2, 0, { asleep: true })], 'pr-1'],
    ['of two in use the longest there stays', [used(1, 1), used(2, 0)], 'pr-2'],
    ['one that nobody uses leaves its place', [used(1, 90), used(2, 20, { asleep: true })], 'pr-2'],
    ['of two that were never used the longest there is', [preview(1), preview(2)], 'pr-2'],
  ])('%s', (_, known, expected) => {
    expect(awake(both, known)).toEqual([expected])
  })

  test('one that is kept stays, whoever else is asked for; a push is a use', () => {
    const kept = [request(1, { ...old, labels: ['keep'] }), request(2)]
    expect(awake(kept, [used(1, 40), used(2, 0)])).toEqual(['pr-1'])
    expect(awake([request(1, old), request(2)], [used(1, 6)])).toEqual(['pr-2'])
  })

  test('two that are both asked for all the time do not take turns', () => {
    let known = [used(1, 0), used(2, 0, { asleep: true })]
    for (let step = 0; step < 20; step += 1) {
      const verdicts = new Map(admit(both, known, rules, now + step * minute).map(({ id, is }) => [id, is]))
      expect(verdicts.get('pr-1')).toBe('awake')
      known = known.map(({ id, since }) => {
        return { id, since, usedAt: now + step * minute, asleep: verdicts.get(id) === 'asleep' }
      })
    }
  })
})

describe('images', () => {
  const waits = 'the registry does not have shop:1 yet'
  test('without any commit that has one it waits, and takes no room', () => {
    const open = [request(1, { head: '', newest: 'a', waits }), request(2)]
    expect(show(admit(open, [], { ...policy, max: 1 }, now))).toEqual([`pr-1 queued: ${waits}`, 'pr-2 awake'])
  })
  test('that of a newer commit is waited for awake', () => {
    expect(one({ waits, newest: 'b' })).toBe(`pr-1 awake: ${waits}`)
  })
  test('whoever may not run waits for that first', () => {
    expect(one({ fork: true, head: '', newest: 'a', waits })).toMatch(/^pr-1 unapproved/)
  })
})

test('any target branch will do where none is named', () => {
  expect(one({ targetBranch: 'next' }, [], { targetBranch: undefined })).toBe('pr-1 awake')
})

describe('all previews together', () => {
  const together = { awake: 1, reason: 'all previews together have pods 2: 2 are awake' }
  const three = [request(1), request(2), request(3)]
  test('whoever does not fit sleeps, and says why', () => {
    const known = [preview(3), preview(2)]
    expect(show(admit(three, known, { ...policy, together }, now))).toEqual([
      'pr-1 asleep: all previews together have pods 2: 2 are awake',
      'pr-2 asleep: all previews together have pods 2: 2 are awake',
      'pr-3 awake',
    ])
  })
  test('who sleeps anyway takes no room', () => {
    const open = [request(1, { labels: ['sleep'] }), request(2)]
    expect(show(admit(open, [preview(1)], { ...policy, together }, now))).toEqual([
      'pr-1 asleep: it has the label sleep',
      'pr-2 awake',
    ])
  })
  test('the limit of the application itself is told first', () => {
    const more = { ...policy, maxAwake: 1, together }
    expect(show(admit([request(1), request(2)], [preview(1)], more, now))[1]).toBe('pr-2 asleep: 1 others are awake')
  })
})
