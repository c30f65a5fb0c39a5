import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rollbackMessage } from '../../src/rollback/message.ts'
import type { Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { failuresTold, revertedBetween } from '../../src/told-rollbacks.ts'
import { TestRepository } from '../e2e/repository.ts'

let dir: string
let work: TestRepository
let repository: Repository | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-told-'))
  work = new TestRepository(join(dir, 'work'))
})
afterEach(async () => {
  await repository?.close()
  rmSync(dir, { recursive: true })
})

/** A first clone of what is there: with git at hand it has one commit. */
async function opened(): Promise<{ repository: Repository; head: string }> {
  const bare = join(dir, 'shop.git')
  execFileSync('git', ['clone', '-q', '--bare', work.dir, bare])
  repository = await openRepository({ url: bare, revision: 'main', storeDir: join(dir, 'store') })
  return { repository, head: (await repository.fetch()).oid }
}

const cause = {
  ...{ object: 'Deployment web', reason: 'CrashLoopBackOff: container main', exitCode: 1, from: '', lines: [] },
}

function rolledBack(good: string, bad: string, files: Readonly<Record<string, string>>, manual = false): string {
  const reverted = [{ oid: bad, subject: 'Bad' }]
  const message = rollbackMessage({ app: 'shop', restores: good, reverted, cause: manual ? undefined : cause })
  return work.commit(message, files)
}

test('a folder that failed is found in the history of a fresh clone', async () => {
  const good = work.commit('Good', { 'app/web.yaml': '1\n' })
  const bad = work.commit('Bad', { 'app/web.yaml': '2\n' })
  const back = rolledBack(good, bad, { 'app/web.yaml': '1\n' })
  work.commit('Put it back', { 'app/web.yaml': '2\n' })
  const { repository, head } = await opened()
  const tree = await repository.treeOf(head, 'app')
  expect(await failuresTold(repository, 'shop', 'app', head)).toMatchObject([
    {
      ...{ commit: bad, tree, object: 'Deployment web', reason: 'CrashLoopBackOff: container main' },
      ...{ state: 'written', by: back, restored: { commit: back } },
    },
  ])
  expect(await failuresTold(repository, 'blog', 'app', head)).toEqual([])
})

test('what a person took back, or asked to be tried once more, has not failed', async () => {
  const good = work.commit('Good', { 'app/web.yaml': '1\n' })
  const bad = work.commit('Bad', { 'app/web.yaml': '2\n' })
  rolledBack(good, bad, { 'app/web.yaml': '1\n' }, true)
  const worse = work.commit('Worse', { 'app/web.yaml': '3\n' })
  rolledBack(good, worse, { 'app/web.yaml': '1\n' })
  work.commit('Once more\n\nBerth-Retry: yes', { 'app/web.yaml': '3\n' })
  const { repository, head } = await opened()
  expect(await failuresTold(repository, 'shop', 'app', head)).toEqual([])
})

test('only commits that changed the folder are taken back, newest first', async () => {
  const good = work.commit('Good', { 'app/web.yaml': '1\n', 'other/x': '1\n' })
  const one = work.commit('One', { 'app/web.yaml': '2\n' })
  const two = work.commit('Two', { 'app/web.yaml': '3\n' })
  const head = work.commit('Elsewhere', { 'other/x': '2\n' })
  const { repository } = await opened()
  const failed = { commit: head, subject: 'Elsewhere' }
  expect(await revertedBetween(repository, 'app', good, failed)).toEqual([
    { oid: two, subject: 'Two' },
    { oid: one, subject: 'One' },
  ])
  // A commit that cannot be had any more ends no walk.
  expect(await revertedBetween(repository, 'app', 'f'.repeat(40), failed)).toEqual([
    { oid: head, subject: 'Elsewhere' },
  ])
})
