import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ForgePullRequests, openForgePullRequests } from '../../src/forge/forge.ts'
import type { ForgeSettings } from '../../src/settings.ts'
import { emptyWorld, gitHubEndpoints } from './endpoints.ts'
import { answering, type ForgeServer, startForgeServer } from './forge-server.ts'
import { giteaPullEndpoints, gitHubPullEndpoints, gitLabPullEndpoints } from './pull-endpoints.ts'
import { PullWorld } from './pull-world.ts'

let folder: string
let world: PullWorld
let server: ForgeServer

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-pulls-'))
  writeFileSync(join(folder, 'token'), 'token-of-the-tests\n')
  world = new PullWorld()
  for (const [login, role] of [
    ['maintainer', 'admin'],
    ['writer', 'write'],
    ['triager', 'triage'],
    ['reader', 'read'],
    ['outsider', 'none'],
  ] as const) {
    world.roles.set(login, role)
  }
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

function settings(more: Partial<ForgeSettings>): ForgeSettings {
  return {
    ...{ provider: 'github' as const, apiURL: server.origin, repository: undefined, caFile: undefined },
    ...{ tokenFile: join(folder, 'token'), tokenEnv: undefined, githubApp: undefined },
    ...{ statuses: false, deployments: false, environment: 'production' },
    ...more,
  }
}

const forges = [
  { provider: 'github', repoURL: 'https://github.com/acme/shop.git', endpoints: gitHubPullEndpoints, pages: 3 },
  { provider: 'gitlab', repoURL: 'git@gitlab.com:acme/tools/shop.git', endpoints: gitLabPullEndpoints, pages: 3 },
  // It does not say which page is the last.
  { provider: 'gitea', repoURL: 'ssh://git@codeberg.org:2222/acme/shop', endpoints: giteaPullEndpoints, pages: 4 },
] as const

const mark = '<!-- berth:preview shop -->'

