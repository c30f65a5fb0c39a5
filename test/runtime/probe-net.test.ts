import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { HTTPGetAction } from '../../src/manifests/types.ts'
import { probeHttp, probeTcp } from '../../src/runtime/docker/probe-net.ts'

const servers: { close(): void }[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serve(answer: RequestListener): Promise<number> {
  const server: Server = createServer(answer)
  servers.push({
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const target = { address: '127.0.0.1', ports: [{ name: 'http', containerPort: 1, protocol: 'TCP' as const }] }
const get = (port: number | string, given: Partial<HTTPGetAction> = {}, timeoutMs = 20_000) =>
  probeHttp({ path: '/', scheme: 'HTTP', port, ...given }, target, timeoutMs)

describe('HTTP probe', () => {
  test.each([
    [200, 'success'],
    [204, 'success'],
    [399, 'success'],
    [404, 'failure'],
    [503, 'failure'],
  ])('status %i is a %s', async (status, outcome) => {
    const port = await serve((_, response) => response.writeHead(status).end())
    expect(await get(port)).toEqual({ outcome, message: `GET http://127.0.0.1:${port}/: status ${status}` })
  })

  test('sends path, query and headers as written', async () => {
    let seen = ''
    const port = await serve((request, response) => {
      seen = `${request.method} ${request.url} ${request.headers.host} ${request.headers['x-token']}`
      response.end()
    })
    const httpHeaders = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Token', value: 'a b' },
    ]
    expect(await get(port, { path: '//live?a=1&b=?', httpHeaders })).toMatchObject({ outcome: 'success' })
    expect(seen).toBe('GET //live?a=1&b=? shop.example a b')
  })

  test('follows redirects within the host', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/end') response.writeHead(500).end()
      else response.writeHead(302, { location: '/end' }).end()
    })
    expect(await get(port)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('/end: status 500') })
  })

  test('a redirect to elsewhere is a success, and is not followed', async () => {
    const port = await serve((_, response) => response.writeHead(302, { location: 'http://other.invalid/' }).end())
    expect(await get(port)).toMatchObject({ outcome: 'success', message: expect.stringContaining('status 302') })
  })

  test('a redirect loop ends', async () => {
    let asked = 0
    const port = await serve((_, response) => {
      asked += 1
      response.writeHead(302, { location: '/' }).end()
    })
    expect(await get(port)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('10 redirects') })
    expect(asked).toBe(11)
  })

  test.each<[string, RequestListener]>([
    ['never answers', () => {}],
    ['answers 200 and then nothing', (_, response) => void response.writeHead(200).write('x')],
  ])('times out when the server %s', async (_, answer) => {
    const port = await serve(answer)
    expect(await get(port, {}, 200)).toMatchObject({
      outcome: 'failure',
      message: expect.stringMatching(/no answer within 0\.2 s$/),
    })
  })

  test('reads no more of a body than it needs', async () => {
    let sent = 0
    const port = await serve((_, response) => {
      response.on('error', () => {})
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
      }
      response.on('drain', more)
      more()
    })
    expect(await get(port)).toMatchObject({ outcome: 'success' })
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  test('nobody listening is a failure, a port without number an error', async () => {
    expect(await get(1)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('ECONNREFUSED') })
    expect(await get('http')).toMatchObject({ outcome: 'failure' })
    expect(await get('metrics')).toEqual({ outcome: 'error', message: 'the container has no port named metrics' })
  })

  test('httpGet.host takes the place of the pod’s address', async () => {
    const port = await serve((_, response) => response.end())
    const elsewhere = { ...target, address: '192.0.2.1' }
    const action = { path: '/', scheme: 'HTTP', port, host: '127.0.0.1' } as const
    expect(await probeHttp(action, elsewhere, 1000)).toMatchObject({ outcome: 'success' })
  })
})

describe('TCP probe', () => {
  test('an accepted connection is a success, a refused one a failure', async () => {
    const server = createTcpServer((socket) => socket.destroy())
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(await probeTcp({ port }, target, 1000)).toMatchObject({ outcome: 'success' })
    expect(await probeTcp({ port: 1 }, target, 1000)).toMatchObject({ outcome: 'failure' })
    expect(await probeTcp({ port: 'metrics' }, target, 1000)).toMatchObject({ outcome: 'error' })
  })
})
