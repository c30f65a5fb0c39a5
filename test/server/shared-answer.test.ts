import { expect, test } from 'vitest'
import { SharedAnswer } from '../../src/server/shared-answer.ts'

/** Answers how often it was made, each of which takes so long. */
function counting(tookMs: number) {
  let now = 1_000
  let made = 0
  const make = () => {
    now += tookMs
    made += 1
    return made
  }
  const shared = new SharedAnswer(make, { now: () => now })
  const wait = (ms: number) => {
    now += ms
  }
  return { shared, wait }
}

test('an answer that was much work is given again for twice as long as it took', () => {
  const { shared, wait } = counting(30)
  expect([shared.get(), shared.get()]).toEqual([1, 1])
  wait(59)
  expect(shared.get()).toBe(1)
  wait(1)
  expect(shared.get()).toBe(2)
})

test('what is quickly made is made each time', () => {
  const { shared } = counting(0)
  expect([shared.get(), shared.get()]).toEqual([1, 2])
})

test('no answer is older than a second, and none is given again after a clock was set back', () => {
  const { shared, wait } = counting(5_000)
  expect(shared.get()).toBe(1)
  wait(999)
  expect(shared.get()).toBe(1)
  wait(1)
  expect(shared.get()).toBe(2)
  wait(-60_000)
  expect(shared.get()).toBe(3)
})

test('once something was asked of the engine the next answer is another one', () => {
  const { shared } = counting(30)
  expect(shared.get()).toBe(1)
  shared.forget()
  expect(shared.get()).toBe(2)
})
