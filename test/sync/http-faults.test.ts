import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GitError, type GitErrorCode } from '../../src/sync/errors.ts'
import type { Head, Repository, RepositoryOptions } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type Answer, type GitServer, type Intercept, startGitServer } from './git-server.ts'
import { failure } from './world.ts'

type Spoil = (answer: Answer, response: ServerResponse) => void

interface Fault {
  readonly title: string
  readonly intercept: (server: GitServer) => Intercept
  readonly code: GitErrorCode
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): Fault['intercept'] =>
  () =>
  (_, response) => {
    response.writeHead(status, headers)
    response.end(body)
    return true
  }

/** Lets Git answer, and spoils the answers that `when` picks. */
const spoiling =
  (when: (answer: Answer, request: IncomingMessage) => boolean, spoil: Spoil): Fault['intercept'] =>
  (server) =>
  async (request, response) => {
    const answer = await server.answer(request)
    if (when(answer, request)) spoil(answer, response)
    else response.writeHead(answer.status, answer.headers).end(answer.body)
    return true
  }

const isPack = (answer: Answer): boolean => answer.body.includes('PACK')
const isList = (answer: Answer): boolean => answer.body.includes('refs/heads/main')
const cutAt =
  (share: number): Spoil =>
  ({ status, headers, body }, response) => {
    response.writeHead(status, headers)
    response.end(body.subarray(0, Math.floor(body.length * share)))
  }