describe.each(forges)('$provider', ({ provider, repoURL, endpoints, pages }) => {
  const open = (): ForgePullRequests => openForgePullRequests(settings({ provider }), repoURL)
  let forge: ForgePullRequests
  beforeEach(async () => {
    server = await startForgeServer(endpoints(world))
    forge = open()
  })
  const numbers = async () => (await forge.pullRequests()).map(({ number }) => number)

  test('lists what is open, with what is to be known of each', async () => {
    world.open({ title: `  Many\nwords ${'x'.repeat(500)}`, labels: ['preview', 'y'.repeat(300)], draft: true })
    world.open({ branch: 'feature/Ünï 😀', base: 'next', author: 'outsider', fork: true })
    world.open({ open: false })
    world.open({ head: 'HEAD', fork: true })
    const [first, second, last] = await forge.pullRequests()
    expect(first).toMatchObject({
      ...{ number: 1, branch: 'change-1', base: 'main', head: world.pulls[0]!.head, author: 'maintainer' },
      ...{ draft: true, fork: false, labels: ['preview'], updatedAt: world.pulls[0]!.updatedAt },
      url: expect.stringMatching(/^https:\/\/.*\/1$/),
    })
    expect([...first!.title]).toHaveLength(200)
    expect(first?.title.startsWith('Many words xxx')).toBe(true)
    expect(second).toMatchObject({
      branch: 'feature/Ünï 😀',
      base: 'next',
      author: 'outsider',
      fork: true,
      draft: false,
    })
    // What is no commit id is none.
    expect(last).toMatchObject({ number: 4, head: '', fork: true })
    expect(server.problems).toEqual([])
    expect(server.requests[0]?.headers.authorization).toBe('Bearer token-of-the-tests')
  })

  test('reads all pages, to the last', async () => {
    world.mostOfPage = 2
    for (let count = 0; count < 5; count++) world.open()
    expect(await numbers()).toEqual([1, 2, 3, 4, 5])
    // A list of several pages is read again where there is none to compare it with.
    expect(server.requests).toHaveLength(2 * pages)
    expect(await numbers()).toEqual([1, 2, 3, 4, 5])
    expect(server.requests).toHaveLength(3 * pages)
    expect(server.problems).toEqual([])
  })

  test('misses none while others are closed between two pages', async () => {
    world.mostOfPage = 2
    for (let count = 0; count < 5; count++) world.open()
    await numbers()
    server.faults.push(
      () => false,
      () => {
        world.pulls[0]!.open = false
        return false
      },
    )
    // The third was on the second page, and is on the first now.
    expect(await numbers()).toEqual([1, 2, 3, 4, 5])
    expect(await numbers()).toEqual([2, 3, 4, 5])
  })

  test('a part of a list is no list', async () => {
    world.mostOfPage = 2
    for (let count = 0; count < 5; count++) world.open()
    const second = (fault: Parameters<typeof answering>[0]) => {
      server.faults.push(() => false, answering(fault))
      return forge.pullRequests()
    }
    await expect(second({ status: 502, body: '<html>' })).rejects.toMatchObject({ code: 'SERVER_ERROR' })
    await expect(second({ status: 200, body: '<html>' })).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    await expect(second({ status: 200, body: { items: [] } })).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    await expect(second({ status: 200, body: [null] })).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    await expect(second({ status: 401, body: { message: 'revoked' } })).rejects.toMatchObject({ code: 'AUTH_REQUIRED' })
    const limited = { status: 403, body: { message: 'API rate limit exceeded' }, headers: { 'retry-after': '30' } }
    await expect(second(limited)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 30_000 })
    await expect(second({ ...limited, status: 429 })).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    server.faults.push((_request, response) => response.destroy() !== undefined)
    await expect(forge.pullRequests()).rejects.toMatchObject({ code: 'UNREACHABLE' })
    expect(await numbers()).toEqual([1, 2, 3, 4, 5])
  })

  test('a list that has no end is refused', async () => {
    for (let count = 0; count < 2_001; count++) world.open()
    await expect(forge.pullRequests()).rejects.toMatchObject({
      ...{ code: 'TOO_LARGE', message: 'there are more than 2000 open pull requests' },
    })
  })

  test('tells who may write', async () => {
    const may = await Promise.all(
      ['maintainer', 'writer', 'triager', 'reader', 'outsider', 'nobody'].map((login) => forge.mayWrite(login)),
    )
    expect(may).toEqual([true, true, false, false, false, false])
    expect(server.problems).toEqual([])
    const asked = server.requests.length
    for (const login of ['', '..', 'a/b', 'a?b', 'a b', 'x'.repeat(300), 'writer\n', 'Ärger']) {
      expect(await forge.mayWrite(login)).toBe(false)
    }
    expect(server.requests).toHaveLength(asked)
    server.faults.push(answering({ status: 403, body: { message: 'Only admins may ask' } }))
    await expect(forge.mayWrite('writer')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    server.faults.push(answering({ status: 502 }))
    await expect(forge.mayWrite('writer')).rejects.toMatchObject({ code: 'SERVER_ERROR' })
  })

  test('tells who put a label there, as it is there now', async () => {
    world.open({ fork: true })
    const said = async () => (await forge.approvals(1, 'berth/approve')).map(({ id, by, commit }) => [id, by, commit])
    expect(await said()).toEqual([])
    world.label(1, 'other', 'maintainer')
    world.label(1, 'berth/approve', 'triager')
    // Whether he may is for others to ask.
    expect(await said()).toEqual([['label-101', 'triager', undefined]])
    world.label(1, 'berth/approve', 'maintainer', false)
    expect(await said()).toEqual([])
    world.mostOfPage = 2
    world.label(1, 'berth/approve', 'maintainer')
    expect(await said()).toEqual([['label-103', 'maintainer', undefined]])
    expect(server.problems).toEqual([])
  })

  test('takes a comment for an approval that says just that and was not edited', async () => {
    world.open({ fork: true })
    const sha = world.pulls[0]!.head
    world.say(1, 'outsider', '/berth approve')
    world.say(1, 'writer', `/berth approve ${sha}  \r\nLooks good`)
    world.say(1, 'maintainer', `/berth approve ${sha.slice(0, 7)}`)
    for (const words of [
      'Please write /berth approve',
      'First\n/berth approve',
      '/berth approve ABCDEF0',
      '/berth approve abc',
      '> /berth approve',
      '/berth approved',
      `/berth approve ${'a'.repeat(41)}`,
      '',
    ]) {
      world.say(1, 'maintainer', words)
    }
    world.edit(world.say(1, 'maintainer', 'Never').id, '/berth approve')
    world.mostOfPage = 3
    expect((await forge.approvals(1, undefined)).map(({ by, commit }) => [by, commit])).toEqual([
      ['outsider', undefined],
      ['writer', sha],
      ['maintainer', sha.slice(0, 7)],
    ])
    expect(server.requests.filter(({ path }) => /events|timeline/.test(path))).toEqual([])
    server.faults.push(answering({ status: 502 }))
    await expect(forge.approvals(1, undefined)).rejects.toMatchObject({ code: 'SERVER_ERROR' })
  })

  const texts = () => world.on(1).map(({ by, text }) => `${by}: ${text.split('\n').at(-1)}`)
  const write = (text: string, by = forge) => by.comment({ number: 1, mark, text: `${mark}\n${text}` })

  test('writes one comment, and edits that', async () => {
    world.open()
    await write('starting')
    await write('ready')
    const asked = server.requests.length
    await write('ready')
    expect(server.requests).toHaveLength(asked)
    expect(texts()).toEqual(['berth-bot: ready'])
    // Two that are written at the same moment look for it one after the other.
    const other = open()
    await Promise.all([write('asleep', other), write('awake', other)])
    expect(texts()).toEqual(['berth-bot: awake'])
    expect(server.problems).toEqual([])
  })

  test('knows its comment among those of others, on whichever page', async () => {
    world.open()
    world.mostOfPage = 2
    world.say(1, 'outsider', `${mark}\nfake`)
    world.say(1, 'berth-bot', 'something else')
    world.say(1, 'berth-bot', `Quote:\n${mark}`)
    world.say(1, 'berth-bot', '<!-- berth:preview shop-2 -->\nanother')
    await write('ready')
    expect(texts()).toHaveLength(5)
    expect(texts().at(-1)).toBe('berth-bot: ready')
    world.say(1, 'outsider', 'Thanks')
    // After a restart.
    await write('ready', open())
    await write('asleep', open())
    expect(texts().slice(4)).toEqual(['berth-bot: asleep', 'outsider: Thanks'])
    expect(texts()[0]).toBe('outsider: fake')
    expect(server.requests.filter(({ method }) => method !== 'GET')).toHaveLength(2)
    expect(server.problems).toEqual([])
  })

  test('writes anew what was deleted by hand, and nothing while it is not known what is there', async () => {
    world.open()
    await write('ready')
    world.remove(world.comments[0]!.id)
    await write('asleep')
    expect(texts()).toEqual(['berth-bot: asleep'])
    const other = open()
    server.faults.push(() => false, answering({ status: 502 }))
    await expect(write('awake', other)).rejects.toMatchObject({ code: 'SERVER_ERROR' })
    await write('awake', other)
    expect(texts()).toEqual(['berth-bot: awake'])
  })

  test('of two that write, one takes up what an older version wrote, and each has its own then', async () => {
    const olderMark = '<!-- berth:preview older -->'
    const say = (by: ForgePullRequests, name: string, text: string) =>
      by.comment({ number: 1, mark: `<!-- ${name} -->`, olderMark, text: `<!-- ${name} -->\n${name} ${text}` })
    world.open()
    world.say(1, 'outsider', `${olderMark}\nfake`)
    world.say(1, 'berth-bot', `${olderMark}\nolder`)
    await say(forge, 'one', 'ready')
    expect(texts()).toEqual(['outsider: fake', 'berth-bot: one ready'])
    await say(open(), 'two', 'ready')
    await say(open(), 'one', 'asleep')
    await say(open(), 'two', 'asleep')
    expect(texts()).toEqual(['outsider: fake', 'berth-bot: one asleep', 'berth-bot: two asleep'])
    expect(server.problems).toEqual([])
  })

  test('does not make a second one when the answer to the first was lost', async () => {
    world.open()
    server.faults.push(
      () => false,
      () => false,
      (_request, response) => {
        world.say(1, 'berth-bot', `${mark}\nready`)
        response.destroy()
        return true
      },
    )
    await expect(write('ready')).rejects.toMatchObject({ code: 'UNREACHABLE' })
    await write('ready')
    expect(texts()).toEqual(['berth-bot: ready'])
  })

  test('ends a call when it is asked to', async () => {
    const stop = new AbortController()
    server.faults.push(() => {
      stop.abort()
      return true
    })
    await expect(forge.pullRequests(stop.signal)).rejects.toMatchObject({ code: 'UNREACHABLE' })
  })

  test('says at once where it cannot follow the address', () => {
    const asked = settings({ provider, apiURL: undefined })
    expect(() => openForgePullRequests(asked, '/srv/git/shop')).toThrow('spec.forge.apiURL: it does not follow')
  })
})

