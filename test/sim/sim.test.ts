import { describe, expect, test } from 'vitest'
import { type Result, simulate } from './simulation.ts'

const seedsPerBatch = 15
const batches = Array.from({ length: 10 }, (_none, index) => index * seedsPerBatch + 1)

/** The seed to replay, what broke, and how it came to that. */
function report({ seed, failure, trace }: Result): string {
  return `seed ${seed}: ${failure}\n${trace.slice(-30).join('\n')}`
}

describe('storm, then calm', () => {
  test.each(batches)('%i and the seeds after it', { timeout: 60_000 }, async (from) => {
    for (let seed = from; seed < from + seedsPerBatch; seed += 1) {
      const result = await simulate(seed)
      if (result.failure !== '') expect.fail(report(result))
    }
  })

  test.each([7, 42, 99])('seed %i gives the same trace again', async (seed) => {
    const first = await simulate(seed)
    expect(first.trace.length).toBeGreaterThan(30)
    expect(await simulate(seed)).toEqual(first)
  })
})
