import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeSshKey } from './signers.ts'
import { failure } from './world.ts'
import { otherWays, restore, revert, Scene, ways } from './write-scene.ts'

describe.each(ways)('writes, $backend over $transport', ({ backend, transport }) => {
  const scene = new Scene(backend, transport)

  test('a restored folder is what it was, and all else stays', async () => {
    const good = scene.push({ 'shop/web.yaml': 'a: 1\n', 'shop/db/db.yaml': 'b: 1\n', 'other/x.yaml': 'x: 1\n' })
    symlinkSync('../other', join(scene.work.path, 'linked'))
    scene.work.write('run.sh', '#!/bin/sh\n')
    chmodSync(join(scene.work.path, 'run.sh'), 0o755)
    scene.work.write('module/.keep', '')
    rmSync(join(scene.work.path, 'module/.keep'))
    scene.work.git('update-index', '--add', '--cacheinfo', `160000,${good},module`)
    scene.work.git('rm', '-q', 'shop/db/db.yaml')
    scene.push({ 'shop/web.yaml': 'a: 2\n', 'shop/new.yaml': 'n: 1\n', 'other/x.yaml': 'x: 2\n' })
    const repository = await scene.open()
    const { oid: head } = await repository.fetch()
    const before = scene.list(head)
    const result = await repository.write(restore('shop', good))
    const oid = scene.head()
    const paths = ['shop/db/db.yaml', 'shop/new.yaml', 'shop/web.yaml']
    expect(result).toEqual({ kind: 'written', oid, onto: head, paths })
    expect(scene.head('main:shop')).toBe(scene.head(`${good}:shop`))
    const outside = (lines: string[]) => lines.filter((line) => !line.includes('\tshop/'))
    expect(outside(scene.list(oid))).toEqual(outside(before))
    expect(outside(before)).toHaveLength(4)
    expect(scene.git('log', '-1', '--format=%P|%an|%ae|%cn|%at|%B', oid)).toBe(
      `${head}|Berth|berth@example.com|Berth|1893553445|Restore shop`,
    )
    scene.git('fsck', '--strict')
    expect(await repository.fetch()).toEqual({ oid, rewritten: false })
    const snapshot = await repository.snapshot(oid, 'shop')
    expect(snapshot.files.map(({ path }) => path)).toEqual(['db/db.yaml', 'web.yaml'])
    expect(await repository.treeOf(oid, 'shop')).toBe(scene.head(`${good}:shop`))
    expect(await repository.treeOf(oid, 'shop/web.yaml')).toBeUndefined()
    expect(await repository.treeOf(oid, 'nowhere/at/all')).toBeUndefined()
    expect(await repository.treeOf(oid, '')).toBe(scene.head('main^{tree}'))
  })

  test('another branch is made, made anew while it is our own, and left alone otherwise', async () => {
    const good = scene.push({ a: '1' })
    const bad = scene.push({ a: '2' })
    const repository = await scene.open()
    const request = (subject: string, app = 'shop') =>
      restore('', good, { branch: 'berth/rollback', message: `${subject}\n\nBerth-App: ${app}` })
    const first = await repository.write(request('One'))
    expect(first).toMatchObject({ kind: 'written', onto: bad, oid: scene.head('berth/rollback') })
    expect(scene.head()).toBe(bad)
    expect(await repository.write({ ...request('One'), at: 0 })).toEqual(first)
    const next = scene.push({ b: '1' })
    const second = await repository.write(request('Two'))
    expect(second).toMatchObject({ kind: 'written', onto: next, oid: scene.head('berth/rollback') })
    const foreign = await failure(repository.write(request('Three', 'other')))
    expect([foreign.code, foreign.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('berth/rollback')])
    expect((await failure(repository.write(restore('', good, { branch: '../x' })))).code).toBe('BAD_REVISION')
  })

  test.each([true, false])('commits that a shallow store does not have are brought (given by id: %s)', async (byId) => {
    scene.git('config', 'uploadpack.allowAnySHA1InWant', String(byId))
    const good = scene.push({ 'shop/a': '1', 'other/a': '1' })
    const bad = scene.push({ 'shop/a': '2' })
    for (const count of [3, 4, 5]) scene.push({ 'other/a': String(count) })
    const first = await scene.open()
    await first.fetch()
    expect(await first.write(revert(bad))).toMatchObject({ kind: 'written', paths: ['shop/a'] })
    expect(scene.head('main:shop')).toBe(scene.head(`${good}:shop`))
    const unknown = await failure(first.write(restore('', 'd'.repeat(40))))
    expect(unknown.code).toBe('NO_SUCH_REVISION')
    expect(await first.fetch()).toEqual({ oid: scene.head(), rewritten: false })
    scene.pull()
    const oid = scene.push({ 'other/a': '6' })
    expect(await first.fetch()).toEqual({ oid, rewritten: false })
  })
})

