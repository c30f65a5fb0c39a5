import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommit } from '../../src/sync/objects/commit.ts'
import { checkCommit } from '../../src/sync/signature/check.ts'
import { armored, signedBytes } from '../../src/sync/signature/sshsig.ts'
import { wireNumber, wireString } from '../../src/sync/signature/wire.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { makeSshKey, type SshSigner } from './signers.ts'

let sandbox: Sandbox
let fixture: Fixture
let ada: SshSigner

beforeAll(() => {
  sandbox = new Sandbox()
  fixture = new Fixture(join(sandbox.path, 'shop'))
  ada = makeSshKey(sandbox.path, 'ed25519')
})
afterAll(() => {
  sandbox[Symbol.dispose]()
})

function raw(ref = 'HEAD'): Buffer {
  return execFileSync('git', ['cat-file', 'commit', ref], { cwd: fixture.path })
}

/** The raw content of a commit that git signed with a key of ssh. */
function signedBySsh({ file }: SshSigner, message = 'Signed'): Buffer {
  fixture.git(
    ...['-c', 'gpg.format=ssh', '-c', `user.signingKey=${file}`],
    'commit',
    '-q',
    '--allow-empty',
    '-S',
    '-m',
    message,
  )
  return raw()
}

/** A commit with this signature before its message. */
function withSignature(payload: Buffer, signature: string): Buffer {
  const end = payload.indexOf('\n\n') + 1
  const header = Buffer.from(`gpgsig ${signature.trimEnd().replaceAll('\n', '\n ')}\n`)
  return Buffer.concat([payload.subarray(0, end), header, payload.subarray(end)])
}

function tampered(commit: Buffer): Buffer {
  return Buffer.from(commit.toString('latin1').replace('\n\nSigned', '\n\nSigneD'), 'latin1')
}

function unsigned(): Buffer {
  fixture.git('commit', '-q', '--allow-empty', '-m', 'Unsigned')
  return raw()
}

/** As the product asks, today. */
async function verdict(commit: Buffer, ...keys: readonly string[]): Promise<string> {
  const found = await checkCommit(commit, keys, Date.now())
  return found.valid ? found.key : found.reason
}

describe('a commit signed by ssh', () => {
  test.each([
    ['ed25519', []],
    ['rsa', ['-b', '3072']],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['ecdsa', ['-b', '521']],
  ])('%s %j counts, and nothing else with its signature', async (kind, options) => {
    const key = makeSshKey(sandbox.path, kind, ...options)
    const commit = signedBySsh(key)
    expect(await verdict(commit, ada.line, key.line)).toBe(key.fingerprint)
    expect(await verdict(tampered(commit), key.line)).toBe('the signature is not of this commit')
    expect(await verdict(commit, ada.line)).toBe(`signed by an unknown key ${key.fingerprint}`)
  })

  test('with SHA-256 inside counts too', async () => {
    const payload = unsigned()
    const signature = execFileSync(
      'ssh-keygen',
      ['-q', '-Y', 'sign', '-n', 'git', '-O', 'hashalg=sha256', '-f', ada.file],
      {
        input: payload,
        encoding: 'utf8',
      },
    )
    expect(await verdict(withSignature(payload, signature), ada.line)).toBe(ada.fingerprint)
  })

  test('many times: numbers that begin with zeros are no exception', async () => {
    const key = makeSshKey(sandbox.path, 'ecdsa', '-b', '521')
    const payload = unsigned()
    for (let time = 0; time < 20; time++) {
      const signature = execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', key.file], {
        input: payload,
        encoding: 'utf8',
      })
      expect(await verdict(withSignature(payload, signature), key.line)).toBe(key.fingerprint)
    }
  })

  test('for something else does not count', async () => {
    const payload = unsigned()
    const signature = execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', ada.file], {
      input: payload,
      encoding: 'utf8',
    })
    expect(await verdict(withSignature(payload, signature), ada.line)).toBe('signed for "file", expected "git"')
  })

  test('a signature of another commit does not count', async () => {
    const [, signature = ''] = /gpgsig ((?:.*\n )*.*\n)/.exec(signedBySsh(ada).toString('latin1')) ?? []
    const moved = withSignature(unsigned(), signature.replaceAll('\n ', '\n'))
    expect(await verdict(moved, ada.line)).toBe('the signature is not of this commit')
  })

  test('by a security token counts as it does for ssh-keygen', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const point = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
    const blob = Buffer.concat(['sk-ssh-ed25519@openssh.com', point, 'ssh:'].map(wireString))
    const line = `sk-ssh-ed25519@openssh.com ${blob.toString('base64')}`
    const payload = unsigned()
    const hashed = ['ssh:', signedBytes(payload, 'sha512', '')].map((part) =>
      createHash('sha256').update(part).digest(),
    )
    const signature = (shown: number): string => {
      const made = sign(null, Buffer.concat([hashed[0]!, Buffer.of(1, 0, 0, 0, 7), hashed[1]!]), privateKey)
      const value = Buffer.concat([
        wireString('sk-ssh-ed25519@openssh.com'),
        wireString(made),
        Buffer.of(1, 0, 0, 0, shown),
      ])
      const fields = [blob, 'git', '', 'sha512', value].map(wireString)
      return armored(Buffer.concat([Buffer.from('SSHSIG'), wireNumber(1), ...fields]))
    }
    expect(judgedBySshKeygen(payload, signature(7), `ada ${line}`)).toMatch(/^Good "git" signature for ada/)
    expect(await verdict(withSignature(payload, signature(7)), line)).toMatch(/^SHA256:/)
    expect(await verdict(withSignature(payload, signature(8)), line)).toBe('the signature is not of this commit')
  })

  test('a damaged signature is refused in words', async () => {
    const commit = signedBySsh(ada).toString('latin1')
    const cut = commit.replace(/\n [A-Za-z0-9+/=]+\n -----END/, '\n -----END')
    expect(await verdict(Buffer.from(cut, 'latin1'), ada.line)).toBe(
      'the signature cannot be read: the data ends early',
    )
    const other = withSignature(unsigned(), '-----BEGIN SIGNED MESSAGE-----\nMII=\n-----END SIGNED MESSAGE-----')
    expect(await verdict(other, ada.line)).toBe('signed in a way that is not supported (expected OpenPGP or ssh)')
  })
})

