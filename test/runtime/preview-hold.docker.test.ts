// Previews that sleep, in a real HAProxy: who waits, who is refused, and what counts as use.
import { Agent } from 'node:http'
import { connect as connectH2 } from 'node:http2'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HaproxyClient } from '../../src/runtime/docker/node/haproxy-client.ts'
import type { IngressRoute, NetworkTable, ServiceRow } from '../../src/runtime/network/table.ts'
import { type HaproxyWorld, haproxyWorld, httpPod, service, tcpPod } from './haproxy-world.ts'
import { type Answer, ask, freePort, type Question } from './ingress-client.ts'
import { annotated, behind, ingress, route } from './ingress-routes.ts'

let world: HaproxyWorld
let [http, https] = [0, 0]
beforeAll(async () => {
  ;[http, https] = [await freePort(), await freePort()]
  world = await haproxyWorld('10.97.112.0/20', { ingressHttpPort: http, ingressHttpsPort: https })
})
afterAll(() => world[Symbol.asyncDispose]())

/** The route, the Services, and how the preview `shop` rests. */
async function serve(rest: string | undefined, routes: readonly IngressRoute[], services: readonly ServiceRow[]) {
  const previews = rest === undefined ? {} : { previews: new Map([['shop', rest]]) }
  const table: Partial<NetworkTable> = { ...ingress(routes, services), ...previews }
  expect(await world.apply(table)).toEqual([])
  await world.replaced()
}

const web = (question: Question = {}) => ask(http, { host: 'web.example.com', ...question })

/** How many streams HAProxy has that are in the preview. */
async function held(): Promise<number> {
  const text = await world.shell.run("echo 'show table preview_use' | socat - UNIX-CONNECT:/state/run/haproxy.sock")
  return Number(/ key=shop use=(\d+)/.exec(text)?.[1] ?? 0)
}

async function untilHeld(count: number): Promise<void> {
  await expect.poll(held).toBe(count)
}

const told = ({ status, text, headers }: Answer) => `${status} ${headers['retry-after'] ?? '-'} ${text.trim()}`
const noPod = '503 - no pod is ready'

