import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { ParsedKey } from 'ssh2'
import { badCredentials, readSecretFile } from '../credentials/secret.ts'
import type { GitError } from '../errors.ts'
import type { SshIdentity } from '../port.ts'
import { openSshKey } from './openssh-key.ts'

const types = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/

/** ssh2's `utils.parseKey`. */
export type ParseKey = (data: string, passphrase?: string) => ParsedKey | Error

/** The private key of an identity, ready to sign; throws BAD_CREDENTIALS, naming the file that is to blame. */
export function readIdentity({ keyFile, passphraseFile }: SshIdentity, parse: ParseKey): ParsedKey {
  const pem = readSecretFile(keyFile, 'ssh key')
  const passphrase = passphraseFile === undefined ? undefined : firstLine(readSecretFile(passphraseFile, 'passphrase'))
  if (/^\s*-----BEGIN OPENSSH PRIVATE KEY-----/.test(pem)) {
    const key = parse(pem, passphrase)
    if (key instanceof Error) throw unreadable(keyFile, passphraseFile, key)
    return expectKind(key, keyFile)
  }
  const text = openSshKey(keyObject(pem, passphrase, keyFile, passphraseFile))
  const key = text === undefined ? undefined : parse(text)
  if (key === undefined || key instanceof Error) throw wrongKind(keyFile)
  return expectKind(key, keyFile)
}

function keyObject(
  pem: string,
  passphrase: string | undefined,
  keyFile: string,
  passphraseFile: string | undefined,
): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
  } catch (error) {
    throw unreadable(keyFile, passphraseFile, error)
  }
}

/** Parsers say in words of their own that a passphrase is missing or wrong. */
function unreadable(keyFile: string, passphraseFile: string | undefined, error: unknown): GitError {
  const said = error instanceof Error ? error.message : ''
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const isLocked = /passphrase|bad decrypt|encrypted/i.test(said) || code === 'ERR_MISSING_PASSPHRASE'
  if (!isLocked) return badCredentials(keyFile, `ssh key ${keyFile}: expected a private key, OpenSSH or PEM`)
  if (passphraseFile === undefined) {
    return badCredentials(keyFile, `ssh key ${keyFile}: it has a passphrase: name the file that holds it`)
  }
  return badCredentials(passphraseFile, `ssh key ${keyFile}: the passphrase in ${passphraseFile} is not its own`)
}

function expectKind(key: ParsedKey, keyFile: string): ParsedKey {
  if (!key.isPrivateKey())
    throw badCredentials(keyFile, `ssh key ${keyFile}: expected a private key, found a public one`)
  if (!types.test(key.type)) throw wrongKind(keyFile)
  return key
}

function wrongKind(keyFile: string): GitError {
  return badCredentials(keyFile, `ssh key ${keyFile}: expected ed25519, RSA, or ECDSA of P-256, P-384 or P-521`)
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}