function judgedBySshKeygen(payload: Buffer, signature: string, allowed: string): string {
  const [allowedFile, signatureFile] = [join(sandbox.path, 'allowed'), join(sandbox.path, 'signature')]
  writeFileSync(allowedFile, `${allowed}\n`)
  writeFileSync(signatureFile, signature)
  const args = ['-Y', 'verify', '-n', 'git', '-I', 'ada', '-f', allowedFile, '-s', signatureFile]
  return execFileSync('ssh-keygen', args, { input: payload, encoding: 'utf8' })
}

describe('what is signed is what is read', () => {
  test('an unsigned commit, and one that is signed for another kind of repository only', async () => {
    const payload = unsigned()
    expect(await verdict(payload, ada.line)).toBe('unsigned')
    const renamed = withSignature(payload, 'x').toString('latin1').replace('gpgsig ', 'gpgsig-sha256 ')
    expect(await verdict(Buffer.from(renamed, 'latin1'), ada.line)).toBe('unsigned')
  })

  test('headers without end are not looked through', async () => {
    const long = signedBySsh(ada)
      .toString('latin1')
      .replace('gpgsig ', `gpgsig-sha256 x${'\n '.repeat(200_000)}\ngpgsig `)
    expect(await verdict(Buffer.from(long, 'latin1'), ada.line)).toBe('its headers are too long')
  })

  test('no byte of what is signed can be another one', async () => {
    const commit = signedBySsh(ada)
    const [begin, end] = [commit.indexOf('gpgsig '), commit.indexOf(' -----END SSH SIGNATURE-----\n') + 30]
    for (let at = 0; at < commit.length; at++) {
      if (at === begin) at = end
      const other = Buffer.from(commit)
      other[at]! ^= 1
      const found = await checkCommit(other, [ada.line], Date.now()).catch((error) => error.code)
      expect([at, found]).not.toMatchObject([at, { valid: true }])
    }
  })

  test('the first signature counts, when there are several', async () => {
    const key = makeSshKey(sandbox.path, 'ed25519')
    const payload = signedBySsh(ada)
    const second = withSignature(payload, '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----')
    expect(await verdict(second, ada.line)).toBe(ada.fingerprint)
    expect(await verdict(second, key.line)).toBe(`signed by an unknown key ${ada.fingerprint}`)
  })

  test.each([
    ['a tree', (tree: string) => `tree ${tree}`],
    ['a tree after a carriage return', (tree: string) => `x\rtree ${tree}\r`],
    ['an encoding', () => 'x\rencoding utf-16le'],
  ])('%s among what is not signed is refused', async (_, hidden) => {
    const text = signedBySsh(ada).toString('latin1')
    const header = /gpgsig (?:.*\n )*.*\n/.exec(text)![0]
    const evil = `gpgsig-sha256 ${hidden('4b825dc642cb6eb9a060e54bf8d69288fbee4904')}\n`
    for (const commit of [evil + text, header + text.replace(header, ''), text.replace(header, evil + header)]) {
      const bytes = Buffer.from(commit, 'latin1')
      const found = await checkCommit(bytes, [ada.line], Date.now()).catch((error) => error.code)
      // After the real one, a hidden one changes nothing.
      const alike =
        commit.startsWith('tree ') && parseCommit('', bytes).tree === parseCommit('', Buffer.from(text)).tree
      if (alike) expect(found).toMatchObject({ valid: true })
      else expect(found).not.toMatchObject({ valid: true })
    }
  })
})

