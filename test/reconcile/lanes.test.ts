import { expect, test } from 'vitest'
import { Calm } from '../../src/reconcile/calm.ts'
import { Lanes, type TaskOutcome } from '../../src/reconcile/lanes.ts'
import type { Task } from '../../src/reconcile/plan/action.ts'
import { FakeClock } from '../sim/fake-clock.ts'

const pod = { host: 'one', namespace: '', name: '' }
const start = (text: string): Task => ({
  ...{ host: 'one', text, cause: '', effect: 'none' },
  actions: [{ kind: 'start', pod, container: text }],
})

/** Lanes over a runtime that tells what was begun, and ends it when told to. */
function world() {
  const clock = new FakeClock()
  const calm = new Calm(clock)
  const begun: string[] = []
  const ends: (() => void)[] = []
  const startContainer = (_pod: unknown, container: string) => {
    begun.push(container)
    return new Promise<void>((end) => ends.push(end))
  }
  // biome-ignore lint/suspicious/noExplicitAny: one call of many
  return { clock, calm, begun, ends, lanes: new Lanes({ startContainer } as any, calm) }
}

const turn = () => new Promise((next) => setImmediate(next))
const results = (outcomes: readonly TaskOutcome[]) => outcomes.map(({ task, result }) => `${task.text} ${result}`)

test('what is over while it waits for production is left out, and keeps nobody waiting', async () => {
  const { calm, clock, begun, ends, lanes } = world()
  const production = calm.begin('one')
  const over = new AbortController()
  const texts = ['a', 'b', 'c', 'd']
  const closed = lanes.run(texts.map(start), true, over.signal)
  const other = lanes.run([start('other')], true)
  await turn()
  over.abort()
  expect(results(await closed)).toEqual(texts.map((text) => `${text} skipped`))
  production()
  await turn()
  clock.advance(2_000)
  await turn()
  expect(begun).toEqual(['other'])
  ends[0]?.()
  expect(results(await other)).toEqual(['other done'])
  await lanes.idle()
  expect(begun).toEqual(['other'])
})

test('what is over behind others is left out; what has begun comes to its end', async () => {
  const { clock, begun, ends, lanes } = world()
  const production = lanes.run(['p1', 'p2', 'p3'].map(start))
  await turn()
  const over = new AbortController()
  const closed = lanes.run([start('a'), start('b'), start('c')], true, over.signal)
  await turn()
  // So long it waits at most: then one of them finds the place that is free.
  clock.advance(15_000)
  await turn()
  expect(begun).toEqual(['p1', 'p2', 'p3', 'a'])
  over.abort()
  for (const end of ends) end()
  expect(results(await closed)).toEqual(['a done', 'b skipped', 'c skipped'])
  await production
  await lanes.idle()
  expect(begun).toHaveLength(4)
})

test('where all is to end, what waits does not begin', async () => {
  const { calm, begun, lanes } = world()
  calm.begin('one')
  const waiting = lanes.run([start('a'), start('b'), start('c')], true)
  await turn()
  calm.close()
  expect(results(await waiting)).toEqual(['a skipped', 'b skipped', 'c skipped'])
  expect(begun).toEqual([])
})
