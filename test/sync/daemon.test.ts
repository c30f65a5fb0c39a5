import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Credentials, Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { failure, texts } from './world.ts'

// Each starts programs and speaks with them for a while.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

const sandbox = new Sandbox()
let fixture: Fixture
let daemon: Daemon
let stores = 0

beforeAll(async () => {
  fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
  fixture.commit({ a: '1' })
  daemon = await startDaemon(join(sandbox.path, 'root'))
})

afterAll(async () => {
  await daemon.close()
  sandbox[Symbol.dispose]()
})

function open(backend: 'embedded' | 'native', name = 'shop', credentials: Credentials = {}): Promise<Repository> {
  const storeDir = sandbox.folder(`state-${stores++}`)
  return openRepository({ url: `${daemon.origin}/${name}`, revision: 'main', storeDir, backend, credentials })
}

describe.each(['embedded', 'native'] as const)('git daemon, %s', (backend) => {
  test('is followed, and not written to', async () => {
    const repository = await open(backend)
    for (const a of ['2', '3']) {
      const oid = fixture.commit({ a })
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      expect(await texts(repository, await repository.snapshot(oid, ''))).toEqual({ a })
    }
    const change = { kind: 'restore', path: '', to: fixture.head('HEAD~1') } as const
    const author = { name: 'Berth', email: 'berth@localhost' }
    const error = await failure(repository.write({ change, message: 'Back', author, at: 0 }))
    expect([error.code, error.message]).toEqual(['READ_ONLY', expect.stringContaining('git://')])
    await repository.close()
  })
})

test('what it does not have, and what it does not know', async () => {
  const nowhere = await open('embedded', 'nowhere')
  expect((await failure(nowhere.fetch())).code).toBe('NO_SUCH_REPOSITORY')
  await nowhere.close()
  const secret = await open('embedded', 'shop', { secretEnv: 'X' })
  const error = await failure(secret.fetch())
  expect([error.code, error.message]).toEqual(['BAD_CREDENTIALS', expect.stringContaining('git://')])
  await secret.close()
})
