import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages, testImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('commands')
})
afterEach(() => berth.close())

test('diff tells what sync then does, in the same words, and touches nothing', async () => {
  berth.repository.commit('Add', { 'app/web.yaml': deployment() })
  const before = await berth.command('diff')
  expect(before.stderr).toBe('')
  expect(before.code).toBe(1)
  expect(before.stdout).toContain('Deployment shop/web')
  expect(await berth.containers()).toEqual([])

  const sync = await berth.command('sync', '--timeout', '60s')
  expect(sync.code).toBe(0)
  expect(sync.stdout).toMatch(/Synced\s+Healthy/)
  expect((await berth.command('diff')).code).toBe(0)
  expect((await berth.command('status')).code).toBe(0)

  berth.repository.commit('Version 2', { 'app/web.yaml': deployment({ image: testImages.two }) })
  const planned = (JSON.parse((await berth.command('diff', '-o', 'json')).stdout) as Diff).apps[0]?.objects.flatMap(
    ({ actions }) => actions.map(({ text }) => text),
  )
  expect((await berth.command('sync', '--timeout', '60s')).code).toBe(0)
  const history = JSON.parse((await berth.command('history', '-o', 'json')).stdout) as { changes: string[] }[]
  expect([...(history[0]?.changes ?? [])].sort()).toEqual([...(planned ?? [])].sort())
  expect(planned?.length).toBeGreaterThanOrEqual(6)
})

interface Diff {
  readonly apps: readonly { readonly objects: readonly { readonly actions: readonly { readonly text: string }[] }[] }[]
}

test('sync ends with 1 on a refused commit and 2 when the repository cannot be reached', async () => {
  berth.repository.commit('Broken', { 'app/web.yaml': 'kind: Deployment\n' })
  const refused = await berth.command('sync', '--timeout', '20s')
  expect(refused.code).toBe(1)
  expect(refused.stdout).toMatch(/web\.yaml:1: /)
  const { rmSync } = await import('node:fs')
  rmSync(berth.repository.dir, { recursive: true })
  const unreachable = await berth.command('sync', '--timeout', '20s')
  expect(unreachable.code).toBe(2)
})

test.each(['diff', 'status', 'sync'])('%s without a Docker engine ends with 2 and says what to do', async (command) => {
  berth.repository.commit('Add', { 'app/web.yaml': deployment() })
  const { code, stdout, stderr } = await berth.command(command, '--host', `unix://${berth.dir}/none.sock`)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain('give its address in --host or DOCKER_HOST')
})

test('status without an engine looks at Git and Docker itself', async () => {
  berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1 }) })
  const status = await berth.command('status', '-o', 'json')
  expect(status.code).toBe(1)
  expect(JSON.parse(status.stdout).apps[0]).toMatchObject({
    sync: 'OutOfSync',
    objects: [{ kind: 'Deployment', ready: '0/1' }],
  })
})

test('render shows defaults and no Secret values', async () => {
  berth.repository.commit('Add', {
    'app/web.yaml': deployment({ replicas: 1 }),
    'app/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: hunter2 }\n',
  })
  const { stdout, code } = await berth.command('render')
  expect(code).toBe(0)
  expect(stdout).toContain('maxSurge: 25%')
  expect(stdout).toContain('namespace: shop')
  expect(stdout).not.toMatch(/hunter2|aHVudGVyMg/)
})

test('a second engine on one state directory is refused by name', async () => {
  const commit = berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1 }) })
  berth.start()
  await berth.synced(commit)
  const second = await berth.command('run')
  expect(second.code).toBe(2)
  expect(second.stderr).toContain('already runs')
  const next = berth.repository.commit('Two', { 'app/web.yaml': deployment({ replicas: 2 }) })
  const sync = await berth.command('sync', '--timeout', '60s', '-o', 'json')
  expect(sync.code).toBe(0)
  expect(JSON.parse(sync.stdout).apps[0].commit).toBe(next)
})