const faults: readonly Fault[] = [
  { title: 'no answer at all', intercept: () => () => true, code: 'TIMED_OUT' },
  {
    title: 'a byte now and then',
    intercept: () => (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      const timer = setInterval(() => response.write('0'), 100)
      response.once('close', () => clearInterval(timer))
      return true
    },
    code: 'TIMED_OUT',
  },
  { title: 'HTTP 500', intercept: answering(500), code: 'SERVER_ERROR' },
  { title: 'HTTP 503', intercept: answering(503), code: 'SERVER_ERROR' },
  { title: 'HTTP 429', intercept: answering(429), code: 'SERVER_ERROR' },
  { title: 'HTTP 401', intercept: answering(401, { 'www-authenticate': 'Basic' }), code: 'AUTH_REQUIRED' },
  { title: 'HTTP 403', intercept: answering(403), code: 'FORBIDDEN' },
  { title: 'HTTP 404', intercept: answering(404), code: 'NO_SUCH_REPOSITORY' },
  {
    title: 'a web page',
    intercept: answering(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>Welcome to Hotel Wi-Fi</html>'),
    code: 'BAD_ANSWER',
  },
  { title: 'redirect to a login page', intercept: answering(302, { location: '/login?next=x' }), code: 'BAD_ANSWER' },
  {
    title: 'redirect to file://',
    intercept: answering(302, { location: 'file:///etc/passwd' }),
    code: 'REDIRECT_REFUSED',
  },
  {
    title: 'redirect to ssh://',
    intercept: answering(302, { location: 'ssh://git@host/x' }),
    code: 'REDIRECT_REFUSED',
  },
  {
    title: 'redirect to the metadata service',
    intercept: answering(302, { location: 'http://169.254.169.254/info/refs?service=git-upload-pack' }),
    code: 'REDIRECT_REFUSED',
  },
  {
    title: 'redirect to localhost',
    intercept: answering(307, { location: 'http://localhost:1/git-upload-pack' }),
    code: 'REDIRECT_REFUSED',
  },
  {
    title: 'endless redirects',
    intercept: () => (request, response) => {
      response.writeHead(302, { location: `/x${request.url}` }).end()
      return true
    },
    code: 'REDIRECT_REFUSED',
  },
  {
    title: 'connection closed before an answer',
    intercept: () => (_, response) => {
      response.destroy()
      return true
    },
    code: 'UNREACHABLE',
  },
  { title: 'a list of refs that is cut', intercept: spoiling(isList, cutAt(0.7)), code: 'BAD_ANSWER' },
  {
    title: 'a list of refs without its end',
    intercept: spoiling(isList, ({ status, headers, body }, response) => {
      response.writeHead(status, headers).end(body.subarray(0, -4))
    }),
    code: 'BAD_ANSWER',
  },
  { title: 'a pack that is cut', intercept: spoiling(isPack, cutAt(0.6)), code: 'BAD_ANSWER' },
  {
    title: 'a connection closed in mid-pack',
    intercept: spoiling(isPack, ({ status, headers, body }, response) => {
      response.writeHead(status, headers)
      response.write(body.subarray(0, body.length / 2), () => response.destroy())
    }),
    code: 'BAD_ANSWER',
  },
  {
    title: 'a length that is a lie',
    intercept: spoiling(isPack, ({ status, headers, body }, response) => {
      response.writeHead(status, { ...headers, 'content-length': String(body.length * 2) })
      response.write(body.subarray(0, body.length - 30), () => response.destroy())
    }),
    code: 'BAD_ANSWER',
  },
  {
    title: 'a pack with flipped bits',
    intercept: spoiling(isPack, ({ status, headers, body }, response) => {
      const spoiled = Buffer.from(body)
      const start = body.indexOf('PACK') + 14
      for (let at = start; at < start + 40; at += 7) spoiled[at]! ^= 0x55
      response.writeHead(status, headers).end(spoiled)
    }),
    code: 'BAD_ANSWER',
  },
  {
    title: 'HTTP 500 for the pack',
    intercept: spoiling(isPack, (_, response) => {
      response.writeHead(500).end()
    }),
    code: 'SERVER_ERROR',
  },
]

describe.each(['embedded', 'native'] as const)('faults of a remote, %s', (backend) => {
  let sandbox: Sandbox
  let fixture: Fixture
  let server: GitServer
  const opened: Repository[] = []

  beforeEach(async () => {
    sandbox = new Sandbox()
    fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
    server = await startGitServer(join(sandbox.path, 'root'))
  })

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((repository) => repository.close()))
    await server.close()
    sandbox[Symbol.dispose]()
  })

  async function open(options: Partial<RepositoryOptions> = {}): Promise<Repository> {
    const repository = await openRepository({
      url: `${server.origin}/shop/.git`,
      revision: 'main',
      storeDir: join(sandbox.path, 'state'),
      backend,
      ...options,
    })
    opened.push(repository)
    return repository
  }

  /** Also where this machine is too busy for a short time-out. */
  async function inTime(repository: Repository): Promise<Head> {
    for (;;) {
      try {
        return await repository.fetch()
      } catch (error) {
        if (!(error instanceof GitError && error.code === 'TIMED_OUT')) throw error
      }
    }
  }

  test.each(faults)('G11 G12 $title: typed, and the last good state stays', async ({ intercept, code }) => {
    const first = fixture.commit({ a: 'x'.repeat(2000) })
    // Only where it is waited for must time run out.
    const timeouts = { connectMs: 2000, idleMs: 1500, totalMs: 2500 }
    const repository = await open(code === 'TIMED_OUT' ? { timeouts } : {})
    await inTime(repository)
    const second = fixture.commit({ a: 'y'.repeat(2000), b: 'z' })
    server.intercept = intercept(server)
    expect((await failure(repository.fetch())).code).toBe(code)
    expect((await repository.head())?.oid).toBe(first)
    expect((await repository.snapshot(first, '')).files).toHaveLength(1)
    server.intercept = () => false
    expect(await inTime(repository)).toEqual({ oid: second, rewritten: false })
    expect((await repository.snapshot(second, '')).files).toHaveLength(2)
  })

  test('closing ends a look that hangs', async () => {
    fixture.commit({ a: '1' })
    const repository = await open()
    const asked = new Promise<void>((resolve) => {
      server.intercept = (request) => {
        if (!request.url?.includes('git-upload-pack')) return false
        resolve()
        return true
      }
    })
    const look = failure(repository.fetch())
    await asked
    await repository.close()
    expect((await look).code).toBe('TIMED_OUT')
  })

  test('closing ends a pack that hangs', async () => {
    fixture.commit({ a: '1' })
    const repository = await open()
    const asked = new Promise<void>((resolve) => {
      server.intercept = spoiling(isPack, () => resolve())(server)
    })
    const look = failure(repository.fetch())
    await asked
    await repository.close()
    expect((await look).code).toBe('TIMED_OUT')
  })

  test('G11 nobody listens', async () => {
    const repository = await open({ url: 'http://127.0.0.1:1/x' })
    const error = await failure(repository.fetch())
    expect([error.code, error.retryable]).toEqual(['UNREACHABLE', true])
  })

  test('G16 a renamed repository (301) is followed, also for the pack', async () => {
    fixture.commit({ a: '1' })
    server.intercept = (request, response) => {
      if (!request.url?.startsWith('/old/')) return false
      response.writeHead(301, { location: request.url.replace('/old/', '/shop/.git/') }).end()
      return true
    }
    const repository = await open({ url: `${server.origin}/old` })
    await repository.fetch()
    const oid = fixture.commit({ a: '2' })
    server.requests.length = 0
    expect((await repository.fetch()).oid).toBe(oid)
    expect(server.requests.filter((line) => line.includes('/old/'))).toEqual([])
  })

  test('a look at an unchanged remote is one small request, a one-file commit a few kilobytes', async () => {
    fixture.commit(
      Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`d${at % 20}/${at}.yaml`, `value: ${at * 7919}`])),
    )
    const repository = await open()
    await repository.fetch()
    server.requests.length = 0
    server.sent.bytes = 0
    await repository.fetch()
    expect(server.requests).toEqual(['POST /shop/.git/git-upload-pack'])
    expect(server.sent.bytes).toBeLessThan(200)
    fixture.commit({ 'd3/3.yaml': 'changed' })
    await repository.fetch()
    expect(server.sent.bytes).toBeLessThan(6000)
  })

  test('a server of the old protocol will do', async () => {
    fixture.commit({ a: '1' })
    fixture.git('tag', '-a', '-m', 'x', 'v1')
    server.intercept = (request) => {
      delete request.headers['git-protocol']
      return false
    }
    const repository = await open()
    await repository.fetch()
    const oid = fixture.commit({ a: '2' })
    expect(await repository.fetch()).toEqual({ oid, rewritten: false })
    const tag = await open({ revision: 'v1' })
    expect((await tag.fetch()).oid).toBe(fixture.head('HEAD~1'))
    expect((await failure((await open({ revision: 'gone' })).fetch())).code).toBe('NO_SUCH_REVISION')
  })

  test('a "dumb" server is refused in words', async () => {
    server.intercept = answering(200, { 'content-type': 'text/plain' }, `${'a'.repeat(40)}\trefs/heads/main\n`)(server)
    expect((await failure((await open()).fetch())).code).toBe('UNSUPPORTED_REPOSITORY')
  })

  test('a pack over the limit is refused', async () => {
    const random = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 2654435761) >>> 13)
    fixture.commit({ a: random })
    const repository = await open({ limits: { packBytes: 1000 } })
    expect((await failure(repository.fetch())).code).toBe('TOO_LARGE')
  })

  test('what is too large is not received again at each look', async () => {
    fixture.commit({ a: Uint8Array.from({ length: 300_000 }, (_, at) => (at * 2654435761) >>> 13) })
    const repository = await open({ limits: { packBytes: 1000 } })
    expect((await failure(repository.fetch())).code).toBe('TOO_LARGE')
    server.requests.length = 0
    expect((await failure(repository.fetch())).code).toBe('TOO_LARGE')
    expect(server.requests).toHaveLength(1)
    fixture.commit({ a: 'small' })
    expect((await repository.fetch()).oid).toBe(fixture.head())
  })
})

test('G03 a pack that would unpack to gigabytes is refused by the embedded backend before it is', async () => {
  using sandbox = new Sandbox()
  const fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
  fixture.commit({ zeros: Buffer.alloc(32 * 2 ** 20) })
  const server = await startGitServer(join(sandbox.path, 'root'))
  const repository = await openRepository({
    url: `${server.origin}/shop/.git`,
    revision: 'main',
    storeDir: join(sandbox.path, 'state'),
    backend: 'embedded',
    limits: { objectBytes: 16 * 2 ** 20 },
  })
  const before = process.memoryUsage().rss
  const error = await failure(repository.fetch())
  expect([error.code, error.message]).toEqual(['TOO_LARGE', expect.stringContaining('install git')])
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20)
  await repository.close()
  await server.close()
})
