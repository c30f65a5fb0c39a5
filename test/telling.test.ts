import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { createLog } from '../src/base/log.ts'
import { noRollback } from '../src/manifests/config-delivery.ts'
import type { AppEvent } from '../src/report/event.ts'
import type { ApplicationSettings, EngineSettings, ForgeSettings, NotificationSettings } from '../src/settings.ts'
import { GitError } from '../src/sync/errors.ts'
import { Telling } from '../src/telling.ts'
import { emptyWorld, type ForgeWorld, gitHubEndpoints } from './forge/endpoints.ts'
import { answering, type ForgeServer, startForgeServer } from './forge/forge-server.ts'
import { FakeClock } from './sim/fake-clock.ts'
import { FakeRepository } from './support/fake-repository.ts'

interface Heard {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
}

const secret = 'T0000/B0000/XXXXXXXX'
const one = 'a'.repeat(40)
const two = 'b'.repeat(40)

let folder: string
let world: ForgeWorld
let forge: ForgeServer
let chat: Server
let heard: Heard[]
/** What the chat answers with, as long as there are any. */
let refusals: { status: number; headers?: Record<string, string> }[]
let repository: FakeRepository
let lines: string[]
/** What opening the repository comes to, as long as there are any. */
let openFaults: GitError[]
let telling: Telling | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-telling-'))
  writeFileSync(join(folder, 'token'), 'token-of-the-forge')
  world = emptyWorld()
  forge = await startForgeServer(gitHubEndpoints(world))
  heard = []
  refusals = []
  chat = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const refusal = refusals.shift()
      if (!refusal) {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
        heard.push({ path: request.url ?? '', headers: request.headers, body })
      }
      response.writeHead(refusal?.status ?? 200, refusal?.headers ?? {})
      response.end(refusal ? `nothing for ${request.url}` : '{"event_id":"$1"}')
    })()
  })
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve))
  repository = new FakeRepository()
  lines = []
  openFaults = []
})
afterEach(async () => {
  await telling?.close()
  telling = undefined
  chat.closeAllConnections()
  chat.close()
  await forge.close()
  rmSync(folder, { recursive: true, force: true })
})

const chatAt = (path: string): string => `http://127.0.0.1:${(chat.address() as AddressInfo).port}${path}`

function shop(more: Partial<ApplicationSettings> = {}): ApplicationSettings {
  const settings: ForgeSettings = {
    ...{ provider: 'github', apiURL: forge.origin, repository: 'acme/shop', caFile: undefined, githubApp: undefined },
    ...{
      tokenFile: join(folder, 'token'),
      tokenEnv: undefined,
      statuses: true,
      deployments: true,
      environment: 'test',
    },
  }
  return {
    ...{ name: 'shop', repoURL: 'memory', revision: 'main', path: '', namespace: 'shop', intervalMs: 30_000 },
    ...{ credentials: {} as ApplicationSettings['credentials'], verify: undefined, rollback: noRollback },
    ...{ prune: true, pruneBudget: '25%', selfHeal: true, podSecurity: 'baseline', notes: false, previews: undefined },
    forge: settings,
    ...more,
  }
}

function receiver(more: Partial<NotificationSettings> = {}): NotificationSettings {
  return {
    ...{ name: 'ops', type: 'slack', url: chatAt(`/services/${secret}`), urlFile: undefined, urlEnv: undefined },
    ...{
      tokenFile: undefined,
      events: ['synced', 'degraded', 'refused', 'unreachable', 'rolledBack'],
      applications: [],
    },
    template: undefined,
    ...more,
  }
}

function open(settings: Partial<EngineSettings>, clock = systemClock): Telling {
  telling = new Telling({
    settings: { applications: [], stateDir: join(folder, 'state'), ...settings },
    openRepository: async () => {
      const fault = openFaults.shift()
      if (fault) throw fault
      return repository
    },
    clock,
    log: createLog('info', (line) => lines.push(line.replace(/^\S+ /, '')), clock.now),
  })
  return telling
}

