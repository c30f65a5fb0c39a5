import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Repository } from '../../src/sync/port.ts'
import { startDaemon } from './daemon.ts'
import { compareCrossings } from './merge-crossings.ts'
import { compareMerges } from './merge-histories.ts'
import { failure, paths, texts } from './world.ts'
import { otherWays, Scene, ways } from './write-scene.ts'

const lines = (word: string) => Array.from({ length: 12 }, (_, line) => `${word} ${line}\n`).join('')
const edited = (word: string, line: number) => lines(word).replace(`${word} ${line}\n`, `${word} ${line} new\n`)

/** The tree of what git makes of it. */
function gitMerge(scene: Scene, onto: string, head: string): string {
  return scene.git('merge-tree', '--write-tree', '--no-messages', '--name-only', onto, head)
}

async function mergedTree(repository: Repository, onto: string, head: string): Promise<string | undefined> {
  const merged = await repository.merge(onto, head)
  return merged.kind === 'merged' ? repository.treeOf(merged.oid, '') : merged.kind
}

/** A branch from a commit that the work tree has. */
function branch(scene: Scene, name: string, files: Readonly<Record<string, string>>, from = 'main'): string {
  scene.work.git('checkout', '-q', '-B', name, from)
  const oid = scene.work.commit(files, `Change ${name}`)
  scene.git('update-ref', `refs/heads/${name}`, oid)
  scene.work.git('checkout', '-q', 'main')
  return oid
}

/** As many commits on main that change nothing. */
function idle(scene: Scene, count: number): string {
  const tree = scene.git('rev-parse', 'main^{tree}')
  let oid = scene.head()
  let input = ''
  for (let at = 1; at <= count; at++) {
    input += `commit refs/heads/main\nmark :${at}\ncommitter A <a@b> ${1700000000 + at} +0000\ndata 1\n.\n`
    input += at === 1 ? `from ${oid}\n` : ''
    input += `M 040000 ${tree} \n\n`
  }
  scene.work.feed(input, `--git-dir=${scene.bare}`, 'fast-import', '--quiet', '--force')
  oid = scene.head()
  scene.pull()
  return oid
}

