import { afterEach, beforeAll, beforeEach, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'
import { killed } from './kills.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('kills')
})
afterEach(() => berth.close())

test('SIGKILL at ten moments of a rollout: the next start goes on, nothing is doubled or lost', async () => {
  await killed(berth, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