function event(kind: AppEvent['kind'], commit: string, more: Partial<AppEvent> = {}): AppEvent {
  const at = Date.now()
  return { app: 'shop', kind, commit, subject: 'Add web', author: 'Ada', message: '', at, ...more }
}

const texts = (): unknown[] => heard.map(({ body }) => body.text)
const waited = { timeout: 15_000 }

test('a commit is told of at the forge and to people, with a link', async () => {
  const { tell } = open({
    ...{ applications: [shop()], notifications: [receiver()], externalURL: 'https://berth.example.com/' },
  })
  tell(event('applying', one))
  await vi.waitFor(() => expect(world.deploymentStates).toHaveLength(1), waited)
  tell(event('synced', one, { durationMs: 12_000 }))
  await vi.waitFor(() => expect(world.deploymentStates).toHaveLength(2), waited)
  await telling?.close()
  expect(world.statuses.get(one)).toEqual(['berth/shop pending Applying', 'berth/shop success Synced in 12 s, healthy'])
  expect(world.deploymentStates).toEqual(['1 in_progress Applying', '1 success Synced in 12 s, healthy'])
  expect(texts()).toEqual(['shop: synced aaaaaaa "Add web" by Ada in 12 s\nhttps://berth.example.com/apps/shop'])
  expect(forge.requests.map(({ body }) => body)).toContainEqual(
    expect.objectContaining({ target_url: 'https://berth.example.com/apps/shop' }),
  )
  expect(forge.problems).toEqual([])
  expect(lines).toEqual([])
})

test('each receiver hears of its events and applications, where it is', async () => {
  writeFileSync(join(folder, 'matrix-token'), 'syt_abc\n')
  writeFileSync(join(folder, 'address'), `${chatAt('/from-a-file')}\n`)
  process.env.BERTH_TEST_CHAT = chatAt('/from-the-environment')
  const { tell } = open({
    applications: [shop({ forge: undefined }), shop({ name: 'blog', forge: undefined })],
    notifications: [
      receiver({ name: 'a', url: undefined, urlFile: join(folder, 'address'), events: ['refused'] }),
      receiver({ name: 'b', url: undefined, urlEnv: 'BERTH_TEST_CHAT', type: 'webhook', applications: ['blog'] }),
      receiver({
        ...{ name: 'c', type: 'matrix', url: chatAt('/_matrix/client/v3/rooms/!r:x'), template: '{{app}} {{kind}}' },
        tokenFile: join(folder, 'matrix-token'),
      }),
    ],
  })
  tell(event('synced', one, { app: 'blog' }))
  tell(event('refused', one, { message: 'web.yaml:3: oops' }))
  await telling?.close()
  const from = (path: string) => heard.filter((one) => one.path.startsWith(path))
  expect(from('/from-a-file').map(({ body }) => body)).toEqual([
    { text: 'shop: refused aaaaaaa "Add web" by Ada: web.yaml:3: oops' },
  ])
  expect(from('/from-the-environment').map(({ body }) => body)).toMatchObject([{ app: 'blog', kind: 'synced' }])
  expect(from('/_matrix')).toMatchObject([
    { headers: { authorization: 'Bearer syt_abc' }, body: { body: 'blog synced', msgtype: 'm.text' } },
    { body: { body: 'shop refused' } },
  ])
  expect(new Set(from('/_matrix').map(({ path }) => path)).size).toBe(2)
})

test('what cannot be told is told later, and the log has no secrets', async () => {
  refusals.push({ status: 500 }, { status: 429, headers: { 'retry-after': '1' } })
  forge.faults.push(answering({ status: 502 }), answering({ status: 403, body: { message: 'token-of-the-forge' } }))
  const { tell } = open({ applications: [shop({ notes: true })], notifications: [receiver()] })
  openFaults.push(new GitError('UNREACHABLE', 'memory', 'connection refused'))
  tell(event('degraded', one, { message: 'Deployment web: crashed' }))
  await vi.waitFor(() => expect(lines.join()).toContain('git notes'), waited)
  await vi.waitFor(() => expect([heard.length, world.statuses.size, repository.notes.size]).toEqual([1, 1, 1]), waited)
  await vi.waitFor(
    () => expect(world.deploymentStates).toEqual(['1 failure Degraded: Deployment web: crashed']),
    waited,
  )
  expect(repository.notes.get(one)).toMatch(/^shop: degraded at \S+\nDeployment web: crashed$/)
  expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(4)
  expect(lines.join('\n')).not.toMatch(/token-of-the-forge|XXXXXXXX|B0000/)
})

