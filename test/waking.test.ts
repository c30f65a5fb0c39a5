// Previews that fall asleep because nobody asks for them, and wake because somebody does.
import { expect, test, vi } from 'vitest'
import { defaultNetwork } from '../src/manifests/config-network.ts'
import type { PreviewSettings } from '../src/settings.ts'
import { GitError } from '../src/sync/errors.ts'
import { breathe, clock, engine, open, pass, repository, runtime, status } from './support/engine-fixture.ts'

const minute = 60_000
const previews: PreviewSettings = {
  ...{ provider: 'branches', branches: 'preview/*', images: undefined, targetBranch: undefined },
  ...{ labels: [], drafts: false, max: 20, maxAwake: 20, ttlMs: 72 * 3_600_000, sleepAfterMs: 10 * minute },
  ...{ keepLabel: 'keep', sleepLabel: 'sleep', approveLabel: 'ok', hostTemplate: '{{id}}.{{host}}', host: undefined },
  ...{ podSecurity: 'baseline', quota: { pods: '20' }, intervalMs: 10_000 },
  ...{ comments: true, statuses: true, hookTimeoutMs: 300_000 },
}
const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "app:1" }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`

/** Namespaces with pods. */
const running = () => [...new Set(runtime.pods().map(({ namespace }) => namespace))].sort().join(' ')
const rows = () => (status().previews ?? []).map(({ id, is, reason }) => `${id} ${is} ${reason}`.trim())
const ask = (...ids: readonly string[]) => runtime.used(new Map(ids.map((id) => [`shop-${id}`, clock.now()])))

/** Previews of these branches, and what HAProxy is told of them: `id rest`. */
async function start(
  ids: readonly string[],
  more: Partial<PreviewSettings> = {},
  manifests = web.replaceAll('web', 'more'),
): Promise<() => string[]> {
  repository.push('Start', { 'web.yaml': web })
  for (const id of ids) {
    repository.pushTo(`preview/${id}`, `Try ${id}`, { 'more.yaml': manifests })
    await breathe()
  }
  const { mock } = vi.spyOn(runtime, 'setNetwork')
  const network = { ...defaultNetwork, mode: 'services', zone: 'cluster.local' } as const
  await open({ previews: { ...previews, ...more } }, [], {}, { network }).start()
  await pass(25_000)
  return () => [...(mock.calls.at(-1)?.[0].previews ?? [])].map(([name, rest]) => `${name} ${rest}`.trim())
}

test('one that nobody asks for sleeps; a request wakes it at once, also while the remote does not answer', async () => {
  const told = await start(['a', 'b'])
  expect(told()).toEqual(['shop-a', 'shop-b'])
  for (let passed = 0; passed < 12; passed += 1) {
    ask('b')
    await pass(minute)
  }
  expect(rows()).toEqual(['a asleep nobody used it', 'b awake'])
  expect(running()).toBe('shop shop-b')
  expect(told()).toEqual(['shop-a hold', 'shop-b'])
  repository.fault = new GitError('UNREACHABLE', 'memory', 'no route')
  await pass(minute)
  ask('a')
  await pass(3_000)
  expect(rows()).toEqual(['a awake', 'b awake'])
  expect(running()).toBe('shop shop-a shop-b')
  // Its pods are on their way for a while, and then no more is made of one that is not ready than in production.
  expect(told()).toEqual(['shop-a hold', 'shop-b'])
  repository.fault = undefined
  await pass(6 * minute)
  ask('b')
  expect(told()).toEqual(['shop-a', 'shop-b'])
})

test('one that somebody put to sleep is not woken by a request, but by a push', async () => {
  const told = await start(['a'])
  expect(engine.previews.answer('sleep', 'shop', 'a').done).toBe(true)
  await pass(15_000)
  ask('a')
  await pass(15_000)
  expect(rows()).toEqual(['a asleep it was put to sleep'])
  expect(told()).toEqual(['shop-a it was put to sleep; berth preview wake shop a wakes it'])
  repository.pushTo('preview/a', 'Try more', { 'more.yaml': web.replaceAll('web', 'other') })
  await pass(25_000)
  expect(rows()).toEqual(['a awake'])
})

test('where not all can be awake, one that is asked for takes the place of one that is not used any more', async () => {
  const told = await start(['a', 'b'], { maxAwake: 1, sleepAfterMs: 60 * minute })
  const [first = '', second = ''] = running() === 'shop shop-a' ? ['a', 'b'] : ['b', 'a']
  expect(told()).toContain(`shop-${second} 1 others are awake`)
  ask(second)
  await pass(15_000)
  expect(running()).toBe(`shop shop-${first}`)
  ask(first)
  await pass(4 * minute)
  ask(second)
  await pass(15_000)
  expect(running()).toBe(`shop shop-${first}`)
  // It has asked last, so that it gets its turn without asking once more.
  await pass(2 * minute)
  expect(running()).toBe(`shop shop-${second}`)
  expect(told()).toContain(`shop-${first} 1 others are awake`)
  await pass(6 * minute)
  expect(told()).toContain(`shop-${first} hold`)
  ask(first)
  await pass(3_000)
  expect(running()).toBe(`shop shop-${first}`)
})

test('after a restart a request wakes who slept, before pull requests could be listed', async () => {
  await start(['a', 'b'])
  await pass(11 * minute)
  expect(rows()).toEqual(['a asleep nobody used it', 'b asleep nobody used it'])
  expect(engine.previews.answer('sleep', 'shop', 'b').done).toBe(true)
  await engine.close()
  repository.fault = new GitError('UNREACHABLE', 'memory', 'no route')
  await open({ previews }).start()
  await pass(15_000)
  expect(rows()[0]).toMatch(/^a asleep its pull request is not known yet/)
  ask('a', 'b')
  await pass(5_000)
  expect(running()).toBe('shop shop-a')
  repository.fault = undefined
  await pass(6 * minute)
  expect(rows()).toEqual(['a awake', 'b asleep it was put to sleep'])
})

test('one with a node port that nobody watches stays awake, until somebody puts it to sleep', async () => {
  const port = 'spec: { type: NodePort, selector: { app: web }, ports: [{ port: 53, protocol: UDP }] }'
  const kind = 'apiVersion: v1\nkind: Service\nmetadata: { name: game }\n'
  const told = await start(['a'], {}, `${kind}${port}\n`)
  await pass(15 * minute)
  expect(rows()).toEqual(['a awake'])
  expect(told()).toEqual(['shop-a'])
  engine.previews.answer('sleep', 'shop', 'a')
  await pass(2 * minute)
  expect(rows()).toEqual(['a asleep it was put to sleep'])
  engine.previews.answer('wake', 'shop', 'a')
  await pass(15 * minute)
  expect(rows()).toEqual(['a awake'])
})
