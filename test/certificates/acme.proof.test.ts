// Certificates from a real ACME server. No engine takes part, but this is not for machines without Debian.
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AcmeSettings } from '../../src/certificates/acme-server.ts'
import type { Certificate } from '../../src/runtime/network/table.ts'
import { Pebble } from './pebble.ts'
import { Entrance, shop, World } from './world.ts'

const hourMs = 3_600_000
let entrance: Entrance
let pebble: Pebble

beforeAll(async () => {
  entrance = await Entrance.start()
  pebble = await Pebble.start({ httpPort: entrance.port })
})

afterAll(async () => {
  await pebble?.[Symbol.asyncDispose]()
  await entrance?.[Symbol.asyncDispose]()
})

function settings(of: Pebble = pebble, more: Partial<AcmeSettings> = {}): AcmeSettings {
  return { server: of.directory, email: 'ops@example.com', caFile: of.caFile, ...more }
}

function only(certificates: readonly Certificate[]): Certificate {
  const [certificate] = certificates
  if (!certificate || certificates.length > 1) throw new Error(`expected one certificate, found ${certificates.length}`)
  return certificate
}

const serial = ({ pem }: Certificate) => new X509Certificate(pem).serialNumber

/** All that is kept, by path. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Private keys in a text: the part that is secret, without line ends. */
function keysIn(text: string): string[] {
  const plain = text.replaceAll('\\n', '\n')
  const bodies = [...plain.matchAll(/BEGIN PRIVATE KEY-----\n([^-]+)/g)].map(([, body = '']) => body)
  // What comes first only says which kind of key it is.
  return bodies.map((body) => body.replaceAll('\n', '').slice(60, 120))
}

test('an Ingress with two hosts gets one certificate for both, which a restart still has', async () => {
  await using world = new World(entrance)
  world.begin(settings(), [shop('api.example.com', 'shop.example.com')])
  expect(world.problem()).toBe('a certificate for api.example.com, shop.example.com is on order')
  await world.until((it) => it.certificates().length > 0)
  const certificate = only(world.certificates.certificates())
  expect(certificate.hosts).toEqual(['api.example.com', 'shop.example.com'])
  expect(certificate.key).toMatch(/^\/Certificate\/api\.example\.com-\w+$/)
  expect(certificate.pem).not.toMatch(/\n\n/)
  expect(createSecureContext({ cert: certificate.pem, key: certificate.pem })).toBeDefined()
  expect(new X509Certificate(certificate.pem).subjectAltName).toBe('DNS:api.example.com, DNS:shop.example.com')
  expect(world.problem()).toBe('')
  await world.until((it) => Object.keys(it.challenges()).length === 0)

  await world.certificates.close()
  const again = world.begin(settings(), [shop('api.example.com', 'shop.example.com')])
  expect(again.certificates()).toEqual([certificate])
  expect(world.lines.filter((line) => line.includes('ordering a certificate'))).toHaveLength(1)
})

test('keys are for the owner only, and in no log', async () => {
  await using world = new World(entrance)
  world.begin(settings(), [shop('secret.example.com')])
  await world.until((it) => it.certificates().length > 0)
  const files = filesOf(world.stateDir)
  expect(files.map((file) => statSync(file).mode & 0o777)).toEqual(files.map(() => 0o600))
  const keys = files.flatMap((file) => keysIn(readFileSync(file, 'utf8')))
  // The account's and the certificate's; that of the order is gone with it.
  expect(keys).toHaveLength(2)
  expect(new Set(keys).size).toBe(2)
  expect(keys.filter((key) => world.lines.join('\n').includes(key.slice(0, 16)))).toEqual([])
})

