import { connect as connectH2 } from 'node:http2'
import { get } from 'node:https'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyOf } from '../../src/base/key.ts'
import type { Certificate } from '../../src/runtime/network/table.ts'
import { type HaproxyWorld, haproxyWorld, httpPod } from './haproxy-world.ts'
import { ask, freePort } from './ingress-client.ts'
import { annotated, behind, ingress, route } from './ingress-routes.ts'

let world: HaproxyWorld
let [http, https] = [0, 0]
beforeAll(async () => {
  ;[http, https] = [await freePort(), await freePort()]
  world = await haproxyWorld('10.97.80.0/20', { ingressHttpPort: http, ingressHttpsPort: https })
})
afterAll(() => world[Symbol.asyncDispose]())

async function reloads(): Promise<number> {
  return (await world.workers()).reloads
}

/** Signed by itself; the number is its organisation's name. */
async function certificate(secret: string, hosts: readonly string[], number = 1, bits = 2048): Promise<Certificate> {
  const conf = "printf '[req]\\ndistinguished_name = name\\n[name]\\n' >/tmp/test.conf"
  const make = `openssl req -x509 -newkey rsa:${bits} -nodes -days 2 -subj '/O=${number}/CN=${secret}' -config /tmp/test.conf -keyout - 2>/dev/null`
  return {
    key: keyOf({ namespace: 'shop', kind: 'Secret', name: secret }),
    hosts,
    pem: await world.shell.run(`${conf}\n${make}`),
  }
}

/** `name/number` of the certificate that a client is shown, and the protocol that was agreed on. */
function shown(servername: string | undefined, alpn: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    const name = servername === undefined ? {} : { servername }
    const socket = connect(
      { host: '127.0.0.1', port: https, rejectUnauthorized: false, ALPNProtocols: [...alpn], ...name },
      () => {
        const { subject } = socket.getPeerCertificate()
        resolve([subject.CN, subject.O, socket.alpnProtocol || undefined].filter((one) => one !== undefined).join('/'))
        socket.end()
      },
    )
    socket.on('error', reject)
  })
}

function askTls(servername: string, path = '/'): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: https,
      path,
      servername,
      rejectUnauthorized: false,
      agent: false as const,
    }
    get({ ...options, headers: { host: servername } }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    }).on('error', reject)
  })
}

describe('certificates', () => {
  test('are chosen by the name that the client asks for', async () => {
    await using pod = await httpPod('tls')
    const certificates = [await certificate('exact', ['a.example.com']), await certificate('wild', ['*.example.com'])]
    const routes = [route('tls', { host: '', tls: true })]
    expect(await world.apply(ingress(routes, [behind('tls', pod.row)], { certificates }))).toEqual([])
    expect(await shown('a.example.com')).toBe('exact/1')
    expect(await shown('b.example.com')).toBe('wild/1')
    expect(await shown('other.org')).toBe('berth default certificate')
    expect(await shown(undefined)).toBe('berth default certificate')
    expect(await askTls('a.example.com')).toBe(200)
  })

  test('change, come and go without a new worker and without a failed request', async () => {
    await using pod = await httpPod('renew')
    const routes = [route('renew', { host: '', tls: true })]
    const serve = (...certificates: Certificate[]) =>
      world.apply(ingress(routes, [behind('renew', pod.row)], { certificates }))
    const other = await certificate('other', ['other.example.com'])
    await serve(await certificate('renewed', ['r.example.com']))
    const before = await reloads()
    const failures: string[] = []
    let [running, answers] = [true, 0]
    const client = async () => {
      while (running) {
        const status = await askTls('r.example.com').catch(String)
        if (status === 200) answers += 1
        else failures.push(String(status))
      }
    }
    const clients = [client(), client(), client()]
    for (let number = 2; number < 6; number += 1) {
      const renewed = await certificate('renewed', ['r.example.com'], number)
      await serve(renewed, ...(number % 2 === 0 ? [other] : []))
      expect(await shown('r.example.com')).toBe(`renewed/${number}`)
      expect(await shown('other.example.com')).toBe(number % 2 === 0 ? 'other/1' : 'berth default certificate')
      const seen = answers
      await expect.poll(() => answers).toBeGreaterThan(seen + 10)
    }
    running = false
    await Promise.all(clients)
    expect(failures).toEqual([])
    expect(await reloads()).toBe(before)
    const files = await world.shell.run('ls -l /state/certs | cut -c1-10,40- | grep pem')
    expect(files.split('\n').filter((line) => line !== '' && !line.startsWith('-rw-------'))).toEqual([])
  })

  test('that are bad leave the others alone, and are told', async () => {
    const good = await certificate('good', ['good.example.com'])
    const weak = await certificate('weak', ['weak.example.com'], 1, 1024)
    const torn = { ...(await certificate('torn', ['torn.example.com'])), pem: good.pem.slice(0, 600) }
    const foreign = { ...good, key: keyOf({ namespace: 'shop', kind: 'Secret', name: 'foreign' }) }
    const pems = [good.pem, (await certificate('foreign', [])).pem]
    const blocks = pems.map((pem) => pem.match(/-----BEGIN[\s\S]*?-----END [A-Z ]+-----\n/g) ?? [])
    const mixed = { ...foreign, hosts: ['mixed.example.com'], pem: `${blocks[0]?.[0]}${blocks[1]?.[1]}` }
    const routes = [route('bad', { host: '', tls: true })]
    const problems = await world.apply(ingress(routes, [], { certificates: [good, weak, torn, mixed] }))
    expect(problems.map(({ key }) => key).sort()).toEqual([
      'shop/Secret/foreign',
      'shop/Secret/torn',
      'shop/Secret/weak',
    ])
    expect(problems.map(({ message }) => message).join()).toMatch(/the key is not that of the certificate/)
    expect(await shown('good.example.com')).toBe('good/1')
    expect(await shown('weak.example.com')).toBe('berth default certificate')
  })
})

test('http is sent to https where the host has TLS', async () => {
  const options = annotated({ 'ssl-redirect': 'true' })
  const forced = annotated({ 'force-ssl-redirect': 'true' })
  await world.apply(
    ingress(
      [route('secure', { tls: true, options }), route('plain', { options }), route('forced', { options: forced })],
      [],
    ),
  )
  const sent = await ask(http, { host: `secure.example.com:${http}`, path: '/a//b?c=d' })
  expect([sent.status, sent.headers.location]).toEqual([308, `https://secure.example.com:${https}/a//b?c=d`])
  expect((await ask(http, { host: 'plain.example.com' })).status).toBe(503)
  expect((await ask(http, { host: 'forced.example.com' })).status).toBe(308)
  const proxied = await ask(http, { host: 'forced.example.com', headers: { 'x-forwarded-proto': 'https' } })
  expect(proxied.status).toBe(503)
})

test('HTTP/2 is offered', async () => {
  await using pod = await httpPod('two', (request, response) => response.end(request.headers['x-forwarded-proto']))
  await world.apply(ingress([route('two', { tls: true })], [behind('two', pod.row)]))
  expect(await shown('two.example.com', ['h2', 'http/1.1'])).toBe('berth default certificate/h2')
  const session = connectH2(`https://127.0.0.1:${https}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/', ':authority': 'two.example.com' })
  let text = ''
  for await (const chunk of stream) text += chunk
  expect(text).toBe('https')
  session.close()
})
