import { expect, test } from 'vitest'
import { Wakes } from '../../src/server/wakes.ts'
import { FakeClock } from '../sim/fake-clock.ts'

function gathered(): { clock: FakeClock; woken: string[]; wakes: Wakes } {
  const clock = new FakeClock()
  const woken: string[] = []
  const began = clock.now()
  const wakes = new Wakes({ clock, wake: (apps) => woken.push(`${clock.now() - began} ${apps.join()}`) })
  return { clock, woken, wakes }
}

test('the first wake is passed on at once, the others as one when they have ended', () => {
  const { clock, woken, wakes } = gathered()
  for (let index = 0; index < 1_000; index++) {
    wakes.ask(['shop', 'blog'])
    clock.advance(1)
  }
  clock.advance(10_000)
  expect(woken).toEqual(['0 shop,blog', '1499 shop', '1499 blog'])
})

test('wakes without an end are passed on every five seconds', () => {
  const { clock, woken, wakes } = gathered()
  for (let index = 0; index < 120; index++) {
    wakes.ask(['shop'])
    clock.advance(100)
  }
  clock.advance(10_000)
  expect(woken).toEqual(['0 shop', '5100 shop', '10100 shop', '12400 shop'])
})

test('applications do not wait for each other, nor after a second, nor when the clock is set back', () => {
  const { clock, woken, wakes } = gathered()
  wakes.ask(['shop'])
  wakes.ask(['blog'])
  clock.advance(1_000)
  wakes.ask(['shop'])
  clock.jump(-500_000)
  wakes.ask(['blog'])
  expect(woken).toEqual(['0 shop', '0 blog', '1000 shop', '-499000 blog'])
})

test('a closed one wakes nobody', () => {
  const { clock, woken, wakes } = gathered()
  wakes.ask(['shop'])
  wakes.ask(['shop'])
  wakes.close()
  clock.advance(10_000)
  expect(woken).toEqual(['0 shop'])
})
