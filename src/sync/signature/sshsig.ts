// The signature format of OpenSSH (PROTOCOL.sshsig), as Git uses it.
import { createHash, verify } from 'node:crypto'
import { curveOf, readSshKey, type SshKey } from './ssh-key.ts'
import { WireError, WireReader, wireString } from './wire.ts'

/** What Git's signatures are made for: one for a file or a letter does not count as one for a commit. */
export const namespace = 'git'

const begin = '-----BEGIN SSH SIGNATURE-----'
const end = '-----END SSH SIGNATURE-----'

export interface SshSignature {
  /** Public key that it says it was made with, as ssh writes it. */
  readonly key: Buffer
  readonly namespace: string
  readonly reserved: string
  readonly hash: 'sha256' | 'sha512'
  /** Kind and value. */
  readonly signature: Buffer
}

export function isSshSignature(text: string): boolean {
  return text.startsWith(begin)
}

export function armored(signature: Uint8Array): string {
  const lines =
    Buffer.from(signature)
      .toString('base64')
      .match(/.{1,70}/g) ?? []
  return `${[begin, ...lines, end].join('\n')}\n`
}

/** Throws WireError for anything that is no signature of version 1. */
export function readSshSignature(text: string): SshSignature {
  const stop = text.indexOf(end)
  if (!isSshSignature(text) || stop < 0) throw new WireError('no armored signature')
  const reader = new WireReader(Buffer.from(text.slice(begin.length, stop), 'base64'))
  if (reader.take(6).toString('latin1') !== 'SSHSIG') throw new WireError('no signature of ssh')
  const version = reader.uint32()
  if (version !== 1) throw new WireError(`signatures of version ${version} are not supported`)
  const key = reader.string()
  const [namespace, reserved, hash] = [reader.text(), reader.text(), reader.text()]
  const signature = reader.string()
  if (!reader.ended) throw new WireError('more data than a signature')
  if (hash !== 'sha256' && hash !== 'sha512') throw new WireError(`hash ${hash} is not supported`)
  return { key, namespace, reserved, hash, signature }
}

/** What is really signed: a digest of the payload, together with what the signature is for. */
export function signedBytes(payload: Uint8Array, hash: 'sha256' | 'sha512', reserved: string): Buffer {
  const digest = createHash(hash).update(payload).digest()
  return Buffer.concat([Buffer.from('SSHSIG'), ...[namespace, reserved, hash, digest].map(wireString)])
}

/** Whether the signature is of this payload, by the key inside it. Throws WireError for kinds that are not supported. */
export function isSignatureOf(payload: Uint8Array, { key, hash, reserved, signature }: SshSignature): boolean {
  const reader = new WireReader(signature)
  const kind = reader.text()
  const value = reader.string()
  const message = signedBytes(payload, hash, reserved)
  const made = readSshKey(key)
  const token = made.application === undefined ? undefined : { application: made.application, state: reader.take(5) }
  if (!reader.ended) throw new WireError('more data than a signature')
  // A token signs a digest of the message, beside whether someone touched it, and how often it has signed.
  const signed = token ? Buffer.concat([sha256(token.application), token.state, sha256(message)]) : message
  return verified(made, kind, signed, value)
}

function verified({ type, publicKey }: SshKey, kind: string, signed: Buffer, value: Buffer): boolean {
  if (type === 'ssh-rsa') {
    // Signatures by SHA-1 (`ssh-rsa`) count for nothing.
    const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[kind]
    return hash !== undefined && verify(hash, signed, publicKey, value)
  }
  if (kind !== type) return false
  if (type.includes('ed25519')) return verify(null, signed, publicKey, value)
  const { hash, coordinateBytes } = curveOf(type)
  const joined = joinedPair(value, coordinateBytes)
  return joined !== undefined && verify(hash, signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, joined)
}

/** The two numbers of an ECDSA signature, each filled up to the size of its curve. */
function joinedPair(value: Buffer, coordinateBytes: number): Buffer | undefined {
  const reader = new WireReader(value)
  const joined = Buffer.alloc(2 * coordinateBytes)
  for (const at of [1, 2]) {
    const number = reader.string()
    const digits = number[0] === 0 ? number.subarray(1) : number
    if (digits.length > coordinateBytes) return undefined
    digits.copy(joined, at * coordinateBytes - digits.length)
  }
  return reader.ended ? joined : undefined
}

function sha256(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