test('a restart goes on with what was not told, and repeats nothing', async () => {
  refusals.push({ status: 503 })
  const settings = { applications: [shop({ forge: undefined })], notifications: [receiver()] }
  const refused = event('refused', one, { message: 'web.yaml:3' })
  open(settings).tell(refused)
  await vi.waitFor(() => expect(lines).toHaveLength(1), waited)
  await telling?.close()
  expect(heard).toEqual([])
  expect(readFileSync(join(folder, 'state/told.json'), 'utf8')).not.toContain('XXXXXXXX')

  open(settings)
  await telling?.close()
  expect(texts()).toEqual(['shop: refused aaaaaaa "Add web" by Ada: web.yaml:3'])
  const again = open(settings)
  again.tell({ ...refused, at: refused.at + 60_000 })
  await again.close()
  expect(heard).toHaveLength(1)
  open({ ...settings, applications: [shop({ name: 'blog', forge: undefined })] })
  await telling?.close()
  expect(readFileSync(join(folder, 'state/told.json'), 'utf8')).toBe('{"apps":{},"waiting":{}}')
})

test.each(['{', '[]', '{"apps":{"shop":1},"waiting":{}}', '{"apps":{},"waiting":{"notification/ops":[1]}}', 'null'])(
  'a file of what was told that is damaged (%s) is begun anew',
  async (text) => {
    const settings = { applications: [shop({ forge: undefined })], notifications: [receiver()] }
    open(settings).tell(event('unreachable', ''))
    await telling?.close()
    writeFileSync(join(folder, 'state/told.json'), text)
    const after = open(settings)
    after.tell(event('refused', one))
    await after.close()
    expect(heard).toHaveLength(2)
    expect(JSON.parse(readFileSync(join(folder, 'state/told.json'), 'utf8'))).toMatchObject({
      apps: { shop: { last: { kind: 'refused' } } },
    })
  },
)

test('applications of one repository write their notes one after the other', async () => {
  const { tell } = open({
    applications: ['shop', 'blog'].map((name) => shop({ name, forge: undefined, notes: true })),
  })
  const notes: string[] = []
  let running = 0
  repository.note = async (_commit, text) => {
    running++
    await new Promise((done) => setTimeout(done, 20))
    notes.push(`${text.split(' ')[0]} ${running} at once`)
    running--
  }
  tell(event('synced', one))
  tell(event('synced', one, { app: 'blog' }))
  await telling?.close()
  expect(notes).toEqual(['shop: 1 at once', 'blog: 1 at once'])
})

test('a reason without an end is cut', async () => {
  const { tell } = open({ applications: [shop({ forge: undefined })], notifications: [receiver({ type: 'webhook' })] })
  tell(event('refused', one, { message: 'x'.repeat(1_000_000) }))
  await telling?.close()
  expect(String(heard[0]?.body.message)).toHaveLength(16_384)
})

test('a commit that was overtaken does not stay pending', async () => {
  const { tell } = open({ applications: [shop()] })
  tell(event('applying', one))
  await vi.waitFor(() => expect(world.deploymentStates).toHaveLength(1), waited)
  await telling?.close()
  open({ applications: [shop()] }).tell(event('applying', two))
  await telling?.close()
  expect(world.statuses.get(one)?.at(-1)).toBe('berth/shop error Superseded by bbbbbbb before everything was there')
  expect(world.statuses.get(two)).toEqual(['berth/shop pending Applying'])
  expect(world.deploymentStates).toContain('1 inactive Superseded by bbbbbbb before everything was there')
})