describe.each([...ways, ...otherWays])('what a merge would be: $backend over $transport', ({ backend, transport }) => {
  const scene = new Scene(backend, transport)

  test('is what git makes of two sides, and can be read like any commit', async () => {
    scene.push({ 'k8s/a.yaml': lines('a'), 'k8s/b.yaml': lines('b'), 'other/c': lines('c') })
    const head = branch(scene, 'blue', { 'k8s/a.yaml': edited('a', 2), 'k8s/new.yaml': 'n' })
    scene.push({ 'k8s/a.yaml': edited('a', 9) })
    scene.work.git('rm', '-q', 'k8s/b.yaml')
    const onto = scene.push({ 'other/c': 'c' })
    const repository = await scene.open()
    await repository.fetch()
    const merged = await repository.merge(onto, head)
    if (merged.kind !== 'merged') throw new Error(JSON.stringify(merged))
    expect(await repository.treeOf(merged.oid, '')).toBe(gitMerge(scene, onto, head))
    expect(await repository.commit(merged.oid)).toMatchObject({ oid: merged.oid, parents: [onto, head] })
    expect(await repository.resolve(merged.oid)).toBe(merged.oid)
    const snapshot = await repository.snapshot(merged.oid, 'k8s')
    expect(paths(snapshot)).toEqual(['a.yaml', 'new.yaml'])
    expect(await texts(repository, snapshot)).toEqual({
      'a.yaml': lines('a').replace('a 2\n', 'a 2 new\n').replace('a 9\n', 'a 9 new\n'),
      'new.yaml': 'n',
    })
    const subjects = (await repository.between(onto, merged.oid, 10)).map(({ oid }) => oid)
    expect(subjects).toEqual([merged.oid, head])
    // The same again, whoever asks; and nothing of it is anywhere else.
    expect(await (await scene.open()).merge(onto, head)).toEqual(merged)
    expect(() => scene.git('cat-file', '-e', merged.oid)).toThrow()
    expect(await repository.fetch()).toEqual({ oid: onto, rewritten: false })
  })

  test('is one of the sides that has the other, a conflict with its paths, or nothing at all', async () => {
    const first = scene.push({ a: '1\n', b: '1\n' })
    const head = branch(scene, 'blue', { a: 'blue\n', b: 'blue\n', c: '1' })
    scene.work.git('checkout', '-q', '--orphan', 'strange')
    const strange = scene.work.commit({ x: '1' })
    scene.git('update-ref', 'refs/heads/strange', strange)
    scene.work.git('checkout', '-q', 'main')
    const repository = await scene.open()
    await repository.fetch()
    expect(await repository.merge(first, head)).toEqual({ kind: 'merged', oid: head })
    expect(await repository.merge(head, first)).toEqual({ kind: 'merged', oid: head })
    const onto = scene.push({ a: 'main\n', b: 'main\n' })
    expect(await repository.merge(onto, head)).toEqual({ kind: 'conflict', paths: ['a', 'b'] })
    expect(await repository.merge(onto, strange)).toEqual({ kind: 'unrelated' })
    const pairs = [
      [onto, first],
      [onto, onto],
      [onto, head],
      [first, onto],
      [onto, strange],
    ] as const
    const contained = await Promise.all(pairs.map(([one, other]) => repository.contains(one, other)))
    expect(contained).toEqual([true, true, false, false, false])
  })

  test('follows moved files where git is there, and else does not guess', async () => {
    scene.push({ 'a.yaml': lines('a'), b: '1' })
    scene.work.git('checkout', '-q', '-b', 'blue')
    scene.work.git('mv', 'a.yaml', 'z.yaml')
    const head = scene.work.commit({})
    scene.git('update-ref', 'refs/heads/blue', head)
    scene.work.git('checkout', '-q', 'main')
    const onto = scene.push({ 'a.yaml': edited('a', 4) })
    const repository = await scene.open()
    await repository.fetch()
    const found = await mergedTree(repository, onto, head)
    expect(found).toBe(backend === 'native' ? gitMerge(scene, onto, head) : 'unknown')
  })

  test('is what git makes of sides that have merged each other', async () => {
    scene.push({ a: lines('a'), d: lines('d') })
    const one = branch(scene, 'one', { a: edited('a', 1), b: '1\n' })
    const two = branch(scene, 'two', { a: edited('a', 10), c: '1\n' })
    const trees = scene.git('merge-tree', '--write-tree', one, two)
    const [onto, head] = [
      [one, two],
      [two, one],
    ].map((parents) => scene.git('commit-tree', trees, '-m', 'Both', ...parents.flatMap((one) => ['-p', one])))
    // Both go on, where they have merged and elsewhere.
    const [ours, theirs] = [
      branch(scene, 'main', { a: edited('a', 1).replace('a 10\n', 'a 10 new\n').replace('a 5\n', 'a 5 new\n') }, onto),
      branch(scene, 'blue', { d: edited('d', 3) }, head),
    ]
    const repository = await scene.open()
    await repository.fetch()
    expect(await mergedTree(repository, ours!, theirs!)).toBe(gitMerge(scene, ours!, theirs!))
  })
})

describe('merges in histories made at random', () => {
  test('give the tree that git gives, or a conflict', { timeout: 120_000 }, async () => {
    const counts = await compareMerges([2, 3, 4])
    expect(counts.differing).toEqual([])
    expect(counts.clean).toBeGreaterThan(3)
    expect(counts.conflicts + counts.careful).toBeGreaterThan(0)
  })
})

test('merges of sides that come from several commits give the tree that git gives', { timeout: 120_000 }, async () => {
  const counts = await compareCrossings([1, 2, 3, 4, 5, 6])
  expect(counts.differing).toEqual([])
  expect(counts.clean).toBeGreaterThan(3)
  expect(counts.several + counts.nested).toBeGreaterThan(3)
})

