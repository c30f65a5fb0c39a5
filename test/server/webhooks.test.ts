import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { startServer } from '../../src/server/server.ts'
import { WebhookHandler } from '../../src/server/webhook-handler.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { githubHeaders, hold, hookWorld, post, push, requestBytes, secret, send, signature } from './hook-world.ts'

const body = JSON.stringify(push)
const signed = `sha256=${signature(body)}`
const sha1 = 'sha1=7d38cdd689735b008b3c702edd92eea23791c5f6'

test('a signed push wakes the application that follows the branch, and nobody else', async () => {
  const { address, woken, log } = await hookWorld()
  const answer = await post(address, 'github', body)
  expect(answer.status).toBe(202)
  expect(answer.text).toContain('{"applications":["shop"],"reason":""}')
  expect(woken).toEqual([['shop']])
  expect(log).toEqual([])
})

test.each([
  ['github', { 'x-hub-signature-256': signed, 'x-hub-signature': sha1, 'x-github-event': 'push' }],
  ['gitea', { 'x-gitea-signature': signature(body), 'x-gitea-event': 'push' }],
  ['gitea', { 'x-hub-signature-256': signed, 'x-gitea-event': 'push' }],
  [
    'gitea',
    {
      ...{ 'x-gitea-event': 'push', 'x-forgejo-event': 'push', 'x-gogs-event': 'push', 'x-github-event': 'push' },
      ...{ 'x-gitea-signature': signature(body), 'x-forgejo-signature': signature(body) },
      ...{ 'x-gogs-signature': signature(body), 'x-hub-signature': sha1, 'x-hub-signature-256': signed },
    },
  ],
  ['generic', { 'x-hub-signature-256': signed }],
  ['generic', { authorization: `Bearer ${secret.replace(' ', '-')}` }],
])('%s takes %j', async (provider, headers) => {
  process.env.BERTH_TEST_OTHER_SECRET = secret.replace(' ', '-')
  const bearer = 'authorization' in headers
  const place = { secretFile: undefined, secretEnv: 'BERTH_TEST_OTHER_SECRET' }
  const { address, woken } = await hookWorld({}, bearer ? { secret: place } : {})
  expect((await post(address, provider, body, headers as Record<string, string>)).status).toBe(202)
  expect(woken).toEqual([['shop']])
})

test('GitLab proves itself with a token', async () => {
  const { address, woken } = await hookWorld()
  const text = JSON.stringify({
    object_kind: 'push',
    ref: push.ref,
    project: { git_http_url: push.repository.clone_url },
  })
  expect((await post(address, 'gitlab', text, { 'x-gitlab-token': secret })).status).toBe(202)
  expect(woken).toEqual([['shop']])
})

const wrong = `sha256=${signature(body, 'another')}`
test.each<[string, string, [string, string][]]>([
  ['none', 'github', []],
  ['empty', 'github', [['x-hub-signature-256', '']]],
  ['wrong', 'github', [['x-hub-signature-256', wrong]]],
  ['of the empty secret', 'github', [['x-hub-signature-256', `sha256=${signature(body, '')}`]]],
  ['of another body', 'github', [['x-hub-signature-256', `sha256=${signature(`${body} `)}`]]],
  ['cut', 'github', [['x-hub-signature-256', signed.slice(0, -2)]]],
  ['SHA-1 only', 'github', [['x-hub-signature', sha1]]],
  ['SHA-1 under the name of SHA-256', 'github', [['x-hub-signature-256', sha1]]],
  ['SHA-512', 'github', [['x-hub-signature-256', `sha512=${'0'.repeat(128)}`]]],
  ['without its algorithm', 'github', [['x-hub-signature-256', signature(body)]]],
  [
    'twice',
    'github',
    [
      ['x-hub-signature-256', signed],
      ['x-hub-signature-256', signed],
    ],
  ],
  [
    'right, then wrong',
    'github',
    [
      ['x-hub-signature-256', signed],
      ['x-hub-signature-256', wrong],
    ],
  ],
  ['that of another forge', 'github', [['x-gitlab-token', secret]]],
  ['none', 'gitea', []],
  [
    'right and wrong',
    'gitea',
    [
      ['x-gitea-signature', signature(body)],
      ['x-hub-signature-256', wrong],
    ],
  ],
  ['with an algorithm', 'gitea', [['x-gitea-signature', signed]]],
  ['none', 'gitlab', []],
  ['wrong', 'gitlab', [['x-gitlab-token', 'Correct horse']]],
  ['a beginning', 'gitlab', [['x-gitlab-token', secret.slice(0, -1)]]],
  ['empty', 'gitlab', [['x-gitlab-token', '']]],
  [
    'twice',
    'gitlab',
    [
      ['x-gitlab-token', secret],
      ['x-gitlab-token', secret],
    ],
  ],
  ['none', 'generic', []],
  ['wrong', 'generic', [['authorization', 'Bearer nothing']]],
  ['Basic', 'generic', [['authorization', `Basic ${Buffer.from(secret).toString('base64')}`]]],
  [
    'right and wrong',
    'generic',
    [
      ['x-hub-signature-256', signed],
      ['authorization', 'Bearer nothing'],
    ],
  ],
])('W01 a signature that is %s is refused by %s', async (_title, provider, headers) => {
  const { address, woken, log } = await hookWorld()
  const answer = await send(address, requestBytes(`/webhooks/${provider}`, headers, body))
  expect(answer.status).toBe(401)
  expect(answer.text).toContain('no valid signature')
  expect(woken).toEqual([])
  expect(log).toHaveLength(1)
  expect(log[0]).toMatch(/warn +a webhook was refused status=401 .*from=127\.0\.0\.1/)
  expect(answer.text + log.join()).not.toMatch(/correct|acme/i)
})

