import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'
import { failure } from './world.ts'

const token = 'ghp_verySecret123'
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

describe.each(['embedded', 'native'] as const)('credentials, %s', (backend) => {
  let sandbox: Sandbox
  let fixture: Fixture
  let server: GitServer
  let repository: Repository
  let secretFile: string
  let accepted: string
  const seenArguments: string[] = []

  beforeEach(async () => {
    sandbox = new Sandbox()
    fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
    fixture.commit({ a: '1' })
    server = await startGitServer(join(sandbox.path, 'root'))
    accepted = basic(`x-access-token:${token}`)
    server.intercept = (request, response) => {
      seenArguments.push(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }))
      if (request.headers.authorization === accepted) return false
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      return true
    }
    secretFile = join(sandbox.path, 'secret')
    const url = `${server.origin}/shop/.git`
    const storeDir = join(sandbox.path, 'state')
    repository = await openRepository({ url, revision: 'main', storeDir, backend, credentials: { secretFile } })
  })

  afterEach(async () => {
    await repository.close()
    await server.close()
    sandbox[Symbol.dispose]()
  })

  test('a token and user:password, read again at each use, shown nowhere', async () => {
    const missing = await failure(repository.fetch())
    expect([missing.code, missing.message]).toEqual(['BAD_CREDENTIALS', expect.stringContaining('ENOENT')])
    writeFileSync(secretFile, 'wrong-one\n')
    const wrong = await failure(repository.fetch())
    expect([wrong.code, wrong.message]).toEqual(['AUTH_REQUIRED', expect.stringContaining('refused')])
    writeFileSync(secretFile, `${token}\n`)
    const { oid } = await repository.fetch()
    expect(oid).toBe(fixture.head())
    accepted = basic('ada:pass word')
    writeFileSync(secretFile, 'ada:pass word')
    const next = fixture.commit({ a: '2' })
    expect((await repository.fetch()).oid).toBe(next)
    writeFileSync(secretFile, 'line one\nline two\n')
    expect((await failure(repository.fetch())).message).toContain('expected one line')
    const traces = [...seenArguments, wrong.stack, missing.stack, ...filesBelow(join(sandbox.path, 'state'))].join('\n')
    for (const secret of [token, accepted.slice(6), 'pass word', 'wrong-one']) expect(traces).not.toContain(secret)
  })
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}
