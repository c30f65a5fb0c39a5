import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createServer as createNetServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { healthRequest, readHealthResponse } from '../../src/runtime/docker/grpc-health.ts'
import { probeGrpc } from '../../src/runtime/docker/grpc-probe.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('the messages of the health service', () => {
  test.each([
    ['', '00 00000000'],
    ['web', '00 00000005 0a 03 776562'],
    ['é', '00 00000004 0a 02 c3a9'],
  ])('asks for service "%s"', (service, bytes) => {
    expect(healthRequest(service)).toEqual(hex(bytes))
  })

  test('a long name has a length of two bytes', () => {
    expect(healthRequest('x'.repeat(300)).subarray(0, 8)).toEqual(hex('00 0000012f 0a ac02'))
  })

  test.each([
    ['00 00000002 0801', 'SERVING'],
    ['00 00000002 0802', 'NOT_SERVING'],
    ['00 00000002 0803', 'SERVICE_UNKNOWN'],
    ['00 00000002 0809', 'UNKNOWN'],
    ['00 00000000', 'UNKNOWN'],
    ['00 00000008 12027879 1805 0801', 'SERVING'],
    ['00 00000007 15 00000000 0801', 'SERVING'],
    ['01 00000002 0801', undefined],
    ['00 00000003 0801', undefined],
    ['00 00000002 0880', undefined],
    ['00 00000003 12ff01', undefined],
    ['00 00', undefined],
  ])('reads %s as %s', (bytes, status) => {
    expect(readHealthResponse(hex(bytes))).toBe(status)
  })
})

describe('gRPC probes', () => {
  const servers: (Http2Server | Server)[] = []

  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  const listen = async (server: Http2Server | Server): Promise<number> => {
    servers.push(server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const serve = (answer: (stream: ServerHttp2Stream, body: Buffer) => void): Promise<number> => {
    const server = createServer()
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = []
      stream.on('error', () => {})
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const known = headers[':path'] === '/grpc.health.v1.Health/Check' && headers.te === 'trailers'
        if (known) answer(stream, Buffer.concat(chunks))
        else refuse(stream, 12)
      })
    })
    return listen(server)
  }
  const refuse = (stream: ServerHttp2Stream, status: number, message = '') =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status), 'grpc-message': message },
      { endStream: true },
    )
  const say = (stream: ServerHttp2Stream, status: number) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(hex(`00 00000002 080${status}`))
  }
  const probe = async (port: number, service?: string, timeoutMs = 20_000) => {
    const action = service === undefined ? { port } : { port, service }
    const { outcome, message } = await probeGrpc(action, { address: '127.0.0.1', ports: [] }, timeoutMs)
    return `${outcome}: ${message.replace(String(port), 'PORT')}`
  }

  test('a server that serves is a success', async () => {
    expect(await probe(await serve((stream) => say(stream, 1)))).toBe('success: grpc 127.0.0.1:PORT: SERVING')
  })

  test('the service is asked for by its name', async () => {
    const port = await serve((stream, body) => say(stream, body.equals(healthRequest('web')) ? 1 : 2))
    expect(await probe(port, 'web')).toBe('success: grpc 127.0.0.1:PORT service web: SERVING')
    expect(await probe(port, 'other')).toBe('failure: grpc 127.0.0.1:PORT service other: NOT_SERVING')
  })

  test.each([
    [(stream: ServerHttp2Stream) => refuse(stream, 5, 'no such service'), 'gRPC status 5 (no such service)'],
    [(stream: ServerHttp2Stream) => refuse(stream, 12), 'the server does not implement grpc.health.v1.Health'],
    [(stream: ServerHttp2Stream) => stream.respond({ ':status': 404 }, { endStream: true }), 'HTTP status 404'],
    [(stream: ServerHttp2Stream) => stream.respond({ ':status': 200 }, { endStream: true }), 'not a gRPC answer'],
    [() => {}, 'no answer within 0.3 s', 300],
  ])('failure %#: %s', async (answer, words, timeoutMs = 20_000) => {
    expect(await probe(await serve(answer), undefined, timeoutMs)).toBe(`failure: grpc 127.0.0.1:PORT: ${words}`)
  })

  test('nobody listens, or somebody who speaks another language', async () => {
    const closed = createNetServer()
    const port = await listen(closed)
    closed.close()
    await once(closed, 'close')
    expect(await probe(port)).toMatch(/^failure: grpc 127.0.0.1:PORT: connect ECONNREFUSED/)
    const http1 = createNetServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await probe(await listen(http1))).toMatch(/^failure: grpc 127.0.0.1:PORT: (?!SERVING)/)
  })
})
