import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { readArguments } from '../../src/cli/arguments.ts'
import { readSettings } from '../../src/cli/settings.ts'
import { Engine } from '../../src/engine.ts'
import { Journal } from '../../src/journal/journal.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { TestRepository } from '../e2e/repository.ts'
import { Dice } from '../sim/dice.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { FakeRuntime } from '../sim/fake-runtime.ts'
import { type GitServer, startGitServer } from '../sync/git-server.ts'
import { githubHeaders, hookWorld } from './hook-world.ts'

let dir: string
let server: GitServer
let repository: TestRepository
let engine: Engine | undefined
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-storm-'))
  repository = new TestRepository(join(dir, 'root/repo'))
  server = await startGitServer(join(dir, 'root'))
})
afterEach(async () => {
  await engine?.close()
  await server.close()
  rmSync(dir, { recursive: true })
})

const config = (value: number) => ({
  'config.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { value: "${value}" }\n`,
})

/** Everything is real but Docker; it polls once an hour. */
async function started(): Promise<Engine> {
  const repoURL = `${server.origin}/repo/.git`
  const flags = ['--repo', repoURL, '--interval', '1h', '--state-dir', dir, '--network', 'names']
  engine = new Engine({
    settings: await readSettings(readArguments(['run', ...flags])),
    runtime: new FakeRuntime({ hosts: ['one'], clock: new FakeClock(), dice: new Dice(1), registry: new Map() }),
    journal: Journal.inMemory(),
    openRepository: () => openRepository({ url: repoURL, revision: 'main', storeDir: join(dir, 'store') }),
    clock: systemClock,
    log: silentLog,
    random: () => 0.5,
  })
  await engine.start()
  return engine
}

/** As GitHub posts: many connections at once, each delivery with an id of its own. */
async function storm(address: string, bodies: readonly string[]): Promise<Set<number | undefined>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const statuses = bodies.map(
    (body) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { ...githubHeaders(body), 'x-github-delivery': randomBytes(16).toString('hex') }
        request(`http://${address}/webhooks/github`, { method: 'POST', agent, headers }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode))
        })
          .on('error', reject)
          .end(body)
      }),
  )
  const all = new Set(await Promise.all(statuses))
  agent.destroy()
  return all
}

test('W05 a thousand posts, of commits that nobody has, cost a fetch or two, and the last commit is found', async () => {
  repository.commit('Begin', config(1))
  const running = await started()
  const applied = () => running.status()[0]?.commit
  const first = repository.git('rev-parse', 'HEAD').trim()
  await expect.poll(applied).toBe(first)
  let looks = 0
  // Of those who gather posts: this machine may stand still in between.
  const clock = new FakeClock()
  const { address } = await hookWorld(
    {},
    {
      followed: [{ name: running.applications[0] ?? '', repoURL: `${server.origin}/repo/.git`, revision: 'main' }],
      wake: (applications) => {
        looks++
        running.syncNow(applications)
      },
      clock,
    },
  )
  const before = server.requests.length
  const bodies = Array.from({ length: 1_000 }, () =>
    JSON.stringify({
      ref: 'refs/heads/main',
      after: randomBytes(20).toString('hex'),
      repository: { clone_url: `${server.origin}/repo/.git` },
    }),
  )
  const flood = storm(address, bodies)
  // So that the first look may miss it: then only what was gathered after it can tell.
  await expect.poll(() => server.requests.length - before, { interval: 5 }).toBeGreaterThan(0)
  const last = repository.commit('Change', config(2))
  expect(await flood).toEqual(new Set([202]))
  clock.advance(500)
  await expect.poll(applied).toBe(last)
  // One look at once, one when it is quiet. A look is one question when nothing is new, and two or three when something is.
  expect(looks).toBe(2)
  expect(server.requests.length - before).toBeLessThanOrEqual(5)
})
