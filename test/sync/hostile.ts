import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failure, paths, texts, type World } from './world.ts'

/** Commits that are wrong or mean harm. */
export function hostileContract(world: World): void {
  describe('hostile commits', () => {
    test('G01 links are refused with their path, and fine once they are files', async () => {
      const first = world.fixture.commit({ 'apps/a/web.yaml': '1', 'apps/b/web.yaml': '1' })
      symlinkSync('/etc/passwd', join(world.fixture.path, 'apps/a/link.yaml'))
      const second = world.fixture.commit({})
      const repository = await world.open()
      await repository.fetch()
      const error = await failure(repository.snapshot(second, 'apps/a'))
      expect([error.code, error.subject, error.refusesCommit]).toEqual(['LINK', 'apps/a/link.yaml', true])
      expect(paths(await repository.snapshot(second, 'apps/b'))).toEqual(['web.yaml'])
      expect((await failure(repository.snapshot(second, 'apps/a/link.yaml'))).code).toBe('LINK')
      const before = await repository.snapshot(first, 'apps/a').catch(() => undefined)
      rmSync(join(world.fixture.path, 'apps/a/link.yaml'))
      const third = world.fixture.commit({ 'apps/a/link.yaml': '2' })
      await repository.fetch()
      expect(paths(await repository.snapshot(third, 'apps/a', before))).toEqual(['link.yaml', 'web.yaml'])
      rmSync(join(world.fixture.path, 'apps/a'), { recursive: true })
      symlinkSync('b', join(world.fixture.path, 'apps/a'))
      const fourth = world.fixture.commit({})
      await repository.fetch()
      expect((await failure(repository.snapshot(fourth, 'apps/a'))).code).toBe('LINK')
      expect((await failure(repository.snapshot(fourth, 'apps'))).subject).toBe('apps/a')
    })

    test('G02 submodules and LFS pointers are refused, executable files are files', async () => {
      const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'
      world.fixture.commit({ 'k8s/run.yaml': 'run', 'lfs/big.yaml': pointer })
      world.fixture.git('update-index', '--chmod=+x', 'k8s/run.yaml')
      world.fixture.git('update-index', '--add', '--cacheinfo', `160000,${world.fixture.head()},mods/inner`)
      world.fixture.git('commit', '-q', '-m', 'more')
      const repository = await world.open()
      const { oid } = await repository.fetch()
      expect(await texts(repository, await repository.snapshot(oid, 'k8s'))).toEqual({ 'run.yaml': 'run' })
      const submodule = await failure(repository.snapshot(oid, 'mods'))
      expect([submodule.code, submodule.subject]).toEqual(['SUBMODULE', 'mods/inner'])
      expect((await failure(repository.snapshot(oid, ''))).code).toBe('SUBMODULE')
      const lfs = await repository.snapshot(oid, 'lfs')
      const refused = await failure(repository.read(lfs.files))
      expect([refused.code, refused.subject, refused.refusesCommit]).toEqual(['LFS_POINTER', 'big.yaml', true])
    })

    test('limits are told by path', async () => {
      const limits = { fileBytes: 100, depth: 3, entries: 6, totalBytes: 150 }
      world.fixture.commit({
        'large/a': 'x'.repeat(101),
        'deep/1/2/3/a': '1',
        'sum/a': 'x'.repeat(90),
        'sum/b': 'y'.repeat(90),
      })
      const oid = world.fixture.commit(
        Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`many/${at}`, String(at)])),
      )
      const repository = await world.open({ limits })
      await repository.fetch()
      const refusal = async (folder: string): Promise<string> => {
        const error = await failure(repository.snapshot(oid, folder).then(({ files }) => repository.read(files)))
        return `${error.code} ${error.subject}`
      }
      expect(await refusal('large')).toBe('TOO_LARGE a')
      expect(await refusal('sum')).toBe('TOO_LARGE b')
      expect(await refusal('deep')).toBe('TOO_DEEP deep/1/2/3')
      expect(await refusal('many')).toBe('TOO_MANY many')
    })

    test('G04 any name that Git takes is read by its bytes and shown escaped', async () => {
      const names = [
        'Web.yaml',
        'web.yaml',
        'new\nline',
        'quo"te',
        '\u001b[31mred',
        '\u202egnp.yaml',
        'emoji😀',
        'back\\slash',
      ]
      const entries = names.map((name) => ({ mode: '100644', name: Buffer.from(name), oid: world.fixture.blob(name) }))
      const raw = [Buffer.of(0x66, 0xff), Buffer.of(0x66, 0xfe), Buffer.of(0xe2, 0x82)]
      for (const name of raw) entries.push({ mode: '100644', name, oid: world.fixture.blob(name) })
      entries.sort((a, b) => a.name.compare(b.name))
      const oid = world.fixture.commitTree(world.fixture.tree(entries))
      const repository = await world.open()
      await repository.fetch()
      const snapshot = await repository.snapshot(oid, '')
      expect(new Set(paths(snapshot)).size).toBe(entries.length)
      expect(paths(snapshot)).toEqual(expect.arrayContaining([...names, 'f\udcff', 'f\udcfe', '\udce2\udc82']))
      expect((await repository.read(snapshot.files)).size).toBe(entries.length)
      const link = world.fixture.blob('target')
      const bad = world.fixture.commitTree(
        world.fixture.tree([{ mode: '120000', name: Buffer.from('\u001b[2J\xff', 'latin1'), oid: link }]),
      )
      await repository.fetch()
      expect((await failure(repository.snapshot(bad, ''))).message).toMatch(/^\\u\{1b\}\[2J\\xff: symbolic links/)
    })

    test('G03 names that no honest tree holds are refused', async () => {
      const repository = await world.open()
      const blob = world.fixture.blob('x')
      for (const name of ['..', '.', '.git', '.GIT', 'a/b']) {
        const oid = world.fixture.commitTree(world.fixture.tree([{ mode: '100644', name, oid: blob }]))
        await repository.fetch()
        expect((await failure(repository.snapshot(oid, ''))).code, name).toBe('BAD_NAME')
      }
    })

    test('G03 a tree bomb, deep folders and endless folders are refused quickly', async () => {
      const blob = world.fixture.blob('x')
      const tens = (mode: string, oid: string) =>
        Array.from({ length: 10 }, (_, at) => ({ mode, name: String(at), oid }))
      let bomb = world.fixture.tree(tens('100644', blob))
      for (let level = 0; level < 9; level++) bomb = world.fixture.tree(tens('40000', bomb))
      let deep = world.fixture.tree([{ mode: '100644', name: 'f', oid: blob }])
      for (let level = 0; level < 300; level++) deep = world.fixture.tree([{ mode: '40000', name: 'd', oid: deep }])
      const entries = Array.from({ length: 200_000 }, (_, at) => ({
        mode: '100644',
        name: String(1_000_000 + at),
        oid: blob,
      }))
      const root = world.fixture.tree([
        { mode: '40000', name: 'bomb', oid: bomb },
        { mode: '40000', name: 'deep', oid: deep },
        { mode: '40000', name: 'many', oid: world.fixture.tree(entries) },
      ])
      const oid = world.fixture.commitTree(root)
      const repository = await world.open()
      await repository.fetch()
      const before = process.memoryUsage().rss
      expect((await failure(repository.snapshot(oid, 'bomb'))).code).toBe('TOO_MANY')
      expect((await failure(repository.snapshot(oid, 'deep'))).code).toBe('TOO_DEEP')
      expect((await failure(repository.snapshot(oid, 'many'))).code).toBe('TOO_MANY')
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20)
    })

    test('G03 a large blob is refused before it is in memory', async () => {
      const oid = world.fixture.commit({ 'big.yaml': Buffer.alloc(48 * 2 ** 20), 'small.yaml': 'x' })
      const repository = await world.open()
      await repository.fetch()
      const { files } = await repository.snapshot(oid, '')
      const error = await failure(repository.read(files))
      expect([error.code, error.subject]).toEqual(['TOO_LARGE', 'big.yaml'])
      const [small] = files.filter(({ path }) => path === 'small.yaml')
      expect((await repository.read([small!])).size).toBe(1)
    })

    test('G13 what people write is escaped and cut', async () => {
      const subject = `\u001b[31mred </script> ${'x'.repeat(1000)}`
      world.fixture.git('config', 'user.name', 'x')
      const raw = `tree ${world.fixture.tree([])}
author E\u001bvil <e@x\u202e> 1 +0000
committer C <c@x> 99999999999 +0000
gpgsig -----BEGIN
 parent 0000000000000000000000000000000000000000

${subject}\n\n[skip ci]\n${'y'.repeat(200_000)}`
      const oid = world.fixture.object('commit', raw)
      world.fixture.git('update-ref', 'refs/heads/main', oid)
      const repository = await world.open()
      expect((await repository.fetch()).oid).toBe(oid)
      const commit = await repository.commit(oid)
      expect(commit).toMatchObject({ author: 'E\\u{1b}vil', email: 'e@x\\u{202e}', at: 1000, parents: [] })
      expect(commit.subject).toMatch(/^\\u\{1b\}\[31mred <\/script> x+…$/)
      expect(commit.subject.length).toBeLessThan(250)
      expect(commit.message.length).toBeLessThanOrEqual(64 * 1024)
    })
  })
}
