import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Fixture } from './fixture.ts'
import { hostileContract } from './hostile.ts'
import { failure, paths, type Subject, texts, World } from './world.ts'

/** What every backend must do over every transport. */
export function repositoryContract(subject: Subject): void {
  describe(subject.title, () => {
    const world = new World(subject)
    hostileContract(world)

    test('brings the head and lists the watched folder', async () => {
      const oid = world.fixture.commit(
        { 'k8s/web.yaml': 'a: 1\n', 'k8s/db/db.yaml': 'b: 2\n', README: 'x' },
        'First: ünï\n\nBody',
      )
      const repository = await world.open()
      expect(await repository.head()).toBeUndefined()
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      expect(await repository.head()).toEqual({ oid, rewritten: false })
      const snapshot = await repository.snapshot(oid, './k8s/')
      expect(paths(snapshot)).toEqual(['db/db.yaml', 'web.yaml'])
      expect(snapshot.changed).toEqual(['db/db.yaml', 'web.yaml'])
      expect(snapshot.tree).toBe(world.fixture.head('HEAD:k8s'))
      expect(await texts(repository, snapshot)).toEqual({ 'db/db.yaml': 'b: 2\n', 'web.yaml': 'a: 1\n' })
      expect(snapshot.commit).toMatchObject({
        oid,
        tree: world.fixture.head('HEAD^{tree}'),
        parents: [],
        author: 'Ada',
        email: 'ada@example.com',
        subject: 'First: ünï',
        message: 'First: ünï\n\nBody\n',
      })
      expect(await repository.commit(oid)).toEqual(snapshot.commit)
    })

    test('follows pushes and tells what changed', async () => {
      world.fixture.commit({ 'a.yaml': '1', 'b.yaml': '1', 'c/d.yaml': '1', 'c/e.yaml': '1' })
      const repository = await world.open()
      const first = await repository.snapshot((await repository.fetch()).oid, '')
      world.fixture.git('rm', '-q', 'b.yaml', 'c/d.yaml')
      const oid = world.fixture.commit({ 'a.yaml': '2', 'c/f/g.yaml': '1' })
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      const second = await repository.snapshot(oid, '.', first)
      expect(second.changed).toEqual(['a.yaml', 'b.yaml', 'c/d.yaml', 'c/f/g.yaml'])
      expect(paths(second)).toEqual(['a.yaml', 'c/e.yaml', 'c/f/g.yaml'])
      expect((await repository.snapshot(oid, '', second)).changed).toEqual([])
    })

    test('lists branches as they are now, and brings their commits when asked', async () => {
      const { fixture } = world
      fixture.commit({ 'a.yaml': '1' })
      const repository = await world.open()
      await repository.fetch()
      expect(await repository.branches('preview/')).toEqual([])
      const names = ['preview/Größe-🚀', 'preview/a/b', `preview/${'x'.repeat(200)}`]
      const made = names.map((name) => {
        fixture.git('checkout', '-q', '-b', name, 'main')
        return { name, oid: fixture.commit({ 'a.yaml': name }, `Try ${name}`) }
      })
      fixture.git('branch', 'previewless', 'main')
      fixture.git('pack-refs', '--all')
      fixture.git('checkout', '-q', 'main')
      const wanted = made.sort((a, b) => (a.name < b.name ? -1 : 1))
      expect(await repository.branches('preview/')).toEqual(wanted)
      for (const { oid } of made) expect((await repository.commit(oid)).oid).toBe(oid)
      fixture.git('branch', '-q', '-D', 'preview/a/b')
      expect((await repository.branches('preview/')).map(({ name }) => name)).not.toContain('preview/a/b')
      expect(await repository.head()).toMatchObject({ oid: fixture.head('main') })
    })

    test('a file becomes a folder and back', async () => {
      world.fixture.commit({ x: '1' })
      const repository = await world.open()
      const first = await repository.snapshot((await repository.fetch()).oid, '')
      rmSync(join(world.fixture.path, 'x'))
      world.fixture.commit({ 'x/y': '1' })
      const second = await repository.snapshot((await repository.fetch()).oid, '', first)
      expect([second.changed, paths(second)]).toEqual([['x', 'x/y'], ['x/y']])
      rmSync(join(world.fixture.path, 'x'), { recursive: true })
      world.fixture.commit({ x: '2' })
      const third = await repository.snapshot((await repository.fetch()).oid, '', second)
      expect([third.changed, paths(third)]).toEqual([['x', 'x/y'], ['x']])
    })

    test('the changes are right after a restart too', async () => {
      world.fixture.commit({ 'a.yaml': '1', 'b.yaml': '1' })
      const before = await world.open()
      const first = await before.snapshot((await before.fetch()).oid, '')
      await before.close()
      const oid = world.fixture.commit({ 'b.yaml': '2' })
      const after = await world.open()
      expect((await after.head())?.oid).toBe(first.commit.oid)
      expect(await after.fetch()).toEqual({ oid, rewritten: false })
      expect((await after.snapshot(oid, '', first)).changed).toEqual(['b.yaml'])
    })

    test('reads packed and changed objects alike', async () => {
      const lines = Array.from({ length: 400 }, (_, at) => `line ${at} ${'x'.repeat(at % 50)}`)
      world.fixture.commit({ 'big.yaml': lines.join('\n') })
      for (const at of [10, 200, 399]) world.fixture.commit({ 'big.yaml': lines.with(at, 'changed').join('\n') })
      world.fixture.git('gc', '-q', '--aggressive')
      world.fixture.commit({ 'loose.yaml': 'loose' })
      const repository = await world.open()
      const snapshot = await repository.snapshot((await repository.fetch()).oid, '')
      expect(await texts(repository, snapshot)).toEqual({
        'big.yaml': lines.with(399, 'changed').join('\n'),
        'loose.yaml': 'loose',
      })
    })

    test('G05 force push, rewind and other histories converge to the new head', async () => {
      const one = world.fixture.commit({ a: '1' })
      const two = world.fixture.commit({ a: '2' })
      const repository = await world.open()
      expect((await repository.fetch()).oid).toBe(two)
      world.fixture.git('reset', '-q', '--hard', one)
      expect(await repository.fetch()).toEqual({ oid: one, rewritten: true })
      const amended = world.fixture.commit({ a: '3' })
      expect(await repository.fetch()).toEqual({ oid: amended, rewritten: false })
      world.fixture.git('checkout', '-q', '--orphan', 'other')
      const orphan = world.fixture.commit({ a: '4' })
      world.fixture.git('update-ref', 'refs/heads/main', orphan)
      world.fixture.git('reflog', 'expire', '--expire=now', '--all')
      world.fixture.git('gc', '-q', '--prune=now')
      expect(await repository.fetch()).toEqual({ oid: orphan, rewritten: true })
      expect(await texts(repository, await repository.snapshot(orphan, ''))).toEqual({ a: '4' })
      expect(await repository.fetch()).toEqual({ oid: orphan, rewritten: false })
    })

    test('G06 a missing branch, folder or repository is an error, never empty', async () => {
      expect((await failure((await world.open()).fetch())).code).toBe('EMPTY_REPOSITORY')
      const oid = world.fixture.commit({ 'k8s/a.yaml': '1' })
      const repository = await world.open()
      await repository.fetch()
      expect((await failure(repository.snapshot(oid, 'production'))).code).toBe('NO_SUCH_PATH')
      expect((await failure(repository.snapshot(oid, 'k8s/a.yaml'))).code).toBe('NO_SUCH_PATH')
      expect((await failure(repository.snapshot(oid, '../k8s'))).code).toBe('NO_SUCH_PATH')
      expect((await failure(repository.snapshot('0'.repeat(40), 'k8s'))).code).toBe('NO_SUCH_REVISION')
      world.fixture.git('branch', '-q', '-m', 'main', 'trunk')
      expect((await failure(repository.fetch())).code).toBe('NO_SUCH_REVISION')
      expect((await repository.head())?.oid).toBe(oid)
      expect(paths(await repository.snapshot(oid, 'k8s'))).toEqual(['a.yaml'])
      expect((await failure((await world.open({}, 'nothing')).fetch())).code).toBe('NO_SUCH_REPOSITORY')
    })

    test('G06 a commit with an empty tree is a commit', async () => {
      world.fixture.commit({})
      const repository = await world.open()
      expect(paths(await repository.snapshot((await repository.fetch()).oid, ''))).toEqual([])
    })

    test('G07 merges, odd dates and several commits at once: the head wins', async () => {
      const base = world.fixture.commit({ a: '1' }, 'base')
      const repository = await world.open()
      await repository.fetch()
      const branches = ['x', 'y', 'z'].map((name) => {
        world.fixture.git('checkout', '-q', '-b', name, base)
        return world.fixture.commit({ [name]: '1' }, name)
      })
      world.fixture.git('checkout', '-q', 'main')
      world.fixture.git('merge', '-q', '--no-ff', '-m', 'octopus', 'x', 'y', 'z')
      const old = world.fixture.git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'nothing new')
      world.fixture.git('update-ref', 'refs/heads/main', old)
      expect(await repository.fetch()).toEqual({ oid: old, rewritten: false })
      const between = await repository.between(base, old, 10)
      expect(between.map(({ subject }) => subject)).toEqual(['nothing new', 'octopus', 'x', 'y', 'z'])
      expect((await repository.commit(branches[0]!)).parents).toEqual([base])
      expect(await repository.between(base, old, 2)).toHaveLength(2)
      expect(await repository.between(old, old, 10)).toEqual([])
    })

    test('G09 branches, tags, tags of tags and commit ids', async () => {
      const one = world.fixture.commit({ a: '1' })
      world.fixture.git('tag', '-a', '-m', 'v1', 'v1')
      world.fixture.git('tag', '-a', '-m', 'again', 'v1-again', 'v1')
      world.fixture.git('tag', 'both')
      const two = world.fixture.commit({ a: '2' })
      world.fixture.git('branch', 'both')
      const head = async (revision: string) => (await (await world.open({ revision })).fetch()).oid
      expect(await head('v1')).toBe(one)
      expect(await head('v1-again')).toBe(one)
      expect(await head('both')).toBe(two)
      expect(await head('refs/tags/both')).toBe(one)
      expect(await head('HEAD')).toBe(two)
      expect(await head(one)).toBe(one)
      const tag = await world.open({ revision: 'v1' })
      world.fixture.git('tag', '-f', '-a', '-m', 'moved', 'v1')
      expect(await tag.fetch()).toEqual({ oid: two, rewritten: true })
      expect(await tag.fetch()).toEqual({ oid: two, rewritten: false })
      expect((await failure((await world.open({ revision: one.slice(0, 10) })).fetch())).message).toContain('full id')
      expect((await failure((await world.open({ revision: 'f'.repeat(40) })).fetch())).code).toBe('NO_SUCH_REVISION')
    })

    test('resolves what the store knows', async () => {
      const one = world.fixture.commit({ a: '1' })
      const repository = await world.open()
      await repository.fetch()
      const two = world.fixture.commit({ a: '2' })
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
      const one = world.fixture.commit({ a: '1' })
      world.fixture.git('checkout', '-q', '-b', 'next')
      const two = world.fixture.commit({ a: '2' })
      const [main, next] = [await world.open(), await world.open({ revision: 'next' })]
      const heads = await Promise.all([main.fetch(), next.fetch(), main.fetch()])
      expect(heads.map(({ oid }) => oid)).toEqual([one, two, one])
      await main.close()
      expect((await next.commit(one)).oid).toBe(one)
    })

    test('a SHA-256 repository is refused in words', async () => {
      const other = new Fixture(join(world.sandbox.path, 'root', 'sha256'), '--object-format=sha256')
      other.commit({ a: '1' })
      const error = await failure((await world.open({}, 'sha256')).fetch())
      expect([error.code, error.message]).toEqual(['UNSUPPORTED_REPOSITORY', expect.stringContaining('SHA-1')])
    })

    test('G08 the store is deleted under us: it comes back', async () => {
      const oid = world.fixture.commit({ a: '1' })
      const repository = await world.open()
      await repository.fetch()
      rmSync(join(world.sandbox.path, 'state'), { recursive: true })
      mkdirSync(join(world.sandbox.path, 'state'))
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      expect(await texts(repository, await repository.snapshot(oid, ''))).toEqual({ a: '1' })
    })

    test('reads bare repositories too, and writes nothing into the source', async () => {
      const oid = world.fixture.commit({ a: '1' })
      world.fixture.git('clone', '-q', '--bare', '.', '../bare.git')
      world.fixture.git('--git-dir=../bare.git', 'pack-refs', '--all')
      const repository = await world.open({}, 'bare.git')
      expect((await repository.fetch()).oid).toBe(oid)
      expect(world.fixture.git('--git-dir=../bare.git', 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
      expect(world.fixture.git('status', '--porcelain')).toBe('')
    })
  })
}
