import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Credentials, Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'
import { type Authority, makeAuthority, startTlsFront, type TlsFront } from './tls.ts'
import { failure, texts } from './world.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const sandbox = new Sandbox()
let fixture: Fixture
let authority: Authority
let server: GitServer
let front: TlsFront
let secretFile: string
let stores = 0

beforeAll(async () => {
  fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
  fixture.commit({ a: '1' })
  authority = makeAuthority(sandbox.path)
  secretFile = join(sandbox.path, 'secret')
  writeFileSync(secretFile, 'ada:secret')
  server = await startGitServer(join(sandbox.path, 'root'))
  const accepted = `Basic ${Buffer.from('ada:secret').toString('base64')}`
  server.intercept = (request, response) => {
    if (request.headers.authorization === accepted) return false
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    return true
  }
  front = await startTlsFront(authority, Number(new URL(server.origin).port))
})

afterAll(async () => {
  front.close()
  await server.close()
  sandbox[Symbol.dispose]()
})

describe.each(['embedded', 'native'] as const)('https with an authority of our own, %s', (backend) => {
  const opened = async (credentials: Credentials, origin = front.origin): Promise<Repository> => {
    const storeDir = sandbox.folder(`state-${stores++}`)
    return openRepository({ url: `${origin}/shop/.git`, revision: 'main', storeDir, backend, credentials })
  }
  const failing = async (credentials: Credentials) => {
    const repository = await opened(credentials)
    const error = await failure(repository.fetch())
    await repository.close()
    return [error.code, error.message]
  }

  test('trusted by its file, with basic authentication', async () => {
    const repository = await opened({ secretFile, caFile: authority.caFile })
    const { oid } = await repository.fetch()
    expect(await texts(repository, await repository.snapshot(oid, ''))).toEqual({ a: '1' })
    await repository.close()
  })

  test('without the file, or with another one, nobody is trusted', async () => {
    expect(await failing({ secretFile })).toEqual(['UNREACHABLE', expect.stringContaining('caFile')])
    const other = makeAuthority(sandbox.folder(`other-${backend}`))
    expect((await failing({ secretFile, caFile: other.caFile }))[0]).toBe('UNREACHABLE')
    const missing = join(sandbox.path, 'missing.pem')
    expect(await failing({ secretFile, caFile: missing })).toEqual([
      'BAD_CREDENTIALS',
      expect.stringContaining(missing),
    ])
    const broken = join(sandbox.path, 'broken.pem')
    for (const text of ['', 'no pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      writeFileSync(broken, text)
      expect(await failing({ secretFile, caFile: broken })).toEqual([
        'BAD_CREDENTIALS',
        expect.stringContaining(broken),
      ])
    }
  })

  test('through a proxy (https_proxy) that sees nothing of it', async () => {
    const proxy = await startProxy()
    try {
      const repository = await opened({ secretFile, caFile: unusedTrust(backend) }, 'https://git.invalid')
      expect((await repository.fetch()).oid).toBe(fixture.head())
      await repository.close()
      expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT git.invalid:443']))
      // Our own look, and with git its fetch.
      expect(proxy.asked.length).toBeGreaterThanOrEqual(backend === 'native' ? 2 : 1)
    } finally {
      proxy.close()
    }
  })
})

test('G12 another host that is redirected to is not told the credentials', async () => {
  const proxy = await startProxy()
  const told: (string | undefined)[] = []
  const usual = server.intercept
  server.intercept = (request, response) => {
    if (request.headers.host === 'elsewhere.invalid') {
      told.push(request.headers.authorization)
      return false
    }
    response.writeHead(301, { location: `https://elsewhere.invalid${request.url}` }).end()
    return true
  }
  try {
    const url = 'https://git.invalid/shop/.git'
    const credentials = { secretFile, caFile: unusedTrust('redirect') }
    const storeDir = sandbox.folder(`state-${stores++}`)
    const repository = await openRepository({ url, revision: 'main', storeDir, backend: 'native', credentials })
    expect((await repository.fetch()).oid).toBe(fixture.head())
    await repository.close()
    // Twice by ourselves, and by git.
    expect(told.length).toBeGreaterThan(2)
    expect(new Set(told)).toEqual(new Set([undefined]))
  } finally {
    server.intercept = usual
    proxy.close()
  }
})

/** Authorities that were not trusted before: connections of other tests know of no proxy. */
function unusedTrust(name: string): string {
  const caFile = join(sandbox.path, `both-${name}.pem`)
  const { cert } = makeAuthority(sandbox.folder(`unused-${name}`))
  writeFileSync(caFile, `${readFileSync(authority.caFile, 'utf8')}\n${cert.toString()}`)
  return caFile
}

/** A proxy that leads everything to the one server, as names of tests do not resolve; used from now on. */
async function startProxy(): Promise<{ readonly asked: readonly string[]; close(): void }> {
  const asked: string[] = []
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url}`)
    const inside = connect(front.port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    inside.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('error', () => inside.destroy()).on('close', () => inside.destroy())
    inside.pipe(socket).pipe(inside)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const before = process.env.https_proxy
  process.env.https_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const close = (): void => {
    if (before === undefined) delete process.env.https_proxy
    else process.env.https_proxy = before
    proxy.close()
  }
  return { asked, close }
}
