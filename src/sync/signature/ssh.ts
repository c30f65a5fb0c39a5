import type { Signature } from '../port.ts'
import { fingerprint } from './ssh-key.ts'
import type { TrustedSshKey } from './ssh-lines.ts'
import { isSignatureOf, namespace, readSshSignature } from './sshsig.ts'
import { WireError } from './wire.ts'

/** Checks a signature by ssh. `now`, and `at`, when the commit says that it was made, are in ms. */
export function checkSsh(
  payload: Uint8Array,
  armored: string,
  trusted: readonly TrustedSshKey[],
  { now, at }: { readonly now: number; readonly at: number },
): Signature {
  try {
    const signature = readSshSignature(armored)
    if (signature.namespace !== namespace) {
      return refused(`signed for "${printable(signature.namespace)}", expected "${namespace}"`)
    }
    const name = fingerprint(signature.key)
    const same = trusted.filter(({ blob }) => blob.equals(signature.key))
    if (same.length === 0) return refused(`signed by an unknown key ${name}`)
    if (!isSignatureOf(payload, signature)) return refused('the signature is not of this commit')
    const problems = same.map((key) => keyProblem(key, now, at))
    // A key may be on several lines, each with a time of its own.
    return problems.includes(undefined) ? { valid: true, key: name } : refused(`signed by ${name}, ${problems[0]}`)
  } catch (error) {
    if (error instanceof WireError) return refused(`the signature cannot be read: ${printable(error.message)}`)
    throw error
  }
}

/** A key counts when it did at the commit's own time, as for Git, and still does: whoever has an old key can set any time. */
function keyProblem({ forGit, validAfter, validBefore }: TrustedSshKey, now: number, at: number): string | undefined {
  if (!forGit) return 'which may not sign for Git'
  if (validAfter !== undefined && Math.min(now, at) < validAfter) return `which counts from ${time(validAfter)} on`
  if (validBefore !== undefined && Math.max(now, at) >= validBefore) return `which counted until ${time(validBefore)}`
  return undefined
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** What a signature says of itself may be anything. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, 100)
}

function refused(reason: string): Signature {
  return { valid: false, reason }
}
