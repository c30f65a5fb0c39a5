// How the tests are run, and the last line that says how they ended. Plain JavaScript for Node 20.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packages.mjs'

const report = '.berth/test-report.json'

export const testCommand = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]

/**
 * `N passed, N failed`. Gates that found something, and test files that could not be run, count as one failure each.
 * @param {{ clean: boolean, status: number }} ended
 */
export function testResult({ clean, status }, folder = root) {
  const file = join(folder, report)
  const counts = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  rmSync(file, { force: true })
  // Where a hook before all tests fails, these are told as skipped.
  const unread = counts.testResults.filter(
    (/** @type {{ status: string, assertionResults: { status: string }[] }} */ suite) =>
      suite.status === 'failed' && suite.assertionResults.every(({ status }) => status !== 'failed'),
  )
  const counted = counts.numFailedTests + unread.length + (clean ? 0 : 1)
  const failed = counted > 0 ? counted : Number(status !== 0)
  return { failed: failed > 0, line: `${counts.numPassedTests} passed, ${failed} failed` }
}
