import { beforeEach, expect, test } from 'vitest'
import { noRollback } from '../src/manifests/config-delivery.ts'
import type { RollbackSettings } from '../src/settings.ts'
import { GitError } from '../src/sync/errors.ts'
import type { WriteRequest } from '../src/sync/port.ts'
import {
  clock,
  done,
  engine,
  forgetJournal,
  journal,
  open,
  pass,
  registry,
  repository,
  runtime,
  status,
  told,
} from './support/engine-fixture.ts'

for (const image of ['crash:1', 'sick:1', 'fail:1']) registry.set(image, `sha256:${image}`)

const observeMs = 20_000
const rollback: RollbackSettings = { ...noRollback, onFailure: 'revert', observeMs }

function deployment(image: string, name = 'web', deadline = 600): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 2
  progressDeadlineSeconds: ${deadline}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "${image}" }] }
`
}

const images = (): string[] =>
  runtime
    .pods()
    .filter(({ leaving }) => !leaving)
    .flatMap((pod) => pod.containers.map(({ image }) => image))
const kinds = (): string[] => told.map(({ kind }) => kind)
const headCommit = async () => repository.commit((await repository.fetch()).oid)

/** Until `holds`, at most `ms` of the engine's time. */
async function until(holds: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  for (let passed = 0; passed < ms && !(await holds()); passed += 250) await pass(250)
  expect(await holds()).toBe(true)
}

/** A commit that has been healthy for long enough. */
async function healthy(settings = {}, more = {}): Promise<string> {
  const commit = repository.push('Add web', { 'web.yaml': deployment('app:1') })
  await open({ rollback, ...settings }, [], more).start()
  await until(() => journal.healthy('shop', 'memory#') !== undefined)
  return commit
}

/** Every write of the test's repository. */
let writes: WriteRequest[]
beforeEach(() => {
  writes = []
  const write = repository.write.bind(repository)
  repository.write = (request) => {
    writes.push(request)
    return write(request)
  }
})

test('a crash loop is gone back from at once, and a commit takes it back', async () => {
  const good = await healthy()
  const bad = repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await until(() => writes.length > 0)
  expect(images().every((image) => image === 'app:1')).toBe(true)
  await pass(30_000)

  const head = await headCommit()
  expect(head.parents).toEqual([bad])
  expect(head.message).toMatch(
    /^Roll back shop to [0-9a-f]{7}: Deployment web failed\n\nDeployment web failed: CrashLoop/,
  )
  expect(head.message).toContain('Exit code: 1')
  expect(head.message.endsWith(`\n\nBerth-Reverts: ${bad}\nBerth-Restores: ${good}\nBerth-App: shop\n`)).toBe(true)
  expect(writes).toMatchObject([{ change: { kind: 'restore', to: good, path: '' }, author: rollback.author }])
  expect(status()).toMatchObject({ commit: head.oid, head: head.oid, sync: 'Synced', health: 'Healthy' })
  expect(status().rollback).toMatchObject({ failed: bad, restored: good, commit: head.oid, pullRequest: null })
  expect(status().message).toMatch(
    new RegExp(
      `^${bad.slice(0, 7)} failed: Deployment web: CrashLoop.*; rolled back to ${good.slice(0, 7)} by ${head.oid.slice(0, 7)}$`,
    ),
  )
  expect(images()).toEqual(['app:1', 'app:1'])
  expect(kinds()).toEqual(['applying', 'synced', 'applying', 'degraded', 'rolledBack', 'applying', 'synced'])
  expect(told.find(({ kind }) => kind === 'rolledBack')).toMatchObject({ commit: bad, rollback: head.oid })
  const [last, back, failed] = journal.history('shop')
  expect(last).toMatchObject({ commit: head.oid, result: 'synced', reverts: [bad] })
  expect(back).toMatchObject({ commit: good, result: expect.stringMatching(/synced|superseded/) })
  expect(failed).toMatchObject({ commit: bad, result: 'rolledBack', revertedBy: head.oid })
  expect(failed?.message).toMatch(new RegExp(`\nrolled back by ${head.oid.slice(0, 7)}$`))
})

test('no pod of the healthy revision is ever replaced on the way', async () => {
  await healthy()
  const before = runtime.pods().map(({ uid }) => uid)
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await until(() => writes.length > 0)
  await pass(30_000)
  const after = runtime.pods().map(({ uid }) => uid)
  // A rollout may take one old pod out first; the floor is never broken (`maxUnavailable` 25 % of 2 is none).
  expect(after.sort()).toEqual(before.sort())
})

test('a readiness that never comes fails with its deadline, and is taken back', async () => {
  const good = await healthy()
  repository.push('Never ready', { 'web.yaml': deployment('never:1', 'web', 15) })
  await until(() => writes.length > 0)
  await pass(20_000)
  expect((await headCommit()).message).toContain('ProgressDeadlineExceeded')
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', rollback: { restored: good } })
})

test('an image that the registry does not know is taken back long before the deadline', async () => {
  await healthy()
  repository.push('Typo', { 'web.yaml': deployment('no-such:1') })
  await until(() => writes.length > 0)
  expect((await headCommit()).message).toMatch(/ErrImagePull|ImagePullBackOff/)
})

test('what fails soon after it settled is the commit’s own; nothing is healthy before it was observed', async () => {
  const good = await healthy()
  // It is ready after a second, and its liveness probe gives it up after ten, again and again.
  const bad = repository.push('Sick', { 'web.yaml': deployment('sick:1') })
  await until(() => journal.history('shop')[0]?.result === 'synced')
  expect(journal.healthy('shop', 'memory#')?.commit).toBe(good)
  await until(() => writes.length > 0, 300_000)
  await pass(20_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy', rollback: { failed: bad, restored: good } })
})

test('what fails after it was observed is not rolled back', async () => {
  await healthy()
  const second = repository.push('Two', { 'web.yaml': deployment('app:2') })
  await until(() => journal.healthy('shop', 'memory#')?.commit === second)
  const docker = runtime.engines.get('one')
  for (let passed = 0; passed < 150_000; passed += 250) {
    for (const box of [...(docker?.boxes.values() ?? [])]) {
      if (box.name === 'main' && box.state === 'running') docker?.end(box, 1)
    }
    await pass(250)
  }
  expect(status()).toMatchObject({ commit: second, health: 'Degraded', rollback: null })
  expect(writes).toEqual([])
})

test('a host or a registry that is away rolls nothing back', async () => {
  await healthy()
  const docker = runtime.engines.get('one')
  if (!docker) throw new Error('an engine expected')
  docker.reachable = false
  runtime.tellAll()
  await pass(120_000)
  expect(writes).toEqual([])
})

test('a newer commit that lands first wins', async () => {
  await healthy()
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  const write = repository.write.bind(repository)
  let fixed = ''
  repository.write = (request) => {
    fixed ||= repository.push('Mend', { 'web.yaml': deployment('app:2') })
    return write(request)
  }
  await until(() => fixed !== '')
  await pass(30_000)
  expect(status()).toMatchObject({ commit: fixed, head: fixed, sync: 'Synced', health: 'Healthy', rollback: null })
  expect(images()).toEqual(['app:2', 'app:2'])
  expect(kinds()).not.toContain('rolledBack')
})

test('a newer commit that lands while the remote is away wins, too', async () => {
  await healthy()
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  repository.writeFault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  await until(() => writes.length > 1)
  expect(status().message).toContain('but not in Git: connection refused')
  const fixed = repository.push('Mend', { 'web.yaml': deployment('app:2') })
  await until(() => status().commit === fixed)
  repository.writeFault = undefined
  const asked = writes.length
  await pass(120_000)
  expect(writes.length).toBe(asked)
  expect(status()).toMatchObject({ commit: fixed, sync: 'Synced', rollback: null })
})

test('the push is tried again until the remote is back', async () => {
  const good = await healthy()
  const bad = repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  repository.writeFault = new GitError('UNREACHABLE', 'memory', 'connection refused')
  await until(() => writes.length > 2)
  expect(status()).toMatchObject({ commit: good, sync: 'Refused', rollback: { failed: bad, commit: null } })
  expect(images().every((image) => image === 'app:1')).toBe(true)
  repository.writeFault = undefined
  await until(() => status().sync === 'Synced')
  expect(status().rollback?.commit).toBe((await headCommit()).oid)
  expect(kinds().filter((kind) => kind === 'rollbackFailed')).toEqual([])
})

test('without the right to push the hosts stay gone back, the status says what to do, and it is rarely tried again', async () => {
  const good = await healthy()
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  repository.writeFault = new GitError('FORBIDDEN', 'memory', 'the remote forbids it (403)')
  await until(() => writes.length > 0)
  await pass(60_000)
  expect(writes.length).toBe(1)
  expect(status()).toMatchObject({ commit: good, sync: 'Refused', health: 'Healthy' })
  expect(status().message).toContain('403')
  expect(status().message).toContain('give Berth the right to push')
  expect(told.filter(({ kind }) => kind === 'rollbackFailed')).toHaveLength(1)
})

test('a folder that failed is not tried again, also after a restart and without a journal, until a commit asks for it', async () => {
  const good = await healthy()
  const bad = repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await until(() => writes.length > 0)
  await pass(30_000)
  const again = repository.push('Put it back', { 'web.yaml': deployment('crash:1') })
  await until(() => status().head === again)
  expect(status()).toMatchObject({ sync: 'Refused', health: 'Healthy' })
  expect(status().message).toMatch(
    /is not applied: it failed before \(Deployment web: .*\); waiting for another change/,
  )
  const count = done.length
  await pass(60_000)
  expect(done.length).toBe(count)
  expect(images()).toEqual(['app:1', 'app:1'])
  expect(writes.length).toBe(1)
  expect(journal.history('shop')[0]).toMatchObject({ commit: again, result: 'held' })

  // Also by another engine on the same journal, and by one without.
  for (const forgets of [false, true]) {
    await engine.close()
    if (forgets) forgetJournal()
    runtime.restart()
    await open({ rollback }).start()
    await until(() => status().sync === 'Refused')
    await pass(20_000)
    expect(status().message).toContain('it failed before')
    expect(status().health).toBe('Healthy')
    expect(images()).toEqual(['app:1', 'app:1'])
  }
  expect([good, bad]).not.toContain(again)

  const retry = repository.push('Once more\n\nBerth-Retry: yes', {})
  await until(() => status().commit === retry)
  await until(() => images().includes('crash:1'))
})

test('a retried folder that fails again is taken back again', async () => {
  await healthy()
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await until(() => writes.length === 1)
  await pass(10_000)
  repository.push('Once more\n\nBerth-Retry: yes', { 'web.yaml': deployment('crash:1') })
  await until(() => writes.length === 2)
  await pass(20_000)
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
  expect(images()).toEqual(['app:1', 'app:1'])
})

test('a rollback that fails is never taken back', async () => {
  await healthy()
  const second = repository.push('Two', { 'web.yaml': deployment('app:2') })
  await until(() => journal.healthy('shop', 'memory#')?.commit === second)
  const mark = `Roll back shop to 1234567\n\nBerth-Reverts: ${second}\nBerth-App: shop\nBerth-Manual: yes\n`
  const back = repository.push(mark, { 'web.yaml': deployment('crash:1') })
  await pass(90_000)
  expect(writes).toEqual([])
  expect(status()).toMatchObject({ commit: back, health: 'Degraded', rollback: null })
  expect(status().warnings.join()).toContain('it is a rollback itself')
})

test('without a healthy commit nothing is gone back to, and a restart does not hold what runs', async () => {
  const bad = repository.push('Add web', { 'web.yaml': deployment('crash:1') })
  await open({ rollback }).start()
  await pass(90_000)
  expect(writes).toEqual([])
  expect(status().warnings.join()).toContain('no earlier commit is known to have been healthy')
  await engine.close()
  runtime.restart()
  await open({ rollback }).start()
  await pass(20_000)
  expect(status()).toMatchObject({ commit: bad, head: bad, sync: expect.not.stringMatching('Refused') })
})

test('with onFailure off nothing is gone back to', async () => {
  await healthy({ rollback: { ...rollback, onFailure: 'off' } })
  const bad = repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await pass(90_000)
  expect(writes).toEqual([])
  expect(status()).toMatchObject({ commit: bad, health: 'Degraded' })
})

test('what failed before a commit came, and is not changed by it, does not count against the commit', async () => {
  repository.push('Add', { 'web.yaml': deployment('app:1'), 'more.yaml': deployment('app:1', 'more') })
  await open({ rollback }).start()
  await until(() => journal.healthy('shop', 'memory#') !== undefined)
  const docker = runtime.engines.get('one')
  const crash = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      for (const box of [...(docker?.boxes.values() ?? [])]) {
        const isMore = box.name === 'main' && box.mark.owner === 'Deployment/more'
        if (isMore && box.state === 'running') docker?.end(box, 1)
      }
      await pass(250)
    }
  }
  await crash(60_000)
  expect(status().health).toBe('Degraded')
  const second = repository.push('Two', { 'web.yaml': deployment('app:2') })
  await crash(60_000)
  expect(status()).toMatchObject({ commit: second, health: 'Degraded', rollback: null })
  expect(writes).toEqual([])
  await pass(400_000)
  expect(journal.healthy('shop', 'memory#')?.commit).toBe(second)
})

test('objects that the failed commit added go, and those that it removed come back', async () => {
  await healthy()
  repository.push('Swap', {
    'web.yaml': null,
    'other.yaml': deployment('app:1', 'other'),
    'bad.yaml': deployment('crash:1', 'bad'),
  })
  await until(() => writes.length > 0)
  await pass(30_000)
  expect(new Set(runtime.pods().map(({ owner }) => owner))).toEqual(new Set(['Deployment/web']))
  expect(status()).toMatchObject({ sync: 'Synced', health: 'Healthy' })
})

test('as a pull request: the branch is written, the head is held until it is merged', async () => {
  const requests: { branch: string; title: string; body: string }[] = []
  const openPullRequest = async (_: unknown, request: { branch: string; title: string; body: string }) => {
    requests.push(request)
    return { url: 'https://forge.example/pulls/7' }
  }
  const good = await healthy({ rollback: { ...rollback, onFailure: 'pullRequest' } }, { openPullRequest })
  const bad = repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  // The fake knows no branches: nothing must reach the one that is followed.
  repository.write = async (request) => {
    writes.push(request)
    return { kind: 'written', oid: 'e'.repeat(40), onto: bad, paths: ['web.yaml'] }
  }
  await until(() => requests.length > 0)
  await pass(20_000)
  const branch = `berth/rollback-shop-${bad.slice(0, 7)}`
  expect(writes).toMatchObject([{ branch, unless: { path: '' } }])
  expect(requests[0]).toMatchObject({ branch, title: expect.stringContaining('Roll back shop') })
  expect(requests[0]?.body).toContain('Berth-App: shop')
  expect(status()).toMatchObject({ commit: good, head: bad, sync: 'Refused', health: 'Healthy' })
  expect(status().rollback).toMatchObject({ commit: null, pullRequest: 'https://forge.example/pulls/7' })
  expect(status().message).toContain('once https://forge.example/pulls/7 is merged')
  const merged = repository.push('Merge the rollback', { 'web.yaml': deployment('app:1') })
  await until(() => status().commit === merged)
  expect(status()).toMatchObject({ sync: 'Synced' })
  expect(requests).toHaveLength(1)
})

test('a pull request that nobody can open is told', async () => {
  await healthy({ rollback: { ...rollback, onFailure: 'pullRequest' } })
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await until(() => kinds().includes('rollbackFailed'))
  expect(status().message).toContain('there is no forge to open a pull request at')
  expect(writes).toEqual([])
})

test('a commit that Berth itself would refuse is not pushed', async () => {
  const verify = { mode: 'head', keys: ['/keys'] } as const
  repository.signature = async () => ({ valid: true, key: 'SHA256:abc' })
  await healthy({ verify })
  repository.push('Break web', { 'web.yaml': deployment('crash:1') })
  await until(() => kinds().includes('rollbackFailed'))
  expect(status().message).toContain('signingKeyFile')
  expect(writes).toEqual([])
  expect(images().every((image) => image === 'app:1')).toBe(true)
})

test('time does not run backwards in the stages of a commit', async () => {
  await healthy()
  const [entry] = journal.history('shop')
  expect(Object.keys(entry?.stages ?? {})).toEqual(['fetchMs', 'readMs', 'diffMs', 'pullMs', 'startMs', 'readyMs'])
  const { pullMs = 0, startMs = 0, readyMs = 0 } = entry?.stages ?? {}
  expect(pullMs).toBeGreaterThan(0)
  expect(startMs).toBeGreaterThanOrEqual(pullMs)
  expect(readyMs).toBeGreaterThanOrEqual(startMs)
  expect(clock.now()).toBeGreaterThan(readyMs)
})
