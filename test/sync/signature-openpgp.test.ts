import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkCommit } from '../../src/sync/signature/check.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { Keyring } from './signers.ts'

let sandbox: Sandbox
let fixture: Fixture
let keyring: Keyring
let ada: string

beforeAll(() => {
  sandbox = new Sandbox()
  fixture = new Fixture(join(sandbox.path, 'shop'))
  keyring = new Keyring()
  ada = keyring.makeKey('ada')
})
afterAll(() => {
  keyring[Symbol.dispose]()
  sandbox[Symbol.dispose]()
})

function raw(): Buffer {
  return execFileSync('git', ['cat-file', 'commit', 'HEAD'], { cwd: fixture.path })
}

/** The raw content of a commit that git signed with gpg. */
function signed(fingerprint: string, program = keyring.program()): Buffer {
  const settings = ['-c', `gpg.program=${program}`, '-c', `user.signingKey=${fingerprint}!`]
  fixture.git(...settings, 'commit', '-q', '--allow-empty', '-S', '-m', 'Signed')
  return raw()
}

async function verdict(commit: Buffer, ...keys: readonly string[]): Promise<string> {
  const found = await checkCommit(commit, keys, Date.now())
  return found.valid ? found.key : found.reason
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(sandbox.path, name)
  writeFileSync(path, content)
  return path
}

describe('a commit signed by OpenPGP', () => {
  test('counts, with keys inside the configuration, armored or as a keyring', async () => {
    const commit = signed(ada)
    const armored = keyring.publicKeys('ada')
    const binary = execFileSync('gpg', ['--dearmor'], { input: armored })
    expect(await verdict(commit, armored)).toBe(ada)
    expect(await verdict(commit, file('several.asc', `# ours\n${armored}\n${armored}`))).toBe(ada)
    expect(await verdict(commit, file('ring.gpg', binary))).toBe(ada)
  })

  test('with RSA, or over text, counts too', async () => {
    keyring.gpg(['--quick-gen-key', 'rsa <rsa@example.com>', 'rsa2048', 'sign', 'never'])
    const [rsa = ''] = keyring.fingerprints('rsa')
    expect(await verdict(signed(rsa), keyring.publicKeys('rsa'))).toBe(rsa)
    expect(await verdict(signed(ada, keyring.program('', '--textmode')), keyring.publicKeys('ada'))).toBe(ada)
  })

  test('and changed afterwards does not', async () => {
    const commit = signed(ada).toString('latin1').replace('\n\nSigned', '\n\nSigneD')
    const reason = await verdict(Buffer.from(commit, 'latin1'), keyring.publicKeys('ada'))
    expect(reason).toBe('the signature is not of this commit')
  })

  test('by a key that is not among the keys does not', async () => {
    const eve = keyring.makeKey('eve')
    expect(await verdict(signed(eve), keyring.publicKeys('ada'))).toBe(`signed by an unknown key ${eve}`)
  })

  test('by a key that has expired since does not', async () => {
    const old = keyring.makeKey('old', { expires: '1y', made: '20200101T000000' })
    const reason = await verdict(signed(old, keyring.program('20200601T000000')), keyring.publicKeys('old'))
    expect(reason).toBe(`signed by ${old}, which expired on 2020-12-31`)
  })

  test('by a key that was revoked since does not, also when a copy of the key does not say so', async () => {
    const lost = keyring.makeKey('lost')
    const before = keyring.publicKeys('lost')
    const commit = signed(lost)
    expect(await verdict(commit, before)).toBe(lost)
    keyring.revoke(lost)
    const after = keyring.publicKeys('lost')
    for (const keys of [[after], [before, after], [after, before]]) {
      expect(await verdict(commit, ...keys)).toBe(`signed by ${lost}, which is revoked`)
    }
  })

  test('with a signature that has expired does not', async () => {
    const long = keyring.makeKey('long', { made: '20200101T000000' })
    const program = keyring.program('20200601T000000', '--default-sig-expire', '30d')
    const reason = await verdict(signed(long, program), keyring.publicKeys('long'))
    expect(reason).toBe(`the signature by ${long} expired on 2020-07-01`)
    expect(await verdict(signed(long, keyring.program('20200601T000000')), keyring.publicKeys('long'))).toBe(long)
  })

  test('with a time that is yet to come does not', async () => {
    const reason = await verdict(signed(ada, keyring.program('20990101T000000')), keyring.publicKeys('ada'))
    expect(reason).toBe(`signed by ${ada} at 2099-01-01T00:00:00.000Z, which is yet to come`)
  })

  test('by a subkey counts until that is revoked', async () => {
    const primary = keyring.makeKey('sub', { use: 'cert' })
    keyring.gpg(['--quick-add-key', primary, 'ed25519', 'sign', 'never'])
    const [, subkey = ''] = keyring.fingerprints('sub')
    const commit = signed(subkey)
    expect(await verdict(commit, keyring.publicKeys('sub'))).toBe(subkey)
    keyring.gpg(['--command-fd', '0', '--edit-key', primary], 'key 1\nrevkey\ny\n0\n\ny\nsave\n')
    const reason = await verdict(commit, keyring.publicKeys('sub'))
    expect(reason).toBe(`signed by ${subkey}, a subkey that is revoked`)
  })

  test('by a subkey that has expired does not', async () => {
    const primary = keyring.makeKey('short', { use: 'cert', made: '20200101T000000' })
    keyring.gpg(['--faked-system-time', '20200101T000000!', '--quick-add-key', primary, 'ed25519', 'sign', '1y'])
    const [, subkey = ''] = keyring.fingerprints('short')
    const reason = await verdict(signed(subkey, keyring.program('20200601T000000')), keyring.publicKeys('short'))
    expect(reason).toBe(`signed by ${subkey}, a subkey that has expired`)
  })

  test('a signature of a key is none of a commit', async () => {
    const armor = keyring.revocation(ada).replaceAll('PUBLIC KEY BLOCK', 'SIGNATURE').trimEnd().replaceAll('\n', '\n ')
    const commit = signed(ada)
      .toString('latin1')
      .replace(/gpgsig (?:.*\n )*.*\n/, `gpgsig ${armor}\n`)
    const reason = await verdict(Buffer.from(commit, 'latin1'), keyring.publicKeys('ada'))
    expect(reason).toBe('the signature is not one of a document')
  })

  test('keys that cannot be read are told, and damaged signatures too', async () => {
    const armored = keyring.publicKeys('ada')
    const commit = signed(ada)
    await expect(verdict(commit, armored.replace(/\n/g, ' '))).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
      subject: 'source.verify.keys[0]',
    })
    const cut = commit
      .toString('latin1')
      .replace(/BEGIN PGP SIGNATURE-----\n (?:.*\n ){3}/, 'BEGIN PGP SIGNATURE-----\n ')
    expect(await verdict(Buffer.from(cut, 'latin1'), armored)).toMatch(/^the signature cannot be read: /)
  })
})
