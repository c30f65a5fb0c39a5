import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// `npm test` always gives an engine; a bare `vitest` runs the tests that need none.
const engine = process.env.BERTH_TEST_DOCKER
const needsEngine = 'test/**/*.docker.test.ts'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [needsEngine],
          testTimeout: 20_000,
          // Two also where there are two cores, of which vitest would keep one to itself.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'docker',
          include: engine === undefined ? [] : [needsEngine],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One engine serves them all: side by side they would only measure each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