test('W01 without a secret nothing is taken; the file is read again at each use', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'berth-hook-'))
  const secretFile = join(dir, 'secret')
  try {
    const { address, woken } = await hookWorld({}, { secret: { secretFile, secretEnv: undefined } })
    const statusNow = async (key: string) =>
      (
        await post(address, 'github', body, {
          'x-github-event': 'push',
          'x-hub-signature-256': `sha256=${signature(body, key)}`,
        })
      ).status
    expect(await statusNow('')).toBe(503)
    writeFileSync(secretFile, '')
    expect(await statusNow('')).toBe(503)
    writeFileSync(secretFile, 'first\n')
    expect(await statusNow('first')).toBe(202)
    writeFileSync(secretFile, 'second')
    expect([await statusNow('first'), await statusNow('second')]).toEqual([401, 202])
    expect(woken).toEqual([['shop']])
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('W02 a body that says that it is too large is refused before it is sent', async () => {
  const { address, woken } = await hookWorld()
  const head = requestBytes('/webhooks/github', Object.entries(githubHeaders(body)))
  const huge = head.toString('latin1').replace('content-length: 0', `content-length: ${5 * 1024 ** 3}`)
  expect((await send(address, huge)).status).toBe(413)
  expect(woken).toEqual([])
})

const chunked = (headers: string) =>
  `POST /webhooks/github HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nx-hub-signature-256: ${signed}\r\n${headers}\r\n`

test('W02 chunks for ever end at the cap', async () => {
  const { address } = await hookWorld({ mostBytes: 100_000 })
  const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`
  let chunks = 0
  const answer = await send(address, chunked(''), () => {
    chunks++
    return chunk
  })
  expect(answer.status).toBe(413)
  expect(chunks).toBeGreaterThan(9)
})

test('W02 a length that promises more than comes, and drops one by one, end at the deadline', async () => {
  const { address, woken } = await hookWorld({ deadlineMs: 300 })
  const short = requestBytes('/webhooks/github', Object.entries(githubHeaders(body)), body).toString('latin1')
  const promising = short.replace(`content-length: ${body.length}`, `content-length: ${body.length + 1}`)
  expect((await send(address, promising)).status).toBe(408)
  expect((await send(address, chunked(''), () => '1\r\nx\r\n')).status).toBe(408)
  expect(woken).toEqual([])
})

test('W02 a head that never ends is not waited for', async () => {
  const { address, log } = await hookWorld()
  expect((await send(address, 'POST /webhooks/github HTTP/1.1\r\nhost: x\r\nx-a: b')).status).toBe(408)
  expect(log.join()).toContain('status=408')
})

test('W02 a length that promises less than comes: the rest is no request', async () => {
  const { address, woken } = await hookWorld()
  const bytes = requestBytes('/webhooks/github', Object.entries(githubHeaders(body)), body).toString('latin1')
  const lying = bytes.replace(`content-length: ${body.length}`, `content-length: ${body.length - 10}`)
  // Whichever is seen first: a wrong signature, or what is no request behind it.
  expect([400, 401]).toContain((await send(address, lying)).status)
  expect(woken).toEqual([])
})

test('W02 compressed bodies are refused, however small', async () => {
  const { address, woken } = await hookWorld()
  const bomb = gzipSync(Buffer.alloc(1_000_000))
  const answer = await post(address, 'github', bomb, { ...githubHeaders(bomb), 'content-encoding': 'gzip' })
  expect(answer.status).toBe(415)
  expect(woken).toEqual([])
})

test('W02 what is held in memory is bounded; who comes too much is told to come again', async () => {
  const { address, woken } = await hookWorld({ mostTogether: 2 })
  const slow = await Promise.all([1, 2].map(() => hold(address, `${chunked('')}1\r\nx\r\n`)))
  await expect.poll(async () => (await post(address, 'github', body)).status).toBe(503)
  expect((await post(address, 'github', body)).text).toMatch(/retry-after: 2\r\n/)
  for (const socket of slow) socket.destroy()
  await expect.poll(async () => (await post(address, 'github', body)).status).toBe(202)
  expect(woken.flat()).toContain('shop')
})

test('W02 all bodies together are bounded, too', async () => {
  const { address } = await hookWorld({ mostBytes: 1_000, mostBytesTogether: 1_500 })
  const slow = await hold(address, `${chunked('')}384\r\n${'x'.repeat(900)}\r\n`)
  const large = JSON.stringify({ ...push, fill: 'x'.repeat(700) })
  await expect.poll(async () => (await post(address, 'github', large)).status).toBe(503)
  expect((await post(address, 'github', body)).status).toBe(202)
  slow.destroy()
  await expect.poll(async () => (await post(address, 'github', large)).status).toBe(202)
})

test.each([
  ...['null', '[]', '42', '"text"', '', 'no json', '{"a":', '[{}]', '\ufeff{', 'true'],
  `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
  '{"a":'.repeat(100_000),
])('W03 %.20j is no event', async (text) => {
  const { address, woken } = await hookWorld()
  for (const provider of ['github', 'gitea', 'generic'] as const) {
    expect((await post(address, provider, text)).status).toBe(400)
  }
  expect((await post(address, 'gitlab', text, { 'x-gitlab-token': secret })).status).toBe(400)
  expect(woken).toEqual([])
})

test('W03 bytes that are no text are no event', async () => {
  const { address } = await hookWorld()
  expect((await post(address, 'github', Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]))).status).toBe(400)
})

