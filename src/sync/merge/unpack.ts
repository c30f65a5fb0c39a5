import { createHash } from 'node:crypto'
import { GitError } from '../errors.ts'
import { packEntries } from '../http/pack-guard.ts'
import { cut } from '../http/pkt-line.ts'
import { applyDelta } from '../objects/delta.ts'
import type { ObjectType } from '../objects/reader.ts'
import type { NewObject } from '../write/draft.ts'

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' }

export interface Unpacking {
  /** Of one object, unpacked. */
  readonly objectBytes: number
  /** Of all that is kept, unpacked. */
  readonly totalBytes: number
  /** Nothing but commits is kept. */
  readonly commitsOnly: boolean
  readonly host: string
}

/** The objects of a pack that needs no others; throws BAD_ANSWER, and TOO_LARGE at the limits. */
export function unpack(pack: Buffer, { objectBytes, totalBytes, commitsOnly, host }: Unpacking): NewObject[] {
  const byPlace = new Map<number, NewObject>()
  const byId = new Map<string, NewObject>()
  const deltas: { readonly at: number; readonly base: number | string; readonly bytes: Uint8Array }[] = []
  let kept = 0
  const count = (bytes: number): void => {
    kept += bytes
    if (kept > totalBytes) throw new GitError('TOO_LARGE', host, `${host}: more than ${totalBytes} bytes to unpack`)
  }
  const keep = (at: number, type: ObjectType, data: Uint8Array): void => {
    const object = { oid: idOf(type, data), type, data }
    byPlace.set(at, object)
    byId.set(object.oid, object)
  }
  for (const { at, type, base, bytes } of packEntries(pack, objectBytes, host)) {
    const plain = types[type]
    if (plain === undefined && base === undefined) throw cut(host)
    if (commitsOnly && plain !== undefined && plain !== 'commit') continue
    count(bytes.length)
    if (plain !== undefined) keep(at, plain, bytes)
    else deltas.push({ at, base: base!, bytes })
  }
  // A base that is named by its id may come after what is made of it.
  for (let left = deltas; left.length > 0; ) {
    const baseOf = ({ base }: (typeof deltas)[number]) =>
      typeof base === 'number' ? byPlace.get(base) : byId.get(base)
    const waiting: typeof deltas = []
    for (const delta of left) {
      const base = baseOf(delta)
      if (!base) {
        waiting.push(delta)
        continue
      }
      const data = applyDelta(base.data, delta.bytes)
      count(data.length)
      keep(delta.at, base.type, data)
    }
    if (waiting.length === left.length) {
      // Without trees and files there is nothing for their deltas either.
      if (commitsOnly) break
      throw cut(host)
    }
    left = waiting
  }
  return [...byId.values()]
}

function idOf(type: ObjectType, data: Uint8Array): string {
  return createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex')
}