test('a certificate is renewed at two thirds of its life; until then the old one serves', async () => {
  await using world = new World(entrance)
  world.begin(settings(), [shop('old.example.com')])
  await world.until((it) => it.certificates().length > 0)
  const first = only(world.certificates.certificates())
  world.clock.advance(59 * 24 * hourMs)
  await new Promise((done) => setImmediate(done))
  expect(world.lines.filter((line) => line.includes('ordering a certificate'))).toHaveLength(1)
  world.clock.advance(2 * 24 * hourMs)
  expect(only(world.certificates.certificates())).toBe(first)
  await world.until((it) => serial(only(it.certificates())) !== serial(first))
  const renewed = only(world.certificates.certificates())
  expect({ ...renewed, pem: '' }).toEqual({ ...first, pem: '' })
  expect(keysIn(renewed.pem)).not.toEqual(keysIn(first.pem))
})

test('certificates of a few seconds are renewed by the real clock', async () => {
  await using short = await Pebble.start({ httpPort: entrance.port, validSeconds: 6 })
  await using world = new World(entrance)
  world.begin(settings(short), [shop('brief.example.com')])
  await world.until((it) => it.certificates().length > 0)
  const first = only(world.certificates.certificates())
  await world.until((it) => serial(only(it.certificates())) !== serial(first))
})

test('a host that is not ours fails with the words of the server, and is tried again later', async () => {
  await using world = new World(entrance)
  // Berth's own look is answered, the server's is not.
  entrance.rightAnswers = 1
  world.begin(settings(), [shop('wrong.example.com')])
  await world.until(() => world.problem().startsWith('no certificate'))
  entrance.rightAnswers = Number.POSITIVE_INFINITY
  expect(world.problem()).toMatch(
    /^no certificate for wrong\.example\.com: wrong\.example\.com: .*404.*; next try at .*Z$/,
  )
  expect(world.certificates.challenges()).toEqual({})
  world.clock.advance(50_000)
  expect(world.lines.filter((line) => line.includes('order'))).toHaveLength(1)
  world.clock.advance(11_000)
  await world.until((it) => it.certificates().length > 0)
  expect(world.problem()).toBe('')
})

test('the server is not asked to look before the data path answers', async () => {
  await using world = new World(entrance)
  entrance.rightAnswers = 0
  const seen = entrance.asked.length
  const asked = () => entrance.asked.slice(seen)
  entrance.onAsked = () => {
    if (asked().length > 5) entrance.rightAnswers = Number.POSITIVE_INFINITY
  }
  world.begin(settings(), [shop('slow.example.com')])
  await world.until((it) => it.certificates().length > 0)
  entrance.onAsked = () => {}
  // Five in vain, one that was right, and then the server's (which looks three times, from different places).
  expect(asked().length).toBeGreaterThan(6)
  expect(world.lines.filter((line) => line.includes('ordering'))).toHaveLength(1)
})

test('one certificate that cannot be had does not hold up another', async () => {
  await using world = new World(entrance)
  world.begin(settings(), [shop('a_b.invalid-name'), { ingress: 'shop/Ingress/ok', hosts: ['ok.example.com'] }])
  await world.until((it) => it.certificates().length > 0)
  expect(only(world.certificates.certificates()).hosts).toEqual(['ok.example.com'])
  await world.until((it) => it.problems().length === 1)
  expect(world.certificates.problems()).toEqual([
    { key: 'shop/Ingress/web', message: expect.stringContaining('no certificate for a_b.invalid-name: ') },
  ])
})

test('a server that is down is told of, and asked again; certificates at hand go on serving', async () => {
  await using world = new World(entrance)
  await using restless = await Pebble.start({ httpPort: entrance.port })
  world.begin(settings(restless), [shop('first.example.com')])
  await world.until((it) => it.certificates().length > 0)
  const held = world.certificates.certificates()
  await restless.stop()
  world.certificates.want([shop('first.example.com'), shop('second.example.com')])
  await world.until(() => world.problem().includes('no certificate for second.example.com'))
  expect(world.problem()).toContain('ECONNREFUSED')
  expect(world.certificates.certificates()).toEqual(held)
  // It comes back and knows nobody, not even the account.
  await restless.resume()
  await world.certificates.close()
  world.begin(settings(restless), [shop('first.example.com'), shop('second.example.com')])
  expect(world.problem()).toContain('no certificate for second.example.com')
  world.clock.advance(61_000)
  await world.until((it) => it.certificates().length === 2)
})

