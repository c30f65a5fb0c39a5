import { execFile } from 'node:child_process'
import { chownSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { GitError } from '../../src/sync/errors.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { failure } from './world.ts'
import { restore, Scene } from './write-scene.ts'

/** Five lost races in a row are possible, and no other error is. */
const lost = (error: unknown): { kind: 'lost' } => {
  if (error instanceof GitError && error.code === 'RACE_LOST') return { kind: 'lost' }
  throw error
}
const execute = promisify(execFile)

describe('writes into a repository on this machine', () => {
  const scene = new Scene('embedded', 'file')

  const bad = () => {
    const good = scene.push({ 'shop/a': '1', 'other/a': '1' })
    scene.push({ 'shop/a': '2' })
    return good
  }

  test('with packed refs and packed objects', async () => {
    const good = bad()
    scene.git('gc', '-q')
    expect(existsSync(join(scene.bare, 'refs/heads/main'))).toBe(false)
    const repository = await scene.open()
    expect(await repository.write(restore('shop', good))).toMatchObject({ kind: 'written', oid: scene.head() })
    scene.git('pack-refs', '--all')
    expect(scene.head('main:shop')).toBe(scene.head(`${good}:shop`))
    scene.git('fsck', '--strict')
    const below = await failure(repository.write(restore('shop', scene.head('main~1'), { branch: 'main/below' })))
    expect([below.code, below.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('beside refs/heads/main')])
  })

  test('beside somebody who pushes all the time: no commit of either is lost', async () => {
    const good = bad()
    const head = scene.head()
    const repository = await scene.open()
    const script = `
      for i in $(seq 1 25); do
        while :; do
          old=$(git rev-parse main)
          new=$(git commit-tree -p $old -m "Theirs $i" "$old^{tree}")
          git update-ref refs/heads/main $new $old 2>/dev/null && break
        done
        git pack-refs --all
      done`
    const theirs = execute('sh', ['-c', script], { env: { ...scene.environment, GIT_DIR: scene.bare } })
    let ours = 0
    for (const to of [good, head, good, head, good, head]) {
      const { kind } = await repository.write(restore('shop', to)).catch(lost)
      if (kind === 'written') ours++
    }
    await theirs
    const subjects = scene.git('log', '--format=%s', `${head}..main`).split('\n')
    expect(subjects.filter((subject) => subject.startsWith('Theirs'))).toHaveLength(25)
    expect(subjects.filter((subject) => subject === 'Restore shop')).toHaveLength(ours)
    expect(ours).toBeGreaterThan(0)
    scene.git('fsck', '--strict')
    expect(readdirSync(join(scene.bare, 'refs/heads')).filter((name) => name.endsWith('.lock'))).toEqual([])
  })

  test('a branch that is checked out is left alone, unless its owner does not mind', async () => {
    const good = scene.work.commit({ 'shop/a': '1' })
    const head = scene.work.commit({ 'shop/a': '2' })
    for (const backend of ['embedded', 'native'] as const) {
      const storeDir = scene.sandbox.folder(`state-${backend}`)
      const repository = await openRepository({ url: scene.work.path, revision: 'main', storeDir, backend })
      const error = await failure(repository.write(restore('shop', good)))
      expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('checked out')])
      const aside = await repository.write(restore('shop', good, { branch: `aside-${backend}` }))
      expect(aside).toMatchObject({ kind: 'written', oid: scene.work.head(`aside-${backend}`) })
      await repository.close()
    }
    expect(scene.work.head()).toBe(head)
    scene.work.git('config', 'receive.denyCurrentBranch', 'ignore')
    const storeDir = scene.sandbox.folder('state')
    const repository = await openRepository({ url: scene.work.path, revision: 'main', storeDir, backend: 'embedded' })
    expect(await repository.write(restore('shop', good))).toMatchObject({ kind: 'written', onto: head })
    await repository.close()
    expect(scene.work.git('reflog', '-1', '--format=%H %gs', 'main')).toBe(`${scene.work.head()} push`)
  })

  test('a repository whose hooks would not be run is refused', async () => {
    const good = bad()
    scene.hook('post-receive', '#!/bin/sh\n')
    const error = await failure((await scene.open()).write(restore('shop', good)))
    expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('post-receive hook')])
  })

  test('a lock of somebody else is waited for, and told in the end', async () => {
    const good = bad()
    const lock = scene.lock('refs/heads/main')
    const error = await failure((await scene.open()).write(restore('shop', good)))
    expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('main.lock')])
    expect(existsSync(lock)).toBe(true)
  })

  test('what is made belongs to whom the repository belongs', async () => {
    const good = bad()
    const isRoot = process.getuid!() === 0
    const owner = isRoot ? { uid: 12345, gid: 23456 } : { uid: process.getuid!(), gid: process.getgid!() }
    chownSync(join(scene.bare, 'objects'), owner.uid, owner.gid)
    await (await scene.open()).write(restore('shop', good))
    const oid = scene.head()
    const object = join(scene.bare, 'objects', oid.slice(0, 2), oid.slice(2))
    for (const path of [object, join(scene.bare, 'refs/heads/main')]) expect(statSync(path)).toMatchObject(owner)
    expect(statSync(object).mode & 0o777).toBe(0o444)
    expect(readFileSync(join(scene.bare, 'refs/heads/main'), 'utf8')).toBe(`${oid}\n`)
  })
})
