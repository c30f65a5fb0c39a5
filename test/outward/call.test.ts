import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { call } from '../../src/outward/call.ts'
import { refusal } from '../../src/outward/refusal.ts'

let close: (() => void) | undefined
afterEach(() => close?.())

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = () => {
    server.closeAllConnections()
    server.close()
  }
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path/x`)
}

const get = (url: URL) => ({ method: 'GET', url, headers: {} })

test('a server that says nothing, or a byte now and then, is left at the deadline', async () => {
  const silent = await serve(() => {})
  await expect(call(get(silent), { timeoutMs: 100 })).rejects.toMatchObject({
    ...{ code: 'TIMED_OUT', retryable: true, message: `${silent.host} did not answer within 0.1 s` },
  })
  close?.()
  const slow = await serve((_request, response) => {
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  })
  await expect(call(get(slow), { timeoutMs: 300 })).rejects.toMatchObject({ code: 'TIMED_OUT' })
})

test('an answer without an end is left at the limit', async () => {
  const url = await serve((_request, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(10_000)));
    }
    response.on('drain', more)
    more()
  })
  await expect(call(get(url), { longestBytes: 100_000 })).rejects.toMatchObject({
    ...{ code: 'TOO_LARGE', message: `the answer of ${url.host} is longer than 100000 bytes` },
  })
})

test('a connection that is cut says so without the address', async () => {
  const url = await serve((request) => request.socket.destroy())
  const failure = call(get(url)).catch((error: unknown) => error)
  expect(await failure).toMatchObject({ code: 'UNREACHABLE' })
  expect(String(await failure)).not.toContain('secret-path')
})

test('what a server says is told without secrets', async () => {
  const url = await serve((request, response) => {
    response.writeHead(400, { 'content-type': 'text/plain' })
    response.end(`no such hook: ${request.url} for ${request.headers.authorization}`)
  })
  const headers = { authorization: 'Bearer abcdefgh' }
  await expect(call({ ...get(url), headers }, { secrets: ['secret-path'] })).rejects.toMatchObject({
    ...{ code: 'REFUSED', message: `${url.host} answers 400: no such hook: /***/x for Bearer ***` },
  })
})

test('only web addresses are called', async () => {
  await expect(call(get(new URL('file:///etc/passwd')))).rejects.toMatchObject({ code: 'BAD_SETTINGS' })
})

const at = Date.parse('2026-11-22T12:00:00Z')
const limits: readonly [string, number, Record<string, string>, string, string, number][] = [
  ['seconds', 429, { 'retry-after': '30' }, '', 'RATE_LIMITED', 30_000],
  ['a date', 503, { 'retry-after': 'Sun, 22 Nov 2026 12:00:10 GMT' }, '', 'SERVER_ERROR', 10_000],
  ['a date that is over', 503, { 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }, '', 'SERVER_ERROR', 0],
  ['a year', 429, { 'retry-after': '31536000' }, '', 'RATE_LIMITED', 3_600_000],
  ['nonsense', 429, { 'retry-after': 'soon' }, '', 'RATE_LIMITED', 60_000],
  ['ms in the body', 429, {}, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', 'RATE_LIMITED', 2_500],
  ['a reset', 429, { 'ratelimit-reset': String(at / 1000 + 5) }, '', 'RATE_LIMITED', 5_000],
  ['only words', 403, {}, '{"message":"You have exceeded a secondary rate limit"}', 'RATE_LIMITED', 60_000],
  ['a right that lacks', 403, { 'x-ratelimit-remaining': '12' }, '{"message":"no"}', 'FORBIDDEN', 0],
]

test.each(limits)('when to come back: %s', (_title, status, headers, text, code, retryAfterMs) => {
  const facts = { host: 'forge', status, headers: new Headers(headers), text, secrets: [], now: at }
  expect(refusal(facts)).toMatchObject({ code, retryAfterMs })
})

const said: readonly [string, string][] = [
  [
    '{"message":"Validation Failed","errors":[{"resource":"Status","code":"custom","message":"too long"}]}',
    ': Validation Failed: too long',
  ],
  [
    '{"message":"Validation Failed","errors":[{"resource":"Status","code":"invalid","field":"state"}]}',
    ': Validation Failed: resource Status, code invalid, field state',
  ],
  ['{"message":{"base":["is locked"]}}', ': base is locked'],
  ['{"errcode":"M_FORBIDDEN","error":"not in the room"}', ': not in the room'],
  ['invalid_payload', ': invalid_payload'],
  ['<html>\u202eoops</html>', ''],
  ['{"message":"\\u001b[31mred"}', ': \\u{1b}[31mred'],
  ['', ''],
]

test.each(said)('what is said in %s', (text, words) => {
  const facts = { host: 'forge', status: 400, headers: new Headers(), text, secrets: [], now: at }
  expect(refusal(facts).message).toBe(`forge answers 400${words}`)
})
