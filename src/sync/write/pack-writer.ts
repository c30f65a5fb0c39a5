import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import type { ObjectType } from '../objects/reader.ts'
import type { NewObject } from './draft.ts'

const types: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 }

/** A pack (gitformat-pack, version 2) of whole objects. */
export function writePack(objects: readonly NewObject[]): Buffer {
  const header = Buffer.alloc(12)
  header.write('PACK', 'latin1')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(objects.length, 8)
  const parts = [
    header,
    ...objects.flatMap(({ type, data }) => [entryHeader(types[type], data.length), deflateSync(data)]),
  ]
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return Buffer.concat([...parts, hash.digest()])
}

/** Type and size: four bits of the size first, then seven a byte. */
function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = []
  let byte = (type << 4) | (size & 15)
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80)
    byte = rest & 0x7f
  }
  return Buffer.from([...bytes, byte])
}
