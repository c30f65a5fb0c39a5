import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GitError } from '../../src/sync/errors.ts'
import type { Repository, RepositoryOptions, Snapshot } from '../../src/sync/port.ts'
import { Fixture, Sandbox } from './fixture.ts'

/** How a suite run reaches the repositories below a folder. */
export interface Reach {
  /** Address of the repository `name` below the folder. */
  url(name: string): string
  close(): Promise<void>
}

export interface Subject {
  readonly title: string
  open(options: RepositoryOptions): Promise<Repository>
  /** Makes the repositories below `root` reachable. */
  reach(root: string): Promise<Reach>
}

/** The GitError that a call ends with. */
export async function failure(run: Promise<unknown>): Promise<GitError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GitError) return error
  throw new Error('expected a GitError', { cause: error })
}

/** What every backend must do over every transport. */
export function repositoryContract(subject: Subject): void {
  describe(subject.title, () => {
    let sandbox: Sandbox
    let fixture: Fixture
    let reach: Reach
    let opened: Repository[]

    beforeEach(async () => {
      sandbox = new Sandbox()
      fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
      reach = await subject.reach(join(sandbox.path, 'root'))
      opened = []
    })

    afterEach(async () => {
      await Promise.all(opened.map((repository) => repository.close()))
      await reach.close()
      sandbox[Symbol.dispose]()
    })

    async function open(options: Partial<RepositoryOptions> = {}, name = 'shop'): Promise<Repository> {
      const repository = await subject.open({
        url: reach.url(name),
        revision: 'main',
        storeDir: join(sandbox.path, 'state'),
        ...options,
      })
      opened.push(repository)
      return repository
    }

    function paths(snapshot: Snapshot): string[] {
      return snapshot.files.map(({ path }) => path)
    }

    async function texts(repository: Repository, snapshot: Snapshot): Promise<Record<string, string>> {
      const contents = await repository.read(snapshot.files)
      return Object.fromEntries(
        snapshot.files.map(({ path, oid }) => [path, Buffer.from(contents.get(oid)!).toString()]),
      )
    }

    test('brings the head and lists the watched folder', async () => {
      const oid = fixture.commit(
        { 'k8s/web.yaml': 'a: 1\n', 'k8s/db/db.yaml': 'b: 2\n', README: 'x' },
        'First: ünï\n\nBody',
      )
      const repository = await open()
      expect(await repository.head()).toBeUndefined()
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      expect(await repository.head()).toEqual({ oid, rewritten: false })
      const snapshot = await repository.snapshot(oid, './k8s/')
      expect(paths(snapshot)).toEqual(['db/db.yaml', 'web.yaml'])
      expect(snapshot.changed).toEqual(['db/db.yaml', 'web.yaml'])
      expect(snapshot.tree).toBe(fixture.head('HEAD:k8s'))
      expect(await texts(repository, snapshot)).toEqual({ 'db/db.yaml': 'b: 2\n', 'web.yaml': 'a: 1\n' })
      expect(snapshot.commit).toMatchObject({
        oid,
        tree: fixture.head('HEAD^{tree}'),
        parents: [],
        author: 'Ada',
        email: 'ada@example.com',
        subject: 'First: ünï',
        message: 'First: ünï\n\nBody\n',
      })
      expect(await repository.commit(oid)).toEqual(snapshot.commit)
    })

    test('follows pushes and tells what changed', async () => {
      fixture.commit({ 'a.yaml': '1', 'b.yaml': '1', 'c/d.yaml': '1', 'c/e.yaml': '1' })
      const repository = await open()
      const first = await repository.snapshot((await repository.fetch()).oid, '')
      fixture.git('rm', '-q', 'b.yaml', 'c/d.yaml')
      const oid = fixture.commit({ 'a.yaml': '2', 'c/f/g.yaml': '1' })
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      const second = await repository.snapshot(oid, '.', first)
      expect(second.changed).toEqual(['a.yaml', 'b.yaml', 'c/d.yaml', 'c/f/g.yaml'])
      expect(paths(second)).toEqual(['a.yaml', 'c/e.yaml', 'c/f/g.yaml'])
      expect((await repository.snapshot(oid, '', second)).changed).toEqual([])
    })

    test('a file becomes a folder and back', async () => {
      fixture.commit({ x: '1' })
      const repository = await open()
      const first = await repository.snapshot((await repository.fetch()).oid, '')
      rmSync(join(fixture.path, 'x'))
      fixture.commit({ 'x/y': '1' })
      const second = await repository.snapshot((await repository.fetch()).oid, '', first)
      expect([second.changed, paths(second)]).toEqual([['x', 'x/y'], ['x/y']])
      rmSync(join(fixture.path, 'x'), { recursive: true })
      fixture.commit({ x: '2' })
      const third = await repository.snapshot((await repository.fetch()).oid, '', second)
      expect([third.changed, paths(third)]).toEqual([['x', 'x/y'], ['x']])
    })

    test('the changes are right after a restart too', async () => {
      fixture.commit({ 'a.yaml': '1', 'b.yaml': '1' })
      const before = await open()
      const first = await before.snapshot((await before.fetch()).oid, '')
      await before.close()
      const oid = fixture.commit({ 'b.yaml': '2' })
      const after = await open()
      expect((await after.head())?.oid).toBe(first.commit.oid)
      expect(await after.fetch()).toEqual({ oid, rewritten: false })
      expect((await after.snapshot(oid, '', first)).changed).toEqual(['b.yaml'])
    })

    test('reads packed and changed objects alike', async () => {
      const lines = Array.from({ length: 400 }, (_, at) => `line ${at} ${'x'.repeat(at % 50)}`)
      fixture.commit({ 'big.yaml': lines.join('\n') })
      for (const at of [10, 200, 399]) fixture.commit({ 'big.yaml': lines.with(at, 'changed').join('\n') })
      fixture.git('gc', '-q', '--aggressive')
      fixture.commit({ 'loose.yaml': 'loose' })
      const repository = await open()
      const snapshot = await repository.snapshot((await repository.fetch()).oid, '')
      expect(await texts(repository, snapshot)).toEqual({
        'big.yaml': lines.with(399, 'changed').join('\n'),
        'loose.yaml': 'loose',
      })
    })

    test('G05 force push, rewind and other histories converge to the new head', async () => {
      const one = fixture.commit({ a: '1' })
      const two = fixture.commit({ a: '2' })
      const repository = await open()
      expect((await repository.fetch()).oid).toBe(two)
      fixture.git('reset', '-q', '--hard', one)
      expect(await repository.fetch()).toEqual({ oid: one, rewritten: true })
      const amended = fixture.commit({ a: '3' })
      expect(await repository.fetch()).toEqual({ oid: amended, rewritten: false })
      fixture.git('checkout', '-q', '--orphan', 'other')
      const orphan = fixture.commit({ a: '4' })
      fixture.git('update-ref', 'refs/heads/main', orphan)
      fixture.git('reflog', 'expire', '--expire=now', '--all')
      fixture.git('gc', '-q', '--prune=now')
      expect(await repository.fetch()).toEqual({ oid: orphan, rewritten: true })
      expect(await texts(repository, await repository.snapshot(orphan, ''))).toEqual({ a: '4' })
      expect(await repository.fetch()).toEqual({ oid: orphan, rewritten: false })
    })

    test('G06 a missing branch, folder or repository is an error, never empty', async () => {
      expect((await failure((await open()).fetch())).code).toBe('EMPTY_REPOSITORY')
      const oid = fixture.commit({ 'k8s/a.yaml': '1' })
      const repository = await open()
      await repository.fetch()
      expect((await failure(repository.snapshot(oid, 'production'))).code).toBe('NO_SUCH_PATH')
      expect((await failure(repository.snapshot(oid, 'k8s/a.yaml'))).code).toBe('NO_SUCH_PATH')
      expect((await failure(repository.snapshot(oid, '../k8s'))).code).toBe('NO_SUCH_PATH')
      expect((await failure(repository.snapshot('0'.repeat(40), 'k8s'))).code).toBe('NO_SUCH_REVISION')
      fixture.git('branch', '-q', '-m', 'main', 'trunk')
      expect((await failure(repository.fetch())).code).toBe('NO_SUCH_REVISION')
      expect((await repository.head())?.oid).toBe(oid)
      expect(paths(await repository.snapshot(oid, 'k8s'))).toEqual(['a.yaml'])
      expect((await failure((await open({}, 'nothing')).fetch())).code).toBe('NO_SUCH_REPOSITORY')
    })

    test('G06 a commit with an empty tree is a commit', async () => {
      fixture.commit({})
      const repository = await open()
      expect(paths(await repository.snapshot((await repository.fetch()).oid, ''))).toEqual([])
    })

    test('G07 merges, odd dates and several commits at once: the head wins', async () => {
      const base = fixture.commit({ a: '1' }, 'base')
      const repository = await open()
      await repository.fetch()
      const branches = ['x', 'y', 'z'].map((name) => {
        fixture.git('checkout', '-q', '-b', name, base)
        return fixture.commit({ [name]: '1' }, name)
      })
      fixture.git('checkout', '-q', 'main')
      fixture.git('merge', '-q', '--no-ff', '-m', 'octopus', 'x', 'y', 'z')
      const old = fixture.git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'nothing new')
      fixture.git('update-ref', 'refs/heads/main', old)
      expect(await repository.fetch()).toEqual({ oid: old, rewritten: false })
      const between = await repository.between(base, old, 10)
      expect(between.map(({ subject }) => subject)).toEqual(['nothing new', 'octopus', 'x', 'y', 'z'])
      expect((await repository.commit(branches[0]!)).parents).toEqual([base])
      expect(await repository.between(base, old, 2)).toHaveLength(2)
      expect(await repository.between(old, old, 10)).toEqual([])
    })

    test('G09 branches, tags, tags of tags and commit ids', async () => {
      const one = fixture.commit({ a: '1' })
      fixture.git('tag', '-a', '-m', 'v1', 'v1')
      fixture.git('tag', '-a', '-m', 'again', 'v1-again', 'v1')
      fixture.git('tag', 'both')
      const two = fixture.commit({ a: '2' })
      fixture.git('branch', 'both')
      const head = async (revision: string) => (await (await open({ revision })).fetch()).oid
      expect(await head('v1')).toBe(one)
      expect(await head('v1-again')).toBe(one)
      expect(await head('both')).toBe(two)
      expect(await head('refs/tags/both')).toBe(one)
      expect(await head('HEAD')).toBe(two)
      expect(await head(one)).toBe(one)
      const tag = await open({ revision: 'v1' })
      fixture.git('tag', '-f', '-a', '-m', 'moved', 'v1')
      expect(await tag.fetch()).toEqual({ oid: two, rewritten: true })
      expect(await tag.fetch()).toEqual({ oid: two, rewritten: false })
      expect((await failure((await open({ revision: one.slice(0, 10) })).fetch())).message).toContain('full id')
      expect((await failure((await open({ revision: 'f'.repeat(40) })).fetch())).code).toBe('NO_SUCH_REVISION')
    })

    test('resolves what the store knows', async () => {
      const one = fixture.commit({ a: '1' })
      const repository = await open()
      await repository.fetch()
      const two = fixture.commit({ a: '2' })
      await repository.fetch()
      expect(await repository.resolve(one)).toBe(one)
      expect(await repository.resolve(one.slice(0, 8))).toBe(one)
      expect(await repository.resolve('main')).toBe(two)
      const [blob] = (await repository.snapshot(two, '')).files
      for (const unknown of ['nowhere', 'dead1234', 'a'.repeat(40), blob!.oid]) {
        expect((await failure(repository.resolve(unknown))).code).toBe('NO_SUCH_REVISION')
      }
    })

    test('several revisions share one store', async () => {
      const one = fixture.commit({ a: '1' })
      fixture.git('checkout', '-q', '-b', 'next')
      const two = fixture.commit({ a: '2' })
      const [main, next] = [await open(), await open({ revision: 'next' })]
      const heads = await Promise.all([main.fetch(), next.fetch(), main.fetch()])
      expect(heads.map(({ oid }) => oid)).toEqual([one, two, one])
      await main.close()
      expect((await next.commit(one)).oid).toBe(one)
    })

    test('G01 links are refused with their path, and fine once they are files', async () => {
      const first = fixture.commit({ 'apps/a/web.yaml': '1', 'apps/b/web.yaml': '1' })
      symlinkSync('/etc/passwd', join(fixture.path, 'apps/a/link.yaml'))
      const second = fixture.commit({})
      const repository = await open()
      await repository.fetch()
      const error = await failure(repository.snapshot(second, 'apps/a'))
      expect([error.code, error.subject, error.refusesCommit]).toEqual(['LINK', 'apps/a/link.yaml', true])
      expect(paths(await repository.snapshot(second, 'apps/b'))).toEqual(['web.yaml'])
      expect((await failure(repository.snapshot(second, 'apps/a/link.yaml'))).code).toBe('LINK')
      const before = await repository.snapshot(first, 'apps/a').catch(() => undefined)
      rmSync(join(fixture.path, 'apps/a/link.yaml'))
      const third = fixture.commit({ 'apps/a/link.yaml': '2' })
      await repository.fetch()
      expect(paths(await repository.snapshot(third, 'apps/a', before))).toEqual(['link.yaml', 'web.yaml'])
      rmSync(join(fixture.path, 'apps/a'), { recursive: true })
      symlinkSync('b', join(fixture.path, 'apps/a'))
      const fourth = fixture.commit({})
      await repository.fetch()
      expect((await failure(repository.snapshot(fourth, 'apps/a'))).code).toBe('LINK')
      expect((await failure(repository.snapshot(fourth, 'apps'))).subject).toBe('apps/a')
    })

    test('G02 submodules and LFS pointers are refused, executable files are files', async () => {
      const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'
      fixture.commit({ 'k8s/run.yaml': 'run', 'lfs/big.yaml': pointer })
      fixture.git('update-index', '--chmod=+x', 'k8s/run.yaml')
      fixture.git('update-index', '--add', '--cacheinfo', `160000,${fixture.head()},mods/inner`)
      fixture.git('commit', '-q', '-m', 'more')
      const repository = await open()
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
      fixture.commit({
        'large/a': 'x'.repeat(101),
        'deep/1/2/3/a': '1',
        'sum/a': 'x'.repeat(90),
        'sum/b': 'y'.repeat(90),
      })
      const oid = fixture.commit(Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`many/${at}`, String(at)])))
      const repository = await open({ limits })
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
      const entries = names.map((name) => ({ mode: '100644', name: Buffer.from(name), oid: fixture.blob(name) }))
      const raw = [Buffer.of(0x66, 0xff), Buffer.of(0x66, 0xfe), Buffer.of(0xe2, 0x82)]
      for (const name of raw) entries.push({ mode: '100644', name, oid: fixture.blob(name) })
      entries.sort((a, b) => a.name.compare(b.name))
      const oid = fixture.commitTree(fixture.tree(entries))
      const repository = await open()
      await repository.fetch()
      const snapshot = await repository.snapshot(oid, '')
      expect(new Set(paths(snapshot)).size).toBe(entries.length)
      expect(paths(snapshot)).toEqual(expect.arrayContaining([...names, 'f\udcff', 'f\udcfe', '\udce2\udc82']))
      expect((await repository.read(snapshot.files)).size).toBe(entries.length)
      const link = fixture.blob('target')
      const bad = fixture.commitTree(
        fixture.tree([{ mode: '120000', name: Buffer.from('\u001b[2J\xff', 'latin1'), oid: link }]),
      )
      await repository.fetch()
      expect((await failure(repository.snapshot(bad, ''))).message).toMatch(/^\\u\{1b\}\[2J\\xff: symbolic links/)
    })

    test('G03 names that no honest tree holds are refused', async () => {
      const repository = await open()
      const blob = fixture.blob('x')
      for (const name of ['..', '.', '.git', '.GIT', 'a/b']) {
        const oid = fixture.commitTree(fixture.tree([{ mode: '100644', name, oid: blob }]))
        await repository.fetch()
        expect((await failure(repository.snapshot(oid, ''))).code, name).toBe('BAD_NAME')
      }
    })

    test('G03 a tree bomb, deep folders and endless folders are refused quickly', async () => {
      const blob = fixture.blob('x')
      const tens = (mode: string, oid: string) =>
        Array.from({ length: 10 }, (_, at) => ({ mode, name: String(at), oid }))
      let bomb = fixture.tree(tens('100644', blob))
      for (let level = 0; level < 9; level++) bomb = fixture.tree(tens('40000', bomb))
      let deep = fixture.tree([{ mode: '100644', name: 'f', oid: blob }])
      for (let level = 0; level < 300; level++) deep = fixture.tree([{ mode: '40000', name: 'd', oid: deep }])
      const entries = Array.from({ length: 200_000 }, (_, at) => ({
        mode: '100644',
        name: String(1_000_000 + at),
        oid: blob,
      }))
      const root = fixture.tree([
        { mode: '40000', name: 'bomb', oid: bomb },
        { mode: '40000', name: 'deep', oid: deep },
        { mode: '40000', name: 'many', oid: fixture.tree(entries) },
      ])
      const oid = fixture.commitTree(root)
      const repository = await open()
      await repository.fetch()
      const before = process.memoryUsage().rss
      expect((await failure(repository.snapshot(oid, 'bomb'))).code).toBe('TOO_MANY')
      expect((await failure(repository.snapshot(oid, 'deep'))).code).toBe('TOO_DEEP')
      expect((await failure(repository.snapshot(oid, 'many'))).code).toBe('TOO_MANY')
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20)
    })

    test('G03 a large blob is refused before it is in memory', async () => {
      const oid = fixture.commit({ 'big.yaml': Buffer.alloc(48 * 2 ** 20), 'small.yaml': 'x' })
      const repository = await open()
      await repository.fetch()
      const { files } = await repository.snapshot(oid, '')
      const error = await failure(repository.read(files))
      expect([error.code, error.subject]).toEqual(['TOO_LARGE', 'big.yaml'])
      const [small] = files.filter(({ path }) => path === 'small.yaml')
      expect((await repository.read([small!])).size).toBe(1)
    })

    test('G13 what people write is escaped and cut', async () => {
      const subject = `\u001b[31mred </script> ${'x'.repeat(1000)}`
      fixture.git('config', 'user.name', 'x')
      const raw = `tree ${fixture.tree([])}
author E\u001bvil <e@x\u202e> 1 +0000
committer C <c@x> 99999999999 +0000
gpgsig -----BEGIN
 parent 0000000000000000000000000000000000000000

${subject}\n\n[skip ci]\n${'y'.repeat(200_000)}`
      const oid = fixture.object('commit', raw)
      fixture.git('update-ref', 'refs/heads/main', oid)
      const repository = await open()
      expect((await repository.fetch()).oid).toBe(oid)
      const commit = await repository.commit(oid)
      expect(commit).toMatchObject({ author: 'E\\u{1b}vil', email: 'e@x\\u{202e}', at: 1000, parents: [] })
      expect(commit.subject).toMatch(/^\\u\{1b\}\[31mred <\/script> x+…$/)
      expect(commit.subject.length).toBeLessThan(250)
      expect(commit.message.length).toBeLessThanOrEqual(64 * 1024)
    })

    test('a SHA-256 repository is refused in words', async () => {
      const other = new Fixture(join(sandbox.path, 'root', 'sha256'), '--object-format=sha256')
      other.commit({ a: '1' })
      const error = await failure((await open({}, 'sha256')).fetch())
      expect([error.code, error.message]).toEqual(['UNSUPPORTED_REPOSITORY', expect.stringContaining('SHA-1')])
    })

    test('G08 the store is deleted under us: it comes back', async () => {
      const oid = fixture.commit({ a: '1' })
      const repository = await open()
      await repository.fetch()
      rmSync(join(sandbox.path, 'state'), { recursive: true })
      mkdirSync(join(sandbox.path, 'state'))
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      expect(await texts(repository, await repository.snapshot(oid, ''))).toEqual({ a: '1' })
    })

    test('reads bare repositories too, and writes nothing into the source', async () => {
      const oid = fixture.commit({ a: '1' })
      fixture.git('clone', '-q', '--bare', '.', '../bare.git')
      fixture.git('--git-dir=../bare.git', 'pack-refs', '--all')
      const repository = await open({}, 'bare.git')
      expect((await repository.fetch()).oid).toBe(oid)
      expect(fixture.git('--git-dir=../bare.git', 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
      expect(fixture.git('status', '--porcelain')).toBe('')
    })
  })
}
