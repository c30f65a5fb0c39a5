import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

test('what is packed runs without the sources', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-package-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), join(folder, 'dist')])
  for (const part of ['bin', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [join(folder, 'bin/berth.js'), ...args], { encoding: 'utf8' })
  expect(run('--version')).toContain(version)
  expect(run('validate', join(root, 'manifests-example/shop'))).toContain('no problems')
})

test('an older Node.js is told what is needed', () => {
  const older = 'data:text/javascript,Object.defineProperty(process.versions, "node", { value: "20.19.2" })'
  const { status, stderr } = spawnSync(process.execPath, ['--import', older, join(root, 'bin/berth.js')], {
    encoding: 'utf8',
  })
  expect(stderr).toContain('needs Node.js 24 or newer, found 20.19.2')
  expect(status).toBe(2)
})