test('GitLab is given no commands in what others have written', async () => {
  server = await startForgeServer(gitLabPullEndpoints(world))
  const forge = openForgePullRequests(settings({ provider: 'gitlab' }), 'https://gitlab.com/acme/tools/shop')
  world.open()
  const text = (words: string) => `${mark}\nvar/log\n/merge\n  /close\n${words}`
  await forge.comment({ number: 1, mark, text: text('/approve') })
  expect(world.comments[0]?.text).toBe(`${mark}\nvar/log\n\\/merge\n  \\/close\n\\/approve`)
  await forge.comment({ number: 1, mark, text: text('/title x') })
  expect(world.comments.map((one) => one.text)).toEqual([`${mark}\nvar/log\n\\/merge\n  \\/close\n\\/title x`])
})

test('a GitHub App knows its own comments', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKeyFile = join(folder, 'app.pem')
  writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const checkedBy = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const prefix = '/api/v3'
  world.me = 'berth-previews[bot]'
  server = await startForgeServer([
    ...gitHubPullEndpoints(world, { prefix }),
    ...gitHubEndpoints(emptyWorld(), prefix, checkedBy),
  ])
  const githubApp = { appId: '12', installationId: '7', privateKeyFile, apiURL: undefined }
  const of = { apiURL: `${server.origin}${prefix}`, tokenFile: undefined, githubApp }
  const open = () => openForgePullRequests(settings(of), 'https://ghe.example.com/acme/shop')
  world.open()
  world.say(1, 'berth-previews', `${mark}\nfake`)
  await open().comment({ number: 1, mark, text: `${mark}\nready` })
  await open().comment({ number: 1, mark, text: `${mark}\nasleep` })
  expect(world.comments.map(({ by, text }) => `${by} ${text.split('\n')[1]}`)).toEqual([
    'berth-previews fake',
    'berth-previews[bot] asleep',
  ])
  expect(server.problems).toEqual([])
  const who = server.requests.find(({ path }) => path === `${prefix}/app`)
  expect(String(who?.headers.authorization)).toMatch(/^bearer [\w-]+\.[\w-]+\.[\w-]+$/i)
})
