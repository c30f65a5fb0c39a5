import { connect as connectH2, createServer as createH2 } from 'node:http2'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BackendRow } from '../../src/runtime/network/table.ts'
import { type HaproxyWorld, haproxyWorld, httpPod, type Pod, tcpPod } from './haproxy-world.ts'
import { ask, freePort, type Question, talk } from './ingress-client.ts'
import { annotated, behind, ingress, route } from './ingress-routes.ts'

let world: HaproxyWorld
let http: number
let pods: readonly Pod[]
beforeAll(async () => {
  http = await freePort()
  world = await haproxyWorld('10.97.96.0/20', { ingressHttpPort: http })
  pods = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      httpPod(name, (request, response) => {
        request.resume()
        request.on('end', () => response.end(JSON.stringify({ name, path: request.url, headers: request.headers })))
      }),
    ),
  )
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  for (const pod of pods) await pod.crash()
})

interface Seen {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const rows = () => pods.map(({ row }) => row)

async function serve(
  annotations: Readonly<Record<string, string>>,
  {
    path = '/',
    secret = {},
    only = rows(),
  }: { path?: string; secret?: Readonly<Record<string, string>>; only?: readonly BackendRow[] } = {},
) {
  const options = annotated(annotations, secret)
  const served = route('web', { path, options })
  expect(await world.apply(ingress([served], [behind('web', ...only)]))).toEqual([])
  await world.replaced()
}

const web = (question: Question = {}) => ask(http, { host: 'web.example.com', ...question })

async function seen(question: Question = {}): Promise<Seen> {
  const { status, text } = await web(question)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text)
}

