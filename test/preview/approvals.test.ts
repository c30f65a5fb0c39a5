import { expect, test } from 'vitest'
import { isApproved, type SeenApprovals, seenApprovals } from '../../src/preview/approvals.ts'
import type { Approval } from '../../src/preview/pull-request.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)
// Whoever wants one that begins as another does has it within minutes.
const alike = `${a.slice(0, 7)}${'c'.repeat(33)}`
const label: Approval = { id: 'label-1', by: 'ann', commit: undefined }
const again: Approval = { ...label, id: 'label-2' }
const named: Approval = { id: 'comment-1', by: 'ann', commit: a.slice(0, 7) }
const whole: Approval = { ...named, commit: a }

/** Looks one after the other, each a head and its approvals: whether the head of each is approved. */
function looks(...each: readonly (readonly [string, ...Approval[]])[]): boolean[] {
  let known: { readonly head: string; readonly approvals: SeenApprovals } | undefined
  return each.map(([head, ...approvals]) => {
    const seen = seenApprovals({ head, approvals }, known)
    known = { head, approvals: seen }
    return isApproved({ head, approvals }, seen)
  })
}

test.each([
  ['a label on a head that was seen before', [[a], [a, label]], [false, true]],
  ['a push takes the approval away', [[a], [a, label], [b, label]], [false, true, false]],
  ['which comes back with the old head', [[a], [a, label], [b, label], [a, label]], [false, true, false, true]],
  ['the label again', [[a], [a, label], [b], [b, again]], [false, true, false, true]],
  ['a label and a push at the same moment', [[a], [b, label], [b, label]], [false, false, false]],
  [
    'a label that was there at the first look',
    [
      [a, label],
      [a, label],
    ],
    [false, false],
  ],
  ['the label is taken away', [[a], [a, label], [a]], [false, true, false]],
  [
    'a commit that is named',
    [
      [a, named],
      [b, named],
    ],
    [true, false],
  ],
  ['a commit that begins as the approved one', [[a], [a, named], [alike, named]], [false, true, false]],
  ['one that comes with the approval', [[a], [alike, named], [a, named]], [false, false, true]],
  ['one that comes long after the approved one went', [[b], [b, named], [alike, named]], [false, false, false]],
  ['a whole id, before its commit comes', [[b], [b, whole], [alike, whole], [a, whole]], [false, false, false, true]],
  ['nothing to run', [['', named]], [false]],
] as const)('%s', (_title, each, expected) => {
  expect(looks(...each)).toEqual(expected)
})

test('while the image of a newer commit is not there, approvals are of that commit, and the one before keeps its own', () => {
  const seen = { [label.id]: a }
  const waiting = { head: a, newest: b, approvals: [label, again] }
  const first = seenApprovals({ ...waiting, approvals: [label] }, { head: a, approvals: seen })
  const later = seenApprovals(waiting, { head: a, newest: b, approvals: first })
  expect(later).toEqual({ [label.id]: a, [again.id]: b })
  expect(isApproved(waiting, later)).toBe(true)
  expect(isApproved({ ...waiting, approvals: [again] }, later)).toBe(false)
  expect(isApproved({ head: b, approvals: [again] }, later)).toBe(true)
  expect(isApproved({ head: b, approvals: [label] }, later)).toBe(false)
})

test('the first commit can be approved before its image is there', () => {
  const waiting = { head: '', newest: a, approvals: [label] }
  const seen = seenApprovals(waiting, { head: '', newest: a, approvals: {} })
  expect(isApproved(waiting, seen)).toBe(true)
  expect(isApproved({ head: a, approvals: [label] }, seen)).toBe(true)
  expect(isApproved({ ...waiting, newest: b }, seenApprovals({ ...waiting, newest: b }, { head: '', newest: a }))).toBe(
    false,
  )
})
