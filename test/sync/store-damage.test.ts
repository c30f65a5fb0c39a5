import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository, Snapshot } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'

describe.each(['embedded', 'native'] as const)('G08 a damaged store, %s', (backend) => {
  let sandbox: Sandbox
  let fixture: Fixture
  let server: GitServer
  let repository: Repository

  beforeEach(async () => {
    sandbox = new Sandbox()
    fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
    fixture.commit(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`${at}.yaml`, `value: ${at * 7919}`])))
    server = await startGitServer(join(sandbox.path, 'root'))
    repository = await open()
  })

  afterEach(async () => {
    await repository.close()
    await server.close()
    sandbox[Symbol.dispose]()
  })

  function open(): Promise<Repository> {
    const url = `${server.origin}/shop/.git`
    return openRepository({ url, revision: 'main', storeDir: join(sandbox.path, 'state'), backend })
  }

  function store(): string {
    const [name] = readdirSync(join(sandbox.path, 'state'))
    return join(sandbox.path, 'state', name!)
  }

  function packs(ending: string): string[] {
    const generation = readFileSync(join(store(), 'current'), 'utf8').trim()
    const folder = join(store(), generation, 'objects/pack')
    return readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder, name))
  }

  async function texts(snapshot: Snapshot): Promise<number> {
    return (await repository.read(snapshot.files)).size
  }

  async function damagedThenReopened(damage: () => void): Promise<void> {
    const { oid } = await repository.fetch()
    await repository.close()
    damage()
    repository = await open()
    expect(await texts(await repository.snapshot(oid, ''))).toBe(50)
    const next = fixture.commit({ 'new.yaml': 'x' })
    expect(await repository.fetch()).toEqual({ oid: next, rewritten: false })
    expect(await texts(await repository.snapshot(next, ''))).toBe(51)
  }

  test('a pack that is cut', () =>
    damagedThenReopened(() => {
      for (const path of packs('.pack')) truncateSync(path, statSync(path).size >> 1)
    }))

  test('a pack with other bytes', () =>
    damagedThenReopened(() => {
      for (const path of packs('.pack')) {
        const bytes = readFileSync(path)
        for (let at = 20; at < bytes.length - 20; at++) bytes[at]! ^= 0x5a
        writeFileSync(path, bytes, { flag: 'r+' })
      }
    }))

  test('a half-written index', () =>
    damagedThenReopened(() => {
      for (const path of packs('.idx')) truncateSync(path, 1100)
    }))

  test('locks that a killed process left', () =>
    damagedThenReopened(() => {
      const generation = readFileSync(join(store(), 'current'), 'utf8').trim()
      for (const name of ['shallow.lock', 'config.lock', 'HEAD.lock', 'packed-refs.lock']) {
        writeFileSync(join(store(), generation, name), '')
      }
      writeFileSync(join(store(), generation, 'objects/pack/tmp_pack_x'), 'x')
      writeFileSync(join(store(), 'lock'), '999999999 1\n')
    }))

  test('a clone that was never finished is not used', () =>
    damagedThenReopened(() => {
      mkdirSync(join(store(), 'g99/objects'), { recursive: true })
      writeFileSync(join(store(), 'g99/HEAD'), 'ref: refs/heads/main\n')
    }))

  test('many packs are replaced by a fresh clone, on a quiet look', async () => {
    const { oid } = await repository.fetch()
    const before = readFileSync(join(store(), 'current'), 'utf8')
    const [pack] = packs('.pack')
    for (let at = 0; at < 101; at++) writeFileSync(join(pack!, '..', `more-${at}.pack`), '')
    const snapshot = await repository.snapshot(oid, '')
    expect(await repository.fetch()).toEqual({ oid, rewritten: false })
    expect(readFileSync(join(store(), 'current'), 'utf8')).not.toBe(before)
    expect(packs('.pack')).toHaveLength(1)
    expect(existsSync(pack!)).toBe(false)
    expect(await texts(await repository.snapshot(oid, '', snapshot))).toBe(50)
  })

  test('a commit that a fresh clone has lost is asked for again', async () => {
    const { oid } = await repository.fetch()
    fixture.commit({ 'new.yaml': 'x' })
    await repository.fetch()
    const [pack] = packs('.pack')
    for (let at = 0; at < 101; at++) writeFileSync(join(pack!, '..', `more-${at}.pack`), '')
    await repository.fetch()
    expect(await texts(await repository.snapshot(oid, ''))).toBe(50)
  })

  test('two users of one state directory do not disturb each other', async () => {
    const { oid } = await repository.fetch()
    const other = await openRepository({
      url: `${server.origin}/shop/.git`,
      revision: 'main',
      storeDir: join(sandbox.path, 'state'),
      backend,
      timeouts: { totalMs: 50_000 },
    })
    expect((await other.fetch()).oid).toBe(oid)
    expect(readdirSync(join(sandbox.path, 'state'))).toHaveLength(2)
    await other.close()
  })
})