const address = push.repository.clone_url
test.each<[string, unknown]>([
  ['no repository', { ref: 'refs/heads/main' }],
  ['repository null', { ...push, repository: null }],
  ['repository a number', { ...push, repository: 7 }],
  ['addresses that are none', { ...push, repository: { clone_url: 7, ssh_url: null, html_url: { clone: 'x' } } }],
  ['a list of other things', { ...push, repository: [1, null, {}] }],
  ['links a string', { refUpdates: [], repository: { links: { clone: 'x' } } }],
  ['names of Object', { repository: { constructor: address, ['__proto__']: { clone_url: address } } }],
  ['a ref that is a list', { ...push, ref: ['refs/heads/main'], repository: {} }],
  ['a long address', { ...push, repository: `https://git.example.com/${'a'.repeat(100_000)}` }],
  ['an odd address', { ...push, repository: 'https://[::1/acme/shop.git' }],
])('W03 %s: 202 without effect', async (_title, event) => {
  const world = await hookWorld()
  const text = JSON.stringify(event)
  for (const provider of ['github', 'gitea', 'generic'] as const) {
    const headers = { ...githubHeaders(text), 'x-gitea-event': 'push' }
    expect((await post(world.address, provider, text, headers)).status).toBe(202)
  }
  expect((await post(world.address, 'gitlab', text, { 'x-gitlab-token': secret })).status).toBe(202)
  expect(world.woken).toEqual([])
})

test('W03 commits null does not matter', async () => {
  const { address: at, woken } = await hookWorld()
  const text = JSON.stringify({ ...push, commits: null, head_commit: null, sender: 3 })
  expect((await post(at, 'github', text)).status).toBe(202)
  expect(woken).toEqual([['shop']])
})

test.each<[string, unknown, string, string]>([
  ['other repository', { ...push, repository: { clone_url: `${address}x` } }, 'push', 'this repository'],
  ['other branch', { ...push, ref: 'refs/heads/other' }, 'push', 'this branch or tag'],
  ['a tag of another name', { ...push, ref: 'refs/tags/v2' }, 'push', 'this branch or tag'],
  ['ping', { ...push, zen: 'Keep it', hook_id: 1 }, 'ping', 'a ping'],
  ['deleted branch', { ...push, deleted: true }, 'push', 'was deleted'],
  ['after all zeros', { ...push, after: '0'.repeat(40) }, 'push', 'was deleted'],
  ['delete', { ref: 'main', ref_type: 'branch', repository: push.repository }, 'delete', 'was deleted'],
  ['pull request', { number: 1, repository: push.repository }, 'pull_request', 'no application has previews of'],
  ['event without a name', push, '', 'not a push'],
])('W04 %s: 202 without effect, and says why', async (_title, event, name, reason) => {
  const world = await hookWorld()
  const text = JSON.stringify(event)
  const answer = await post(world.address, 'github', text, githubHeaders(text, name))
  expect(answer.status).toBe(202)
  expect(answer.text).toContain('"applications":[]')
  expect(answer.text).toContain(reason)
  expect(world.woken).toEqual([])
  expect(world.log).toEqual([])
})

