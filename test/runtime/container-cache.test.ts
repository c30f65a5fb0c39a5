import type { ContainerInspectInfo } from 'dockerode'
import { expect, test } from 'vitest'
import { ContainerCache } from '../../src/runtime/docker/container-cache.ts'
import type { ContainerRecord } from '../../src/runtime/docker/observe.ts'
import { OwnEvents } from '../../src/runtime/docker/own-events.ts'
import { trailing } from '../../src/runtime/docker/trailing.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'
import { FakeClock } from '../sim/fake-clock.ts'

/** A cache whose looks answer when the test says so. */
function cacheWithLooks() {
  const looks: { answer(state: string): void; gone(): void; fail(): void }[] = []
  const changes: string[] = []
  const inspect = (id: string) =>
    new Promise<ContainerInspectInfo>((resolve, reject) => {
      looks.push({
        answer: (state) => resolve({ Id: id, Name: state } as ContainerInspectInfo),
        gone: () => reject(new RuntimeError('NO_SUCH_CONTAINER', id, 'gone')),
        fail: () => reject(new RuntimeError('HOST_UNREACHABLE', id, 'no answer')),
      })
    })
  const cache = new ContainerCache(
    inspect,
    ({ Id: id, Name: name }) => ({ kind: 'ours', record: { id, name } as ContainerRecord }),
    (before, after) => changes.push(`${before?.name} -> ${after?.name}`),
    () => {},
  )
  const begun = async (count: number) => {
    while (looks.length < count) await Promise.resolve()
  }
  return { cache, looks, changes, begun }
}

test('looks at one container one after the other, so that an old answer never wins', async () => {
  const { cache, looks, changes, begun } = cacheWithLooks()
  const first = cache.refresh('a')
  await begun(1)
  const second = cache.refresh('a')
  expect(cache.refresh('a')).toBe(second)
  expect(looks).toHaveLength(1)
  looks[0]?.answer('created')
  await first
  await begun(2)
  looks[1]?.answer('running')
  await second
  expect(looks).toHaveLength(2)
  expect(changes).toEqual(['undefined -> created', 'created -> running'])
})

test('requests before a look has begun share it; different containers do not wait for each other', async () => {
  const { cache, looks, begun } = cacheWithLooks()
  expect(cache.refresh('a')).toBe(cache.refresh('a'))
  void cache.refresh('b')
  await begun(2)
  expect(looks).toHaveLength(2)
})

test('says nothing when nothing changed, and drops what is gone', async () => {
  const { cache, looks, changes, begun } = cacheWithLooks()
  for (const [count, act] of [
    [1, 'running'],
    [2, 'running'],
    [3, undefined],
  ] as const) {
    const look = cache.refresh('a')
    await begun(count)
    if (act) looks[count - 1]?.answer(act)
    else looks[count - 1]?.gone()
    await look
  }
  expect(changes).toEqual(['undefined -> running', 'running -> undefined'])
})

test('keeps what it knows when there is no answer, and tells the caller', async () => {
  const { cache, looks, begun } = cacheWithLooks()
  const look = cache.refresh('a')
  await begun(1)
  looks[0]?.answer('running')
  await look
  const failing = cache.refresh('a')
  await begun(2)
  const next = cache.refresh('a')
  looks[1]?.fail()
  await expect(failing).rejects.toThrow('no answer')
  expect(cache.get('a')?.name).toBe('running')
  await begun(3)
  looks[2]?.answer('exited')
  await next
  expect(cache.get('a')?.name).toBe('exited')
})

test('calls during a run share one more run', async () => {
  const ends: (() => void)[] = []
  const run = trailing(() => new Promise<void>((resolve) => ends.push(resolve)))
  const first = run()
  const second = run()
  expect(run()).toBe(second)
  ends[0]?.()
  await first
  while (ends.length < 2) await Promise.resolve()
  ends[1]?.()
  await second
  void run()
  expect(ends).toHaveLength(3)
})

test('the event of an own call is swallowed once, and only for a moment', async () => {
  const clock = new FakeClock()
  const events = new OwnEvents(clock)
  await events.during('start', 'web', async () => {
    expect(events.swallow('start', 'other')).toBe(false)
    expect(events.swallow('start', 'web')).toBe(true)
  })
  expect(events.swallow('start', 'web')).toBe(false)
  await events.during('start', 'web', async () => {})
  clock.advance(400)
  expect(events.swallow('start', 'web')).toBe(true)
  await events.during('start', 'web', async () => {})
  clock.advance(600)
  expect(events.swallow('start', 'web')).toBe(false)
})
