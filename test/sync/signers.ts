import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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