test('a server of an unknown authority is not trusted, and the words say what to set', async () => {
  await using world = new World(entrance)
  world.begin(settings(pebble, { caFile: undefined }), [shop('trust.example.com')])
  await world.until(() => world.problem().startsWith('no certificate'))
  expect(world.problem()).toMatch(/is not trusted .*; spec\.network\.acme\.caFile of the Engine can name/)
  expect(world.problem()).toContain(pebble.directory)
})

test('a file of authorities that is not there is told of', async () => {
  await using world = new World(entrance)
  world.begin(settings(pebble, { caFile: '/nowhere/ca.pem' }), [shop('nofile.example.com')])
  await world.until(() => world.problem().startsWith('no certificate'))
  expect(world.problem()).toContain('spec.network.acme.caFile cannot be read: ENOENT')
})

test('a Berth that is ended in the middle of an order goes on with it', async () => {
  await using world = new World(entrance)
  entrance.rightAnswers = 0
  const { promise: isAsked, resolve } = Promise.withResolvers<void>()
  entrance.onAsked = resolve
  world.begin(settings(), [shop('restart.example.com')])
  await isAsked
  await world.certificates.close()
  const order = () => filesOf(world.stateDir).filter((file) => file.includes('/orders/'))
  const [file = ''] = order()
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string }
  expect(url).toContain(String(pebble.port))
  entrance.onAsked = () => {}
  entrance.rightAnswers = Number.POSITIVE_INFINITY
  world.begin(settings(), [shop('restart.example.com')])
  expect(world.lines.at(-1)).toContain('going on with the order')
  await world.until((it) => it.certificates().length > 0)
  expect(order()).toEqual([])
})

test('a Berth that is killed in the middle of an order goes on with it', async () => {
  await using world = new World(entrance)
  entrance.rightAnswers = 0
  const { promise: isAsked, resolve } = Promise.withResolvers<void>()
  entrance.onAsked = resolve
  const args = [world.stateDir, pebble.directory, pebble.caFile, String(entrance.port), 'killed.example.com']
  const child = spawn(process.execPath, [fileURLToPath(new URL('./child.ts', import.meta.url)), ...args], {
    stdio: 'inherit',
  })
  await isAsked
  child.kill('SIGKILL')
  await once(child, 'exit')
  entrance.onAsked = () => {}
  entrance.rightAnswers = Number.POSITIVE_INFINITY
  world.begin(settings(), [shop('killed.example.com')])
  expect(world.lines.at(-1)).toContain('going on with the order')
  await world.until((it) => it.certificates().length > 0)
  expect(only(world.certificates.certificates()).hosts).toEqual(['killed.example.com'])
})

test('an order that the server has forgotten is made anew', async () => {
  await using world = new World(entrance)
  entrance.rightAnswers = 0
  const { promise: isAsked, resolve } = Promise.withResolvers<void>()
  entrance.onAsked = resolve
  world.begin(settings(), [shop('forgotten.example.com')])
  await isAsked
  await world.certificates.close()
  entrance.onAsked = () => {}
  entrance.rightAnswers = Number.POSITIVE_INFINITY
  const [file = ''] = filesOf(world.stateDir).filter((one) => one.includes('/orders/'))
  const order = JSON.parse(readFileSync(file, 'utf8')) as { url: string }
  writeFileSync(file, JSON.stringify({ ...order, url: `${order.url}x` }))
  world.begin(settings(), [shop('forgotten.example.com')])
  await world.until((it) => it.certificates().length > 0)
})
