import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { deployment, TestBerth } from './e2e/berth.ts'
import { emptyWorld, type ForgeWorld, gitHubEndpoints } from './forge/endpoints.ts'
import { type ForgeServer, startForgeServer } from './forge/forge-server.ts'
import { ensureTestImages } from './support/images.ts'

let berth: TestBerth
let world: ForgeWorld
let forge: ForgeServer
let chat: Server
let heard: string[]

beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(async () => {
  berth = new TestBerth('telling')
  world = emptyWorld()
  forge = await startForgeServer(gitHubEndpoints(world))
  heard = []
  chat = createServer((request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString()
      heard.push((JSON.parse(body) as { text: string }).text)
      response.end('ok')
    })()
  })
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve))
  configure()
})
afterEach(async () => {
  await berth.close()
  await forge.close()
  chat.close()
})

function configure(rollback: object = {}): void {
  berth.configure({})
  const { dir, id, socket, repository } = berth
  const token = join(dir, 'token')
  writeFileSync(token, 'token-of-the-proof')
  const url = `http://127.0.0.1:${(chat.address() as AddressInfo).port}/hook`
  const engine = {
    ...{ apiVersion: 'berth.dev/v1', kind: 'Engine', metadata: { name: id } },
    spec: {
      hosts: [{ name: 'local', endpoint: socket }],
      server: { externalURL: 'https://berth.example.com' },
      notifications: [{ name: 'ops', type: 'slack', url, events: ['synced', 'refused', 'degraded', 'rolledBack'] }],
    },
  }
  const application = {
    ...{ apiVersion: 'berth.dev/v1', kind: 'Application', metadata: { name: 'app' } },
    spec: {
      source: { repoURL: repository.dir, path: 'app' },
      destination: { namespace: 'shop' },
      forge: { provider: 'github', apiURL: forge.origin, repository: 'acme/shop', tokenFile: token, deployments: true },
      report: { notes: true },
      rollback,
    },
  }
  writeFileSync(join(dir, 'berth.yaml'), [engine, application].map((one) => JSON.stringify(one)).join('\n---\n'))
}

/** Everybody is told by a queue of their own: one may be done when another has not begun. */
const waited = { interval: 200 }
/** Of a commit that has one. */
function noteOf(commit: string): string {
  return berth.repository.git('notes', '--ref=berth', 'list').includes(commit)
    ? berth.repository.git('notes', '--ref=berth', 'show', commit)
    : ''
}

test('a running engine tells the forge, Git and people what becomes of commits, and a restart repeats nothing', async () => {
  const good = berth.repository.commit('Add web', { 'app/web.yaml': deployment({ replicas: 1 }) })
  const preview = await berth.command('diff')
  expect(preview.code).toBe(1)
  expect([forge.requests.length, heard.length]).toEqual([0, 0])

  berth.start()
  await berth.synced(good)
  await expect.poll(() => noteOf(good), waited).toMatch(/^app: synced at \S+ in /)
  await expect
    .poll(() => world.statuses.get(good), waited)
    .toEqual(['berth/app pending Applying', expect.stringMatching(/^berth\/app success Synced in \d+ m?s, healthy$/)])
  const deployed = () => world.deploymentStates.map((state) => state.split(' ')[1])
  await expect.poll(deployed, waited).toEqual(['in_progress', 'success'])
  await expect
    .poll(() => heard, waited)
    .toEqual([
      expect.stringMatching(/^app: synced \w{7} "Add web" by Test in .*\nhttps:\/\/berth\.example\.com\/apps\/app$/),
    ])

  const bad = berth.repository.commit('Break', { 'app/web.yaml': 'apiVersion: apps/v1\nkind: Deploymnt\n' })
  await expect.poll(() => noteOf(bad), waited).toContain('app: refused at')
  await expect
    .poll(() => world.statuses.get(bad), waited)
    .toEqual([expect.stringMatching(/^berth\/app failure Refused: app\/web\.yaml:\d+/)])
  await expect.poll(() => heard.length, waited).toBe(2)
  expect(await berth.stop()).toBe(0)

  const requests = forge.requests.length
  berth.start()
  await berth.until('the refusal is known again', ({ sync }) => sync === 'Refused')
  expect(await berth.stop()).toBe(0)
  expect(forge.requests).toHaveLength(requests)
  expect(heard).toHaveLength(2)
  expect(forge.problems).toEqual([])
  expect(berth.log + readFileSync(join(berth.dir, 'state/told.json'), 'utf8')).not.toContain('token-of-the-proof')
})

test('a single sync tells all before it ends', async () => {
  const commit = berth.repository.commit('Add web', { 'app/web.yaml': deployment({ replicas: 1 }) })
  const { code } = await berth.command('sync')
  expect(code).toBe(0)
  expect(world.statuses.get(commit)?.at(-1)).toMatch(/^berth\/app success Synced/)
  expect(noteOf(commit)).toContain('app: synced at')
  expect(heard).toHaveLength(1)
})

test('a failed commit is taken back by a pull request, and all are told', async () => {
  configure({ onFailure: 'pullRequest', observe: '1s' })
  const good = berth.repository.commit('Add web', { 'app/web.yaml': deployment({ replicas: 1 }) })
  berth.start()
  await berth.synced(good)
  await expect.poll(() => noteOf(good), waited).toContain('app: synced at')
  const broken = deployment({ replicas: 1 })
    .replace(/image: .*/, 'image: "berth-test/no-such-image:1"')
    .replace('spec:', 'spec:\n  progressDeadlineSeconds: 5')
  const bad = berth.repository.commit('Break web', { 'app/web.yaml': broken })
  await expect.poll(() => noteOf(bad), waited).toContain('app: rolled back at')
  await expect
    .poll(() => heard.at(-1), waited)
    .toMatch(/^app: rolled back \w{7} "Break web" by Test, with https:\S+\/pull\/1: /)
  expect(world.pulls).toMatchObject([{ base: 'main', title: expect.stringMatching(/^Roll back app to /) }])
  expect(berth.repository.git('rev-parse', `refs/heads/${world.pulls[0]?.head}^`).trim()).toBe(bad)
  await expect
    .poll(() => world.statuses.get(bad)?.at(-1), waited)
    .toMatch(/^berth\/app failure Rolled back by https:\S+\/pull\/1: /)
  expect(forge.problems).toEqual([])
})