describe('public keys of ssh', () => {
  let commit: Buffer
  beforeAll(() => {
    commit = signedBySsh(ada)
  })

  async function withLines(...lines: readonly string[]): Promise<string> {
    const file = join(sandbox.path, 'keys')
    writeFileSync(file, `# those who may\n\n${lines.join('\n')}\n`)
    return verdict(commit, file).catch((error) => `${error.code} ${error.message.replace(file, 'FILE')}`)
  }

  test.each([
    ['a plain line', 'KEY'],
    ['principals', 'ada@example.com,*@example.org KEY'],
    ['options of authorized_keys', 'expiry-time="20991231" KEY'],
    ['a namespace', 'ada@example.com namespaces="file,git" KEY'],
    ['any namespace', 'ada@example.com namespaces="g*" KEY'],
    ['times', 'ada@example.com valid-after="20200101Z",valid-before="209912312359Z" KEY'],
    ['several lines of one key', 'ada@example.com valid-before="20200101" KEY\nada@example.com KEY'],
  ])('%s counts', async (_, line) => {
    expect(await withLines(line.replaceAll('KEY', ada.line))).toBe(ada.fingerprint)
  })

  test.each([
    ['ada namespaces="file" KEY', 'signed by FPR, which may not sign for Git'],
    ['ada namespaces="!git,*" KEY', 'signed by FPR, which may not sign for Git'],
    ['ada valid-before="20200101Z" KEY', 'signed by FPR, which counted until 2020-01-01T00:00:00Z'],
    ['ada valid-after="20990101120000Z" KEY', 'signed by FPR, which counts from 2099-01-01T12:00:00Z on'],
    ['ada cert-authority KEY', 'BAD_CREDENTIALS FILE:3: expected a public key, found cert-authority is not supported'],
    ['cert-authority KEY', 'BAD_CREDENTIALS FILE:3: expected a public key, found cert-authority is not supported'],
    ['ada valid-before="tomorrow" KEY', 'BAD_CREDENTIALS FILE:3: expected a public key, found tomorrow is no time'],
    ['ada command="x y" KEY', 'BAD_CREDENTIALS FILE:3: expected a public key, found command is not supported'],
    ['ssh-ed25519 AAAA', 'BAD_CREDENTIALS FILE:3: expected a public key, found the data ends early'],
    ['good morning', 'BAD_CREDENTIALS FILE:3: expected a public key, found no public key of ssh'],
    ['', 'BAD_CREDENTIALS FILE: expected at least one public key, found none'],
  ])('%s: %s', async (line, expected) => {
    const found = await withLines(line.replace('KEY', ada.line))
    expect(found.startsWith(expected.replace('FPR', ada.fingerprint)), found).toBe(true)
  })

  test('a time that was over when the commit was made does not count, nor one that is over by now', async () => {
    const at = (year: number) => Date.UTC(year, 5)
    const made = commit.toString('latin1').replace(/^(committer .*> )\d+/m, `$1${at(2021) / 1000}`)
    const payload = Buffer.from(made.replace(/gpgsig (?:.*\n )*.*\n/, ''), 'latin1')
    const signature = execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', ada.file], {
      input: payload,
      encoding: 'utf8',
    })
    const old = withSignature(payload, signature)
    const check = (option: string, now: number) => checkCommit(old, [`ada ${option} ${ada.line}`], now)
    expect(await check('valid-before="20220101Z"', at(2021))).toEqual({ valid: true, key: ada.fingerprint })
    expect(await check('valid-before="20220101Z"', at(2023))).toMatchObject({ valid: false })
    expect(await check('valid-after="20220101Z"', at(2023))).toMatchObject({ valid: false })
  })

  test('a file that is missing, or holds what should be secret, is told and never counts', async () => {
    for (const commit of [unsigned(), signedBySsh(ada)]) {
      await expect(verdict(commit, ada.line, '/nothing/there')).rejects.toMatchObject({
        code: 'BAD_CREDENTIALS',
        subject: '/nothing/there',
        retryable: true,
      })
      await expect(verdict(commit, ada.file)).rejects.toThrow('expected public keys, found a private one')
    }
  })
})
