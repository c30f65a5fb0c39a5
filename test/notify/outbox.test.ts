import { beforeEach, expect, test } from 'vitest'
import { createLog } from '../../src/base/log.ts'
import { Outbox } from '../../src/notify/outbox.ts'
import { CallError } from '../../src/outward/errors.ts'
import { FakeClock } from '../sim/fake-clock.ts'

let clock: FakeClock
let sent: { text: string; after: number }[]
let lines: string[]
/** What the next sendings come to; none: they work. */
let outcomes: (Error | Promise<void>)[]
let start: number

beforeEach(() => {
  clock = new FakeClock()
  start = clock.now()
  sent = []
  lines = []
  outcomes = []
})

function open(more: { lingerMs?: number; paceMs?: () => number; yields?: boolean } = {}): Outbox<{ text: string }> {
  const log = createLog('info', (line) => lines.push(line.replace(/^\S+ /, '')), clock.now.bind(clock))
  return new Outbox<{ text: string }>({
    ...{ name: 'statuses of shop', clock, log, changed: () => {} },
    ...more,
    send: async ({ text }, signal) => {
      sent.push({ text, after: clock.now() - start })
      const outcome = outcomes.shift()
      if (outcome instanceof Error) throw outcome
      if (outcome) await Promise.race([outcome, aborted(signal)])
    },
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, fail) => signal.addEventListener('abort', () => fail(new Error('ended'))))
}

async function breathe(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next))
}

async function pass(ms: number, step = 250): Promise<void> {
  await breathe()
  for (let passed = 0; passed < ms; passed += step) {
    clock.advance(step)
    await breathe()
  }
}

const away = new CallError('UNREACHABLE', 'forge cannot be reached: refused')
const texts = (): string[] => sent.map(({ text }) => text)

test('one at a time, and of one key the newest that waits', async () => {
  const outbox = open()
  let end: () => void = () => {}
  outcomes.push(new Promise((done) => (end = done)))
  outbox.put('a', { text: 'a pending' })
  await breathe()
  outbox.put('a', { text: 'a failure' })
  outbox.put('b', { text: 'b pending' })
  outbox.put('a', { text: 'a success' })
  outbox.put('b', { text: 'b success' })
  await breathe()
  expect(texts()).toEqual(['a pending'])
  end()
  await breathe()
  expect(texts()).toEqual(['a pending', 'a success', 'b success'])
  expect(outbox.waiting).toEqual([])
  expect(lines).toEqual([])
})

test('a failure is tried again after 1 s, 2 s, 4 s, and said once', async () => {
  const outbox = open()
  outcomes.push(away, away, away)
  outbox.put('a', { text: 'a' })
  await pass(7_500)
  expect(sent.map(({ after }) => after)).toEqual([0, 1_000, 3_000, 7_000])
  expect(lines).toEqual([
    'warn  cannot be told; trying again to="statuses of shop" reason="forge cannot be reached: refused"',
    'info  can be told again to="statuses of shop"',
  ])
})

test('the next outage begins anew', async () => {
  const outbox = open()
  outcomes.push(away, away)
  outbox.put('a', { text: 'a' })
  await pass(3_000)
  outcomes.push(away)
  outbox.put('b', { text: 'b' })
  await pass(1_000)
  expect(sent.map(({ after }) => after)).toEqual([0, 1_000, 3_000, 3_000, 4_000])
  expect(lines.map((line) => line.slice(0, 21))).toEqual([
    'warn  cannot be told;',
    'info  can be told aga',
    'warn  cannot be told;',
    'info  can be told aga',
  ])
})

test('a newer one of the same key is what is tried again', async () => {
  const outbox = open()
  outcomes.push(away)
  outbox.put('a', { text: 'pending' })
  await breathe()
  outbox.put('a', { text: 'success' })
  await pass(1_000)
  expect(texts()).toEqual(['pending', 'success'])
})

test('a server that wants to be left alone is', async () => {
  const outbox = open()
  outcomes.push(new CallError('RATE_LIMITED', 'too many', { retryAfterMs: 600_000 }))
  outbox.put('a', { text: 'a' })
  await pass(590_000, 10_000)
  expect(sent).toHaveLength(1)
  await pass(10_000)
  expect(sent).toHaveLength(2)
})

