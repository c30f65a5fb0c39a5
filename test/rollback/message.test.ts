import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { revertMessage, rollbackMessage } from '../../src/rollback/message.ts'
import { asksForRetry, rollbackMark } from '../../src/rollback/trailers.ts'

const oid = (start: string): string => start.padEnd(40, '0')
const cause = {
  object: 'Deployment web',
  reason: 'CrashLoopBackOff: container main: Error, exit code 1, restarted 3 times (pod web-7c6b-0)',
  exitCode: 1,
  from: 'container main of pod web-7c6b-0',
  lines: ['starting', 'cannot read DB_URL'],
}
const words = { app: 'shop', restores: oid('9f8e7d6'), reverted: [{ oid: oid('1a2b3c4'), subject: 'Break it' }], cause }

test('names what failed, why, its last words, and what is taken back', () => {
  expect(rollbackMessage(words)).toMatchInlineSnapshot(`
    "Roll back shop to 9f8e7d6: Deployment web failed

    Deployment web failed: CrashLoopBackOff: container main: Error, exit code 1, restarted 3 times (pod web-7c6b-0)

    Exit code: 1

    The last lines of container main of pod web-7c6b-0:

        starting
        cannot read DB_URL

    This takes back:

    - 1a2b3c4 Break it

    Berth-Reverts: 1a2b3c4000000000000000000000000000000000
    Berth-Restores: 9f8e7d6000000000000000000000000000000000
    Berth-App: shop
    "
  `)
})

test('by hand there is nothing that failed', () => {
  expect(rollbackMessage({ ...words, cause: undefined })).toMatchInlineSnapshot(`
    "Roll back shop to 9f8e7d6

    This takes back:

    - 1a2b3c4 Break it

    Berth-Reverts: 1a2b3c4000000000000000000000000000000000
    Berth-Restores: 9f8e7d6000000000000000000000000000000000
    Berth-App: shop
    Berth-Manual: yes
    "
  `)
})

test('one commit alone', () => {
  expect(revertMessage('shop', { oid: oid('1a2b3c4'), subject: 'Break it' })).toMatchInlineSnapshot(`
    "Revert 1a2b3c4 of shop: Break it

    This takes back:

    - 1a2b3c4 Break it

    Berth-Reverts: 1a2b3c4000000000000000000000000000000000
    Berth-App: shop
    Berth-Manual: yes
    "
  `)
})

test.each(['shop', 'a-name-with-sixty-three-characters-which-is-the-longest-that-there-is'])(
  'the subject of %s fits in 72 characters',
  (app) => {
    for (const object of ['Deployment web', `StatefulSet ${'x'.repeat(253)}`]) {
      const [subject = ''] = rollbackMessage({ ...words, app, cause: { ...cause, object } }).split('\n')
      expect(subject.length).toBeLessThanOrEqual(72)
      expect(subject).toContain(`Roll back ${app}`.slice(0, 60))
    }
  },
)

test('long logs are cut to the last 20 lines and 2 KB', () => {
  const many = Array.from({ length: 50 }, (_, index) => `line ${index}`)
  const short = rollbackMessage({ ...words, cause: { ...cause, lines: many } })
  expect(short.match(/^ {4}line \d+$/gm)).toHaveLength(20)
  expect(short).toContain('    line 49\n')
  const wide = rollbackMessage({
    ...words,
    cause: { ...cause, lines: many.map((line) => `${line} ${'é'.repeat(400)}`) },
  })
  const logged = wide.match(/^ {4}line .*$/gm) ?? []
  expect(Buffer.byteLength(logged.join('\n'))).toBeLessThanOrEqual(2_048 + logged.length * 4)
  expect(logged.at(-1)).toContain('line 49')
})

test('no line of a log, of a reason or of a subject becomes a trailer', () => {
  const trap = 'Berth-Allow-Prune: yes'
  const message = rollbackMessage({
    ...words,
    reverted: [{ oid: oid('1'), subject: `x\n\n${trap}` }],
    cause: { ...cause, reason: `x\n\n${trap}`, lines: ['', trap, 'Berth-Retry: yes', ''] },
  })
  const parsed = execFileSync('git', ['interpret-trailers', '--parse'], { input: message, encoding: 'utf8' })
  expect(parsed).not.toContain('Allow-Prune')
  expect(asksForRetry(message)).toBe(false)
  expect(message.split('\n').filter((line) => line.startsWith('Berth-'))).toHaveLength(3)
})

test('at most 20 commits are named, and git reads the trailers', () => {
  const reverted = Array.from({ length: 25 }, (_, index) => ({
    oid: oid(`${100 + index}`),
    subject: `Commit ${index}`,
  }))
  const message = rollbackMessage({ ...words, reverted })
  expect(message).toContain('- and 5 more')
  const parsed = execFileSync('git', ['interpret-trailers', '--parse'], { input: message, encoding: 'utf8' })
  expect(parsed.trim().split('\n')).toEqual([
    ...reverted.slice(0, 20).map((one) => `Berth-Reverts: ${one.oid}`),
    `Berth-Restores: ${words.restores}`,
    'Berth-App: shop',
  ])
})

describe('trailers', () => {
  test('what is written is read again', () => {
    const mark = { app: 'shop', reverts: [oid('1a2b3c4')], restores: words.restores, manual: false }
    expect(rollbackMark(rollbackMessage(words), 'shop')).toEqual(mark)
    expect(rollbackMark(rollbackMessage({ ...words, cause: undefined }), 'shop')).toEqual({ ...mark, manual: true })
    expect(rollbackMark(revertMessage('shop', { oid: oid('1'), subject: '' }), 'shop')).toMatchObject({ manual: true })
  })

  test.each([
    ['another application', `x\n\nBerth-Reverts: ${oid('1')}\nBerth-App: blog\n`],
    ['no id', 'x\n\nBerth-Reverts: HEAD\nBerth-App: shop\n'],
    ['not the last paragraph', `x\n\nBerth-Reverts: ${oid('1')}\nBerth-App: shop\n\nand more words\n`],
    ['a subject alone', 'Berth-App: shop'],
    ['no application', `x\n\nBerth-Reverts: ${oid('1')}`],
  ])('%s is no rollback', (_title, message) => {
    expect(rollbackMark(message, 'shop')).toBeUndefined()
  })

  test.each([
    ['Try\n\nBerth-Retry: yes\n', true],
    ['Try\n\nSigned-off-by: A\nberth-retry:  YES', true],
    ['Try\n\nBerth-Retry: no', false],
    ['Berth-Retry: yes', false],
    ['Try\n\nBerth-Retry: yes\n\nwords', false],
  ])('%j asks for a retry: %s', (message, expected) => {
    expect(asksForRetry(message)).toBe(expected)
  })
})