test('W05 the same delivery again and again is gathered', async () => {
  const clock = new FakeClock()
  const { address: at, woken } = await hookWorld({}, { clock })
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(at, 'github', body)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  expect(woken).toEqual([['shop']])
  clock.advance(500)
  expect(woken).toEqual([['shop'], ['shop']])
})

const valid = Object.entries(githubHeaders(body))
test.each<[string, number, Buffer | string]>([
  ['GET', 405, requestBytes('/webhooks/github', valid, '', 'GET')],
  ['PUT', 405, requestBytes('/webhooks/github', valid, body, 'PUT')],
  ['two slashes', 404, requestBytes('//webhooks/github', valid, body)],
  ['a way out', 404, requestBytes('/webhooks/../status', valid, body)],
  ['a way around', 404, requestBytes('/./webhooks/github', valid, body)],
  ['an encoded name', 404, requestBytes('/webhooks/%67ithub', valid, body)],
  ['an unknown forge', 404, requestBytes('/webhooks/constructor', valid, body)],
  ['no forge', 404, requestBytes('/webhooks/', valid, body)],
  ['the status', 404, requestBytes('/status', valid, '', 'GET')],
  ['two lengths', 400, requestBytes('/webhooks/github', [...valid, ['content-length', '1']], body)],
  ['length and chunks', 400, requestBytes('/webhooks/github', [...valid, ['transfer-encoding', 'chunked']], body)],
  ['a line break in a header', 400, requestBytes('/webhooks/github', [...valid, ['x-a', 'b\r\nc']], body)],
  ['a control character in a header', 400, requestBytes('/webhooks/github', [...valid, ['x-a', 'b\u0000c']], body)],
  ['a head too large', 431, requestBytes('/webhooks/github', [...valid, ['x-a', 'b'.repeat(20_000)]], body)],
  ['no host', 400, `POST /webhooks/github HTTP/1.1\r\ncontent-length: 0\r\n\r\n`],
  ['no HTTP', 400, 'hello\r\n\r\n'],
])('W06 %s: %i', async (_title, status, bytes) => {
  const { address: at, woken, log } = await hookWorld()
  const answer = await send(at, bytes)
  expect(answer.status).toBe(status)
  expect(answer.text).not.toMatch(/acme|sha256/)
  expect(woken).toEqual([])
  // A request without a host is answered by Node itself, and told to nobody.
  expect(log.length).toBe(bytes.toString().includes('host:') || bytes.toString().startsWith('hello') ? 1 : 0)
})

test('W06 refusals fill no disk: ten lines a minute', async () => {
  const { address: at, log } = await hookWorld()
  for (let index = 0; index < 30; index++) await send(at, requestBytes('/webhooks/github', [], body))
  expect(log).toHaveLength(10)
})

test('W06 on the status server any name is taken for webhooks, and only for them', async () => {
  const woken: string[][] = []
  process.env.BERTH_TEST_WEBHOOK_SECRET = secret
  const webhooks = new WebhookHandler({
    secret: { secretFile: undefined, secretEnv: 'BERTH_TEST_WEBHOOK_SECRET' },
    followed: [{ name: 'shop', repoURL: address, revision: 'main' }],
    wake: (applications) => woken.push([...applications]),
    clock: systemClock,
    log: silentLog,
  })
  const routes = { '/status': { type: 'application/json', answer: () => '{}' } } as const
  const server = await startServer({ listen: '127.0.0.1:0', routes, webhooks })
  try {
    expect((await post(server.address, 'github', body)).status).toBe(202)
    expect((await send(server.address, requestBytes('/status', [], '', 'GET'))).status).toBe(403)
    expect((await send(server.address, requestBytes('/webhooks/../status', [], '', 'GET'))).status).toBe(404)
    expect(woken).toEqual([['shop']])
  } finally {
    webhooks.close()
    await server.close()
  }
})

test('JSON that is called a form, as curl does, is read as JSON', async () => {
  const { address: at, woken } = await hookWorld()
  const text = JSON.stringify({ repository: address, ref: push.ref })
  const headers = { ...githubHeaders(text), 'content-type': 'application/x-www-form-urlencoded' }
  expect((await post(at, 'generic', text, headers)).status).toBe(202)
  expect(woken).toEqual([['shop']])
})

test('a form with a payload is read as the payload', async () => {
  const { address: at, woken } = await hookWorld()
  const form = new URLSearchParams({ payload: body }).toString()
  const headers = { ...githubHeaders(form), 'content-type': 'application/x-www-form-urlencoded' }
  expect((await post(at, 'github', form, headers)).status).toBe(202)
  expect(woken).toEqual([['shop']])
})
