import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { inflateSync, constants as zlib } from 'node:zlib'
import { applyDelta, deltaSizes } from './delta.ts'
import { PackIndex } from './pack-index.ts'
import { damaged, type GitObject, type ObjectInfo, type ObjectType } from './reader.ts'

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' }
const offsetDelta = 6
const idDelta = 7
const trailerBytes = 20
/** Deltas on deltas: git makes 50 at most by default, 4095 at all. */
const maxChain = 4096
const maxCachedBytes = 16 * 1024 * 1024
/** A delta's two sizes take at most 20 bytes; what they are inflated from, a little more. */
const peekBytes = 128

interface Entry {
  readonly type: number
  readonly size: number
  /** Where the compressed bytes start. */
  readonly data: number
  readonly end: number
  /** Start of the base, for a delta in the same pack. */
  readonly base?: number
}

/** One pack file with its index, read in place: only the objects asked for come into memory. */
export class Pack {
  readonly #path: string
  readonly #index: PackIndex
  readonly #file: number
  readonly #size: number
  readonly #bases = new Map<number, { readonly type: ObjectType; readonly data: Uint8Array }>()
  #cachedBytes = 0

  constructor(indexPath: string) {
    this.#path = indexPath.replace(/\.idx$/, '.pack')
    this.#index = new PackIndex(indexPath)
    this.#file = openSync(this.#path, 'r')
    this.#size = fstatSync(this.#file).size
  }

  close(): void {
    closeSync(this.#file)
  }

  find(oid: Buffer): number | undefined {
    return this.#index.find(oid)
  }

  startingWith(prefix: string): string[] {
    return this.#index.startingWith(prefix)
  }

  info(offset: number): ObjectInfo {
    let entry = this.#entry(offset)
    const size = entry.base === undefined ? entry.size : this.#resultSize(entry)
    for (let chain = 0; entry.base !== undefined; chain++) {
      if (chain > maxChain) throw this.#damaged('a delta chain has no end')
      entry = this.#entry(entry.base)
    }
    return { type: this.#plainType(entry), size }
  }

  read(offset: number, maxBytes: number): GitObject {
    const info = this.info(offset)
    if (info.size > maxBytes) return { ...info, data: undefined }
    const chain: Entry[] = []
    let entry = this.#entry(offset)
    let at = offset
    let base = this.#bases.get(at)
    while (!base && entry.base !== undefined) {
      chain.push(entry)
      at = entry.base
      entry = this.#entry(at)
      base = this.#bases.get(at)
    }
    let data = base?.data ?? this.#inflate(entry)
    if (chain.length > 0 && !base) this.#remember(at, info.type, data)
    for (const delta of chain.reverse()) data = applyDelta(data, this.#inflate(delta))
    return { ...info, data }
  }

  #remember(offset: number, type: ObjectType, data: Uint8Array): void {
    if (this.#cachedBytes + data.length > maxCachedBytes) {
      this.#bases.clear()
      this.#cachedBytes = 0
    }
    if (data.length > maxCachedBytes / 4) return
    this.#bases.set(offset, { type, data })
    this.#cachedBytes += data.length
  }

  #plainType(entry: Entry): ObjectType {
    const type = types[entry.type]
    if (!type) throw this.#damaged('an object has an unknown type')
    return type
  }

  #entry(offset: number): Entry {
    const end = this.#index.next(offset) ?? this.#size - trailerBytes
    if (offset < 12 || end > this.#size - trailerBytes) throw this.#damaged('the pack is cut')
    const head = this.#bytes(offset, Math.min(end - offset, 64))
    let at = 0
    let byte = head[at++]!
    const type = (byte >> 4) & 7
    let size = byte & 15
    for (let scale = 16; byte & 0x80; scale *= 128) {
      byte = head[at++]!
      size += (byte & 0x7f) * scale
    }
    if (type === idDelta) {
      const base = this.#index.find(head.subarray(at, at + 20))
      if (base === undefined) throw this.#damaged('the base of a delta is missing')
      return { type, size, data: offset + at + 20, end, base }
    }
    if (type !== offsetDelta) return { type, size, data: offset + at, end }
    byte = head[at++]!
    let distance = byte & 0x7f
    while (byte & 0x80) {
      byte = head[at++]!
      distance = (distance + 1) * 128 + (byte & 0x7f)
    }
    if (!(distance > 0 && distance < offset)) throw this.#damaged('the base of a delta is missing')
    return { type, size, data: offset + at, end, base: offset - distance }
  }

  #resultSize(entry: Entry): number {
    const start = this.#bytes(entry.data, Math.min(entry.end - entry.data, peekBytes))
    try {
      return deltaSizes(inflateSync(start, { finishFlush: zlib.Z_SYNC_FLUSH })).result
    } catch (cause) {
      throw this.#damaged('a delta cannot be unpacked', cause)
    }
  }

  #inflate(entry: Entry): Uint8Array {
    const packed = this.#bytes(entry.data, entry.end - entry.data)
    let data: Uint8Array
    try {
      data = inflateSync(packed, { maxOutputLength: entry.size + 1, chunkSize: Math.max(64, entry.size + 1) })
    } catch (cause) {
      throw this.#damaged('an object cannot be unpacked', cause)
    }
    if (data.length !== entry.size) throw this.#damaged('an object has another size than it says')
    return data
  }

  #bytes(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    if (readSync(this.#file, bytes, 0, length, position) !== length) throw this.#damaged('the pack is cut')
    return bytes
  }

  #damaged(problem: string, cause?: unknown): Error {
    return damaged(this.#path, problem, cause)
  }
}
