import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { Journal } from '../../src/journal/journal.ts'

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
