import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Credentials, Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'
import { failure } from './world.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

let sandbox: Sandbox
let fixture: Fixture
let server: GitServer
let accepted: string
let opened: Repository[] = []

beforeEach(async () => {
  sandbox = new Sandbox()
  fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
  fixture.commit({ a: '1' })
  server = await startGitServer(join(sandbox.path, 'root'))
  server.intercept = (request, response) => {
    if (request.headers.authorization === accepted) return false
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    return true
  }
})

afterEach(async () => {
  await Promise.all(opened.map((repository) => repository.close()))
  opened = []
  await server.close()
  sandbox[Symbol.dispose]()
})

async function open(credentials: Credentials, backend: 'embedded' | 'native' = 'embedded'): Promise<Repository> {
  const storeDir = join(sandbox.path, 'state')
  const url = `${server.origin}/shop/.git`
  const repository = await openRepository({ url, revision: 'main', storeDir, backend, credentials })
  opened.push(repository)
  return repository
}

describe('a variable', () => {
  const name = 'BERTH_TEST_GIT_SECRET'
  afterEach(() => {
    delete process.env[name]
  })

  test.each(['embedded', 'native'] as const)(
    'holds a token or user:password, read at each use, %s',
    async (backend) => {
      const repository = await open({ secretEnv: name }, backend)
      const unset = await failure(repository.fetch())
      expect([unset.code, unset.message]).toEqual(['BAD_CREDENTIALS', expect.stringContaining(name)])
      process.env[name] = ' '
      expect((await failure(repository.fetch())).code).toBe('BAD_CREDENTIALS')
      accepted = basic('x-access-token:t0ken')
      process.env[name] = 't0ken\n'
      expect((await repository.fetch()).oid).toBe(fixture.head())
      accepted = basic('ada:pass')
      const refused = await failure(repository.fetch())
      expect([refused.code, refused.message]).toEqual(['AUTH_REQUIRED', expect.not.stringContaining('t0ken')])
      process.env[name] = 'ada:pass'
      expect((await repository.fetch()).oid).toBe(fixture.head())
    },
  )
})

test('an ssh key is nothing for http', async () => {
  const ssh = { keyFile: '/k', knownHostsFile: '/h' }
  const error = await failure((await open({ ssh })).fetch())
  expect([error.code, error.message]).toEqual(['BAD_CREDENTIALS', expect.stringContaining('ssh')])
})

/** GitHub's answers to requests for a token of installation 7 of the App 42. */
class GitHub {
  asked = 0
  lifeMs = 3_600_000
  status = 201
  answer: string | undefined
  #server: Server | undefined
  url = ''

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.asked++
      const { method, url } = request
      const known = method === 'POST' && url === '/api/v3/app/installations/7/access_tokens'
      const status = known ? (this.#proven(request.headers.authorization) ? this.status : 401) : 404
      const end = new Date(Date.now() + this.lifeMs).toISOString()
      const granted = JSON.stringify({ token: `ghs_${this.asked}`, expires_at: end })
      const body = this.answer ?? (status === 201 ? granted : JSON.stringify({ message: `no ${status}` }))
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/v3`
  }

  /** As GitHub looks at them: RS256, the App's key and id, at most ten minutes, not from the future. */
  #proven(authorization = ''): boolean {
    const [header = '', claims = '', signature = ''] = authorization.replace(/^Bearer /, '').split('.')
    const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
    const signed = Buffer.from(`${header}.${claims}`)
    if (!verify('sha256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))) return false
    const { iss, iat, exp } = read(claims)
    const now = Date.now() / 1000
    return read(header).alg === 'RS256' && iss === '42' && Number(iat) <= now && Number(exp) <= now + 600
  }

  close(): void {
    this.#server?.closeAllConnections()
    this.#server?.close()
  }
}

describe('a GitHub App', () => {
  let github: GitHub
  let privateKeyFile: string
  beforeEach(async () => {
    github = new GitHub()
    await github.start()
    privateKeyFile = join(sandbox.path, 'app.pem')
    writeFileSync(privateKeyFile, privateKey)
  })
  afterEach(() => github.close())
  const app = (more: Partial<Credentials['githubApp']> = {}): Credentials => ({
    githubApp: { appId: '42', installationId: '7', privateKeyFile, apiURL: github.url, ...more },
  })

  test.each(['embedded', 'native'] as const)(
    'its token is asked for once, and again when it is refused, %s',
    async (backend) => {
      accepted = basic('x-access-token:ghs_1')
      const repository = await open(app(), backend)
      expect((await repository.fetch()).oid).toBe(fixture.head())
      const next = fixture.commit({ a: '2' })
      expect((await repository.fetch()).oid).toBe(next)
      expect(github.asked).toBe(1)
      accepted = basic('x-access-token:ghs_2')
      const last = fixture.commit({ a: '3' })
      expect((await repository.fetch()).oid).toBe(last)
      expect(github.asked).toBe(2)
      accepted = 'nothing'
      const error = await failure(repository.fetch())
      expect([error.code, github.asked]).toEqual(['AUTH_REQUIRED', 3])
    },
  )

  test('a token that ends soon is replaced before that', async () => {
    github.lifeMs = 4 * 60_000
    server.intercept = () => false
    const repository = await open(app())
    await repository.fetch()
    expect(github.asked).toBeGreaterThan(1)
  })

  test.each([
    [{ appId: '43' }, 'AUTH_REQUIRED', 'appId'],
    [{ installationId: '8' }, 'AUTH_REQUIRED', 'no installation 8'],
    [{ privateKeyFile: '/nonexistent/key' }, 'BAD_CREDENTIALS', '/nonexistent/key'],
    [{ apiURL: 'ftp://x' }, 'BAD_CREDENTIALS', 'apiURL'],
    [{ apiURL: 'http://127.0.0.1:1' }, 'UNREACHABLE', '127.0.0.1:1'],
  ])('%j is told as %s', async (more, code, words) => {
    const error = await failure((await open(app(more))).fetch())
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)])
    expect(server.requests).toEqual([])
  })

  test.each([
    [403, undefined, 'FORBIDDEN'],
    [500, undefined, 'SERVER_ERROR'],
    [302, undefined, 'BAD_ANSWER'],
    [201, '<html>Hotel</html>', 'BAD_ANSWER'],
    [201, '{"token":"a b","expires_at":"2030-01-01T00:00:00Z"}', 'BAD_ANSWER'],
    [201, '{"token":"ghs_x"}', 'BAD_ANSWER'],
  ])('an answer %i %s is %s', async (status, answer, code) => {
    Object.assign(github, { status, answer })
    expect((await failure((await open(app())).fetch())).code).toBe(code)
  })

  test('a key that is none is named, and not quoted', async () => {
    for (const pem of [
      '',
      'c2VjcmV0',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ]) {
      writeFileSync(privateKeyFile, pem)
      const error = await failure((await open(app())).fetch())
      expect([error.code, error.message]).toEqual(['BAD_CREDENTIALS', expect.stringContaining(privateKeyFile)])
      expect(error.message).not.toContain('c2VjcmV0')
    }
  })
})
