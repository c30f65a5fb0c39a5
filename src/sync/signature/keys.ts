import { readFileSync, statSync } from 'node:fs'
import { errorText } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { readSshLine, type TrustedSshKey } from './ssh-lines.ts'
import { WireError } from './wire.ts'

/** Those whose signature counts. */
export interface TrustedKeys {
  readonly ssh: readonly TrustedSshKey[]
  /** Read only when a signature needs them. */
  readonly openpgp: readonly OpenPgpKeys[]
}

/** One or several keys of OpenPGP: an armored block, or the bytes of a keyring. */
export interface OpenPgpKeys {
  /** Where it comes from, for errors. */
  readonly from: string
  readonly content: string | Uint8Array
}

const longestFile = 1024 * 1024
const block = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

/**
 * Reads `source.verify.keys`: each the absolute path of a file, or keys themselves. Files are read at each use. Throws
 * BAD_CREDENTIALS for one that is missing, holds no key, or holds something that cannot be honoured.
 */
export function readTrustedKeys(keys: readonly string[]): TrustedKeys {
  const all = keys.map((key, at) => {
    const path = key.trim()
    if (path.startsWith('/')) return readKeys(readKeyFile(path), path)
    return readKeys(Buffer.from(key), `source.verify.keys[${at}]`)
  })
  return { ssh: all.flatMap(({ ssh }) => ssh), openpgp: all.flatMap(({ openpgp }) => openpgp) }
}

function readKeys(bytes: Buffer, from: string): TrustedKeys {
  // Packets of OpenPGP begin with a byte that no text begins with.
  if (bytes[0] !== undefined && bytes[0] >= 0x80 && bytes[0] !== 0xef) {
    return { ssh: [], openpgp: [{ from, content: bytes }] }
  }
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  if (/PRIVATE KEY/.test(text)) throw badKeys(from, 'expected public keys, found a private one')
  const openpgp = [...text.matchAll(block)].map(([content]) => ({ from, content }))
  const rest = text.replace(block, (found) => found.replace(/[^\n]/g, ''))
  const ssh = rest.split('\n').flatMap((line, at) => readLine(line, `${from}:${at + 1}`) ?? [])
  if (ssh.length + openpgp.length === 0) throw badKeys(from, 'expected at least one public key, found none')
  return { ssh, openpgp }
}

function readLine(line: string, from: string): TrustedSshKey | undefined {
  try {
    return readSshLine(line)
  } catch (error) {
    if (error instanceof WireError) throw badKeys(from, `expected a public key, found ${error.message}`)
    throw error
  }
}

function readKeyFile(path: string): Buffer {
  try {
    const { size } = statSync(path)
    if (size <= longestFile) return readFileSync(path)
  } catch (error) {
    throw badKeys(path, `the public keys cannot be read: ${errorText(error, 200)}`, error)
  }
  throw badKeys(path, `expected public keys of at most ${longestFile} bytes`)
}

export function badKeys(from: string, problem: string, cause?: unknown): GitError {
  return new GitError('BAD_CREDENTIALS', from, `${from}: ${problem}`, { cause })
}
