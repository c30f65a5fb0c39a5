import { describe, expect, test } from 'vitest'
import { asksForLog, loggedMessage, writtenMessage } from '../../src/runtime/end-message.ts'

const asked = { path: '/dev/termination-log', logsOnError: true, longestBytes: 4096 }
const secret = (value: string) => ({ name: 'TOKEN', value, secret: true })

describe('what was written', () => {
  test.each([
    ['is taken as it is', 'no disk\nleft', 'no disk\nleft'],
    ['without the space around it', ' \n no disk\n', 'no disk'],
    ['without colours', '\u001b[1;31mno\u001b[0m disk', 'no disk'],
    ['without control characters', 'no\u0000\u0007 disk\u009b', 'no disk'],
    ['with the line ends of others', 'no\r\ndisk', 'no\ndisk'],
  ])('%s', (_, text, expected) => {
    expect(writtenMessage(asked, text, [])).toBe(expected)
  })

  test('is cut at the front, between characters', () => {
    expect(writtenMessage({ ...asked, longestBytes: 5 }, 'abcdéfg', [])).toBe('défg')
    expect(writtenMessage({ ...asked, longestBytes: 3 }, 'abcdéfg', [])).toBe('fg')
  })

  test('does not tell Secrets, nor what is left of one where it is cut', () => {
    const env = [secret('swordfish'), secret('sword'), { name: 'SHOP', value: 'disk', secret: false }]
    expect(writtenMessage(asked, 'no disk for swordfish and sword', env)).toBe('no disk for *** and ***')
    expect(writtenMessage({ ...asked, longestBytes: 10 }, 'swordfish failed', env)).toBe('*** failed')
  })

  test('does not tell lines of a Secret, but braces', () => {
    const env = [secret('{\n  "key": "swordfish"\n}'), secret('')]
    expect(writtenMessage(asked, 'bad: "key": "swordfish" in {}', env)).toBe('bad: *** in {}')
  })
})

test.each([
  [true, '', 1, true],
  [true, '', 0, false],
  [true, 'written', 1, false],
  [false, '', 1, false],
])('the log is asked for: policy %s, written "%s", exit code %i: %s', (logsOnError, written, exitCode, expected) => {
  expect(asksForLog({ ...asked, logsOnError }, written, exitCode)).toBe(expected)
})

describe('of the log', () => {
  test('the last 80 lines are taken', () => {
    const lines = Array.from({ length: 90 }, (_, index) => `line ${index}`)
    const message = loggedMessage(asked, `${lines.join('\n')}\n`, [])
    expect(message.split('\n')).toEqual(lines.slice(-80))
  })

  test('and of these the last 2048 bytes', () => {
    expect(loggedMessage(asked, `${'x'.repeat(3000)}\n`, [])).toHaveLength(2048)
    expect(loggedMessage({ ...asked, longestBytes: 1000 }, 'x'.repeat(3000), [])).toHaveLength(1000)
  })

  test('Secrets are not told', () => {
    expect(loggedMessage(asked, 'token swordfish\n', [secret('swordfish')])).toBe('token ***')
  })
})