test('a commit that is taken back shows by what', async () => {
  const { tell } = open({ applications: [shop({ notes: true })], notifications: [receiver()] })
  tell(event('degraded', one, { message: 'Deployment web: crashed' }))
  tell(event('rolledBack', one, { message: 'Deployment web: crashed', rollback: two }))
  await telling?.close()
  expect(world.statuses.get(one)?.at(-1)).toBe('berth/shop failure Rolled back by bbbbbbb: Deployment web: crashed')
  expect(repository.notes.get(one)).toContain(`shop: rolled back at`)
  expect(texts().at(-1)).toBe('shop: rolled back aaaaaaa "Add web" by Ada, with bbbbbbb: Deployment web: crashed')
})

test('a commit that flaps is told of when it stays so', async () => {
  const clock = new FakeClock(Date.now())
  const { tell } = open({ applications: [shop({ forge: undefined })], notifications: [receiver()] }, clock)
  const degraded = () => tell(event('degraded', one, { message: 'web', at: clock.now() }))
  const synced = () => tell(event('synced', one, { at: clock.now() }))
  degraded()
  await vi.waitFor(() => expect(heard).toHaveLength(1), waited)
  for (let round = 0; round < 3; round++) {
    clock.advance(20_000)
    synced()
    clock.advance(20_000)
    degraded()
  }
  await vi.waitFor(() => expect(heard).toHaveLength(2), waited)
  clock.advance(180_000)
  await vi.waitFor(() => expect(heard).toHaveLength(3), waited)
  expect(texts().map((text) => String(text).split(' ')[1])).toEqual(['degraded', 'synced', 'degraded'])
  synced()
  await vi.waitFor(() => expect(heard).toHaveLength(4), waited)
})

test('what was held back is told unless it is over, and at the end', async () => {
  const clock = new FakeClock(Date.now())
  const { tell } = open({ applications: [shop({ forge: undefined })], notifications: [receiver()] }, clock)
  const now = (kind: AppEvent['kind'], message = '') =>
    tell(event(kind, kind === 'unreachable' ? '' : one, { message, at: clock.now() }))
  const words = () => texts().map((text) => String(text).split(': ').at(-1))
  now('degraded', '1 of 3')
  await vi.waitFor(() => expect(heard).toHaveLength(1), waited)
  now('degraded', '2 of 3')
  now('degraded', '1 of 3')
  clock.advance(400_000)
  now('synced')
  await vi.waitFor(() => expect(heard).toHaveLength(2), waited)
  now('degraded', '0 of 3')
  await vi.waitFor(() => expect(heard).toHaveLength(3), waited)
  now('degraded', '2 of 3')
  now('unreachable', 'timed out')
  await vi.waitFor(() => expect(heard).toHaveLength(4), waited)
  clock.advance(300_000)
  await vi.waitFor(() => expect(heard).toHaveLength(5), waited)
  now('degraded', '1 of 3')
  await telling?.close()
  expect(words()).toEqual(['1 of 3', expect.stringContaining('synced'), '0 of 3', 'timed out', '2 of 3', '1 of 3'])
})

test('nobody to tell: nothing is done, and no file is written', async () => {
  const quiet = open({ applications: [shop({ forge: undefined })] })
  quiet.tell(event('synced', one))
  await quiet.close()
  expect(existsSync(join(folder, 'state'))).toBe(false)
})

test('a forge that follows from nothing is said at the start', () => {
  const { forge: settings } = shop()
  const nowhere = shop({ repoURL: '/srv/git/shop', forge: { ...settings!, apiURL: undefined } })
  expect(() => open({ applications: [nowhere] })).toThrow('spec.forge.apiURL: it does not follow from the repository')
})

test('a full disk is said once, and takes nothing from what is told', async () => {
  writeFileSync(join(folder, 'state'), 'a file where the folder would be')
  const { tell } = open({ applications: [shop()] })
  tell(event('synced', one))
  await vi.waitFor(() => expect(world.deploymentStates).toHaveLength(1), waited)
  await telling?.close()
  expect(lines.filter((line) => line.includes('cannot be written down'))).toHaveLength(1)
})
