import { afterEach, beforeEach, expect, test } from 'vitest'
import { openForgePullRequests } from '../../src/forge/forge.ts'
import { ForgeRequests } from '../../src/pulls/forge.ts'
import type { ForgeSettings } from '../../src/settings.ts'
import { answering, type ForgeServer, startForgeServer } from '../forge/forge-server.ts'
import { gitHubPullEndpoints } from '../forge/pull-endpoints.ts'
import { PullWorld } from '../forge/pull-world.ts'

const variable = 'BERTH_TEST_PULLS_TOKEN'
const minute = 60_000
const policy = { targetBranch: 'main', labels: [] as string[], drafts: true, approveLabel: 'berth/approve' }

let world: PullWorld
let server: ForgeServer
let now: number
let requests: ForgeRequests

beforeEach(async () => {
  process.env[variable] = 'token'
  world = new PullWorld()
  world.roles.set('maintainer', 'admin').set('triager', 'triage').set('outsider', 'none')
  server = await startForgeServer(gitHubPullEndpoints(world))
  now = Date.parse('2026-02-01T00:00:00Z')
  requests = open()
})
afterEach(async () => {
  delete process.env[variable]
  await server.close()
})

function open(more: Partial<typeof policy> = {}): ForgeRequests {
  const settings: ForgeSettings = {
    ...{ provider: 'github', apiURL: server.origin, repository: 'acme/shop', caFile: undefined },
    ...{ tokenFile: undefined, tokenEnv: variable, githubApp: undefined },
    ...{ statuses: false, deployments: false, environment: 'production' },
  }
  const clock = { now: () => now, after: () => () => undefined }
  return new ForgeRequests({ forge: openForgePullRequests(settings, ''), policy: { ...policy, ...more }, clock })
}

/** What was asked since the last time, without the list itself. */
function asked(): string[] {
  const paths = server.requests.slice(seen).map(({ path }) => path.replace('/repos/acme/shop/', ''))
  seen = server.requests.length
  return paths.filter((path) => path !== 'pulls').sort()
}
let seen = 0
beforeEach(() => {
  seen = 0
})

const approvals = async (of = requests) =>
  (await of.list()).flatMap((one) => one.approvals.map(({ by, commit }) => `${one.id} ${by} ${commit ?? ''}`.trim()))

test('tells of each who may write, and nothing of when it was pushed', async () => {
  world.open({ title: 'Add a cart', labels: ['preview'] })
  world.open({ author: 'outsider' })
  world.open({ fork: true, author: 'maintainer' })
  const list = await requests.list()
  expect(list[0]).toEqual({
    ...{ id: 'pr-1', number: 1, title: 'Add a cart', branch: 'change-1', targetBranch: 'main', author: 'maintainer' },
    ...{ head: world.pulls[0]!.head, draft: false, labels: ['preview'], fork: false, authorMayWrite: true },
    ...{ approvals: [], activeAt: 0, url: 'https://github.com/acme/shop/pull/1' },
  })
  expect(list.map(({ authorMayWrite }) => authorMayWrite)).toEqual([true, false, undefined])
})

test('asks for nobody whose pull request has no preview anyway', async () => {
  world.open({ base: 'next' })
  world.open({ draft: true, labels: ['preview'] })
  world.open({ fork: true })
  world.open({ labels: ['preview'], fork: true })
  world.open({ labels: ['preview'] })
  world.say(3, 'maintainer', '/berth approve')
  const list = await open({ labels: ['preview'], drafts: false }).list()
  expect(asked()).toEqual(['collaborators/maintainer/permission', 'issues/4/comments'])
  expect(list.map(({ authorMayWrite }) => authorMayWrite)).toEqual([undefined, undefined, undefined, undefined, true])
})

test('believes what it knows of an author for five minutes', async () => {
  world.open()
  world.open()
  await requests.list()
  expect(asked()).toEqual(['collaborators/maintainer/permission'])
  world.roles.set('maintainer', 'read')
  now += 4 * minute
  expect((await requests.list())[0]?.authorMayWrite).toBe(true)
  expect(asked()).toEqual([])
  now += minute
  expect((await requests.list())[0]?.authorMayWrite).toBe(false)
  expect(asked()).toEqual(['collaborators/maintainer/permission', 'issues/1/comments', 'issues/2/comments'])
})

