import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'
import { killed } from './kills.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('safety')
})
afterEach(() => berth.close())

const small = (name: string): string => deployment({ name, replicas: 1 })

test('a broken manifest is refused with file, line and path, and everything keeps running', async () => {
  const good = berth.repository.commit('Add', { 'app/web.yaml': small('web') })
  berth.start()
  await berth.synced(good)
  const before = await berth.pods()
  const bad = berth.repository.commit('Break', {
    'app/web.yaml': small('web').replace('replicas: 1', 'replicass: one'),
  })
  const app = await berth.until('the commit is refused', ({ sync }) => sync === 'Refused')
  expect(app).toMatchObject({ commit: good, head: bad, health: 'Healthy' })
  expect(app.problems).toContainEqual(
    expect.objectContaining({ file: 'app/web.yaml', line: 5, path: expect.stringContaining('replicass') }),
  )
  expect(app.problems.map(({ message }) => message).join()).toContain('replicas')
  expect(await berth.pods()).toEqual(before)

  const fixed = berth.repository.commit('Mend', { 'app/web.yaml': small('web') })
  await berth.synced(fixed)
})

test('a commit that deletes too much is held until a commit approves it', async () => {
  const names = ['a', 'b', 'c', 'd']
  const first = berth.repository.commit(
    'Add',
    Object.fromEntries(names.map((name) => [`app/${name}.yaml`, small(name)])),
  )
  berth.start()
  await berth.synced(first)
  const pods = await berth.pods()

  berth.repository.commit('Delete two', { 'app/a.yaml': null, 'app/b.yaml': null })
  const held = await berth.until('it is held', ({ sync }) => sync === 'Refused')
  expect(held.message).toMatch(/Berth-Allow-Prune/)
  expect(held.commit).toBe(first)
  expect(await berth.pods()).toEqual(pods)

  const approved = berth.repository.commit('Really\n\nBerth-Allow-Prune: yes', {})
  await berth.synced(approved)
  await berth.until('two pods are left', async () => (await berth.pods()).length === 2)

  const one = berth.repository.commit('Delete one of two', { 'app/c.yaml': null })
  await berth.synced(one)
  await berth.until('one pod is left', async () => (await berth.pods()).length === 1)
})

test('a branch that is gone, an empty folder, a repository that is gone: all keeps running', async () => {
  const good = berth.repository.commit('Add', { 'app/web.yaml': small('web') })
  berth.start()
  await berth.synced(good)
  const pods = await berth.pods()

  berth.repository.commit('Remove all', { 'app/web.yaml': null, 'README.md': 'nothing here' })
  await berth.until('it is held', ({ sync }) => sync !== 'Synced')
  expect(await berth.pods()).toEqual(pods)

  berth.repository.git('checkout', '-q', '-b', 'other')
  berth.repository.git('branch', '-D', 'main')
  await berth.until('the missing branch is said', ({ message }) => /main/.test(message))
  expect(await berth.pods()).toEqual(pods)

  const [main] = await berth.containers({ 'berth.dev/container': 'main' })
  await engineCall(berth.socket, 'POST', `/containers/${main?.Id}/kill`)
  await berth.until('it still heals', async () => {
    const [now] = await berth.containers({ 'berth.dev/container': 'main' })
    return now?.State === 'running' && now.Id !== main?.Id
  })
})

test('foreign containers, copied labels and another installation are not touched', async () => {
  const create = (name: string, labels: Record<string, string>) =>
    engineJson<{ Id: string }>(berth.socket, 'POST', `/containers/create?name=${name}`, {
      Image: testImages.pause,
      Cmd: ['sleep', '1000'],
      Labels: labels,
    })
  const other = new TestBerth('other')
  const commit = berth.repository.commit('Add', { 'app/web.yaml': small('web') })
  const otherCommit = other.repository.commit('Add', { 'app/web.yaml': small('web') })
  berth.start()
  other.start()
  const foreign: string[] = []
  try {
    await berth.synced(commit)
    await other.synced(otherCommit)
    const [mine] = await berth.containers({ 'berth.dev/container': 'main' })
    foreign.push((await create(`foreign-${process.pid}`, {})).Id)
    foreign.push((await create(`copied-${process.pid}`, mine?.Labels ?? {})).Id)

    const app = await berth.until('the copy is reported', ({ conflicts }) => conflicts.length > 0)
    expect(app.conflicts.join()).toContain(`copied-${process.pid}`)
    await berth.stop()
    await other.stop()
    berth.repository.commit('Rename', { 'app/web.yaml': small('api') })
    const otherPods = await other.pods()
    berth.start()
    await berth.until('the new one runs', async (now) =>
      now.objects.some(({ name, health }) => name === 'api' && health === 'Healthy'),
    )
    expect(await other.pods()).toEqual(otherPods)
    for (const id of foreign) expect((await engineCall(berth.socket, 'GET', `/containers/${id}/json`)).status).toBe(200)
  } finally {
    for (const id of foreign) await engineCall(berth.socket, 'DELETE', `/containers/${id}?force=true`)
    await other.close()
  }
})

test('SIGKILL in the middle of a rollout: the next start goes on, nothing is doubled or lost', () => killed(berth, [3]))

test('a state directory that is wiped changes nothing that runs', async () => {
  const commit = berth.repository.commit('Add', { 'app/web.yaml': small('web') })
  berth.start()
  await berth.synced(commit)
  const before = (await berth.containers()).map(({ Id }) => Id).sort()
  expect(await berth.stop()).toBe(0)
  expect((await berth.containers()).map(({ Id }) => Id).sort()).toEqual(before)
  const { rmSync } = await import('node:fs')
  rmSync(`${berth.dir}/state`, { recursive: true })
  berth.start()
  await berth.synced(commit)
  expect((await berth.containers()).map(({ Id }) => Id).sort()).toEqual(before)
})
