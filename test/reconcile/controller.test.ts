import { expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { Controller, type LookResult } from '../../src/reconcile/controller.ts'

/** A clock that only moves when told to. */
function handClock(): Clock & { advance(ms: number): void; jump(ms: number): void } {
  let now = 0
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    jump(ms) {
      now += ms
    },
    advance(ms) {
      now += ms
      for (const timer of [...timers].filter((timer) => timer.at <= now)) {
        timers.delete(timer)
        timer.run()
      }
    },
  }
}

async function settled(controller: Controller): Promise<void> {
  while (!controller.quiet) await new Promise((done) => setImmediate(done))
}

function watched(results: (look: number) => LookResult = () => ({})) {
  const clock = handClock()
  let looks = 0
  let atOnce = 0
  let mostAtOnce = 0
  const bugs: unknown[] = []
  let gate: Promise<void> = Promise.resolve()
  const controller = new Controller({
    clock,
    onBug: (_key, error) => bugs.push(error),
    async look() {
      atOnce++
      mostAtOnce = Math.max(mostAtOnce, atOnce)
      looks++
      await gate
      atOnce--
      return results(looks)
    },
  })
  return {
    clock,
    controller,
    bugs,
    hold: (until: Promise<void>) => {
      gate = until
    },
    looks: () => looks,
    mostAtOnce: () => mostAtOnce,
  }
}

test('a thousand wakes during a look lead to one more look, never two at once', async () => {
  const it = watched()
  const { promise, resolve } = Promise.withResolvers<void>()
  it.hold(promise)
  it.controller.wake('shop/Deployment/web')
  while (it.looks() === 0) await new Promise((done) => setImmediate(done))
  for (let i = 0; i < 1000; i++) it.controller.wake('shop/Deployment/web')
  resolve()
  await settled(it.controller)
  expect(it.looks()).toBe(2)
  expect(it.mostAtOnce()).toBe(1)
})

test('a failed look is repeated after 1, 2, 4 … seconds, and a good one resets the wait', async () => {
  const it = watched((look) => ({ failed: look !== 3 }))
  it.controller.wake('shop/Pod/a')
  await settled(it.controller)
  it.clock.advance(999)
  await settled(it.controller)
  expect(it.looks()).toBe(1)
  it.clock.advance(1)
  await settled(it.controller)
  expect(it.looks()).toBe(2)
  it.clock.advance(2_000)
  await settled(it.controller)
  expect(it.looks()).toBe(3)
  it.clock.advance(3_600_000)
  await settled(it.controller)
  expect(it.looks()).toBe(3)
})

test('the earliest of several wanted times wins, and a look forgets them', async () => {
  const it = watched()
  it.controller.wakeAt('shop/Pod/a', 5_000)
  it.controller.wakeAt('shop/Pod/a', 1_000)
  it.controller.wakeAt('shop/Pod/a', 9_000)
  it.clock.advance(1_000)
  await settled(it.controller)
  expect(it.looks()).toBe(1)
  it.clock.advance(60_000)
  await settled(it.controller)
  expect(it.looks()).toBe(1)
})

test('a bug in a look is reported, and the key is looked at again', async () => {
  const it = watched((look) => {
    if (look === 1) throw new TypeError('broken')
    return {}
  })
  it.controller.wake('shop/Pod/a')
  await settled(it.controller)
  expect(it.bugs).toEqual([new TypeError('broken')])
  it.clock.advance(1_000)
  await settled(it.controller)
  expect(it.looks()).toBe(2)
})

test('nothing begins after close', async () => {
  const it = watched()
  it.controller.wakeAt('shop/Pod/a', 10)
  await it.controller.close()
  it.controller.wake('shop/Pod/a')
  it.clock.advance(1_000)
  await settled(it.controller)
  expect(it.looks()).toBe(0)
})

test('a clock that jumps over a time is noticed when asked for', async () => {
  const { clock, controller, looks } = watched()
  controller.wakeAt('shop/CronJob/soon', 60_000)
  controller.wakeAt('shop/CronJob/late', 7_200_000)
  clock.jump(3_600_000)
  controller.wakeDue()
  await settled(controller)
  expect(looks()).toBe(1)
  clock.advance(60_000)
  await settled(controller)
  expect(looks()).toBe(1)
})
