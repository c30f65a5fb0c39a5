// Rollbacks whose engine ends on the way, and of which two engines know.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { Engine } from '../src/engine.ts'
import { Journal } from '../src/journal/journal.ts'
import { noRollback } from '../src/manifests/config-delivery.ts'
import { defaultNetwork } from '../src/manifests/config-network.ts'
import type { RollbackSettings } from '../src/settings.ts'
import { GitError } from '../src/sync/errors.ts'
import type { WriteRequest, WriteResult } from '../src/sync/port.ts'
import { Dice } from './sim/dice.ts'
import { FakeRuntime } from './sim/fake-runtime.ts'
import {
  clock,
  defaults,
  engine,
  journal,
  open,
  pass,
  registry,
  repository,
  runtime,
  status,
  told,
} from './support/engine-fixture.ts'

registry.set('crash:1', 'sha256:crash:1')
const rollback: RollbackSettings = { ...noRollback, onFailure: 'revert', observeMs: 5_000 }

function deployment(image: string, name = 'web'): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
}

const runs = (from = runtime): string[] =>
  from
    .pods()
    .filter(({ leaving }) => !leaving)
    .flatMap((pod) => pod.containers.map(({ image }) => image))
const rollbacks = async (): Promise<number> => {
  const commits = await repository.between(undefined, (await repository.fetch()).oid, 100)
  return commits.filter(({ subject }) => subject.startsWith('Roll back')).length
}

async function until(holds: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  for (let passed = 0; passed < ms && !(await holds()); passed += 250) await pass(250)
  expect(await holds()).toBe(true)
}

async function healthyThenBad(broken = deployment('crash:1')): Promise<{ good: string; bad: string }> {
  const good = repository.push('Add web', { 'web.yaml': deployment('app:1') })
  await open({ rollback }).start()
  await until(() => journal.healthy('shop', 'memory#') !== undefined)
  return { good, bad: repository.push('Break web', { 'web.yaml': broken }) }
}

async function restarted(): Promise<void> {
  await engine.close()
  runtime.restart()
  await open({ rollback }).start()
}

/** What the repository's `write` is from now on. */
function onWrite(answer: (request: WriteRequest, write: typeof repository.write) => Promise<WriteResult>): void {
  const write = repository.write.bind(repository)
  repository.write = (request) => answer(request, write)
}

const never = new Promise<never>(() => {})

test.each([
  ['before the push', async () => never],
  [
    'after the push, before its answer',
    async (request: WriteRequest, write: typeof repository.write) => {
      await write(request)
      return never
    },
  ],
])('an engine that ends %s leaves one rollback, and it is told', async (_title, answer) => {
  const { good, bad } = await healthyThenBad()
  const write = repository.write.bind(repository)
  let asked = false
  onWrite((request, real) => {
    asked = true
    return answer(request, real)
  })
  await until(() => asked)
  await engine.close()
  repository.write = write
  runtime.restart()
  await open({ rollback }).start()
  await until(() => status().sync === 'Synced' && status().health === 'Healthy')
  expect(await rollbacks()).toBe(1)
  expect(status().rollback).toMatchObject({ failed: bad, restored: good, commit: status().head })
  expect(runs()).toEqual(['app:1'])
  expect(journal.history('shop').find(({ commit }) => commit === bad)).toMatchObject({
    ...{ result: 'rolledBack', revertedBy: status().head },
  })
  expect(told.filter(({ kind }) => kind === 'rolledBack')).toHaveLength(1)
})

test('an engine that ends while the failed commit still runs goes back when it starts', async () => {
  const slow = deployment('never:1').replace('spec:', 'spec:\n  progressDeadlineSeconds: 40')
  const { good } = await healthyThenBad(slow)
  // The journal knows of the failure a moment before the hosts are told.
  const setFailed = journal.setFailed.bind(journal)
  let seen = false
  journal.setFailed = (...args) => {
    setFailed(...args)
    seen = true
    throw new Error('the process ends here')
  }
  await until(() => seen)
  journal.setFailed = setFailed
  repository.writeFault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  await restarted()
  await until(() => status().commit === good && runs().join() === 'app:1', 10_000)
  repository.writeFault = undefined
  await until(() => status().sync === 'Synced' && status().health === 'Healthy')
  expect(status().rollback).toMatchObject({ restored: good })
  expect(await rollbacks()).toBe(1)
  expect(runs()).toEqual(['app:1'])
})