describe('requests', () => {
  test('bear who the client is, whatever it says of itself', async () => {
    await serve({})
    const { headers } = await seen({ headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' } })
    expect(headers).toMatchObject({
      host: 'web.example.com',
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'web.example.com',
      'x-forwarded-port': String(http),
    })
  })

  test('are rewritten with groups of the path', async () => {
    await serve({ 'rewrite-target': '/$2' }, { path: '/shop(/|$)(.*)' })
    expect((await seen({ path: '/shop/a/b?c=1' })).path).toBe('/a/b?c=1')
    expect((await seen({ path: '/shop' })).path).toBe('/')
    expect((await web({ path: '/shopping' })).status).toBe(404)
    await serve({ 'rewrite-target': '/new' }, { path: '/old' })
    expect((await seen({ path: '/old/x?y' })).path).toBe('/new?y')
  })

  test('bear another Host and other headers where asked', async () => {
    await serve({ 'upstream-vhost': 'inner.local', 'x-forwarded-prefix': '/p' })
    expect((await seen()).headers).toMatchObject({ host: 'inner.local', 'x-forwarded-prefix': '/p' })
  })

  test('larger than allowed are refused', async () => {
    await serve({ 'proxy-body-size': '1k' })
    expect((await web({ method: 'POST', body: 'x'.repeat(1024) })).status).toBe(200)
    expect((await web({ method: 'POST', body: 'x'.repeat(1025) })).status).toBe(413)
  })

  test('of other sources are refused', async () => {
    await serve({ 'whitelist-source-range': '10.0.0.0/8,127.0.0.0/8' })
    expect((await web()).status).toBe(200)
    await serve({ 'whitelist-source-range': '10.0.0.0/8' })
    expect((await web()).status).toBe(403)
    await serve({ 'denylist-source-range': '127.0.0.0/8' })
    expect((await web()).status).toBe(403)
  })

  test('above the rate are refused', async () => {
    await serve({ 'limit-rps': '2' })
    expect((await web()).status).toBe(200)
    const found = new Set<number>()
    const many = async () => {
      for (const { status } of await Promise.all(Array.from({ length: 30 }, () => web()))) found.add(status)
      return [...found]
    }
    await expect.poll(many).toContain(429)
    expect([...found].filter((status) => status !== 200)).toEqual([429])
  })

  test('are sent elsewhere', async () => {
    await serve({ 'permanent-redirect': 'https://new.example.com$request_uri' })
    const { status, headers } = await web({ path: '/a?b' })
    expect([status, headers.location]).toEqual([301, 'https://new.example.com/a?b'])
    await serve({ 'app-root': '/app' })
    expect((await web()).headers.location).toBe('/app')
    expect((await seen({ path: '/other' })).path).toBe('/other')
  })
})

test('accounts are asked for, and nobody is let in where none is known', async () => {
  // openssl passwd -6 -salt berth secret
  const hash = (await world.shell.run('openssl passwd -6 -salt berth secret')).trim()
  const asked = { 'auth-type': 'basic', 'auth-secret': 'users', 'auth-realm': 'The "shop"' }
  await serve(asked, { secret: { auth: `ann:${hash}\n` } })
  const refused = await web()
  expect(refused.status).toBe(401)
  expect(refused.headers['www-authenticate']).toMatch(/^Basic realm="The shop"/)
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
  expect((await web({ headers: basic('ann:secret') })).status).toBe(200)
  expect((await web({ headers: basic('ann:wrong') })).status).toBe(401)
  await serve(asked, { secret: { auth: 'ann:$apr1$salt$nothing\n' } })
  expect((await web({ headers: basic('ann:secret') })).status).toBe(401)
})

test('browsers of other origins are told what they may', async () => {
  await serve({
    'enable-cors': 'true',
    'cors-allow-origin': 'https://*.shop.com, https://one.org',
    'cors-allow-methods': 'GET, PUT',
  })
  const preflight = (origin: string) =>
    web({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } })
  const allowed = await preflight('https://a.shop.com')
  expect(allowed.status).toBe(204)
  expect(allowed.headers).toMatchObject({
    'access-control-allow-origin': 'https://a.shop.com',
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-credentials': 'true',
  })
  expect((await preflight('https://a.b.shop.com')).headers['access-control-allow-origin']).toBeUndefined()
  expect((await web({ headers: { origin: 'https://one.org' } })).headers['access-control-allow-origin']).toBe(
    'https://one.org',
  )
  expect((await web()).headers['access-control-allow-origin']).toBeUndefined()
})

describe('a sticky cookie', () => {
  test('leads to the same pod, also one that came later, until that pod leaves', async () => {
    const [one, two, three] = rows()
    if (!one || !two || !three) throw new Error('expected three pods')
    const sticky = { affinity: 'cookie', 'session-cookie-name': 'route', 'session-cookie-max-age': '600' }
    await serve(sticky, { only: [one] })
    const { reloads } = await world.workers()
    await serve(sticky, { only: [one, two, three] })
    const first = await web()
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
    expect(cookie).toMatch(/^route=\w{8,}/)
    const { name } = JSON.parse(first.text)
    const others = new Set<string>()
    for (let count = 0; count < 6; count += 1) {
      expect((await seen({ headers: { cookie } })).name).toBe(name)
      others.add((await seen()).name)
    }
    expect(others.size).toBe(3)
    await serve(sticky, {
      only: rows().map((row) => (row.name === `${name}_8080` ? { ...row, state: 'draining' as const } : row)),
    })
    expect((await seen({ headers: { cookie } })).name).not.toBe(name)
    expect((await world.workers()).reloads).toBe(reloads)
  })
})

test('a canary takes its share, by header, cookie and weight', async () => {
  const [one, two] = rows()
  if (!one || !two) throw new Error('expected two pods')
  const canary = async (more: Readonly<Record<string, string>>) => {
    await world.apply(
      ingress(
        [
          route('main', { host: 'web.example.com' }),
          route('next', { host: 'web.example.com', options: annotated({ canary: 'true', ...more }) }),
        ],
        [behind('main', one), behind('next', two)],
      ),
    )
    await world.replaced()
  }
  const names = async (question: Question, count = 20) => {
    const found = new Set<string>()
    for (let at = 0; at < count; at += 1) found.add((await seen(question)).name)
    return [...found].sort()
  }
  await canary({ 'canary-by-header': 'x-canary', 'canary-by-cookie': 'canary', 'canary-weight': '50' })
  expect(await names({ headers: { 'x-canary': 'always' } })).toEqual(['two'])
  expect(await names({ headers: { 'x-canary': 'never' } })).toEqual(['one'])
  expect(await names({ headers: { cookie: 'canary=always' } })).toEqual(['two'])
  expect(await names({ headers: { cookie: 'canary=never' } })).toEqual(['one'])
  expect(await names({}, 100)).toEqual(['one', 'two'])
  await canary({ 'canary-weight': '0' })
  expect(await names({})).toEqual(['one'])
})

describe('protocols', () => {
  test('websockets stay open while HAProxy is loaded anew', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
    await using echo = await tcpPod('upgrade', (socket) => {
      socket.once('data', () => {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\n${upgrade}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`,
        )
        socket.on('data', (bytes) => socket.write(bytes))
      })
    })
    await serve({}, { only: [echo.row] })
    const socket = connect(http, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    socket.write(`GET / HTTP/1.1\r\nHost: web.example.com\r\n${upgrade}${key}\r\n`)
    await expect.poll(() => text).toContain('101')
    for (let round = 0; round < 3; round += 1) {
      await serve({ 'proxy-connect-timeout': String(round + 2) }, { only: [echo.row] })
      socket.write(`round ${round};`)
      await expect.poll(() => text).toContain(`round ${round};`)
    }
    socket.destroy()
  })

  test('gRPC and h2c are HTTP/2 from end to end', async () => {
    const server = createH2((request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' })
      request.on('data', (chunk) => response.write(chunk))
      request.on('end', () => {
        response.addTrailers({ 'grpc-status': '0' })
        response.end()
      })
    })
    const address = '127.9.9.9'
    await new Promise<void>((resolve) => server.listen(8081, address, resolve))
    const row: BackendRow = { name: 'grpc_8081', pod: 'shop/grpc', host: 'local', address, port: 8081, state: 'ready' }
    await serve({ 'backend-protocol': 'GRPC' }, { only: [row] })
    const session = connectH2(`http://127.0.0.1:${http}`)
    const stream = session.request({
      ':path': '/echo',
      ':method': 'POST',
      ':authority': 'web.example.com',
      te: 'trailers',
    })
    const trailers = new Promise((resolve) => stream.on('trailers', resolve))
    let text = ''
    stream.on('data', (chunk) => (text += chunk))
    stream.write('first;')
    await expect.poll(() => text).toBe('first;')
    stream.end('second')
    expect(await trailers).toMatchObject({ 'grpc-status': '0' })
    expect(text).toBe('first;second')
    session.close()
    server.close()
  })

  test('challenges of ACME are answered before all else', async () => {
    const options = annotated({ 'whitelist-source-range': '10.0.0.0/8' })
    const challenges = { tok_en: 'tok_en.key;auth' }
    await world.apply(ingress([route('web', { options })], [], { challenges }))
    const path = '/.well-known/acme-challenge/tok_en'
    expect((await web({ path })).text).toBe('tok_en.key;auth')
    expect((await ask(http, { host: 'nobody.org', path })).text).toBe('tok_en.key;auth')
    expect((await web({ path: `${path}x` })).status).toBe(403)
    await world.apply(ingress([route('web', { options })], [], { challenges: { other: 'other.key' } }))
    expect((await web({ path })).status).toBe(403)
    expect((await web({ path: '/.well-known/acme-challenge/other' })).text).toBe('other.key')
  })
})

test('what nobody serves is told in plain words', async () => {
  await world.apply(ingress([route('empty'), route('gone', { backend: undefined })], [behind('empty')]))
  expect(await ask(http, { host: 'nobody.org' })).toMatchObject({
    status: 404,
    text: 'no Ingress serves this host and path\n',
  })
  expect(await ask(http, { host: 'empty.example.com' })).toMatchObject({ status: 503, text: 'no pod is ready\n' })
  expect((await ask(http, { host: 'gone.example.com' })).status).toBe(503)
  expect(await talk(http, 'GET / HTTP/1.0\r\n\r\n')).toContain('404')
})

test('an Ingress that HAProxy does not take leaves the others alone, and opens nothing', async () => {
  const bad = annotated({ 'whitelist-source-range': '10.0.0.0/8' })
  const problems = await world.apply(
    ingress(
      [
        route('web'),
        route('bad', { host: 'web.example.com', path: '/admin', options: { ...bad, allowSources: ['nonsense/99'] } }),
      ],
      [behind('web', ...rows())],
    ),
  )
  expect(problems.map(({ key }) => key)).toEqual(['shop/Ingress/bad'])
  expect((await web({ path: '/x' })).status).toBe(200)
  expect((await web({ path: '/admin/x' })).status).toBe(503)
})
