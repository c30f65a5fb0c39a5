import { stableText } from '../../base/hash.ts'
import { parseCommit } from '../objects/commit.ts'

/** A commit taken apart into what was signed and the signature. */
export interface SignedCommit {
  readonly payload: Buffer
  /** The first `gpgsig`; undefined: there is none. */
  readonly signature: string | undefined
}

/** The headers that are not part of what is signed. `gpgsig-sha256` is of the same commit in another kind of repository. */
const left = /^gpgsig(?:-sha256)? /

/** `raw` is the whole content of the commit object. */
export function splitSignature(raw: Buffer): SignedCommit {
  const kept: Buffer[] = []
  const found: string[][] = []
  let of: 'payload' | 'signature' | 'nothing' = 'payload'
  let at = 0
  while (at < raw.length && raw[at] !== lineEnd) {
    const next = endOfLine(raw, at)
    const line = raw.toString('latin1', at, next)
    if (!line.startsWith(' ')) of = line.startsWith('gpgsig ') ? 'signature' : left.test(line) ? 'nothing' : 'payload'
    if (of === 'payload') kept.push(raw.subarray(at, next))
    if (of === 'signature' && !line.startsWith(' ')) found.push([])
    if (of === 'signature') found.at(-1)!.push(line.replace(/^(?:gpgsig)? /, ''))
    at = next
  }
  kept.push(raw.subarray(at))
  return { payload: Buffer.concat(kept), signature: found[0]?.join('') }
}

/**
 * Whether Berth reads the same off the commit as off what was signed. Else the part that is not signed could be made to look
 * like a tree, a parent or a message.
 */
export function readsAlike(raw: Buffer, payload: Buffer): boolean {
  const commit = parseCommit('', raw)
  const begin = `tree ${commit.tree}\n`
  return (
    raw.toString('latin1', 0, begin.length) === begin && stableText(commit) === stableText(parseCommit('', payload))
  )
}

const lineEnd = 0x0a

/** Where the line that begins there ends, its line end included. */
function endOfLine(raw: Buffer, at: number): number {
  const end = raw.indexOf(lineEnd, at)
  return end < 0 ? raw.length : end + 1
}
