import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Lifecycle } from '../../src/manifests/types.ts'
import { Hooks } from '../../src/runtime/docker/hooks.ts'
import type { ContainerRecord } from '../../src/runtime/docker/observe.ts'
import { FakeClock } from '../sim/fake-clock.ts'
import { containerRecord, sandboxOf } from './records.ts'
import { podSpec } from './samples.ts'

/** Hooks over an engine whose commands begin when they are let. */
function hooked(lifecycle: Lifecycle) {
  const clock = new FakeClock(5000)
  const sandbox = sandboxOf(podSpec({ lifecycle }))
  const begun: (() => void)[] = []
  const changed: string[] = []
  const api = {
    exec: (id: string) =>
      new Promise<{ id: string; output: Readable }>((resolve) => {
        begun.push(() => resolve({ id, output: Readable.from([]) }))
      }),
    execResult: async () => ({ Running: false, ExitCode: 0 }),
  }
  const record = (id: string) => (id === sandbox.id ? sandbox : undefined)
  const hooks = new Hooks(api, clock, record, ({ id }: ContainerRecord) => void changed.push(id))
  const start = (id: string, app = 'shop') => {
    const of = (one: ContainerRecord) => ({ ...one, mark: { ...one.mark, app } })
    hooks.expect(of(containerRecord(id, { state: 'created' })))
    hooks.follow(id, of(containerRecord(id, { startedAt: 4000 })))
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { hooks, clock, begun, changed, start, settle }
}

const command = { exec: { command: ['true'] } }
const sleep = { sleep: { seconds: 10 } }

test('few commands begin at a time, whatever is started', async () => {
  const { hooks, begun, changed, start, settle } = hooked({ postStart: command })
  const ids = Array.from({ length: 10 }, (_, index) => `c${index}`)
  for (const id of ids) start(id)
  await settle()
  expect(begun).toHaveLength(4)
  while (changed.length < ids.length) {
    for (const begin of begun.splice(0)) begin()
    await settle()
    expect(begun.length).toBeLessThanOrEqual(4)
  }
  expect(changed.sort()).toEqual(ids)
  expect(ids.map((id) => hooks.postStart(id))).toEqual(ids.map(() => 'done'))
})

test('hooks of previews that never end keep none of production waiting', async () => {
  const { begun, changed, start, settle } = hooked({ postStart: command })
  for (let at = 0; at < 100; at += 1) start(`p${at}`, 'shop/pr-7')
  await settle()
  expect(begun).toHaveLength(2)
  start('own')
  await settle()
  expect(begun).toHaveLength(3)
  begun[2]?.()
  await settle()
  expect(changed).toEqual(['own'])
})

test('a hook has to come from the moment a start is asked for', async () => {
  const { hooks, clock, changed, settle } = hooked({ postStart: sleep })
  hooks.expect(containerRecord('a', { state: 'created' }))
  hooks.follow('a', containerRecord('a', { state: 'created' }))
  expect(hooks.postStart('a')).toBe('running')
  hooks.follow('a', containerRecord('a', { startedAt: 4000 }))
  await settle()
  clock.advance(9999)
  await settle()
  expect([hooks.postStart('a'), hooks.doneAt('a')]).toEqual(['running', undefined])
  clock.advance(1)
  await settle()
  expect([hooks.postStart('a'), hooks.doneAt('a'), changed]).toEqual(['done', 15_000, ['a']])
})

test('what runs already, and what this process did not start, has no hook to come', () => {
  const { hooks } = hooked({ postStart: sleep })
  hooks.expect(containerRecord('a'))
  hooks.follow('a', containerRecord('a'))
  hooks.follow('b', containerRecord('b'))
  expect([hooks.postStart('a'), hooks.postStart('b'), hooks.doneAt('b')]).toEqual(['done', 'done', undefined])
})

test('a start that failed, or ran and ended unseen, takes its hook along', () => {
  const { hooks } = hooked({ postStart: sleep })
  hooks.expect(containerRecord('a', { state: 'created' }))
  hooks.unexpect('a')
  hooks.expect(containerRecord('b', { state: 'created' }))
  hooks.follow('b', containerRecord('b', { state: 'exited', startedAt: 4000, finishedAt: 4001 }))
  hooks.expect(containerRecord('c', { state: 'created' }))
  hooks.follow('c', undefined)
  expect(['a', 'b', 'c'].map((id) => hooks.postStart(id))).toEqual(['done', 'done', 'done'])
})

test('a container that ends ends its hooks, and nobody is told', async () => {
  const { hooks, changed, start, settle } = hooked({ postStart: sleep, preStop: sleep })
  start('a')
  const preStop = hooks.preStop(containerRecord('a'), new AbortController().signal)
  await settle()
  hooks.follow('a', containerRecord('a', { state: 'exited', startedAt: 4000 }))
  expect(await preStop).toBeUndefined()
  expect([hooks.postStart('a'), changed]).toEqual(['done', []])
})

test('a preStop hook ends when it is done, or when nobody waits any more', async () => {
  const { hooks, clock, settle } = hooked({ preStop: sleep })
  expect(hooks.hasPreStop(containerRecord('a'))).toBe(true)
  expect(hooks.hasPreStop(containerRecord('a', { state: 'exited' }))).toBe(false)
  const done = hooks.preStop(containerRecord('a'), new AbortController().signal)
  await settle()
  clock.advance(10_000)
  expect(await done).toBeUndefined()
  const patience = new AbortController()
  const late = hooks.preStop(containerRecord('b'), patience.signal)
  await settle()
  patience.abort()
  expect(await late).toBe('not done in time')
})
