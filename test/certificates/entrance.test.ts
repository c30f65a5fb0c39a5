import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { untilAnswered } from '../../src/certificates/entrance.ts'

const challenge = { host: 'shop.example.com', token: 'abc', answer: 'abc.thumbprint' }
const never = new AbortController().signal
const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close()
    await once(server, 'close')
  }
})

/** A server that answers a whole request as text with a whole response. */
async function server(answer: (request: string) => string) {
  const it = createServer((socket: Socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (part) => {
      text += part
      if (text.includes('\r\n\r\n')) socket.end(answer(text))
    })
  })
  servers.push(it)
  it.listen(0, '127.0.0.1')
  await once(it, 'listening')
  return { address: '127.0.0.1', port: (it.address() as AddressInfo).port, proxyProtocol: false }
}

const response = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
const ok = response('200 OK', challenge.answer)

test('asks as the server will', async () => {
  let seen = ''
  const entrance = await server((request) => {
    seen = request
    return ok
  })
  await untilAnswered([challenge], [entrance], never)
  expect(seen).toMatch(/^GET \/\.well-known\/acme-challenge\/abc HTTP\/1\.1\r\n/)
  expect(seen).toMatch(/\r\nhost: shop\.example\.com\r\n/i)
})

test('speaks the PROXY protocol where it is expected', async () => {
  let seen = ''
  const entrance = await server((request) => {
    seen = request
    return ok
  })
  await untilAnswered([challenge], [{ ...entrance, proxyProtocol: true }], never)
  expect(seen).toMatch(/^PROXY UNKNOWN\r\nGET \//)
})

test.each([
  ['another answer', response('200 OK', 'abc.other')],
  ['a redirect', 'HTTP/1.1 301 Moved\r\nlocation: https://shop.example.com/\r\nconnection: close\r\n\r\n'],
  ['an error', response('503 Service Unavailable', challenge.answer)],
  ['nothing', ''],
  ['no end', `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${challenge.answer}${'x'.repeat(100_000)}`],
])('does not take %s for it', async (_, words) => {
  const entrance = await server(() => words)
  const where = `http://127.0.0.1:${entrance.port}`
  await expect(untilAnswered([challenge], [entrance], never, 400)).rejects.toThrow(
    `the challenge of the server is not answered at ${where} within 0.4 s`,
  )
})

test('one of several entrances is enough, after all were waited for', async () => {
  let asked = 0
  const right = await server(() => ok)
  const wrong = await server(() => {
    asked += 1
    return response('404 Not Found', '')
  })
  await untilAnswered([challenge], [wrong, right], never, 2000)
  expect(asked).toBeGreaterThan(1)
})

test('without entrances nobody could answer', async () => {
  await expect(untilAnswered([challenge], [], never)).rejects.toThrow('no host serves Ingress')
})

test('ends at once when Berth does', async () => {
  const entrance = await server(() => '')
  const end = new AbortController()
  const waiting = untilAnswered([challenge], [entrance], end.signal)
  end.abort()
  await expect(waiting).rejects.toThrow('aborted')
})
