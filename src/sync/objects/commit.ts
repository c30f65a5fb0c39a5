import { oneLine } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import type { Commit } from '../port.ts'
import { damaged, expectObject, maxTreeBytes, type ObjectReader } from './reader.ts'

const longestMessage = 64 * 1024

/** Reads a commit object. Text is decoded as the commit's `encoding` header says, else as UTF-8. */
export function parseCommit(oid: string, bytes: Uint8Array): Commit {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = raw.indexOf('\n\n')
  const head = end < 0 ? raw : raw.subarray(0, end)
  // Ids are read as they are, whatever encoding the commit claims for its text.
  const plain = head.toString('latin1')
  const decode = decoder(/(?:^|\n)encoding (\S{1,40})(?:\n|$)/.exec(plain)?.[1])
  const fields = decode(head)
  const tree = /(?:^|\n)tree ([0-9a-f]{40})(?:\n|$)/.exec(plain)?.[1]
  if (!tree) throw damaged(oid, `commit ${oid} has no tree`)
  const message = end < 0 ? '' : decode(raw.subarray(end + 2, end + 2 + longestMessage))
  const author = /^author (.*)$/m.exec(fields)?.[1] ?? ''
  const [, name = author, email = '', seconds = '0'] = /^(.*?) ?<([^>]*)> (-?\d{1,14})/.exec(author) ?? []
  return {
    oid,
    tree,
    parents: [...parentLines(plain)],
    author: oneLine(name, 200),
    email: oneLine(email, 200),
    at: Number(seconds) * 1000,
    subject: oneLine(message.trimStart().split('\n', 1)[0] ?? '', 200),
    message,
  }
}

function* parentLines(fields: string): Generator<string> {
  // The headers come in this order; a signature that follows may hold any text, and be long.
  const end = fields.indexOf('\nauthor ')
  const before = end < 0 ? fields : fields.slice(0, end)
  for (const [, parent] of before.matchAll(/(?<=\n)parent ([0-9a-f]{40})(?=\n|$)/g)) yield parent!
}

function decoder(encoding: string | undefined): (bytes: Uint8Array) => string {
  try {
    const found = new TextDecoder(encoding ?? 'utf-8')
    return (bytes) => found.decode(bytes)
  } catch {
    return (bytes) => new TextDecoder().decode(bytes)
  }
}

/** Throws NO_SUCH_REVISION when the store does not have the commit. */
export async function readCommit(reader: ObjectReader, oid: string): Promise<Commit> {
  const [found] = await reader.objects([oid], maxTreeBytes)
  if (found?.type === 'commit') return parseCommit(oid, expectObject(found, oid, 'commit'))
  throw new GitError('NO_SUCH_REVISION', oid, `commit ${oid}: not in the store`)
}

/** The commit that an id stands for: itself, or what a tag (of a tag …) points at. */
export async function peel(reader: ObjectReader, oid: string): Promise<string | undefined> {
  let at = oid
  for (let steps = 0; steps < 10; steps++) {
    const [found] = await reader.objects([at], 1024 * 1024)
    if (found?.type === 'commit') return at
    if (found?.type !== 'tag' || !found.data) return undefined
    const target = /^object ([0-9a-f]{40})$/m.exec(Buffer.from(found.data).toString('latin1'))?.[1]
    if (!target) return undefined
    at = target
  }
  return undefined
}
