import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signCommit } from '../../src/sync/signature/sign.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { makeSshKey } from './signers.ts'

let sandbox: Sandbox
let fixture: Fixture

beforeAll(() => {
  sandbox = new Sandbox()
  fixture = new Fixture(join(sandbox.path, 'shop'))
  fixture.commit({ a: '1' })
})
afterAll(() => sandbox[Symbol.dispose]())

/** Signs the commit at the head of main, and lets git judge. */
function judgedByGit(keyFile: string, publicKey: string): string {
  const payload = execFileSync('git', ['cat-file', 'commit', 'HEAD'], { cwd: fixture.path })
  const signature = signCommit(payload, keyFile)
  const header = `gpgsig ${signature.trimEnd().replaceAll('\n', '\n ')}\n`
  const end = payload.indexOf('\n\n') + 1
  const oid = fixture.object(
    'commit',
    Buffer.concat([payload.subarray(0, end), Buffer.from(header), payload.subarray(end)]),
  )
  const allowed = join(sandbox.path, 'allowed')
  writeFileSync(allowed, `ada@example.com ${publicKey}\n`)
  const settings = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${allowed}`]
  return fixture.git(...settings, 'log', '-1', '--format=%G? %GS', oid)
}

describe('signing a commit', () => {
  test.each([
    ['ed25519', []],
    ['rsa', ['-b', '3072']],
    ['rsa', ['-b', '2048', '-m', 'PEM']],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['ecdsa', ['-b', '521', '-m', 'PEM']],
  ])('with a key of %s %j counts for git', (kind, options) => {
    const key = makeSshKey(sandbox.path, kind, ...options)
    expect(judgedByGit(key.file, key.line)).toBe('G ada@example.com')
  })

  test('with a key in PKCS #8 counts for git', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const file = join(sandbox.path, 'pkcs8')
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    const line = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim()
    expect(judgedByGit(file, line)).toBe('G ada@example.com')
  })

  test('with a key that cannot be used says which, and never what is in it', () => {
    const locked = makeSshKey(sandbox.path, 'ed25519', '-N', 'a passphrase')
    const broken = join(sandbox.path, 'broken')
    writeFileSync(broken, readFileSync(makeSshKey(sandbox.path, 'ed25519').file, 'utf8').slice(0, 120))
    for (const file of [locked.file, broken, join(sandbox.path, 'nothing-there')]) {
      expect(() => signCommit(Buffer.from('x'), file)).toThrow(
        expect.objectContaining({ code: 'BAD_CREDENTIALS', message: expect.stringMatching(`^${file}: expected`) }),
      )
      expect(() => signCommit(Buffer.from('x'), file)).not.toThrow(/b3BlbnNzaC1rZXk/)
    }
  })
})
