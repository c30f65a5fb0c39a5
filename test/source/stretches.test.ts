import { expect, test } from 'vitest'
import { Stretches } from '../../src/source/stretches.ts'

const stepMs = 5

/** Works through so many steps, and answers in which turns of the event loop they were. */
async function work(stretches: Stretches, world: World, steps: number, first = false): Promise<void> {
  for (let step = 0; step < steps; step++) {
    if (stretches.isOver(world.now)) await stretches.next(() => world.now, first)
    world.now += stepMs
    world.spent[world.turn] = (world.spent[world.turn] ?? 0) + stepMs
  }
  world.ended.push(world.turn)
}

interface World {
  now: number
  turn: number
  /** In each turn, ms. */
  readonly spent: number[]
  /** Turns in which somebody was done. */
  readonly ended: number[]
}

/** Counts the turns of the event loop until all is done. */
async function counted(world: World, begin: () => readonly Promise<void>[]): Promise<void> {
  let over = false
  const count = () => {
    world.turn += 1
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(begin())
  over = true
}

test('many who work at once leave each turn to the others as soon as one would', async () => {
  const world: World = { now: 0, turn: 0, spent: [], ended: [] }
  const stretches = new Stretches()
  await counted(world, () => Array.from({ length: 50 }, () => work(stretches, world, 20)))
  expect(world.ended).toHaveLength(50)
  expect(Math.max(...world.spent.map((ms) => ms ?? 0))).toBeLessThanOrEqual(20 + stepMs)
})

test('production does not wait for those who came before it', async () => {
  const world: World = { now: 0, turn: 0, spent: [], ended: [] }
  const stretches = new Stretches()
  await counted(world, () => {
    const others = Array.from({ length: 50 }, () => work(stretches, world, 20))
    return [...others, work(stretches, world, 8, true)]
  })
  // Two stretches of its own.
  expect(world.ended[0]).toBeLessThanOrEqual(4)
})

test('what is little is done at once', async () => {
  const world: World = { now: 0, turn: 0, spent: [], ended: [] }
  await work(new Stretches(), world, 3)
  expect(world.turn).toBe(0)
})

test('a clock that does not move, or is set back, keeps nobody waiting for ever', async () => {
  const stretches = new Stretches()
  expect(stretches.isOver(1_000)).toBe(false)
  expect(stretches.isOver(1_000)).toBe(false)
  expect(stretches.isOver(10)).toBe(true)
  await stretches.next(() => 10, false)
  expect(stretches.isOver(10)).toBe(false)
})
