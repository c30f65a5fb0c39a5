import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { NewObject } from '../../src/sync/write/draft.ts'
import { writeLoose } from '../../src/sync/write/loose-write.ts'
import { writePack } from '../../src/sync/write/pack-writer.ts'
import { environment, Fixture, Sandbox } from './fixture.ts'

// Where the size of an object takes another byte.
const sizes = [0, 1, 15, 16, 2047, 2048, 262_143, 262_144, 1_000_000]

const blobs = sizes.map((size): NewObject => {
  const data = randomBytes(size)
  const oid = createHash('sha1').update(`blob ${size}\0`).update(data).digest('hex')
  return { oid, type: 'blob', data }
})

test.each(['a pack', 'loose files'])('git reads objects of all sizes from %s', (form) => {
  using sandbox = new Sandbox()
  const fixture = new Fixture(sandbox.path)
  if (form === 'loose files') writeLoose(join(fixture.path, '.git/objects'), blobs)
  else
    execFileSync('git', ['unpack-objects', '-q', '--strict'], {
      cwd: fixture.path,
      env: environment,
      input: writePack(blobs),
    })
  const found = execFileSync('git', ['cat-file', '--batch-check'], {
    cwd: fixture.path,
    env: environment,
    input: blobs.map(({ oid }) => `${oid}\n`).join(''),
    encoding: 'utf8',
  })
  expect(found.trim().split('\n')).toEqual(blobs.map(({ oid }, at) => `${oid} blob ${sizes[at]}`))
  fixture.git('fsck', '--full', '--strict')
})
