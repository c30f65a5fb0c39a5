import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRepository } from '../../src/sync/repository.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'

const files = 10_000

/** How long the main thread computed at most without looking after anything else, ms of processor time. */
function longestTurn(): { end(): number } {
  let [before, longest] = [cpuTimeMs(), 0]
  const look = () => {
    const now = cpuTimeMs()
    longest = Math.max(longest, now - before)
    before = now
  }
  const timer = setInterval(look, 1)
  return {
    end() {
      clearInterval(timer)
      look()
      return longest
    },
  }
}

describe('a repository of 10,000 files', () => {
  let sandbox: Sandbox
  let fixture: Fixture
  let server: GitServer

  beforeAll(async () => {
    sandbox = new Sandbox()
    fixture = new Fixture(join(sandbox.path, 'root', 'large'))
    const stream = ['commit refs/heads/main\ncommitter Ada <ada@example.com> 1 +0000\ndata 3\nAll\n']
    for (let at = 0; at < files; at++) {
      const text = `value: ${at * 2654435761}\n`
      stream.push(`M 100644 inline team-${at % 100}/${at}.yaml\ndata ${text.length}\n${text}\n`)
    }
    fixture.feed(stream.join(''), 'fast-import', '--quiet')
    server = await startGitServer(join(sandbox.path, 'root'))
  })

  afterAll(async () => {
    await server.close()
    sandbox[Symbol.dispose]()
  })

  test.each(['embedded', 'native'] as const)(
    '%s: the main thread stays free meanwhile',
    { timeout: 120_000 },
    async (backend) => {
      const url = `${server.origin}/large/.git`
      const storeDir = join(sandbox.path, backend)
      const repository = await openRepository({ url, revision: 'main', storeDir, backend })
      const turn = longestTurn()
      const { oid } = await repository.fetch()
      const snapshot = await repository.snapshot(oid, '')
      const contents = await repository.read(snapshot.files)
      const longest = turn.end()
      await repository.close()
      expect([snapshot.files.length, contents.size]).toEqual([files, files])
      // Unthreaded it is seconds.
      expect(longest).toBeLessThan(100)
    },
  )
})

test('G16 a hundred repositories at once', { timeout: 120_000 }, async () => {
  using sandbox = new Sandbox()
  const fixture = new Fixture(join(sandbox.path, 'root', 'r'))
  const oid = fixture.commit({ a: '1' })
  const server = await startGitServer(join(sandbox.path, 'root'))
  let running = 0
  let most = 0
  server.intercept = (_, response) => {
    most = Math.max(most, ++running)
    response.once('close', () => running--)
    return false
  }
  const repositories = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      openRepository({
        url: `${server.origin}/r/.git`,
        revision: 'main',
        storeDir: join(sandbox.path, `state-${at}`),
        backend: 'embedded',
      }),
    ),
  )
  const heads = await Promise.all(repositories.map((repository) => repository.fetch()))
  expect(new Set(heads.map((head) => head.oid))).toEqual(new Set([oid]))
  expect(most).toBeLessThanOrEqual(16)
  await Promise.all(repositories.map((repository) => repository.close()))
  await server.close()
})
