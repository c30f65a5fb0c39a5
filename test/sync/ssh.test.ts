import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { defaultTimeouts } from '../../src/sync/limits.ts'
import type { Repository, RepositoryOptions, SshIdentity } from '../../src/sync/port.ts'
import { openRepository } from '../../src/sync/repository.ts'
import { sshRemote } from '../../src/sync/ssh/remote.ts'
import { parseRemote, type SshRemoteAddress } from '../../src/sync/url.ts'
import { Fixture, Sandbox } from './fixture.ts'
import { makeKey, openGate, type Sshd, startSshd } from './sshd.ts'
import { failure, paths, texts } from './world.ts'

// Each starts programs and speaks with them for a while.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

const sandbox = new Sandbox()
let fixture: Fixture
let sshd: Sshd
let stores = 0
let opened: Repository[] = []

beforeAll(async () => {
  fixture = new Fixture(join(sandbox.path, 'root', "it's"))
  fixture.commit({ 'k8s/web.yaml': 'a: 1\n', big: Buffer.alloc(300_000, 'x'), noise: noise(200_000) })
  sshd = await startSshd(sandbox.folder('sshd'), ['ed25519', 'ecdsa', 'rsa'])
})

afterEach(async () => {
  await Promise.all(opened.map((repository) => repository.close()))
  opened = []
  sshd.setGate(openGate)
})

afterAll(async () => {
  await sshd.close()
  sandbox[Symbol.dispose]()
})

interface Way {
  readonly name?: string
  readonly ssh?: Partial<SshIdentity>
  readonly options?: Partial<RepositoryOptions>
}

const identity = (): SshIdentity => ({ keyFile: sshd.keyFile, knownHostsFile: sshd.knownHostsFile })

async function open({ name = "it's/.git", ssh, options }: Way = {}): Promise<Repository> {
  const repository = await openRepository({
    url: `ssh://${sshd.user}@127.0.0.1:${sshd.port}${join(sandbox.path, 'root', name)}`,
    revision: 'main',
    storeDir: sandbox.folder(`state-${stores++}`),
    backend: 'embedded',
    credentials: { ssh: { ...identity(), ...ssh } },
    ...options,
  })
  opened.push(repository)
  return repository
}

async function failing(way: Way): Promise<[string, string]> {
  const repository = await open(way)
  const { code, message, retryable } = await failure(repository.fetch())
  expect(await repository.head()).toBeUndefined()
  return [code, `${message} ${retryable ? '(retried)' : ''}`]
}

/** Only asks where the branches are: what comes after the login is the same for all. */
async function asks(ssh: Partial<SshIdentity>): Promise<string> {
  const ending = new AbortController()
  const address = parseRemote(`ssh://${sshd.user}@127.0.0.1:${sshd.port}${fixture.path}`) as SshRemoteAddress
  const remote = sshRemote(address, { ssh: { ...identity(), ...ssh } }, defaultTimeouts, ending.signal)
  const deadline = performance.now() + 30_000
  const list = await remote.advertise({ service: 'git-upload-pack', maxBytes: 100_000, deadline })
  ending.abort()
  return list.toString('latin1')
}

function noise(bytes: number): Buffer {
  return execFileSync('head', ['-c', String(bytes), '/dev/urandom'])
}

describe.each([
  ['embedded', 10],
  ['native', 3],
] as const)('ssh, %s', (backend, commits) => {
  test(`${commits} commits come over one connection`, async () => {
    const before = sshd.logins()
    const repository = await open({ options: { backend } })
    expect(repository.backend).toBe(backend)
    for (let count = 0; count < commits; count++) {
      const oid = fixture.commit({ 'k8s/web.yaml': `a: ${count}\n` })
      expect(await repository.fetch()).toEqual({ oid, rewritten: false })
      const snapshot = await repository.snapshot(oid, 'k8s')
      expect(await texts(repository, snapshot)).toEqual({ 'web.yaml': `a: ${count}\n` })
    }
    expect(sshd.logins() - before).toBe(1)
  })

  test('a commit is written, and the next fetch finds it', async () => {
    fixture.git('config', 'receive.denyCurrentBranch', 'ignore')
    const good = fixture.commit({ 'k8s/web.yaml': 'good\n' })
    fixture.commit({ 'k8s/web.yaml': 'bad\n' })
    const repository = await open({ options: { backend } })
    await repository.fetch()
    const change = { kind: 'restore', path: 'k8s', to: good } as const
    const author = { name: 'Berth', email: 'berth@localhost' }
    const written = await repository.write({ change, message: 'Back', author, at: 1_700_000_000_000 })
    expect(written).toMatchObject({ kind: 'written', oid: fixture.head(), paths: ['k8s/web.yaml'] })
    expect(fixture.git('show', 'HEAD:k8s/web.yaml')).toBe('good')
    expect(await repository.fetch()).toEqual({ oid: fixture.head(), rewritten: false })
    fixture.git('reset', '-q', '--hard')
  })
})

