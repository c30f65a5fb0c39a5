// Previews that come and go at random while calls fail and answers are lost; and a hundred at once beside a change of production.
import { expect, test } from 'vitest'
import { Controller } from '../src/reconcile/controller.ts'
import { Lanes } from '../src/reconcile/lanes.ts'
import type { Task } from '../src/reconcile/plan/action.ts'
import { clock } from './support/engine-fixture.ts'
import { previewStorm } from './support/preview-storm.ts'
import { pullRequestStorm } from './support/pull-request-storm.ts'

test('previews that come and go under faults leave nothing', () => previewStorm(1, 30, 12), 120_000)

test(
  'pull requests of strangers and friends that change under faults get what is theirs, and leave nothing',
  () => pullRequestStorm(1, 60, 12),
  120_000,
)

const task = (text: string): Task => ({ host: 'one', text, cause: '', effect: 'none', actions: [] })

/** Tasks that end when they are told to. */
function heldRuntime() {
  const running: { readonly text: string; readonly end: () => void }[] = []
  const begun: string[] = []
  const startContainer = (_pod: unknown, container: string) => {
    begun.push(container)
    return new Promise<void>((end) => running.push({ text: container, end }))
  }
  // biome-ignore lint/suspicious/noExplicitAny: one call of many
  return { running, begun, runtime: { startContainer } as any }
}

test('a hundred previews at once delay production by no running step', async () => {
  const { running, begun, runtime: held } = heldRuntime()
  const lanes = new Lanes(held)
  const pod = { host: 'one', namespace: '', name: '' }
  const start = (text: string): Task => ({ ...task(text), actions: [{ kind: 'start', pod, container: text }] })
  const all = Array.from({ length: 100 }, (_, index) => lanes.run([start(`preview ${index}`)], true))
  await new Promise((next) => setImmediate(next))
  expect(begun).toEqual(['preview 0', 'preview 1'])
  const production = lanes.run([start('production 0'), start('production 1'), start('production 2')])
  await new Promise((next) => setImmediate(next))
  expect(begun.slice(2)).toEqual(['production 0', 'production 1'])
  running[0]?.end()
  await new Promise((next) => setImmediate(next))
  expect(begun.at(-1)).toBe('production 2')
  for (let next = 0; next < running.length; next++) {
    running[next]?.end()
    await new Promise((turn) => setImmediate(turn))
  }
  await Promise.all([production, ...all])
  expect(begun).toHaveLength(103)
})

test('looks of those who yield leave half of the width to others, and begin after them', async () => {
  const ends: (() => void)[] = []
  const looked: string[] = []
  const controller = new Controller({
    look: (key) => {
      looked.push(key)
      return new Promise((end) => ends.push(() => end({})))
    },
    onBug: (_key, error) => {
      throw error
    },
    clock,
    width: 4,
    yields: (key) => key.startsWith('shop-'),
  })
  for (let index = 0; index < 50; index++) controller.wake(`shop-${index}/Deployment/web`)
  await new Promise((next) => setImmediate(next))
  for (let index = 0; index < 3; index++) controller.wake(`shop/Deployment/web${index}`)
  await new Promise((next) => setImmediate(next))
  const own = ['shop/Deployment/web0', 'shop/Deployment/web1']
  expect(looked).toEqual(['shop-0/Deployment/web', 'shop-1/Deployment/web', ...own])
  ends[0]?.()
  await new Promise((next) => setImmediate(next))
  expect(looked.at(-1)).toBe('shop/Deployment/web2')
  while (!controller.quiet) {
    for (const end of ends.splice(0)) end()
    await new Promise((next) => setImmediate(next))
  }
  expect(looked).toHaveLength(53)
})