test('after the rollback a restart still says so, and starts nothing anew', async () => {
  await healthyThenBad()
  await until(async () => (await rollbacks()) === 1)
  await pass(20_000)
  const before = status()
  const pods = runtime.pods().map(({ uid }) => uid)
  await restarted()
  await until(() => status().sync === 'Synced')
  await pass(20_000)
  expect(status().message).toBe(before.message)
  expect(status().rollback).toEqual(before.rollback)
  expect(runtime.pods().map(({ uid }) => uid)).toEqual(pods)
})

test('two engines that follow one repository push one rollback', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'berth-two-'))
  const elsewhere = new FakeRuntime({ hosts: ['two'], clock, dice: new Dice(2), registry })
  const secondJournal = Journal.open(dir, silentLog)
  const second = new Engine({
    settings: {
      ...{ id: 'theirs', hosts: [{ name: 'two', endpoint: 'unix:///none' }], stateDir: dir, pauseImage: 'pause' },
      network: { ...defaultNetwork, mode: 'names', zone: 'cluster.local' },
      applications: [{ ...defaults, rollback }],
    },
    ...{ runtime: elsewhere, journal: secondJournal, openRepository: async () => repository, clock, log: silentLog },
    random: () => 0.5,
  })
  try {
    const good = repository.push('Add web', { 'web.yaml': deployment('app:1') })
    await open({ rollback }).start()
    await second.start()
    await until(() => journal.healthy('shop', 'memory#') !== undefined)
    await until(() => secondJournal.healthy('shop', 'memory#') !== undefined)
    const bad = repository.push('Break web', { 'web.yaml': deployment('crash:1') })
    await until(async () => (await rollbacks()) > 0)
    await pass(60_000)
    expect(await rollbacks()).toBe(1)
    const { oid } = await repository.fetch()
    for (const [app] of [engine.status(), second.status()]) {
      expect(app).toMatchObject({ commit: oid, sync: 'Synced', health: 'Healthy' })
      expect(app?.rollback).toMatchObject({ failed: bad, restored: good, commit: oid })
    }
    expect([runs(), runs(elsewhere)]).toEqual([['app:1'], ['app:1']])
  } finally {
    await second.close()
    rmSync(dir, { recursive: true })
  }
})

test('a Secret in the last words of a container is not told', async () => {
  const web = deployment('crash:1').replace(
    `image: "crash:1"`,
    `image: "crash:1", env: [{ name: KEY, valueFrom: { secretKeyRef: { name: db, key: password } } }]`,
  )
  repository.push('Add web', { 'web.yaml': deployment('app:1') })
  await open({ rollback }).start()
  await until(() => journal.healthy('shop', 'memory#') !== undefined)
  runtime.logTail = async () => ['starting', `cannot log in with hunter2!`, `${'x'.repeat(495)}hunter2!`]
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: hunter2! }\n'
  repository.push('Break web', { 'web.yaml': web, 'secret.yaml': secret })
  await until(async () => (await rollbacks()) === 1)
  const { message } = await repository.commit((await repository.fetch()).oid)
  expect(message).toContain('    cannot log in with ***')
  expect(message).not.toContain('hunter')
  expect(JSON.stringify(journal.failed('shop', 'memory#'))).not.toContain('hunter')
  expect(JSON.stringify(told)).not.toContain('hunter')
})

test('slow words do not keep the hosts from going back', async () => {
  await healthyThenBad()
  runtime.logTail = () => never
  await until(async () => (await rollbacks()) === 1)
  await pass(10_000)
  expect(runs()).toEqual(['app:1'])
})