test('a push that a hook declines is told in its words', async () => {
  const repository = await open()
  const { oid } = await repository.fetch()
  fixture.commit({ 'k8s/web.yaml': 'protected\n' })
  fixture.write('.git/hooks/pre-receive', '#!/bin/sh\necho main is protected >&2; exit 1\n')
  chmodSync(join(fixture.path, '.git/hooks/pre-receive'), 0o755)
  const change = { kind: 'restore', path: 'k8s', to: oid } as const
  const author = { name: 'Berth', email: 'berth@localhost' }
  const error = await failure(repository.write({ change, message: 'Back', author, at: 0 }))
  rmSync(join(fixture.path, '.git/hooks/pre-receive'))
  expect([error.code, error.message]).toEqual(['PUSH_REFUSED', expect.stringContaining('main is protected')])
})

test('a server that knows only the old protocol', async () => {
  sshd.setGate(`unset GIT_PROTOCOL\n${openGate}`)
  fixture.git('tag', '-f', '-a', '-m', 'v1', 'v1')
  const repository = await open({ options: { revision: 'v1' } })
  const { oid } = await repository.fetch()
  expect(oid).toBe(fixture.head())
  expect(paths(await repository.snapshot(oid, ''))).toEqual(['big', 'k8s/web.yaml', 'noise'])
  const next = fixture.commit({ big: '2' })
  const main = await open()
  expect((await main.fetch()).oid).toBe(next)
})

describe('keys', () => {
  const at = (name: string): string => join(sandbox.path, name)

  test.each([
    ['rsa', '2048', 'RFC4716'],
    ['rsa', '2048', 'PEM'],
    ['rsa', '2048', 'PKCS8'],
    ['ecdsa', '384', 'RFC4716'],
    ['ecdsa', '384', 'PEM'],
    ['ecdsa', '521', 'PKCS8'],
  ])('%s of %s bits in %s, without and with a passphrase', async (type, bits, format) => {
    const made = at(`${type}-${bits}`)
    if (!existsSync(made)) {
      makeKey(made, type, '-b', bits)
      sshd.allow(`${made}.pub`)
    }
    const keyFile = `${made}-${format}`
    copyFileSync(made, keyFile)
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', '', '-m', format, '-f', keyFile])
    expect(readFileSync(keyFile, 'utf8').includes('OPENSSH')).toBe(format === 'RFC4716')
    expect(await asks({ keyFile })).toContain(fixture.head())
    execFileSync('ssh-keygen', ['-q', '-p', '-a', '1', '-P', '', '-N', 'open sesame', '-m', format, '-f', keyFile])
    const passphraseFile = at('passphrase')
    writeFileSync(passphraseFile, 'open sesame\n')
    expect(await asks({ keyFile, passphraseFile })).toContain(fixture.head())
  })

  test('ed25519 in PKCS 8, as openssl makes it', async () => {
    const keyFile = at('ed25519.pem')
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', keyFile])
    const error = await failing({ ssh: { keyFile } })
    // It was read and offered; who may come in is the server's to say.
    expect(error).toEqual(['AUTH_REQUIRED', expect.stringMatching(/ssh-ed25519 SHA256:\S{43}\) was refused/)])
    expect(error[1]).toContain(keyFile)
  })

  test('a passphrase that is missing, wrong or nowhere', async () => {
    const keyFile = at('locked')
    makeKey(keyFile, 'ed25519')
    execFileSync('ssh-keygen', ['-q', '-p', '-a', '1', '-P', '', '-N', 'open sesame', '-f', keyFile])
    const passphraseFile = at('wrong-passphrase')
    writeFileSync(passphraseFile, 'wrongword')
    const pem = at('locked.pem')
    makeKey(pem, 'ecdsa', '-m', 'PEM')
    execFileSync('ssh-keygen', ['-q', '-p', '-a', '1', '-P', '', '-N', 'open sesame', '-m', 'PEM', '-f', pem])
    for (const file of [keyFile, pem]) {
      expect(await failing({ ssh: { keyFile: file } })).toEqual(['BAD_CREDENTIALS', expect.stringContaining(file)])
      const wrong = await failing({ ssh: { keyFile: file, passphraseFile } })
      expect(wrong).toEqual(['BAD_CREDENTIALS', expect.stringContaining(passphraseFile)])
      expect(wrong[1]).not.toContain('wrongword')
    }
    const missing = at('no-passphrase')
    expect((await failing({ ssh: { keyFile, passphraseFile: missing } }))[1]).toContain(missing)
  })

  test('files that are no keys', async () => {
    const keyFile = at('none')
    expect(await failing({ ssh: { keyFile } })).toEqual(['BAD_CREDENTIALS', expect.stringContaining('ENOENT')])
    for (const text of ['', 'secret', readFileSync(`${sshd.keyFile}.pub`, 'utf8'), x25519()]) {
      writeFileSync(keyFile, text)
      const error = await failing({ ssh: { keyFile } })
      expect(error).toEqual(['BAD_CREDENTIALS', expect.stringContaining(keyFile)])
    }
  })

  /** For agreeing on secrets only. */
  function x25519(): string {
    return execFileSync('openssl', ['genpkey', '-algorithm', 'x25519'], { encoding: 'utf8' })
  }

  test('a key that may not come in', async () => {
    const keyFile = at('stranger')
    makeKey(keyFile, 'ed25519')
    expect(await failing({ ssh: { keyFile } })).toEqual([
      'AUTH_REQUIRED',
      expect.stringMatching(/stranger \(ssh-ed25519 SHA256:\S{43}\) was refused/),
    ])
  })

  test('no key at all, and one for http', async () => {
    const none = await failing({ options: { credentials: {} } })
    expect(none).toEqual(['BAD_CREDENTIALS', expect.stringContaining('known_hosts')])
  })
})

