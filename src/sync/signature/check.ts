import { GitError } from '../errors.ts'
import { expectObject, maxTreeBytes, type ObjectReader } from '../objects/reader.ts'
import type { Signature } from '../port.ts'
import { readTrustedKeys } from './keys.ts'
import { checkOpenPgp, isOpenPgpSignature } from './openpgp.ts'
import { readsAlike, splitSignature } from './payload.ts'
import { checkSsh } from './ssh.ts'
import { isSshSignature } from './sshsig.ts'

/** Bytes; those of a signed merge of signed tags are a few thousand. */
const longestHeaders = 256 * 1024

/**
 * Who signed a commit, or why that does not count. `keys` as in `source.verify.keys`; `now`, ms. Throws BAD_CREDENTIALS for
 * keys that cannot be read, NO_SUCH_REVISION when the store does not have the commit.
 */
export async function checkSignature(
  reader: ObjectReader,
  oid: string,
  keys: readonly string[],
  now: number,
): Promise<Signature> {
  const [found] = await reader.objects([oid], maxTreeBytes)
  if (found?.type !== 'commit') throw new GitError('NO_SUCH_REVISION', oid, `commit ${oid}: not in the store`)
  return checkCommit(Buffer.from(expectObject(found, oid, 'commit')), keys, now)
}

/** The same, of the raw content of a commit object. */
export async function checkCommit(raw: Buffer, keys: readonly string[], now: number): Promise<Signature> {
  const trusted = readTrustedKeys(keys)
  if (headersEnd(raw) > longestHeaders) return { valid: false, reason: 'its headers are too long' }
  const { payload, signature } = splitSignature(raw)
  if (signature === undefined) return { valid: false, reason: 'unsigned' }
  if (!readsAlike(raw, payload))
    return { valid: false, reason: 'its headers are not in the order in which Git writes them' }
  if (isSshSignature(signature))
    return checkSsh(payload, signature, trusted.ssh, { now, at: committedAt(payload) ?? now })
  if (isOpenPgpSignature(signature)) return checkOpenPgp(payload, signature, trusted.openpgp, now)
  return { valid: false, reason: 'signed in a way that is not supported (expected OpenPGP or ssh)' }
}

function headersEnd(commit: Buffer): number {
  const end = commit.indexOf('\n\n')
  return end < 0 ? commit.length : end
}

/** The committer's date, ms; undefined: there is none. */
function committedAt(payload: Buffer): number | undefined {
  const head = payload.toString('latin1', 0, headersEnd(payload))
  const seconds = /\ncommitter [^\n]*> (-?\d{1,14})/.exec(head)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