describe('while a preview sleeps', () => {
  test('requests wait for a pod, with their bodies, and no more than 100 of them', async () => {
    const bodies: string[] = []
    await using pod = await httpPod('late', (request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        bodies.push(body)
        response.end(`${request.method} ${request.url} ${body.length}`)
      })
    })
    await serve('hold', [route('web')], [behind('web')])
    const uses: string[] = []
    world.applier.watchUses((found) => uses.push(...found.keys()))
    const post = web({ method: 'POST', path: '/orders?x=1', body: 'a'.repeat(70_000) })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const kept = web({ agent })
    const others = Array.from({ length: 98 }, () => web())
    await untilHeld(100)
    const more = await Promise.all(Array.from({ length: 8 }, () => web()))
    expect(more.map(told)).toEqual(Array(8).fill('503 10 the preview wakes; too many requests wait for it'))
    await expect.poll(() => uses[0]).toBe('shop')
    const { reloads } = await world.workers()
    await serve('hold', [route('web')], [behind('web', pod.row)])
    expect(told(await post)).toBe('200 - POST /orders?x=1 70000')
    expect((await Promise.all([kept, ...others])).map(told)).toEqual(Array(99).fill('200 - GET / 0'))
    expect(told(await web({ agent }))).toBe('200 - GET / 0')
    expect(bodies.filter((body) => body !== '')).toEqual(['a'.repeat(70_000)])
    await serve('', [route('web')], [behind('web', pod.row)])
    expect((await web()).status).toBe(200)
    await serve('', [route('web')], [behind('web')])
    expect(told(await web())).toBe(noPod)
    expect((await world.workers()).reloads).toBe(reloads)
    agent.destroy()
  })

  test('the worker may be replaced meanwhile: requests go on in the next one, as they came', async () => {
    const options = annotated({
      ...{ 'rewrite-target': '/new/$1', 'upstream-vhost': 'inner' },
      ...{ 'proxy-read-timeout': '2', 'backend-protocol': 'HTTP' },
    })
    const routes = [route('web', { path: '/old/(.*)', options })]
    await using pod = await httpPod('moved', (request, response) => {
      request.resume()
      request.on('end', () =>
        response.end(`${request.headers.host} ${request.url} ${request.headers['x-forwarded-for']}`),
      )
    })
    await serve('hold', routes, [behind('web')])
    const answers = [web({ path: '/old/a' }), web({ path: '/old/b', method: 'POST', body: 'text' })]
    await untilHeld(2)
    const { reloads } = await world.workers()
    const other = service('other', '10.97.112.20', {})
    await serve('hold', routes, [behind('web'), other])
    expect((await world.workers()).reloads).toBe(reloads + 1)
    await untilHeld(2)
    await serve('hold', routes, [behind('web', pod.row), other])
    expect((await Promise.all(answers)).map(told)).toEqual([
      '200 - inner /new/a 127.0.0.1',
      '200 - inner /new/b 127.0.0.1',
    ])
  })

  test('over HTTP/2 and TLS, and to become a WebSocket, too', async () => {
    await using pod = await httpPod('h2')
    await serve('hold', [route('web'), route('ws')], [behind('web'), behind('ws')])
    const session = connectH2(`https://127.0.0.1:${https}`, { rejectUnauthorized: false })
    const answers = [1, 2].map(() => {
      const stream = session.request({ ':authority': 'web.example.com', ':path': '/' })
      return new Promise<string>((resolve, reject) => {
        let text = ''
        stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        stream.on('end', () => resolve(text)).on('error', reject)
      })
    })
    await using echo = await tcpPod('ws', (socket) => {
      socket.once('data', () => {
        const accept = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='
        const words = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${accept}\r\n\r\n`
        socket.write(words)
        socket.on('data', (chunk) => socket.write(chunk))
      })
    })
    const client = connect(http, '127.0.0.1')
    let text = ''
    client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    client.write(
      `GET / HTTP/1.1\r\nHost: ws.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
    )
    await untilHeld(3)
    const { reloads } = await world.workers()
    const other = service('another', '10.97.112.25', {})
    await serve('hold', [route('web'), route('ws')], [behind('web'), behind('ws'), other])
    expect((await world.workers()).reloads).toBe(reloads + 1)
    await untilHeld(3)
    const open = [behind('web', pod.row), behind('ws', echo.row)]
    await serve('hold', [route('web'), route('ws')], [...open, other])
    expect(await Promise.all(answers)).toEqual(['h2', 'h2'])
    session.close()
    await expect.poll(() => text).toContain('101 Switching Protocols')
    client.write('ping')
    await expect.poll(() => text).toMatch(/ping$/)
    // It goes on in a worker that was replaced, and is use as long as it is open.
    await serve('', [route('web'), route('ws')], [...open, service('more', '10.97.112.21', {})])
    const haproxy = new HaproxyClient(world.shell)
    expect((await haproxy.previewUses()).get('shop')).not.toBe(0)
    // The master may be busy with its new worker for a moment.
    const before = async () => (await haproxy.previewUsesBefore())?.get('shop')
    await expect.poll(before).toBe(0)
    client.destroy()
    await expect.poll(before).not.toBe(0)
  })

  test('requests are refused in words where it is not to wake, also those that wait already', async () => {
    await serve('hold', [route('web')], [behind('web')])
    const waiting = web()
    await untilHeld(1)
    const words = 'it was put to sleep; `berth preview wake shop pr-7` wakes it'
    await serve(words, [route('web')], [behind('web')])
    expect(told(await waiting)).toBe(`503 60 the preview sleeps: ${words}`)
    expect(told(await web())).toBe(`503 60 the preview sleeps: ${words}`)
    await serve('2 others are awake', [route('web')], [behind('web')])
    expect(told(await web())).toBe('503 60 the preview sleeps: 2 others are awake')
  })

  test('who is not let in does not wake it', async () => {
    const users = { 'auth-type': 'basic', 'auth-secret': 'users' }
    const secret = { auth: 'ada:$5$salt$yZQBpPHAbmSCaL0GZZ3LQYpS5KNGdRsYhsFNtoC2NJ2' }
    await serve('hold', [route('web', { options: annotated(users, secret) })], [behind('web')])
    const uses = async () => (await new HaproxyClient(world.shell).previewUses()).get('shop') ?? 600_000
    const before = await uses()
    expect((await web()).status).toBe(401)
    expect((await web({ headers: { authorization: 'Basic YWRhOndyb25n' } })).status).toBe(401)
    expect(await uses()).toBeGreaterThanOrEqual(before)
  })
})

test('what comes through a node port is use, also without a pod; what comes through the address of a Service is not', async () => {
  const nodePort = await freePort()
  await using pod = await httpPod('node')
  const table = (...backends: (typeof pod.row)[]) =>
    service('node', '10.97.112.22', { mode: 'detect', nodePort, backends }, { type: 'NodePort' })
  // The other one makes a new worker, which knows of no use.
  await serve('', [], [table(pod.row), service('again', '10.97.112.23', {})])
  const age = async () => (await new HaproxyClient(world.shell).previewUses()).get('shop')
  const through = (address: string, port: number) =>
    new Promise<number>((resolve) => {
      const socket = connect(port, address, () => socket.end('GET / HTTP/1.0\r\n\r\n'))
      socket.on('data', () => {}).on('error', () => {})
      socket.on('close', () => resolve(socket.bytesRead))
    })
  expect(await through('10.97.112.22', 80)).toBeGreaterThan(0)
  expect(await age()).toBe(undefined)
  expect(await through('127.0.0.1', nodePort)).toBeGreaterThan(0)
  expect(await age()).toBeLessThan(60_000)
  await serve('', [], [table(), service('again', '10.97.112.24', {})])
  expect(await age()).toBe(undefined)
  expect(await through('127.0.0.1', nodePort)).toBe(0)
  expect(await age()).toBeLessThan(60_000)
})

describe('a node port of a preview that sleeps', () => {
  const line = (port: number, words: string, address = '127.0.0.1') =>
    new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(port, address, () => socket.write(words))
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      socket.on('error', () => {})
      socket.on('close', () => resolve(text))
    })
  const request = 'GET / HTTP/1.0\r\n\r\n'

  test.each(['tcp', 'detect', 'http'] as const)('holds who comes until there is a pod: %s', async (mode) => {
    const nodePort = await freePort()
    await using pod = await httpPod('port')
    const table = (...backends: (typeof pod.row)[]) =>
      service('port', '10.97.112.26', { mode, nodePort, backends }, { type: 'NodePort' })
    await serve('hold', [], [table()])
    const answers = [line(nodePort, request), line(nodePort, request)]
    await untilHeld(2)
    // Who comes from within it is told at once, as ever.
    const within = await line(80, request, '10.97.112.26')
    expect(within).toMatch(mode === 'http' ? /^HTTP\/1\.[01] 503/ : /^$/)
    const { reloads } = await world.workers()
    await serve('hold', [], [table(pod.row)])
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.[01] 200[\s\S]*port$/)
    expect((await world.workers()).reloads).toBe(reloads)
  })

  test('also where the server speaks first, and refuses who waits once it is not to wake', async () => {
    const nodePort = await freePort()
    await using pod = await tcpPod('first', (socket) => socket.end('hello\n'))
    const table = (...backends: (typeof pod.row)[]) =>
      service('first', '10.97.112.27', { mode: 'detect', nodePort, backends }, { type: 'NodePort' })
    await serve('hold', [], [table()])
    const first = line(nodePort, '')
    await untilHeld(1)
    await serve('hold', [], [table(pod.row)])
    expect(await first).toBe('hello\n')
    await serve('hold', [], [table()])
    const second = line(nodePort, '')
    await untilHeld(1)
    await serve('it was put to sleep', [], [table()])
    expect(await second).toBe('')
    expect(await line(nodePort, '')).toBe('')
  })
})
