import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// `npm test` always gives an engine; a bare `vitest` runs the tests that need none.
const engine = process.env.BERTH_TEST_DOCKER
const needsEngine = 'test/**/*.docker.test.ts'
// Long ones, of what the others show in small: `npm run proofs` runs these, and only these.
const proofs = 'test/**/*.proof.test.ts'
const asksForProofs = process.env.BERTH_TEST_PROOFS === '1'

// Time-outs are how long something may take on a busy machine, not how long it should.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: asksForProofs ? [] : ['test/**/*.test.ts'],
          exclude: [needsEngine, proofs],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          // Two also where there are two cores, of which vitest would keep one to itself.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'docker',
          include: engine === undefined ? [] : [asksForProofs ? proofs : needsEngine],
          testTimeout: asksForProofs ? 900_000 : 300_000,
          hookTimeout: asksForProofs ? 900_000 : 300_000,
          expect: { poll: { timeout: asksForProofs ? 180_000 : 30_000 } },
          globalSetup: ['test/support/docker-setup.ts'],
          // Each file has an installation of its own. They mostly wait, for engines and for time to pass.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