describe('what a merge is worked out from', () => {
  const scene = new Scene('embedded', 'http')
  const size = 50_000
  let seed = 1

  /** Nothing that could be packed any smaller. */
  function noise(): Uint8Array {
    return Uint8Array.from({ length: size }, () => {
      seed = (seed * 48271) % 2147483647
      return seed & 0xff
    })
  }

  function behind(count: number): { readonly onto: string; readonly head: string } {
    scene.push({ a: lines('a'), big: noise() })
    const head = branch(scene, 'blue', { a: edited('a', 1) })
    for (let at = 0; at < 8; at++) scene.push({ big: noise() })
    return { onto: idle(scene, count), head }
  }

  test.each([
    { title: 'that leaves out files', settings: 'allowFilter = true', files: 1 },
    { title: 'that leaves out nothing', settings: 'allowFilter = false', files: 12 },
    {
      title: 'that leaves out files, but no folders',
      settings: 'allowFilter = true\n[uploadpackfilter "tree"]\n\tallow = false',
      files: 1,
    },
  ])('comes from a server $title, commits far back too', async ({ settings, files }) => {
    appendFileSync(join(scene.bare, 'config'), `[uploadpack]\n\t${settings}\n`)
    const { onto, head } = behind(120)
    const repository = await scene.open()
    await repository.fetch()
    await repository.commit(head)
    const before = scene.server.sent.bytes
    expect(await mergedTree(repository, onto, head)).toBe(gitMerge(scene, onto, head))
    const sent = scene.server.sent.bytes - before
    expect(sent).toBeLessThan(files * size + 40_000)
    // The next one has little to ask for.
    const next = branch(scene, 'green', { b: '1' }, 'main~100')
    await repository.commit(next)
    const asked = scene.server.sent.bytes
    expect(await mergedTree(repository, onto, next)).toBe(gitMerge(scene, onto, next))
    expect(scene.server.sent.bytes - asked).toBeLessThan(10_000)
    // The store is as shallow as before, and goes on as before.
    expect(await repository.between(undefined, onto, 1000)).toHaveLength(1)
    const newer = scene.push({ b: '2' })
    expect(await repository.fetch()).toEqual({ oid: newer, rewritten: false })
    expect((await repository.between(onto, newer, 1000)).map(({ oid }) => oid)).toEqual([newer])
  })

  test('comes over a stream as well', async () => {
    appendFileSync(join(scene.bare, 'config'), '[uploadpack]\n\tallowFilter = true\n')
    const { onto, head } = behind(3)
    const daemon = await startDaemon(join(scene.sandbox.path, 'root'))
    try {
      const repository = await scene.open({ url: `${daemon.origin}/shop.git` })
      await repository.fetch()
      expect(await mergedTree(repository, onto, head)).toBe(gitMerge(scene, onto, head))
      await repository.close()
    } finally {
      await daemon.close()
    }
  })

  test('holds up no fetch', async () => {
    const { onto, head } = behind(3)
    const repository = await scene.open()
    await repository.fetch()
    await repository.commit(head)
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    scene.server.intercept = async ({ method, url }) => {
      if (method !== 'GET' || !url?.startsWith('/shop.git/info/refs')) return false
      begin()
      await held
      return false
    }
    const merging = repository.merge(onto, head)
    await begun
    const newer = scene.push({ b: '2' })
    expect(await repository.fetch()).toEqual({ oid: newer, rewritten: false })
    expect((await repository.snapshot(newer, '')).commit.oid).toBe(newer)
    letGo()
    expect((await merging).kind).toBe('merged')
  })

  test('is not known where the server speaks the old protocol only, or too much would have to come', async () => {
    const { onto, head } = behind(3)
    const small = await scene.open({ limits: { packBytes: 3 * size } })
    await small.fetch()
    await small.commit(head)
    expect(await small.merge(onto, head)).toMatchObject({ kind: 'unknown', reason: /larger than/ })
    scene.server.intercept = async (request) => {
      delete request.headers['git-protocol']
      return false
    }
    const old = await scene.open({ storeDir: join(scene.sandbox.path, 'old') })
    await old.fetch()
    await old.commit(head)
    expect(await old.merge(onto, head)).toMatchObject({ kind: 'unknown', reason: /old protocol/ })
    expect(await old.contains(onto, head)).toBeUndefined()
  })

  test('is asked for again where it failed', async () => {
    const { onto, head } = behind(3)
    const repository = await scene.open()
    await repository.fetch()
    await repository.commit(head)
    scene.server.intercept = async (_, response) => {
      response.writeHead(503).end()
      return true
    }
    expect(await failure(repository.merge(onto, head))).toMatchObject({ code: 'SERVER_ERROR' })
    scene.server.intercept = () => false
    expect((await repository.merge(onto, head)).kind).toBe('merged')
  })
})