test('one convergence to a head that fails ends when all is gone back, and is no success', async () => {
  await healthyThenBad()
  const seen = new Set<string>()
  await until(async () => {
    if (status().head !== status().commit) seen.add(engine.outcome())
    return (await rollbacks()) === 1
  })
  await pass(30_000)
  expect(engine.outcome()).toBe('degraded')
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect([...seen].filter((outcome) => outcome === 'synced')).toEqual([])
  const next = repository.push('Two', { 'web.yaml': deployment('app:2') })
  await until(() => engine.outcome() === 'synced')
  expect(status().commit).toBe(next)
})

test('a rollback that a person wrote is followed, and the history tells what it took back', async () => {
  const good = repository.push('Add web', { 'web.yaml': deployment('app:1') })
  await open({ rollback }).start()
  await until(() => journal.healthy('shop', 'memory#') !== undefined)
  const second = repository.push('Two', { 'web.yaml': deployment('app:2') })
  await until(() => journal.healthy('shop', 'memory#')?.commit === second)
  const trailers = `Berth-Reverts: ${second}\nBerth-Restores: ${good}\nBerth-App: shop\nBerth-Manual: yes\n`
  const back = repository.push(`Roll back shop to ${good.slice(0, 7)}\n\n${trailers}`, {
    'web.yaml': deployment('app:1'),
  })
  await until(() => status().commit === back && engine.outcome() === 'synced')
  expect(journal.history('shop').slice(0, 2)).toMatchObject([
    { commit: back, result: 'synced', reverts: [second] },
    { commit: second, result: 'synced', revertedBy: back },
  ])
  // It did not fail: it may come again, also when only Git remembers.
  await engine.close()
  runtime.restart()
  const again = repository.push('Two again', { 'web.yaml': deployment('app:2') })
  await open({ rollback }).start()
  await until(() => status().commit === again && engine.outcome() === 'synced')
  expect(runs()).toEqual(['app:2'])
})

test('a second failure takes back only what came after the first rollback', async () => {
  await healthyThenBad()
  await until(async () => (await rollbacks()) === 1)
  const back = (await repository.fetch()).oid
  await until(() => engine.outcome() === 'degraded')
  const worse = repository.push('Worse', { 'web.yaml': `${deployment('crash:1')}# again\n` })
  await until(async () => (await rollbacks()) === 2)
  const { message } = await repository.commit((await repository.fetch()).oid)
  expect(message.split('\n').filter((line) => line.startsWith('Berth-'))).toEqual([
    ...[`Berth-Reverts: ${worse}`, `Berth-Restores: ${back}`, 'Berth-App: shop'],
  ])
})

test('a commit that is being read while the one before it fails is applied whole', async () => {
  const files = (web: string, more: string) => ({ 'web.yaml': deployment(web), 'more.yaml': deployment(more, 'more') })
  repository.push('Add', files('app:1', 'app:1'))
  await open({ rollback }).start()
  await until(() => journal.healthy('shop', 'memory#') !== undefined)
  const bad = repository.push('Break web', files('crash:1', 'app:2'))
  await until(() => status().commit === bad)
  await pass(15_000)
  let readOn = (): void => {}
  const gate = new Promise<void>((done) => {
    readOn = done
  })
  const snapshot = repository.snapshot.bind(repository)
  const fixed = repository.push('Mend', files('app:2', 'app:2'))
  repository.snapshot = async (oid, path, previous) => {
    const taken = await snapshot(oid, path, previous)
    if (oid === fixed) await gate
    return taken
  }
  // It fails, and its own rollback is asked for, before the next one is read.
  await until(() => journal.failed('shop', 'memory#').length > 0)
  await pass(5_000)
  readOn()
  await until(() => status().commit === fixed && engine.outcome() === 'synced')
  expect(runs()).toEqual(['app:2', 'app:2'])
  expect(await rollbacks()).toBe(0)
})
