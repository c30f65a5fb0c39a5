import { expect, test } from 'vitest'
import {
  afterFailure,
  heldText,
  pushFault,
  retryInMs,
  rollbackBranch,
  type Situation,
} from '../../src/rollback/decide.ts'

const healthy = { commit: 'good', tree: 'A' }
const base: Situation = { onFailure: 'revert', current: { commit: 'bad', tree: 'B' }, isRollback: false, healthy }

test.each<[string, Partial<Situation>, ReturnType<typeof afterFailure>]>([
  ['a failure is gone back from', {}, { kind: 'restore', to: healthy }],
  ['also for a pull request', { onFailure: 'pullRequest' }, { kind: 'restore', to: healthy }],
  ['not when it is off', { onFailure: 'off' }, { kind: 'leave', why: '' }],
  ['not what was healthy', { current: { commit: 'later', tree: 'A' } }, { kind: 'leave', why: '' }],
  ['not a rollback', { isRollback: true }, { kind: 'leave', why: 'it is a rollback itself, and is not taken back' }],
  ['a rollback to what was healthy is healthy', { isRollback: true, current: healthy }, { kind: 'leave', why: '' }],
  ['nowhere to go', { healthy: undefined }, { kind: 'leave', why: 'no earlier commit is known to have been healthy' }],
])('%s', (_title, more, expected) => {
  expect(afterFailure({ ...base, ...more })).toEqual(expected)
})

test.each([
  [{ onFailure: 'revert', verified: false, signs: false, canOpenPullRequests: false }, ''],
  [{ onFailure: 'revert', verified: true, signs: true, canOpenPullRequests: false }, ''],
  [{ onFailure: 'revert', verified: true, signs: false, canOpenPullRequests: true }, 'spec.rollback.signingKeyFile'],
  [{ onFailure: 'pullRequest', verified: true, signs: false, canOpenPullRequests: true }, ''],
  [{ onFailure: 'pullRequest', verified: false, signs: false, canOpenPullRequests: false }, 'spec.forge'],
] as const)('%j can be pushed but for %j', (pushing, expected) => {
  const fault = pushFault(pushing)
  if (expected === '') expect(fault).toBe('')
  else expect(fault).toContain(expected)
})

test('what passes is tried again soon, what needs a person rarely', () => {
  expect([1, 2, 3, 20].map((attempts) => retryInMs(attempts, true))).toEqual([5_000, 10_000, 20_000, 300_000])
  expect(retryInMs(1, false)).toBe(900_000)
})

test('a held head says why, and the way out', () => {
  expect(heldText('Deployment web: x', 'production', undefined)).toBe(
    'it failed before (Deployment web: x); waiting for another change of production, or a commit with the trailer "Berth-Retry: yes"',
  )
  expect(heldText('x', '', undefined)).toContain('another change of the repository')
  expect(heldText('x', '', 'https://f/7')).toBe('it failed before (x); https://f/7 takes it back')
  expect(rollbackBranch('shop', '1a2b3c4d5e')).toBe('berth/rollback-shop-1a2b3c4')
})
