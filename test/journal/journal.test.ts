import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { FailedPlace } from '../../src/journal/rollbacks.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-journal-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const begun = { app: 'shop', commit: 'c1', subject: 'Add web', author: 'Ann', startedAt: 100, stages: { readMs: 3 } }

test('tells the story of a commit, newest first, after a restart', () => {
  const journal = Journal.open(dir, silentLog)
  const first = journal.begin(begun)
  journal.change(first, 110, 'create pod web-a-0')
  journal.finish(first, 'synced', '', 150, { readMs: 3, readyMs: 40 })
  journal.begin({ ...begun, commit: 'c2', startedAt: 200 })
  journal.close()

  const history = Journal.open(dir, silentLog).history('shop')
  expect(history.map((entry) => [entry.commit, entry.result, entry.finishedAt])).toEqual([
    ['c2', 'applying', undefined],
    ['c1', 'synced', 150],
  ])
  expect(history[1]?.changes).toEqual(['create pod web-a-0'])
  expect(history[1]?.stages).toEqual({ readMs: 3, readyMs: 40 })
})

test('a newer commit supersedes the one that was still being applied, of the same application only', () => {
  const journal = Journal.inMemory()
  journal.begin(begun)
  journal.begin({ ...begun, app: 'blog' })
  journal.begin({ ...begun, commit: 'c2', startedAt: 300 })
  expect(journal.history('shop').map((entry) => entry.result)).toEqual(['applying', 'superseded'])
  expect(journal.history('blog').map((entry) => entry.result)).toEqual(['applying'])
})

test('remembers a commit that was opened and never closed', () => {
  const journal = Journal.inMemory()
  expect(journal.opening('shop', 'bad')).toBe(0)
  expect(journal.opening('shop', 'bad')).toBe(1)
  journal.opened('shop', 'bad')
  expect(journal.opening('shop', 'bad')).toBe(0)
})

test('a damaged file is moved aside and the journal begun anew', () => {
  writeFileSync(join(dir, 'journal.db'), 'not a database, but long enough to be read as one '.repeat(100))
  const journal = Journal.open(dir, silentLog)
  journal.setApplied('shop', 'c1', 'repo#path', ['shop/Pod/old'])
  expect(journal.applied('shop')).toEqual({ commit: 'c1', source: 'repo#path', gone: ['shop/Pod/old'] })
  expect(existsSync(join(dir, 'journal.db.damaged'))).toBe(true)
})

test('what cannot be written down stops nobody, and is said once', () => {
  const said: string[] = []
  const journal = Journal.open(dir, { ...silentLog, warn: (message) => said.push(message) })
  const other = new DatabaseSync(join(dir, 'journal.db'))
  for (const table of ['history', 'change', 'applied', 'opening']) other.exec(`drop table ${table}`)
  const id = journal.begin(begun)
  journal.change(id, 110, 'create pod web-a-0')
  journal.finish(id, 'synced', '', 150, {})
  journal.setApplied('shop', 'c1', 'repo#path', [])
  expect(journal.opening('shop', 'c1')).toBe(0)
  journal.opened('shop', 'c1')
  expect(said).toEqual(['the journal cannot be written; history has gaps until it can'])
  other.close()
  journal.close()
})

test('several processes may open one journal at the same moment: a busy file is not a damaged one', async () => {
  const program = new URL('./opener.ts', import.meta.url).pathname
  const ends = Array.from(
    { length: 6 },
    () =>
      new Promise<string>((done) => {
        execFile(process.execPath, [program, dir], (error, _stdout, stderr) =>
          done(error ? stderr || String(error) : ''),
        )
      }),
  )
  expect(await Promise.all(ends)).toEqual(['', '', '', '', '', ''])
  expect(existsSync(join(dir, 'journal.db.damaged'))).toBe(false)
})

test('a journal of an earlier version is opened, and read beside a running engine', () => {
  const old = new DatabaseSync(join(dir, 'journal.db'))
  old.exec(`
    create table history (
      id integer primary key, app text not null, commit_id text not null, subject text not null, author text not null,
      started_at integer not null, finished_at integer, result text not null, message text not null, stages text not null
    );
    create table change (history_id integer not null, at integer not null, text text not null);
    insert into history values (1, 'shop', 'c0', 'Add', 'Ann', 1, 2, 'synced', '', '{}');
  `)
  old.close()
  const looked = Journal.openToRead(dir)
  expect(looked.history('shop')).toMatchObject([{ commit: 'c0', reverts: [], revertedBy: '' }])
  expect(looked.healthy('shop', 'repo#')).toBeUndefined()
  looked.close()

  const journal = Journal.open(dir, silentLog)
  const id = journal.begin({ ...begun, reverts: ['c0'] })
  journal.finish(id, 'synced', '', 150, {})
  journal.rolledBack('shop', 'c0', 'c1', 'rolled back by c1')
  journal.close()
  const read = Journal.openToRead(dir)
  expect(read.history('shop')).toMatchObject([
    { commit: 'c1', result: 'synced', reverts: ['c0'], revertedBy: '' },
    { commit: 'c0', result: 'rolledBack', message: 'rolled back by c1', revertedBy: 'c1' },
  ])
  read.close()
})

const place: FailedPlace = {
  ...{
    commit: 'c2',
    tree: 't2',
    subject: 'Break',
    author: 'Ann',
    object: 'Deployment web',
    reason: 'CrashLoopBackOff',
  },
  ...{ exitCode: 1, from: '', lines: ['last'], at: 5, restored: { commit: 'c1', tree: 't1' }, state: 'open', by: '' },
}

test('what was healthy and what failed is remembered by application and source', () => {
  const journal = Journal.open(dir, silentLog)
  journal.setHealthy('shop', 'repo#a', { commit: 'c1', tree: 't1' })
  journal.setFailed('shop', 'repo#a', place)
  journal.setFailed('shop', 'repo#a', { ...place, state: 'written', by: 'c3' })
  journal.setFailed('shop', 'repo#a', { ...place, tree: 't0', at: 1 })
  journal.close()
  const again = Journal.open(dir, silentLog)
  expect(again.healthy('shop', 'repo#a')).toEqual({ commit: 'c1', tree: 't1' })
  expect(again.healthy('shop', 'repo#b')).toBeUndefined()
  expect(again.failed('shop', 'repo#a').map(({ tree, by }) => [tree, by])).toEqual([
    ['t0', ''],
    ['t2', 'c3'],
  ])
  expect(again.failed('blog', 'repo#a')).toEqual([])
  again.dropFailed('shop', 'repo#a', 't2')
  expect(again.failed('shop', 'repo#a').map(({ tree }) => tree)).toEqual(['t0'])
  again.close()
})

test('only the newest failures are kept', () => {
  const journal = Journal.inMemory()
  for (let at = 0; at < 60; at++) journal.setFailed('shop', 'r', { ...place, tree: `t${at}`, at })
  const kept = journal.failed('shop', 'r').map(({ at }) => at)
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([50, 10, 59])
})

test('where there is no journal, there is nothing to read', () => {
  expect(Journal.openToRead(dir).history('shop')).toEqual([])
  expect(existsSync(join(dir, 'journal.db'))).toBe(false)
})
