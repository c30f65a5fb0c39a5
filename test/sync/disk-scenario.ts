// A process of its own, on a small disk of its own: `node disk-scenario.ts DISK BACKEND` prints what it saw as JSON.
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createLog } from '../../src/base/log.ts'
import { Journal } from '../../src/journal/journal.ts'
import { GitError } from '../../src/sync/errors.ts'
import type { Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { startGitServer } from './git-server.ts'

const [disk = '', backend = ''] = process.argv.slice(2)

/** Takes all the space that is left. */
function fill(): void {
  const file = openSync(join(disk, 'filler'), 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

const free = (): void => rmSync(join(disk, 'filler'))

async function outcome(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'done',
    (error) => (error instanceof GitError ? `${error.code}, ${error.retryable ? 'retried' : 'final'}` : String(error)),
  )
}

async function names(repository: Repository): Promise<readonly string[]> {
  const { oid = '' } = (await repository.head()) ?? {}
  const snapshot = await repository.snapshot(oid, '')
  await repository.read(snapshot.files)
  return snapshot.files.map(({ path }) => path)
}

async function fetching(fixture: Fixture, url: string) {
  const storeDir = join(disk, 'repositories')
  const options = { url, revision: 'main', storeDir, backend: backend === 'native' ? 'native' : 'embedded' } as const
  fill()
  const first = await openRepository(options).catch((error: unknown) => error)
  const repository = first instanceof Error ? undefined : (first as Repository)
  const firstOnFull = repository ? await outcome(repository.fetch()) : String(first)
  free()
  const opened = repository ?? (await openRepository(options))
  const firstAfter = await outcome(opened.fetch())
  fixture.commit({ 'b.bin': randomBytes(300_000) }, 'More')
  fill()
  const onFull = [await outcome(opened.fetch()), await outcome(opened.fetch())]
  const kept = await names(opened)
  // Enough to begin the pack, and not to finish it.
  free()
  fixture.commit({ 'c.bin': randomBytes(2_500_000) }, 'Too much')
  const onSmall = [await outcome(opened.fetch()), await outcome(opened.fetch())]
  const keptOnSmall = await names(opened)
  fixture.git('reset', '-q', '--hard', 'HEAD~1')
  const after = await outcome(opened.fetch())
  const found = await names(opened)
  await opened.close()
  const leftovers = readdirSync(disk, { recursive: true, encoding: 'utf8' }).filter((name) => /tmp_|\.new$/.test(name))
  return { firstOnFull, firstAfter, onFull, kept, onSmall, keptOnSmall, after, found, leftovers }
}

function journalling() {
  const warnings: string[] = []
  const log = createLog('warn', (line) => warnings.push(line), Date.now)
  const journal = Journal.open(disk, log)
  const entry = { app: 'shop', subject: 'x'.repeat(10_000), author: 'Ada', startedAt: 1, stages: {} }
  journal.finish(journal.begin({ ...entry, commit: 'one' }), 'synced', '', 2, {})
  journal.setApplied('shop', 'one', 'memory', [])
  fill()
  const id = journal.begin({ ...entry, commit: 'two' })
  journal.change(id, 3, 'y'.repeat(10_000))
  journal.finish(id, 'synced', '', 4, {})
  journal.setApplied('shop', 'two', 'memory', ['z'.repeat(10_000)])
  const onFull = { applied: journal.applied('shop')?.commit, history: journal.history('shop').map((one) => one.commit) }
  free()
  journal.finish(journal.begin({ ...entry, commit: 'three' }), 'synced', '', 5, {})
  journal.setApplied('shop', 'three', 'memory', [])
  const after = { applied: journal.applied('shop')?.commit, history: journal.history('shop').map((one) => one.commit) }
  journal.close()
  return { onFull, after, warned: warnings.length > 0 }
}

using sandbox = new Sandbox()
const fixture = new Fixture(join(sandbox.path, 'shop'))
fixture.commit({ 'a.yaml': 'a: 1\n' })
const server = await startGitServer(sandbox.path)
try {
  const seen = backend === 'journal' ? journalling() : await fetching(fixture, `${server.origin}/shop/.git`)
  process.stdout.write(JSON.stringify(seen))
} finally {
  await server.close()
}
