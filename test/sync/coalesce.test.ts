import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createPoller } from '../../src/sync/poll.ts'
import type { Head, Repository } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { SharedQuestion } from '../../src/sync/shared-question.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { type GitServer, startGitServer } from './git-server.ts'
import { failure } from './world.ts'

const long = 60_000

describe.each(['embedded', 'native'] as const)('many applications of one repository, %s', (backend) => {
  let sandbox: Sandbox
  let fixture: Fixture
  let server: GitServer
  let opened: Repository[]

  beforeEach(async () => {
    sandbox = new Sandbox()
    fixture = new Fixture(join(sandbox.path, 'root', 'shop'))
    fixture.commit({ a: '1' })
    server = await startGitServer(join(sandbox.path, 'root'))
    opened = []
  })
  afterEach(async () => {
    await Promise.all(opened.map((repository) => repository.close()))
    await server.close()
    sandbox[Symbol.dispose]()
  })

  async function open(count: number, revision = 'main'): Promise<Repository[]> {
    const url = `${server.origin}/shop/.git`
    const options = { url, revision, storeDir: join(sandbox.path, 'state'), backend }
    const some = await Promise.all(Array.from({ length: count }, () => openRepository(options)))
    opened.push(...some)
    return some
  }

  /** How often the server was asked, once it was asked before: a question with nothing new is one request. */
  const questions = (): number => server.requests.length

  test('50 that wake at once ask once, and each sees what was pushed before it woke', async () => {
    const apps = await open(50)
    await apps[0]!.fetch()
    const before = questions()
    await Promise.all(apps.map((app) => app.fetch()))
    expect(questions() - before).toBe(1)
    const oid = fixture.commit({ a: '2' })
    const heads = await Promise.all(apps.map((app) => app.fetch()))
    expect(heads.map((head) => head.oid)).toEqual(Array(50).fill(oid))
  })

  test('who comes during a question shares the next one', async () => {
    const apps = await open(50)
    await apps[0]!.fetch()
    let arrived: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      arrived = resolve
    })
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    server.intercept = async () => {
      arrived()
      await released
      return false
    }
    const before = questions()
    const [first, ...others] = apps
    const early = first!.fetch()
    await asked
    server.intercept = () => false
    const late = others.map((app) => app.fetch())
    release()
    await Promise.all([early, ...late])
    expect(questions() - before).toBe(2)
  })

  test('100 polls within an interval ask once', async () => {
    const apps = await open(20)
    await apps[0]!.fetch()
    const before = questions()
    for (let round = 0; round < 5; round++) await Promise.all(apps.map((app) => app.fetch(long)))
    expect(questions() - before).toBe(0)
    await Promise.all([...apps.map((app) => app.fetch(1)), ...apps.map((app) => app.fetch(long))])
    expect(questions() - before).toBe(1)
  })

  test('a failure is no answer for those who poll later', async () => {
    const apps = await open(3)
    await apps[0]!.fetch()
    server.intercept = (_, response) => {
      response.writeHead(503).end()
      return true
    }
    expect((await failure(apps[0]!.fetch())).code).toBe('SERVER_ERROR')
    expect((await failure(apps[1]!.fetch(long))).code).toBe('SERVER_ERROR')
    server.intercept = () => false
    expect((await apps[2]!.fetch(long)).oid).toBe(fixture.head())
  })

  test('other revisions are questions of their own', async () => {
    fixture.git('branch', 'next')
    const [main, next] = [(await open(1))[0]!, (await open(1, 'next'))[0]!]
    await main.fetch(long)
    const before = questions()
    await next.fetch(long)
    expect(questions()).toBeGreaterThan(before)
  })

  test('one that closes does not take the others along, and opens nothing again', async () => {
    const [first, second] = await open(2)
    const both = [first!.fetch(), second!.fetch()]
    await first!.close()
    expect((await Promise.all(both)).map((head) => head.oid)).toEqual([fixture.head(), fixture.head()])
    let arrived: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      arrived = resolve
    })
    server.intercept = async () => {
      arrived()
      return true
    }
    const under = failure(second!.fetch())
    await asked
    const next = failure(second!.fetch())
    const before = questions()
    await second!.close()
    expect([(await under).code, (await next).code]).toEqual(['TIMED_OUT', 'TIMED_OUT'])
    expect(questions()).toBe(before)
  })
})

test('a question is shared by those it is new enough for', async () => {
  let now = 1_000
  let sent = 0
  const question = new SharedQuestion(
    async () => ++sent,
    () => now,
  )
  expect(await Promise.all([question.ask(0), question.ask(0), question.ask(500)])).toEqual([1, 1, 1])
  now += 400
  expect(await question.ask(399)).toBe(2)
  now += 400
  expect(await question.ask(400)).toBe(2)
  expect(await question.ask(0)).toBe(3)
})

test('a poll takes the answer to another one, a wake wants its own', async () => {
  const ages: number[] = []
  const heads: (() => void)[] = []
  const fetch = async (maxAgeMs: number): Promise<Head> => {
    ages.push(maxAgeMs)
    return { oid: 'a', rewritten: false }
  }
  const next = (): Promise<void> => new Promise((resolve) => heads.push(resolve))
  const poller = createPoller({
    fetch,
    intervalMs: 20,
    clock: systemClock,
    random: () => 0.5,
    onHead: () => heads.shift()?.(),
    onError: () => {},
  })
  const started = next()
  poller.start()
  await started
  await next()
  const woken = next()
  poller.wake()
  await woken
  await poller.close()
  expect(ages.slice(0, 3)).toEqual([0, 10, 0])
})
