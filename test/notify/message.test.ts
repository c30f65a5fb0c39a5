import { expect, test } from 'vitest'
import { messageCall, type Receiver } from '../../src/notify/message.ts'
import { noteText } from '../../src/notify/note.ts'
import type { AppEvent } from '../../src/report/event.ts'

const commit = '1a2b3c4d'.repeat(5)
const at = Date.parse('2026-11-22T12:00:00Z')
const link = 'https://berth.example.com/apps/shop'
const synced: AppEvent = {
  ...{ app: 'shop', kind: 'synced', commit, subject: 'Add <web> & more', author: 'Ada', message: '', at },
  durationMs: 12_000,
}

function sent(
  more: Partial<Receiver>,
  event: AppEvent,
  to = link,
): { method: string; path: string; body: Record<string, unknown> } {
  const url = new URL('https://chat.example.com/hooks/x')
  const receiver = { type: 'webhook', template: undefined, url, token: undefined, ...more } as const
  const { method, url: target, body } = messageCall(receiver, event, to)
  return { method, path: target.pathname, body: JSON.parse(body ?? '') }
}

test('a webhook gets the event and its words', () => {
  const { method, path, body } = sent({}, synced)
  expect({ method, path }).toEqual({ method: 'POST', path: '/hooks/x' })
  expect(body).toEqual({
    ...{ app: 'shop', kind: 'synced', commit, subject: 'Add <web> & more', author: 'Ada', message: '' },
    ...{ at: '2026-11-22T12:00:00.000Z', durationMs: 12_000, url: link },
    text: `shop: synced 1a2b3c4 "Add <web> & more" by Ada in 12 s\n${link}`,
  })
  expect(sent({}, synced, '').body).not.toHaveProperty('url')
})

test('Slack gets no markup of others', () => {
  const event = { ...synced, author: '<!channel> @Everyone', subject: 'a\n<https://evil.example.com|click>' }
  expect(sent({ type: 'slack' }, event).body).toEqual({
    text: `shop: synced 1a2b3c4 "a &lt;https://evil.example.com|click&gt;" by &lt;!channel&gt; @\u200bEveryone in 12 s\n${link}`,
  })
})

test('Matrix gets plain text, under a transaction that the same event has again', () => {
  const url = new URL('https://m.example.com/_matrix/client/v3/rooms/!abc:m.example.com/')
  const { method, path, body } = sent({ type: 'matrix', url }, synced)
  expect(method).toBe('PUT')
  expect(path).toMatch(
    /^\/_matrix\/client\/v3\/rooms\/!abc:m\.example\.com\/send\/m\.room\.message\/berth-[0-9a-f]{32}$/,
  )
  expect(body).toEqual({ msgtype: 'm.text', body: expect.stringContaining('Add <web> & more'), 'm.mentions': {} })
  expect(sent({ type: 'matrix', url }, { ...synced }).path).toBe(path)
  expect(sent({ type: 'matrix', url }, { ...synced, at: at + 1 }).path).not.toBe(path)
})

test('a token goes into the header alone', () => {
  const url = new URL('https://chat.example.com/')
  const { headers, body } = messageCall({ type: 'slack', template: undefined, url, token: 'abc' }, synced, '')
  expect(headers.authorization).toBe('Bearer abc')
  expect(body).not.toContain('abc')
})

const sha = 'f'.repeat(40)
const words: readonly [Partial<AppEvent>, string][] = [
  [{ kind: 'applying' }, 'shop: applying 1a2b3c4 "Add web" by Ada'],
  [
    { kind: 'degraded', message: 'Deployment web: crashed' },
    'shop: degraded at 1a2b3c4 "Add web" by Ada: Deployment web: crashed',
  ],
  [
    { kind: 'refused', message: 'a.yaml:1: x\nb.yaml:2: y' },
    'shop: refused 1a2b3c4 "Add web" by Ada: a.yaml:1: x\nb.yaml:2: y',
  ],
  [{ kind: 'held', message: 'too much' }, 'shop: held back 1a2b3c4 "Add web" by Ada: too much'],
  [{ kind: 'unreachable', commit: '', message: 'timed out' }, 'shop: the repository cannot be read: timed out'],
  [
    { kind: 'rolledBack', rollback: sha, message: 'web crashed' },
    'shop: rolled back 1a2b3c4 "Add web" by Ada, with fffffff: web crashed',
  ],
  [{ kind: 'rolledBack', rollback: 'https://f/1' }, 'shop: rolled back 1a2b3c4 "Add web" by Ada, with https://f/1'],
  [{ kind: 'rollbackFailed', message: 'no rights' }, 'shop: could not roll back 1a2b3c4 "Add web" by Ada: no rights'],
]

test.each(words)('the usual words of %o', (more, text) => {
  const event: AppEvent = {
    app: 'shop',
    kind: 'synced',
    commit,
    subject: 'Add web',
    author: 'Ada',
    message: '',
    at,
    ...more,
  }
  expect(sent({}, event, '').body.text).toBe(text)
})

test('a template has all words, and is itself sent as it is', () => {
  const template =
    '<{{url}}|{{ app }}> {{kind}} {{commit}} {{shortCommit}} {{subject}} {{author}} [{{message}}] {{duration}} ({{rollback}})'
  const event = { ...synced, message: 'a > b\nc', rollback: sha }
  expect(sent({ type: 'slack', template }, event).body.text).toBe(
    `<${link}|shop> synced ${commit} 1a2b3c4 Add &lt;web&gt; &amp; more Ada [a &gt; b\nc] 12 s (fffffff)`,
  )
})

test('foreign text is not filled in again, holds no control characters, and is cut', () => {
  const event = {
    ...synced,
    subject: '{{author}} \u001b[31m\u202e',
    message: Array(30).fill('x'.repeat(1000)).join('\n'),
  }
  const text = String(sent({ template: '{{subject}}' }, event).body.text)
  expect(text).toBe('{{author}} \\u{1b}[31m\\u{202e}')
  const long = String(sent({}, event).body.text)
  expect(long.length).toBeLessThan(7_000)
  expect(long).toContain('… and 10 more')
})

test('a note tells what a commit came to', () => {
  expect(noteText(synced)).toBe('shop: synced at 2026-11-22T12:00:00.000Z in 12 s')
  expect(noteText({ ...synced, kind: 'refused', message: 'a.yaml:1: x\nb.yaml:2: \u001by' })).toMatch(
    /^shop: refused at \S+ in 12 s\na\.yaml:1: x\nb\.yaml:2: \\u\{1b\}y$/,
  )
  expect(noteText({ ...synced, kind: 'rolledBack', rollback: sha })).toContain(`shop: rolled back at`)
  expect(noteText({ ...synced, kind: 'rolledBack', rollback: sha })).toContain(` by ${sha}`)
  for (const kind of ['applying', 'held', 'unreachable', 'rollbackFailed'] as const) {
    expect(noteText({ ...synced, kind })).toBeUndefined()
  }
})
