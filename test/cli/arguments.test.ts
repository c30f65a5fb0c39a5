import { expect, test } from 'vitest'
import { durationMs, readArguments, UsageError } from '../../src/cli/arguments.ts'
import { readSettings } from '../../src/cli/settings.ts'

test('reads command, operands and flags', () => {
  const args = readArguments(['status', 'shop', '--repo', '/r', '-o', 'json', '-n', 'prod', '--watch'])
  expect(args).toMatchObject({
    command: 'status',
    operands: ['shop'],
    repo: '/r',
    output: 'json',
    namespace: 'prod',
    watch: true,
  })
})

test.each([
  [['run', '--rep', 'x'], /--rep/],
  [['status', '-o', 'xml'], /expected one of text, json, markdown, found "xml"/],
  [['run', '--log-level', 'loud'], /expected one of debug, info, warn, error, found "loud"/],
])('%j is told what is wrong', (argv, message) => {
  expect(() => readArguments(argv)).toThrow(UsageError)
  expect(() => readArguments(argv)).toThrow(message)
})

test('durations', () => {
  expect(['500ms', '30s', '5m', '1h', '1.5s'].map((text) => durationMs('--timeout', text))).toEqual([
    500, 30_000, 300_000, 3_600_000, 1_500,
  ])
  expect(() => durationMs('--timeout', '30')).toThrow('--timeout: expected a duration such as 30s or 5m, found "30"')
})

test('the installation follows from the repository alone', async () => {
  const first = await readSettings(
    readArguments(['run', '--repo', 'https://git.example.com/acme/shop.git', '--path', './production/']),
  )
  const second = await readSettings(
    readArguments(['run', '--repo', 'https://git.example.com/acme/shop', '--path', 'staging']),
  )
  const other = await readSettings(readArguments(['run', '--repo', 'https://git.example.com/acme/blog']))
  expect(first.id).toBe(second.id)
  expect(first.id).not.toBe(other.id)
  expect(first.applications[0]).toMatchObject({
    name: 'production',
    path: 'production',
    namespace: 'default',
    revision: 'main',
  })
  expect(other.applications[0]).toMatchObject({ name: 'blog', path: '' })
})

test('an interval that would never pause is refused', async () => {
  const args = readArguments(['run', '--repo', '/r', '--interval', '0s'])
  await expect(readSettings(args)).rejects.toThrow('--interval: expected at least 100ms, found "0s"')
})

test('without a repository it says what to give', async () => {
  await expect(readSettings(readArguments(['run']))).rejects.toThrow('give --repo URL, or a configuration with -c FILE')
})
