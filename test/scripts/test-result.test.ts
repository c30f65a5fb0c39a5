import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testResult } from '../../scripts/test-result.mjs'
import { Sandbox } from '../sync/fixture.ts'

const suite = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
})

test.each([
  { title: 'all is well', suites: [suite('passed', 'passed')], failed: 0, line: '3 passed, 0 failed' },
  { title: 'a test', suites: [suite('failed', 'passed', 'failed')], failed: 1, line: '3 passed, 1 failed' },
  { title: 'a file that cannot be read', suites: [suite('failed')], failed: 0, line: '3 passed, 1 failed' },
  {
    title: 'a hook before all tests, and a test of another file',
    suites: [suite('failed', 'skipped', 'skipped'), suite('failed', 'failed')],
    failed: 1,
    line: '3 passed, 2 failed',
  },
])('counts what failed: $title', ({ suites, failed, line }) => {
  using sandbox = new Sandbox()
  mkdirSync(join(sandbox.path, '.berth'))
  const counts = { numPassedTests: 3, numFailedTests: failed, testResults: suites }
  writeFileSync(join(sandbox.path, '.berth/test-report.json'), JSON.stringify(counts))
  const isFailed = !line.endsWith(' 0 failed')
  expect(testResult({ clean: true, status: Number(isFailed) }, sandbox.path)).toEqual({ failed: isFailed, line })
})
