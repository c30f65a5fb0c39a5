import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openForge } from '../../src/forge/forge.ts'
import type { ForgeSettings } from '../../src/settings.ts'
import { makeAuthority, startTlsFront } from '../sync/tls.ts'
import { emptyWorld, type ForgeWorld, giteaEndpoints, gitHubEndpoints, gitLabEndpoints } from './endpoints.ts'
import { answering, type Endpoint, type ForgeServer, startForgeServer } from './forge-server.ts'

const commit = 'a'.repeat(40)
const token = 'token-of-the-tests'

let folder: string
let tokenFile: string
let world: ForgeWorld
let server: ForgeServer | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-forge-'))
  tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, `${token}\n`)
  world = emptyWorld()
})
afterEach(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

function settings(more: Partial<ForgeSettings>): ForgeSettings {
  return {
    ...{ provider: 'github' as const, apiURL: undefined, repository: undefined, caFile: undefined },
    ...{ tokenFile, tokenEnv: undefined, githubApp: undefined },
    ...{ statuses: true, deployments: false, environment: 'production' },
    ...more,
  }
}

const forges = [
  {
    ...{
      provider: 'github' as const,
      repoURL: 'https://github.com/acme/shop.git',
      endpoints: gitHubEndpoints,
      failed: 'failure',
    },
    ...{ authorization: `Bearer ${token}`, superseded: 'error', pull: 'https://github.com/acme/shop/pull/1' },
  },
  {
    ...{
      provider: 'gitlab' as const,
      repoURL: 'git@gitlab.com:acme/tools/shop.git',
      endpoints: gitLabEndpoints,
      failed: 'failed',
    },
    ...{ authorization: `Bearer ${token}`, superseded: 'canceled', pull: 'https://gitlab.com/shop/-/merge_requests/1' },
  },
  {
    ...{
      provider: 'gitea' as const,
      repoURL: 'ssh://git@codeberg.org:2222/acme/shop',
      endpoints: giteaEndpoints,
      failed: 'failure',
    },
    ...{ authorization: `Bearer ${token}`, superseded: 'error', pull: 'https://codeberg.org/acme/shop/pulls/1' },
  },
] as const

describe.each(forges)('$provider', ({ provider, repoURL, endpoints, failed, authorization, superseded, pull }) => {
  const start = async (more: Partial<ForgeSettings> = {}) => {
    server = await startForgeServer(endpoints(world))
    return openForge(settings({ provider, apiURL: server.origin, ...more }), repoURL)
  }

  test('sets the status of a commit', async () => {
    const forge = await start()
    const about = { commit, context: 'berth/shop' }
    await forge.setStatus({ ...about, state: 'pending', description: 'Applying' })
    await forge.setStatus({ ...about, state: 'pending', description: 'Applying' })
    await forge.setStatus({
      ...about,
      state: 'success',
      description: 'Synced',
      url: 'https://berth.example.com/apps/shop',
    })
    await forge.setStatus({ ...about, state: 'failure', description: `Degraded: ${'x'.repeat(500)}` })
    await forge.setStatus({ ...about, state: 'error', description: 'Superseded' })
    expect(server?.problems).toEqual([])
    const told = world.statuses.get(commit) ?? []
    // GitLab takes the same state once only.
    expect(told.slice(provider === 'gitlab' ? 1 : 2)).toEqual([
      'berth/shop success Synced',
      expect.stringMatching(new RegExp(`^berth/shop ${failed} Degraded: x+…$`)),
      `berth/shop ${superseded} Superseded`,
    ])
    expect(server?.requests[2]).toMatchObject({
      headers: { authorization, 'user-agent': expect.stringContaining('berth') },
      body: { target_url: 'https://berth.example.com/apps/shop' },
    })
  })

  test('opens one pull request for a branch, and says it anew when it is there', async () => {
    const forge = await start()
    for (const head of ['other-1', 'other-2']) world.pulls.push({ number: 90, head, base: 'main', title: '', body: '' })
    const others = { base: 'main', title: '', body: '' }
    world.pulls.push({ ...others, number: 91, head: 'berth/rollback-shop-1a2b3c4', fork: true })
    const request = {
      branch: 'berth/rollback-shop-1a2b3c4',
      base: 'main',
      title: 'Roll back shop',
      body: 'It crashed.',
    }
    const { url } = await forge.openPullRequest(request)
    expect(url).toBe(pull.replace('1', '4'))
    expect(await forge.openPullRequest({ ...request, body: 'It crashed again.' })).toEqual({ url })
    expect(server?.problems).toEqual([])
    expect(world.pulls).toHaveLength(4)
    expect(world.pulls.at(-1)).toMatchObject({ head: request.branch, title: request.title, body: 'It crashed again.' })
  })

  test('takes the token of now, from a file or a variable', async () => {
    const forge = await start()
    const status = { commit, context: 'berth/shop', state: 'success', description: '' } as const
    await forge.setStatus(status)
    writeFileSync(tokenFile, 'another')
    await forge.setStatus(status)
    rmSync(tokenFile)
    await expect(forge.setStatus(status)).rejects.toMatchObject({ code: 'BAD_CREDENTIALS', mendable: true })
    process.env.BERTH_TEST_FORGE_TOKEN = 'of-the-environment'
    const byVariable = openForge(
      settings({ provider, apiURL: server!.origin, tokenFile: undefined, tokenEnv: 'BERTH_TEST_FORGE_TOKEN' }),
      repoURL,
    )
    await byVariable.setStatus(status)
    expect(server?.requests.map(({ headers }) => headers.authorization)).toEqual([
      authorization,
      'Bearer another',
      'Bearer of-the-environment',
    ])
  })

  test('trusts the authorities of a file', async () => {
    const forge = await start()
    const authority = makeAuthority(folder)
    const front = await startTlsFront(authority, server!.port)
    const status = { commit, context: 'berth/shop', state: 'success', description: 'Synced' } as const
    try {
      const at = { provider, apiURL: front.origin }
      await expect(openForge(settings(at), repoURL).setStatus(status)).rejects.toMatchObject({
        code: 'UNTRUSTED',
        message: expect.stringContaining('caFile can name the authority'),
      })
      await openForge(settings({ ...at, caFile: authority.caFile }), repoURL).setStatus(status)
      expect(world.statuses.get(commit)).toEqual(['berth/shop success Synced'])
      expect(forge.deployment === undefined).toBe(provider !== 'github')
    } finally {
      front.close()
    }
  })

  test('says what is wrong, and whether to try again', async () => {
    const forge = await start()
    const fails = async (fault: Parameters<typeof answering>[0]) => {
      server?.faults.push(answering(fault))
      const status = { commit, context: 'berth/shop', state: 'success', description: '' } as const
      return forge.setStatus(status).then(
        () => undefined,
        (error: unknown) => error,
      )
    }
    const date = new Date(Date.now() + 86_400_000).toUTCString()
    const reset = String(Math.round(Date.parse(date) / 1000) + 90)
    const limited = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, date }
    expect(await fails({ status: 401, body: { message: `Bad credentials ${token}` } })).toMatchObject({
      ...{
        code: 'AUTH_REQUIRED',
        message: `127.0.0.1:${server?.port} answers 401: Bad credentials ***; check the token`,
      },
    })
    expect(await fails({ status: 403, body: { message: 'Must have push access' } })).toMatchObject({
      code: 'FORBIDDEN',
      retryable: false,
      mendable: true,
    })
    expect(await fails({ status: 403, body: { message: 'API rate limit exceeded' }, headers: limited })).toMatchObject({
      ...{ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 90_000 },
    })
    expect(await fails({ status: 429, body: {}, headers: { 'retry-after': '7' } })).toMatchObject({
      ...{ code: 'RATE_LIMITED', retryAfterMs: 7_000 },
    })
    expect(await fails({ status: 404, body: { message: 'Not Found' } })).toMatchObject({ code: 'NOT_FOUND' })
    expect(await fails({ status: 422, body: { message: 'No commit found', errors: ['sha'] } })).toMatchObject({
      ...{ code: 'REFUSED', retryable: false, message: expect.stringContaining('422: No commit found: sha') },
    })
    expect(await fails({ status: 502, body: '<html>Bad gateway</html>' })).toMatchObject({
      ...{ code: 'SERVER_ERROR', retryable: true, message: `127.0.0.1:${server?.port} answers 502` },
    })
    const elsewhere = { location: 'https://elsewhere.example.com/x?secret=1' }
    expect(await fails({ status: 301, headers: elsewhere })).toMatchObject({
      ...{ code: 'REDIRECTED', retryable: false, message: expect.stringMatching(/elsewhere\.example\.com \(301\)/) },
    })
    // A repository that was renamed, or has another owner.
    expect(await fails({ status: 301, headers: { location: '/repositories/5' } })).toMatchObject({
      ...{ code: 'REDIRECTED', message: expect.stringMatching(/has it under another name now \(301\)/) },
    })
    expect(await fails({ status: 201, body: '<html>Please log in</html>' })).toMatchObject({ code: 'BAD_ANSWER' })
    expect(await fails({ status: 200, body: `"${'x'.repeat(5 * 2 ** 20)}"` })).toMatchObject({ code: 'TOO_LARGE' })
    expect(server?.requests).toHaveLength(11)
    expect(await fails({ status: 201, body: {} })).toBeUndefined()
    await server?.close()
    expect(await fails({ status: 201, body: {} })).toMatchObject({ code: 'UNREACHABLE', retryable: true })
  })

  test('ends a call when it is asked to', async () => {
    const forge = await start()
    const stop = new AbortController()
    server?.faults.push(() => {
      stop.abort()
      return true
    })
    const status = { commit, context: 'berth/shop', state: 'success', description: '' } as const
    await expect(forge.setStatus(status, stop.signal)).rejects.toMatchObject({ code: 'UNREACHABLE' })
  })
})

