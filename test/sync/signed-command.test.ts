import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Fixture, Sandbox } from './fixture.ts'
import { makeSshKey } from './signers.ts'

const program = new URL('../../bin/berth.js', import.meta.url).pathname

test('a configured key decides which head a command reads', { timeout: 60_000 }, () => {
  using sandbox = new Sandbox()
  const fixture = new Fixture(join(sandbox.path, 'shop'))
  const ada = makeSshKey(sandbox.path, 'ed25519')
  const config = join(sandbox.path, 'berth.yaml')
  const keys = join(sandbox.path, 'keys')
  writeFileSync(keys, `ada@example.com namespaces="git" ${ada.line}\n`)
  const engine = `apiVersion: berth.dev/v1\nkind: Engine\nmetadata: { name: test }\nspec: { stateDir: ${sandbox.path}/state }\n`
  const source = `{ repoURL: ${fixture.path}, verify: { mode: head, keys: [${keys}] } }`
  const application = `apiVersion: berth.dev/v1\nkind: Application\nmetadata: { name: shop }\nspec: { source: ${source} }\n`
  writeFileSync(config, `${engine}---\n${application}`)
  const render = () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'render', '-c', config], {
      encoding: 'utf8',
    })
    return { status, names: stdout.match(/name: .*/g) ?? [], stderr: stderr.trim() }
  }

  const oid = fixture.commit({ 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n' })
  const words = 'is not applied: unsigned: expected a signature by one of the keys of source.verify'
  expect(render()).toEqual({ status: 1, names: [], stderr: `commit ${oid.slice(0, 7)} ${words}` })
  fixture.git(
    '-c',
    'gpg.format=ssh',
    '-c',
    `user.signingKey=${ada.file}`,
    'commit',
    '-q',
    '--allow-empty',
    '-S',
    '-m',
    'Signed',
  )
  expect(render()).toEqual({ status: 0, names: ['name: a'], stderr: '' })
})