test('with a pace, each waits for the one before', async () => {
  let paceMs = 1_000
  const outbox = open({ paceMs: () => paceMs })
  for (const text of ['a', 'b', 'c']) outbox.put(text, { text })
  await pass(1_500)
  paceMs = 5_000
  await pass(10_000)
  expect(sent.map(({ after }) => after)).toEqual([0, 1_000, 2_000])
  outbox.put('d', { text: 'd' })
  await breathe()
  expect(texts()).toEqual(['a', 'b', 'c', 'd'])
})

test('what could not be told lets the others go first, if it is to', async () => {
  const outbox = open({ yields: true })
  outcomes.push(away)
  for (const text of ['a', 'b', 'c']) outbox.put(text, { text })
  await pass(2_000)
  expect(texts()).toEqual(['a', 'b', 'c', 'a'])
  expect(outbox.waiting).toEqual([])
})

test('after an hour it is given up, in one line, and what is newer is still tried', async () => {
  const outbox = open()
  outcomes.push(...Array<Error>(40).fill(away))
  for (const text of ['a', 'b', 'c']) outbox.put(text, { text })
  await pass(3_000_000, 10_000)
  outbox.put('late', { text: 'late' })
  await pass(900_000, 10_000)
  expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
    expect.stringContaining('cannot be told; trying again'),
    expect.stringMatching(/will not be told to="statuses of shop" reason="an hour has passed: .*" count=3/),
  ])
  expect(outbox.waiting.map(({ key }) => key)).toEqual(['late'])
  expect(sent.length).toBeLessThan(30)
})

test.each([new CallError('REFUSED', 'no commit found'), new TypeError('a bug')])(
  'what will never work is left out: %s',
  async (error) => {
    const outbox = open()
    outcomes.push(error)
    outbox.put('a', { text: 'a' })
    outbox.put('b', { text: 'b' })
    await breathe()
    expect(texts()).toEqual(['a', 'b'])
    expect(lines).toEqual([
      `warn  will not be told to="statuses of shop" reason=${JSON.stringify(error.message)} count=1`,
    ])
  },
)

test('a thousand wait at most', async () => {
  const outbox = open()
  outcomes.push(away)
  outbox.put('first', { text: 'first' })
  await breathe()
  for (let index = 0; index < 1_000; index++) outbox.put(`key ${index}`, { text: '' })
  expect(outbox.waiting).toHaveLength(1_000)
  expect(outbox.waiting[0]?.key).toBe('key 0')
})

test('what follows closely is told together', async () => {
  const outbox = open({ lingerMs: 3_000 })
  outbox.put('a', { text: 'synced' })
  await pass(1_000)
  outbox.put('a', { text: 'degraded' })
  await pass(1_750)
  expect(sent).toEqual([])
  await pass(500)
  expect(texts()).toEqual(['degraded'])
})

test('closing sends what waits for no failure', async () => {
  const outbox = open({ lingerMs: 3_000 })
  outbox.put('a', { text: 'synced' })
  await outbox.close(5_000)
  expect(texts()).toEqual(['synced'])
  expect(outbox.waiting).toEqual([])
})

test('closing waits for no receiver that fails, and keeps what it was not told', async () => {
  const outbox = open()
  outcomes.push(away)
  outbox.put('a', { text: 'a' })
  await breathe()
  await outbox.close(5_000)
  expect(outbox.waiting.map(({ key }) => key)).toEqual(['a'])
  outbox.put('b', { text: 'b' })
  await breathe()
  expect(texts()).toEqual(['a'])
})

test('closing waits so long for an answer and no longer', async () => {
  const outbox = open()
  outcomes.push(new Promise(() => {}))
  outbox.put('a', { text: 'a' })
  await breathe()
  let closed = false
  const closing = outbox.close(5_000).then(() => {
    closed = true
  })
  await pass(4_750)
  expect(closed).toBe(false)
  await pass(500)
  await closing
  await breathe()
  expect(lines).toEqual([])
  expect(outbox.waiting.map(({ key }) => key)).toEqual(['a'])
})
