import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openForge, openForgePullRequests } from '../../src/forge/forge.ts'
import type { ForgeSettings } from '../../src/settings.ts'
import { emptyWorld, gitHubEndpoints } from './endpoints.ts'
import { type ForgeServer, type Recorded, startForgeServer } from './forge-server.ts'
import { gitHubJudge } from './github-description.ts'
import { gitHubPullEndpoints } from './pull-endpoints.ts'
import { PullWorld } from './pull-world.ts'

const commit = 'a'.repeat(40)
let folder: string
let server: ForgeServer | undefined
let judge: (request: Recorded) => string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-github-'))
  judge = gitHubJudge()
})
afterEach(async () => {
  await server?.close()
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Settings of an app, and the key by which its signatures are checked. */
function asApp(): { readonly settings: ForgeSettings; readonly app: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKeyFile = join(folder, 'app.pem')
  writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const settings: ForgeSettings = {
    ...{ provider: 'github', apiURL: undefined, repository: 'acme/shop', caFile: undefined },
    ...{ tokenFile: undefined, tokenEnv: undefined, statuses: true, deployments: true, environment: 'production' },
    githubApp: { appId: '12', installationId: '7', privateKeyFile, apiURL: undefined },
  }
  return { settings, app: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

test('every call to GitHub is one that its published description knows', async () => {
  const { settings, app } = asApp()
  server = await startForgeServer(gitHubEndpoints(emptyWorld(), '', app))
  const forge = openForge({ ...settings, apiURL: server.origin }, '')
  const url = 'https://berth.example.com/apps/shop'
  const description = 'x'.repeat(300)
  for (const state of ['pending', 'success', 'failure', 'error'] as const) {
    await forge.setStatus({ commit, state, context: 'berth/shop', description, url })
  }
  for (const state of ['in_progress', 'success', 'failure', 'inactive'] as const) {
    await forge.deployment?.({ commit, environment: 'production', state, description, url })
  }
  const request = { branch: 'berth/rollback-shop-1a2b3c4', base: 'main', title: 'Roll back', body: 'It crashed.' }
  await forge.openPullRequest(request)
  await forge.openPullRequest(request)
  expect(server.problems).toEqual([])
  expect(server.requests.flatMap(judge)).toEqual([])
  expect(new Set(server.requests.map(({ method, path }) => `${method} ${path}`)).size).toBe(8)
})

test('so is every call about pull requests', async () => {
  const { settings, app } = asApp()
  const world = new PullWorld()
  world.mostOfPage = 2
  world.roles.set('maintainer', 'admin')
  for (let count = 0; count < 3; count++) world.open({ fork: true })
  world.label(1, 'berth/approve', 'maintainer')
  server = await startForgeServer([...gitHubPullEndpoints(world), ...gitHubEndpoints(emptyWorld(), '', app)])
  const token = { ...settings, githubApp: undefined, tokenEnv: 'BERTH_TEST_PROOF_TOKEN' }
  process.env.BERTH_TEST_PROOF_TOKEN = 'token'
  for (const [index, one] of [settings, token].entries()) {
    const forge = openForgePullRequests({ ...one, apiURL: server.origin }, '')
    expect(await forge.pullRequests()).toHaveLength(3)
    expect(await forge.mayWrite('maintainer')).toBe(true)
    expect(await forge.mayWrite('dependabot[bot]')).toBe(false)
    expect(await forge.approvals(1, 'berth/approve')).toHaveLength(1)
    for (const text of ['ready', 'asleep'])
      await forge.comment({ number: 1, mark: '<!-- x -->', text: `<!-- x -->${text}` })
    world.me = `berth-${index}`
  }
  expect(server.problems).toEqual([])
  expect(server.requests.flatMap(judge)).toEqual([])
  const kinds = new Set(
    server.requests.map(({ method, path }) => `${method} ${path.replace(/comments\/\d+/, 'comments/1')}`),
  )
  expect([...kinds].sort()).toEqual([
    'GET /app',
    'GET /repos/acme/shop/collaborators/dependabot%5Bbot%5D/permission',
    'GET /repos/acme/shop/collaborators/maintainer/permission',
    'GET /repos/acme/shop/issues/1/comments',
    'GET /repos/acme/shop/issues/1/events',
    'GET /repos/acme/shop/pulls',
    'GET /user',
    'PATCH /repos/acme/shop/issues/comments/1',
    'POST /app/installations/7/access_tokens',
    'POST /repos/acme/shop/issues/1/comments',
  ])
})

test('the judge finds what is wrong', () => {
  const status = { method: 'POST', path: `/repos/acme/shop/statuses/${commit}`, query: {}, headers: {} }
  expect(judge({ ...status, body: { state: 'success' } })).toEqual([])
  const at = 'POST /repos/{owner}/{repo}/statuses/{sha}'
  expect(judge({ ...status, body: { state: 'running', target: '' } })).toEqual([
    `${at}: body/state must be equal to one of the allowed values`,
    `${at}: body has no target`,
  ])
  expect(judge({ ...status, body: undefined })).toEqual([`${at}: a body is required`])
  expect(judge({ ...status, path: '/repos/acme/shop/state', body: {} })[0]).toContain('has no such endpoint')
  const pulls = { method: 'GET', path: '/repos/acme/shop/pulls', headers: {}, body: undefined }
  expect(judge({ ...pulls, query: { state: 'opened' } })[0]).toContain('must be equal to one of the allowed values')
  expect(judge({ ...pulls, query: { status: 'open' } })[0]).toContain('must NOT have additional properties')
})