test('counts approvals only of those who may write now', async () => {
  const { head } = world.open({ fork: true, author: 'outsider' })
  world.say(1, 'outsider', '/berth approve')
  world.say(1, 'triager', `/berth approve ${head}`)
  world.label(1, 'berth/approve', 'triager')
  expect(await approvals()).toEqual([])
  world.say(1, 'maintainer', `/berth approve ${head.slice(0, 7)}`)
  expect(await approvals()).toEqual([`pr-1 maintainer ${head.slice(0, 7)}`])
  world.label(1, 'berth/approve', 'triager', false)
  world.label(1, 'berth/approve', 'maintainer')
  expect(await approvals()).toEqual(['pr-1 maintainer', `pr-1 maintainer ${head.slice(0, 7)}`])
  // Asked anew at each look, and only once in it.
  asked()
  world.roles.set('maintainer', 'triage')
  expect(await approvals()).toEqual([])
  expect(asked().filter((path) => path.startsWith('collaborators/maintainer'))).toHaveLength(1)
})

test('a label that is there needs somebody who put it there', async () => {
  world.open({ fork: true, labels: ['berth/approve'] })
  expect(await approvals()).toEqual([])
  world.label(1, 'berth/approve', 'ghost')
  expect(await approvals()).toEqual([])
})

test('does not read again where nobody has said anything and nothing was changed', async () => {
  world.open({ fork: true })
  world.open({ fork: true })
  await requests.list()
  expect(asked()).toEqual(['issues/1/comments', 'issues/2/comments'])
  await requests.list()
  expect(asked()).toEqual([])
  world.say(2, 'maintainer', '/berth approve')
  expect(await approvals()).toEqual(['pr-2 maintainer'])
  expect(asked()).toEqual(['collaborators/maintainer/permission', 'issues/2/comments'])
  // What was said may be edited or deleted, of which the list tells nothing.
  const { updatedAt } = world.pulls[1]!
  world.edit(world.comments[0]!.id, '/berth approve it not')
  world.pulls[1]!.updatedAt = updatedAt
  expect(await approvals()).toEqual([])
  now += 31 * minute
  asked()
  await requests.list()
  expect(asked()).toEqual(['issues/1/comments', 'issues/2/comments'])
})

test('reads again what was changed a moment ago, as two changes may have one time', async () => {
  world.open({ fork: true })
  now = Date.parse(world.pulls[0]!.updatedAt) + minute
  await requests.list()
  const { updatedAt } = world.pulls[0]!
  world.say(1, 'maintainer', '/berth approve')
  world.pulls[0]!.updatedAt = updatedAt
  expect(await approvals()).toEqual(['pr-1 maintainer'])
})

test('anything that cannot be told makes the whole list unknown', async () => {
  world.open()
  world.open({ fork: true })
  world.say(2, 'maintainer', '/berth approve')
  await requests.list()
  const paths = asked()
  expect(paths).toHaveLength(3)
  for (let call = 0; call < 3; call++) {
    now += 10 * minute
    for (let before = 0; before < call; before++) server.faults.push(() => false)
    server.faults.push(answering({ status: 502 }))
    await expect(requests.list()).rejects.toMatchObject({ code: 'SERVER_ERROR' })
  }
  now += 10 * minute
  expect(await requests.list()).toHaveLength(2)
})

test('whoever floods one pull request holds up no other', async () => {
  world.open({ fork: true, author: 'outsider' })
  world.open({ fork: true })
  world.say(1, 'maintainer', '/berth approve')
  for (let count = 0; count < 3_000; count++) world.say(1, 'outsider', 'me too')
  world.say(2, 'maintainer', '/berth approve')
  expect(await approvals()).toEqual(['pr-2 maintainer'])
})

test('leaves a forge alone for as long as it wants', async () => {
  world.open()
  const date = new Date(now).toUTCString()
  const reset = String(now / 1000 + 90)
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, date }
  server.faults.push(answering({ status: 403, body: { message: 'API rate limit exceeded' }, headers }))
  await expect(requests.list()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 90_000 })
  now += 89_000
  await expect(requests.list()).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  expect(server.requests).toHaveLength(1)
  now += 1_000
  expect(await requests.list()).toHaveLength(1)
})

test('a pull request whose commit is not told waits', async () => {
  world.open({ head: '' })
  expect((await requests.list())[0]).toMatchObject({ head: '', waits: 'the forge does not tell its newest commit' })
})

test('ends a list that is under way', async () => {
  server.faults.push(() => {
    requests.stop()
    return true
  })
  await expect(requests.list()).rejects.toMatchObject({ code: 'UNREACHABLE' })
})
