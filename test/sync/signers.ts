import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SshSigner {
  readonly file: string
  /** The public key as a line of ssh. */
  readonly line: string
  readonly fingerprint: string
}

let made = 0

/** A key pair by the real ssh-keygen, without a passphrase unless `-N` is among the options. */
export function makeSshKey(folder: string, kind: string, ...options: readonly string[]): SshSigner {
  const file = join(folder, `key-${++made}`)
  const passphrase = options.includes('-N') ? [] : ['-N', '']
  execFileSync('ssh-keygen', ['-q', '-t', kind, ...passphrase, '-C', 'ada@example.com', '-f', file, ...options])
  const shown = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' })
  return { file, line: readFileSync(`${file}.pub`, 'utf8').trim(), fingerprint: shown.split(' ')[1]! }
}

/** A keyring of the real gpg. Keys are Ed25519 and have no passphrase. */
export class Keyring implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'berth-gpg-'))
  #programs = 0

  gpg(args: readonly string[], input = ''): string {
    return execFileSync('gpg', [...this.#always, ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
  }

  /** Makes a key that may do `use`, and answers its fingerprint. `made`: as `20200101T000000`; absent: now. */
  makeKey(name: string, { use = 'sign', expires = 'never', made = '' } = {}): string {
    this.gpg([...timeOption(made), '--quick-gen-key', `${name} <${name}@example.com>`, 'ed25519', use, expires])
    return this.fingerprints(name)[0]!
  }

  /** Of the key and its subkeys. */
  fingerprints(name: string): string[] {
    const listed = this.gpg(['--with-colons', '--list-keys', '--with-subkey-fingerprint', `${name}@example.com`])
    return [...listed.matchAll(/^fpr:*([0-9A-F]+):/gm)].map(([, fingerprint]) => fingerprint!)
  }

  revoke(fingerprint: string): void {
    this.gpg(['--import'], this.revocation(fingerprint))
  }

  /** What gpg prepares with each key: a signature that revokes it. */
  revocation(fingerprint: string): string {
    const prepared = readFileSync(join(this.#home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8')
    return prepared.slice(prepared.indexOf('-----BEGIN'))
  }

  /** The public keys, armored. */
  publicKeys(...names: readonly string[]): string {
    return this.gpg(['--armor', '--export', ...names.map((name) => `${name}@example.com`)])
  }

  /** A program for git's `gpg.program` that signs with this keyring and these options, as of `made`. */
  program(made = '', ...options: readonly string[]): string {
    const path = join(this.#home, `gpg-${++this.#programs}`)
    const words = ['gpg', ...this.#always, ...timeOption(made), ...options].map((word) => `'${word}'`)
    writeFileSync(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o700 })
    return path
  }

  get #always(): string[] {
    return [
      '--homedir',
      this.#home,
      '--batch',
      '--quiet',
      '--no-tty',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
    ]
  }

  [Symbol.dispose](): void {
    execFileSync('gpgconf', ['--homedir', this.#home, '--kill', 'all'])
    rmSync(this.#home, { recursive: true, force: true })
  }
}

function timeOption(made: string): string[] {
  return made === '' ? [] : ['--faked-system-time', `${made}!`]
}