describe.each(otherWays)('writes, $backend over $transport', ({ backend, transport }) => {
  const scene = new Scene(backend, transport)

  test('restores, reverts, and knows what it wrote', async () => {
    const good = scene.push({ 'shop/a': '1', 'other/a': '1' })
    const bad = scene.push({ 'shop/a': '2' })
    scene.push({ 'other/a': '2' })
    const repository = await scene.open()
    await repository.fetch()
    expect(await repository.write(restore('shop', good))).toMatchObject({ kind: 'written', paths: ['shop/a'] })
    const oid = scene.head()
    const { requests } = scene.server
    const before = requests.length
    expect(await repository.fetch()).toEqual({ oid, rewritten: false })
    // Only where the branch is: what was written is here already.
    expect(requests.slice(before)).toEqual(transport === 'http' ? ['POST /shop.git/git-upload-pack'] : [])
    expect(await repository.write(revert(bad))).toEqual({ kind: 'nothing', head: oid })
    expect(await repository.write(revert(oid))).toMatchObject({ kind: 'written', oid: scene.head(), onto: oid })
    scene.git('fsck', '--strict')
  })
})

describe('what is written', () => {
  const scene = new Scene('embedded', 'file')

  test('a folder that was not there is removed, one that is gone comes back, the root goes back as a whole', async () => {
    const none = scene.push({ README: '1' })
    const both = scene.push({ 'a/b/shop/x.yaml': '1', 'c/y.yaml': '1' })
    const repository = await scene.open()
    await repository.write(restore('a/b/shop', none))
    expect(scene.git('ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual(['README', 'c/y.yaml'])
    await repository.write(restore('./a/b/', both))
    expect(scene.head('main^{tree}')).toBe(scene.head(`${both}^{tree}`))
    const back = await repository.write(restore('', none))
    expect(back).toMatchObject({ kind: 'written', paths: ['a/b/shop/x.yaml', 'c/y.yaml'] })
    expect(scene.head('main^{tree}')).toBe(scene.head(`${none}^{tree}`))
    expect(await repository.write(restore('', none))).toEqual({ kind: 'nothing', head: scene.head() })
    expect(await repository.write(restore('nowhere', none))).toEqual({ kind: 'nothing', head: scene.head() })
  })

  test('one commit is taken back, three-way, and taken back again', async () => {
    const lines = Array.from({ length: 30 }, (_, line) => `line ${line}\n`)
    scene.push({ 'a.yaml': lines.join(''), 'b.yaml': '1' })
    const bad = scene.push({ 'a.yaml': lines.with(5, 'bad\n').join(''), 'new.yaml': '1' }, 'Bad')
    scene.push({ 'a.yaml': lines.with(5, 'bad\n').with(20, 'later\n').join(''), 'b.yaml': '2' })
    const repository = await scene.open()
    const undone = await repository.write(revert(bad))
    expect(undone).toMatchObject({ kind: 'written', paths: ['a.yaml', 'new.yaml'] })
    expect(scene.git('show', 'main:a.yaml')).toBe(lines.with(20, 'later\n').join('').trim())
    expect(await repository.write(revert(bad))).toMatchObject({ kind: 'nothing' })
    await repository.write(revert(scene.head()))
    expect(scene.git('show', 'main:a.yaml')).toBe(lines.with(5, 'bad\n').with(20, 'later\n').join('').trim())
    expect(scene.git('show', 'main:new.yaml')).toBe('1')
  })

  test('of a merge, what it brought to its first parent is taken back', async () => {
    const base = scene.push({ a: '1' })
    scene.work.git('checkout', '-q', '-b', 'topic', base)
    scene.work.commit({ topic: '1' })
    scene.work.git('checkout', '-q', 'main')
    scene.work.commit({ b: '1' })
    scene.work.git('merge', '-q', '--no-ff', '-m', 'Merge', 'topic')
    const merge = scene.push({})
    const repository = await scene.open()
    expect(await repository.write(revert(`${merge}`))).toMatchObject({ kind: 'nothing' })
    const written = await repository.write(revert(scene.work.head('HEAD^')))
    expect(written).toMatchObject({ kind: 'written', paths: ['topic'] })
    expect(await repository.write(revert(base))).toMatchObject({ kind: 'written', paths: ['a'] })
  })

  test('a conflict names the paths and writes nothing', async () => {
    scene.push({ 'a.yaml': '1\n', 'b.yaml': '1\n', 'c/d.yaml': '1\n', bin: Buffer.of(0, 1) })
    const bad = scene.push({ 'a.yaml': '2\n', 'b.yaml': '2\n', 'c/d.yaml': '2\n', bin: Buffer.of(0, 2) })
    scene.work.git('rm', '-q', 'c/d.yaml')
    const head = scene.push({ 'a.yaml': '3\n', bin: Buffer.of(0, 3) })
    const repository = await scene.open()
    const error = await failure(repository.write(revert(bad)))
    expect([error.code, error.message]).toEqual(['CONFLICT', expect.stringContaining('a.yaml, bin, c/d.yaml')])
    expect(error.message).not.toContain('b.yaml')
    scene.work.git('rm', '-q', '-r', 'bin')
    const blocked = scene.push({ bin: 'a file' })
    scene.work.git('rm', '-q', 'bin')
    const folder = scene.push({ 'bin/shop/x': '1' })
    scene.work.git('rm', '-q', '-r', 'bin')
    const again = scene.push({ bin: 'a file' })
    expect((await failure(repository.write(restore('bin/shop', folder)))).code).toBe('CONFLICT')
    expect([scene.head(), blocked === head]).toEqual([again, false])
  })

  test('whoever changed the folder meanwhile wins', async () => {
    const good = scene.push({ 'shop/a': '1', 'other/a': '1' })
    const bad = scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    const treeIsNot = (await repository.treeOf(bad, 'shop').catch(() => undefined)) ?? scene.head(`${bad}:shop`)
    const head = scene.push({ 'shop/a': '3' })
    const request = restore('shop', good, { unless: { path: 'shop', treeIsNot } })
    expect(await repository.write(request)).toEqual({ kind: 'overtaken', head })
    scene.push({ 'shop/a': '2', 'other/a': '2' })
    expect(await repository.write(request)).toMatchObject({ kind: 'written', paths: ['shop/a'] })
  })

  test('a dry run tells all and writes nothing', async () => {
    const good = scene.push({ 'shop/a': '1' })
    const head = scene.push({ 'shop/a': '2' })
    const repository = await scene.open()
    const result = await repository.write(restore('shop', good, { dryRun: true }))
    expect(result).toEqual({ kind: 'written', oid: '', onto: head, paths: ['shop/a'] })
    expect(scene.head()).toBe(head)
  })

  test('tags and commits take nothing', async () => {
    const good = scene.push({ a: '1' })
    scene.push({ a: '2' })
    scene.git('tag', '-a', '-m', 'v1', 'v1', 'main')
    for (const revision of ['v1', good]) {
      const repository = await scene.open({ revision })
      expect((await failure(repository.write(restore('', good)))).code).toBe('READ_ONLY')
    }
  })

  test('signs, so that git and Berth know by whom', async () => {
    const good = scene.push({ 'shop/a': '1' })
    scene.push({ 'shop/a': '2' })
    const key = makeSshKey(scene.sandbox.path, 'ed25519')
    const repository = await scene.open()
    await repository.write(
      restore('shop', good, { signingKeyFile: key.file, message: 'Signed\n\nBody\n\nBerth-App: shop\n' }),
    )
    const allowed = join(scene.sandbox.path, 'allowed')
    writeFileSync(allowed, `berth@example.com ${key.line}\n`)
    const settings = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${allowed}`]
    const format = '--format=%G? %GS|%s|%(trailers:key=Berth-App)'
    expect(scene.git(...settings, 'log', '-1', format, 'main')).toBe('G berth@example.com|Signed|Berth-App: shop')
    const { oid } = await repository.fetch()
    expect(await repository.signature(oid, [key.line])).toMatchObject({ valid: true })
    const missing = await failure(repository.write(revert(oid, { signingKeyFile: '/nonexistent' })))
    expect([missing.code, missing.message]).toEqual(['BAD_CREDENTIALS', expect.stringContaining('/nonexistent')])
    expect(scene.head()).toBe(oid)
  })
})
