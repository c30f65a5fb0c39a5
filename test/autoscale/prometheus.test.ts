import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Prometheus, type PrometheusOptions } from '../../src/autoscale/prometheus.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

async function asking(listener: RequestListener, options: Partial<PrometheusOptions> = {}) {
  const url = await serving(listener)
  return new Prometheus({ url, ...options }).query('sum(up)', new AbortController().signal)
}

const json = (body: unknown, status = 200): RequestListener => {
  return (_request, response) => void response.writeHead(status).end(JSON.stringify(body))
}
const success = (data: unknown) => json({ status: 'success', data })

describe('what it answers', () => {
  test.each<[string, RequestListener, unknown]>([
    [
      'a vector',
      success({
        resultType: 'vector',
        result: [
          { metric: { pod: 'a' }, value: [1, '2.5'] },
          { metric: {}, value: [1, '+Inf'] },
        ],
      }),
      {
        ok: true,
        series: [
          { labels: { pod: 'a' }, value: 2.5 },
          { labels: {}, value: Number.POSITIVE_INFINITY },
        ],
      },
    ],
    ['nothing', success({ resultType: 'vector', result: [] }), { ok: true, series: [] }],
    ['a scalar', success({ resultType: 'scalar', result: [1, '7'] }), { ok: true, series: [{ labels: {}, value: 7 }] }],
    [
      'a matrix',
      success({ resultType: 'matrix', result: [] }),
      { ok: false, message: 'expected a vector or a scalar from Prometheus' },
    ],
    [
      'a refusal',
      json({ status: 'error', errorType: 'bad_data', error: 'parse error at char 4' }, 400),
      { ok: false, message: 'Prometheus refuses the query: parse error at char 4' },
    ],
    [
      'no JSON',
      (_request, response) => void response.writeHead(502).end('<h1>Bad\u001b[31m gateway</h1>'),
      { ok: false, message: 'expected JSON from Prometheus, found status 502: <h1>Bad\\u{1b}[31m gateway</h1>' },
    ],
    [
      'values of no number',
      success({ resultType: 'vector', result: [{ metric: 3, value: 'x' }, null] }),
      {
        ok: true,
        series: [{ labels: {}, value: Number.NaN }],
      },
    ],
  ])('%s', async (_title, listener, expected) => {
    expect(await asking(listener)).toEqual(expected)
  })
})

describe('what goes wrong', () => {
  test('it sends on to another place', async () => {
    let asked = false
    const elsewhere = await serving((_request, response) => {
      asked = true
      response.end()
    })
    const answer = await asking((_request, response) => void response.writeHead(302, { location: elsewhere }).end())
    const message = `Prometheus sends on to ${elsewhere}: give its own address in the configuration`
    expect([answer, asked]).toEqual([{ ok: false, message }, false])
  })

  test('it answers without end', async () => {
    const answer = await asking(
      (_request, response) => {
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(1000)));
        }
        response.on('drain', more)
        more()
      },
      { longestBytes: 10_000 },
    )
    expect(answer).toEqual({
      ok: false,
      message: 'Prometheus cannot be asked: its answer is longer than 10000 bytes',
    })
  })

  test('it does not answer', async () => {
    const answer = await asking(() => {}, { timeoutMs: 50 })
    expect(answer).toEqual({ ok: false, message: 'Prometheus did not answer within 0.05 s' })
  })

  test('it stops in the middle of its answer', async () => {
    const answer = await asking((_request, response) => void response.write('{', () => response.destroy()))
    expect(answer).toMatchObject({ ok: false, message: expect.stringMatching(/^Prometheus cannot be asked: ./) })
  })

  test('nobody is there', async () => {
    const url = await serving(() => {})
    for (const close of open.splice(0)) await close()
    const answer = await new Prometheus({ url }).query('up', new AbortController().signal)
    expect(answer).toMatchObject({ ok: false, message: expect.stringContaining('ECONNREFUSED') })
  })

  test('it is asked no more when all ends', async () => {
    const end = new AbortController()
    const url = await serving(() => end.abort())
    const answer = await new Prometheus({ url }).query('up', end.signal)
    expect(answer).toMatchObject({ ok: false })
  })
})

test('a path and a login of the address are kept, and the login is not part of what is asked for', async () => {
  const asked: unknown[] = []
  const url = await serving((request, response) => {
    asked.push([request.method, request.url, request.headers.authorization])
    response.end()
  })
  const address = `${url.replace('//', '//me:p%40ss@')}/prometheus/?x=1#y`
  await new Prometheus({ url: address }).query('sum(up{a="b"})', new AbortController().signal)
  const login = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
  expect(asked).toEqual([['GET', '/prometheus/api/v1/query?query=sum%28up%7Ba%3D%22b%22%7D%29', login]])
})
