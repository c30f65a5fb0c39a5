import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openForge } from '../../src/forge/forge.ts'
import type { ForgeSettings } from '../../src/settings.ts'
import { emptyWorld, gitHubEndpoints } from './endpoints.ts'
import { type ForgeServer, type Recorded, startForgeServer } from './forge-server.ts'
import { gitHubJudge } from './github-description.ts'

const commit = 'a'.repeat(40)
let folder: string
let server: ForgeServer
let judge: (request: Recorded) => string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-github-'))
  judge = gitHubJudge()
}, 240_000)
afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('every call to GitHub is one that its published description knows', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKeyFile = join(folder, 'app.pem')
  writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  server = await startForgeServer(
    gitHubEndpoints(emptyWorld(), '', publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  )
  const settings: ForgeSettings = {
    ...{ provider: 'github', apiURL: server.origin, repository: 'acme/shop', caFile: undefined },
    ...{ tokenFile: undefined, tokenEnv: undefined, statuses: true, deployments: true, environment: 'production' },
    githubApp: { appId: '12', installationId: '7', privateKeyFile, apiURL: undefined },
  }
  const forge = openForge(settings, '')
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
