import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { errorText } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { curveOf, writeSshKey } from './ssh-key.ts'
import { armored, namespace, signedBytes } from './sshsig.ts'
import { WireError, wireInteger, wireNumber, wireString } from './wire.ts'

/** Loaded at first use: most installations sign nothing. */
const ssh2 = (): typeof import('ssh2') => createRequire(import.meta.url)('ssh2')

/**
 * Signs a commit (its raw content, without a signature) as `git commit -S` does with `gpg.format=ssh`: the armored text for
 * the header `gpgsig`, lines ended by \n. The key is an OpenSSH or PEM file without a passphrase: Ed25519, RSA or ECDSA.
 * Throws BAD_CREDENTIALS, naming the file.
 */
export function signCommit(payload: Uint8Array, keyFile: string): string {
  const key = readPrivateKey(keyFile)
  try {
    const { type, blob } = writeSshKey(key)
    const signature = signatureOf(key, type, signedBytes(payload, 'sha512', ''))
    const fields = [blob, namespace, '', 'sha512', signature].map(wireString)
    return armored(Buffer.concat([Buffer.from('SSHSIG'), wireNumber(1), ...fields]))
  } catch (error) {
    if (error instanceof WireError) throw badKey(keyFile, error)
    throw error
  }
}

function readPrivateKey(keyFile: string): KeyObject {
  try {
    const text = readFileSync(keyFile, 'utf8')
    if (!text.includes('-----BEGIN OPENSSH PRIVATE KEY-----')) return createPrivateKey(text)
    const parsed = ssh2().utils.parseKey(text)
    if (parsed instanceof Error) throw parsed
    return createPrivateKey(parsed.getPrivatePEM())
  } catch (error) {
    throw badKey(keyFile, error)
  }
}

/** The signature with its kind before it, as ssh wraps it. */
function signatureOf(key: KeyObject, type: string, message: Buffer): Buffer {
  if (type === 'ssh-ed25519') return Buffer.concat([wireString(type), wireString(sign(null, message, key))])
  if (type === 'ssh-rsa') return Buffer.concat([wireString('rsa-sha2-512'), wireString(sign('sha512', message, key))])
  const { hash, coordinateBytes } = curveOf(type)
  const both = sign(hash, message, { key, dsaEncoding: 'ieee-p1363' })
  const [r, s] = [both.subarray(0, coordinateBytes), both.subarray(coordinateBytes)]
  return Buffer.concat([wireString(type), wireString(Buffer.concat([wireInteger(r), wireInteger(s)]))])
}

function badKey(keyFile: string, cause: unknown): GitError {
  const expected = 'expected a private key of ssh without a passphrase (Ed25519, ECDSA or RSA)'
  return new GitError('BAD_CREDENTIALS', keyFile, `${keyFile}: ${expected}: ${errorText(cause, 200)}`, { cause })
}
