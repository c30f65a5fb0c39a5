import { beforeEach, expect, test } from 'vitest'
import { Calm } from '../../src/reconcile/calm.ts'
import { FakeClock } from '../sim/fake-clock.ts'

let clock: FakeClock
let calm: Calm
beforeEach(() => {
  clock = new FakeClock()
  calm = new Calm(clock)
})

/** Waits for the host, and remembers how long that took. */
function waiting(host: string): { ms: number | undefined } {
  const began = clock.now()
  const result: { ms: number | undefined } = { ms: undefined }
  void calm.wait(host).then(() => {
    result.ms = clock.now() - began
  })
  return result
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await clock.advance(100)
}

test('where nobody was at work nobody waits', async () => {
  calm.begin('two')
  const one = waiting('one')
  await pass(100)
  expect(one.ms).toBeLessThanOrEqual(100)
})

test('it is calm two seconds after the last work', async () => {
  const ends = [calm.begin('one'), calm.begin('one')]
  const one = waiting('one')
  await pass(1_000)
  ends[0]?.()
  await pass(1_000)
  ends[1]?.()
  await pass(1_000)
  expect(one.ms).toBeUndefined()
  await pass(2_000)
  expect(one.ms).toBe(4_000)
})

test('work in a pause keeps others waiting', async () => {
  calm.begin('one')()
  const one = waiting('one')
  await pass(1_500)
  calm.begin('one')()
  await pass(1_900)
  expect(one.ms).toBeUndefined()
  await pass(300)
  expect(one.ms).toBe(3_500)
})

test('work without an end keeps nobody longer than 15 seconds', async () => {
  calm.begin('one')
  const one = waiting('one')
  await pass(14_000)
  expect(one.ms).toBeUndefined()
  await pass(2_000)
  expect(one.ms).toBe(15_000)
})

test('nobody waits for what is to end', async () => {
  calm.begin('one')
  const one = waiting('one')
  await pass(500)
  calm.close()
  await pass(100)
  expect(one.ms).toBeLessThanOrEqual(600)
  const other = waiting('one')
  await pass(100)
  expect(other.ms).toBeLessThanOrEqual(100)
})
