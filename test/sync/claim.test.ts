import { utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { claimFolder } from '../../src/sync/claim.ts'
import { Sandbox } from './fixture.ts'

test('a claim whose owner has not written its name yet counts', () => {
  using sandbox = new Sandbox()
  writeFileSync(join(sandbox.folder('shop'), 'lock'), '')
  expect(basename(claimFolder(sandbox.path, 'shop').folder)).toBe('shop.1')
})

test('a claim that stayed empty is that of a process that died', () => {
  using sandbox = new Sandbox()
  const lock = join(sandbox.folder('shop'), 'lock')
  writeFileSync(lock, '')
  utimesSync(lock, 0, 0)
  expect(basename(claimFolder(sandbox.path, 'shop').folder)).toBe('shop')
})