test('GitHub is told of deployments, one for each commit and environment', async () => {
  server = await startForgeServer(gitHubEndpoints(world))
  const forge = openForge(settings({ apiURL: server.origin, deployments: true }), 'https://github.com/acme/shop')
  // What a workflow made is left alone.
  world.deployments.push({ id: 1, sha: commit, environment: 'production', task: 'deploy' })
  const of = { commit, environment: 'production' }
  await forge.deployment?.({ ...of, state: 'in_progress', description: 'Applying' })
  await forge.deployment?.({
    ...of,
    state: 'success',
    description: 'Synced',
    url: 'https://berth.example.com/apps/shop',
  })
  await forge.deployment?.({ ...of, environment: 'test', state: 'failure', description: 'x'.repeat(200) })
  expect(server.problems).toEqual([])
  expect(world.deployments.map(({ environment }) => environment)).toEqual(['production', 'production', 'test'])
  expect(world.deploymentStates.map((state) => state.slice(0, 20))).toEqual([
    '2 in_progress Applyi',
    '2 success Synced',
    '3 failure xxxxxxxxxx',
  ])
})

test('a GitHub App asks for a token of its own, once', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKeyFile = join(folder, 'app.pem')
  // As GitHub gives it out.
  writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const checkedBy = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const endpoints: Endpoint[] = gitHubEndpoints(world, '/api/v3', checkedBy)
  server = await startForgeServer(endpoints)
  const githubApp = { appId: '12', installationId: '7', privateKeyFile, apiURL: undefined }
  const apiURL = `${server.origin}/api/v3`
  const forge = openForge(settings({ apiURL, tokenFile: undefined, githubApp }), 'https://ghe.example.com/acme/shop')
  const status = { commit, context: 'berth/shop', state: 'success', description: 'Synced' } as const
  await forge.setStatus(status)
  await forge.setStatus(status)
  expect(server.problems).toEqual([])
  expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /api/v3/app/installations/7/access_tokens',
    `POST /api/v3/repos/acme/shop/statuses/${commit}`,
    `POST /api/v3/repos/acme/shop/statuses/${commit}`,
  ])
  expect(server.requests.at(-1)?.headers.authorization).toBe('token ghs_installation')
  writeFileSync(privateKeyFile, 'no key')
  await expect(forge.setStatus(status)).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' })
})
