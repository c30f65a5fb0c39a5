import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ApplicationSource } from '../../src/source/application.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { startGitServer } from './git-server.ts'
import { Keyring, makeSshKey } from './signers.ts'
import { failure, World } from './world.ts'

const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n'
const expected = 'expected a signature by one of the keys of source.verify'

describe.each(['embedded', 'native'] as const)('signed commits, %s', (backend) => {
  const world = new World({
    title: backend,
    open: (options) => openRepository({ ...options, backend }),
    reach: async (root) => {
      const server = await startGitServer(root)
      return { url: (name) => `${server.origin}/${name}/.git`, close: server.close }
    },
  })

  test('G14 a commit is read only when one of the keys signed it', async () => {
    using keyring = new Keyring()
    const ada = keyring.makeKey('ada')
    const bob = makeSshKey(world.sandbox.path, 'ed25519')
    const keys = join(world.sandbox.path, 'keys')
    writeFileSync(keys, keyring.publicKeys('ada'))
    const repository = await world.open()
    const options = { repository, path: '', namespace: 'shop', podSecurity: 'baseline' } as const
    const source = new ApplicationSource({ ...options, verify: { keys: [keys, bob.line] } })
    const head = async (): Promise<unknown> => {
      const reading = await source.read((await repository.fetch()).oid, () => 0)
      return reading.kind === 'read' ? [...reading.revision.objects.keys()] : reading.problems
    }
    const byGpg = ['-c', `gpg.program=${keyring.program()}`, '-c', `user.signingKey=${ada}`]
    const bySsh = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${bob.file}`]

    world.fixture.commit({ 'a.yaml': config })
    expect(await head()).toEqual([{ file: '', line: 0, path: '', message: `unsigned: ${expected}` }])
    for (const settings of [byGpg, bySsh]) {
      world.fixture.git(...settings, 'commit', '-q', '--allow-empty', '-S', '-m', 'Signed')
      expect(await head()).toEqual(['shop/ConfigMap/a'])
    }
    const eve = makeSshKey(world.sandbox.path, 'ecdsa')
    const byEve = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${eve.file}`]
    world.fixture.git(...byEve, 'commit', '-q', '--allow-empty', '-S', '-m', 'Hers')
    expect(await head()).toMatchObject([{ message: `signed by an unknown key ${eve.fingerprint}: ${expected}` }])
    writeFileSync(keys, `${keyring.publicKeys('ada')}\n${eve.line}\n`)
    expect(await head()).toEqual(['shop/ConfigMap/a'])
    // A merge on the server's side, say: what it brings is signed, itself it is not.
    world.fixture.git('checkout', '-q', '-b', 'topic')
    world.fixture.git(...bySsh, 'commit', '-q', '--allow-empty', '-S', '-m', 'Topic')
    world.fixture.git('checkout', '-q', 'main')
    world.fixture.git('merge', '-q', '--no-ff', '-m', 'Merge', 'topic')
    expect(await head()).toMatchObject([{ message: `unsigned: ${expected}` }])
  })

  test('G14 a signed tag does not sign its commit', async () => {
    const bob = makeSshKey(world.sandbox.path, 'ed25519')
    const bySsh = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${bob.file}`]
    world.fixture.commit({ 'a.yaml': config })
    world.fixture.git(...bySsh, 'tag', '-s', '-m', 'v1', 'v1')
    const repository = await world.open({ revision: 'v1' })
    const { oid } = await repository.fetch()
    expect(await repository.signature(oid, [bob.line])).toEqual({ valid: false, reason: 'unsigned' })
  })

  test('a commit that is not there, or is none, has no signature', async () => {
    const bob = makeSshKey(world.sandbox.path, 'ed25519')
    world.fixture.commit({ 'a.yaml': config })
    const repository = await world.open()
    const { oid } = await repository.fetch()
    const [file] = (await repository.snapshot(oid, '')).files
    for (const other of ['f'.repeat(40), file!.oid]) {
      expect((await failure(repository.signature(other, [bob.line]))).code).toBe('NO_SUCH_REVISION')
    }
    const missing = await failure(repository.signature(oid, ['/nothing/there']))
    expect([missing.code, missing.retryable]).toEqual(['BAD_CREDENTIALS', true])
  })

  test('what was tampered with in the store is not taken from there', async () => {
    const bob = makeSshKey(world.sandbox.path, 'ed25519')
    const bySsh = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${bob.file}`]
    world.fixture.commit({ 'a.yaml': config })
    world.fixture.git(...bySsh, 'commit', '-q', '--allow-empty', '-S', '-m', 'Signed')
    const oid = world.fixture.head()
    const changed = Buffer.from(
      world.fixture.git('cat-file', 'commit', oid).replace('\n\nSigned', '\n\nSigneD'),
      'utf8',
    )
    const other = world.fixture.object('commit', changed)
    world.fixture.git('update-ref', 'refs/heads/main', other)
    const repository = await world.open()
    const found = await repository.signature((await repository.fetch()).oid, [bob.line])
    expect(found).toEqual({ valid: false, reason: 'the signature is not of this commit' })
    const local = await openRepository({
      url: pathToFileURL(world.fixture.path).href,
      revision: oid,
      storeDir: join(world.sandbox.path, 'other'),
      backend,
    })
    try {
      await local.fetch()
      expect(await local.signature(oid, [bob.line])).toEqual({ valid: true, key: bob.fingerprint })
    } finally {
      await local.close()
    }
  })
})