describe('the server proves itself', () => {
  const knownHosts = (...lines: readonly string[]): string => {
    const file = join(sandbox.folder('known'), `known-${stores++}`)
    writeFileSync(file, lines.join('\n'))
    return file
  }
  const name = (): string => `[127.0.0.1]:${sshd.port}`
  const line = (type: string): string => sshd.hostKeys.find((key) => key.type === type)!.line
  const print = (type: string): string => sshd.hostKeys.find((key) => key.type === type)!.fingerprint
  const other = (type: string, ...options: readonly string[]): string => {
    const file = join(sandbox.path, `other-${stores++}`)
    makeKey(file, type, ...options)
    return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  }
  const hashed = (file: string): string => {
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'pipe' })
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/)
    return file
  }

  test('with any of its keys, named in any way', async () => {
    const files = [
      knownHosts('# comment', '', 'nonsense', `${name()} ${line('ssh-ed25519')} comment`),
      knownHosts(`${name()} ${line('ssh-rsa')}`),
      knownHosts(`git.example.com,${name()} ${line('ecdsa-sha2-nistp256')}`),
      knownHosts(`127.0.0.1 ${line('ssh-ed25519')}`),
      knownHosts(`[127.0.0.*]:* ${line('ssh-ed25519')}`),
      knownHosts(`${name()} ${other('ed25519')}`, `${name()} ${line('ssh-ed25519')}`),
      hashed(knownHosts(`${name()} ${line('ssh-ed25519')}\n`)),
    ]
    for (const knownHostsFile of files) {
      expect(await asks({ knownHostsFile })).toContain(fixture.head())
    }
  })

  test('an unknown one is not spoken to, and its fingerprint is told', async () => {
    const files = [
      knownHosts(''),
      knownHosts(`git.example.com ${line('ssh-ed25519')}`),
      knownHosts(`!${name()},[127.*]:* ${line('ssh-ed25519')}`),
      hashed(knownHosts(`git.example.com ${line('ssh-ed25519')}\n`)),
    ]
    const before = sshd.logins()
    for (const knownHostsFile of files) {
      const [code, message] = await failing({ ssh: { knownHostsFile } })
      expect(code).toBe('HOST_KEY')
      expect(message).toContain(`ssh-ed25519 ${print('ssh-ed25519')}`)
      expect(message).toContain(`ssh-keyscan -p ${sshd.port} 127.0.0.1`)
    }
    expect(sshd.logins()).toBe(before)
  })

  test('a changed, a revoked and a certified key are refused', async () => {
    const changed = await failing({ ssh: { knownHostsFile: knownHosts(`${name()} ${other('ed25519')}`) } })
    expect(changed).toEqual(['HOST_KEY', expect.stringContaining(print('ssh-ed25519'))])
    expect(changed[1]).toContain('somebody may be in between')
    const rsaOnly = knownHosts(`${name()} ${other('rsa', '-b', '2048')}`)
    expect(await failing({ ssh: { knownHostsFile: rsaOnly } })).toEqual([
      'HOST_KEY',
      expect.stringContaining(print('ssh-rsa')),
    ])
    const revoked = knownHosts(`${name()} ${line('ssh-ed25519')}`, `@revoked * ${line('ssh-ed25519')}`)
    expect(await failing({ ssh: { knownHostsFile: revoked } })).toEqual([
      'HOST_KEY',
      expect.stringContaining('@revoked'),
    ])
    const authority = knownHosts(`@cert-authority * ${line('ssh-ed25519')}`)
    expect(await failing({ ssh: { knownHostsFile: authority } })).toEqual([
      'HOST_KEY',
      expect.stringContaining('@cert-authority'),
    ])
    const missing = join(sandbox.path, 'nowhere')
    expect(await failing({ ssh: { knownHostsFile: missing } })).toEqual([
      'BAD_CREDENTIALS',
      expect.stringContaining(missing),
    ])
  })

  test('of a kind that it has no key of', async () => {
    const knownHostsFile = knownHosts(`${name()} ${other('ecdsa')}`)
    expect((await failing({ ssh: { knownHostsFile } }))[0]).toBe('HOST_KEY')
    const p521 = knownHosts(`${name()} ${other('ecdsa', '-b', '521')}`)
    expect(await failing({ ssh: { knownHostsFile: p521 } })).toEqual([
      'HOST_KEY',
      expect.stringContaining('no key of the kind'),
    ])
  })
})
