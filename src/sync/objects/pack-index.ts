import { readFileSync } from 'node:fs'
import { damaged } from './reader.ts'

const headerBytes = 8
const fanoutBytes = 256 * 4

/** A pack's index, version 2 (gitformat-pack): where each object starts. */
export class PackIndex {
  readonly count: number
  readonly #bytes: Buffer
  readonly #ids: number
  readonly #offsets: number
  readonly #largeOffsets: number
  #starts: Float64Array | undefined

  constructor(path: string) {
    this.#bytes = readFileSync(path)
    const bytes = this.#bytes
    if (
      bytes.length < headerBytes + fanoutBytes + 40 ||
      bytes.readUInt32BE(0) !== 0xff744f63 ||
      bytes.readUInt32BE(4) !== 2
    ) {
      throw damaged(path, 'a pack index is cut or of an unknown version')
    }
    this.count = bytes.readUInt32BE(headerBytes + fanoutBytes - 4)
    this.#ids = headerBytes + fanoutBytes
    this.#offsets = this.#ids + this.count * 24
    this.#largeOffsets = this.#offsets + this.count * 4
    if (this.#largeOffsets + 40 > bytes.length) throw damaged(path, 'a pack index is cut')
  }

  /** Where the object starts in the pack; undefined when it is not in it. */
  find(oid: Buffer): number | undefined {
    const at = this.#lowerBound(oid)
    return at < this.count && this.#compare(at, oid) === 0 ? this.#offsetAt(at) : undefined
  }

  startingWith(prefix: string): string[] {
    const found: string[] = []
    for (let at = this.#lowerBound(Buffer.from(prefix.padEnd(40, '0'), 'hex')); at < this.count; at++) {
      const start = this.#ids + at * 20
      const oid = this.#bytes.toString('hex', start, start + 20)
      if (!oid.startsWith(prefix)) break
      found.push(oid)
    }
    return found
  }

  /** Where the object after the one at `offset` starts; undefined for the last. */
  next(offset: number): number | undefined {
    this.#starts ??= Float64Array.from({ length: this.count }, (_, at) => this.#offsetAt(at)).sort()
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return this.#starts[low]
  }

  #lowerBound(oid: Buffer): number {
    const first = oid[0]!
    let low = first === 0 ? 0 : this.#bytes.readUInt32BE(headerBytes + (first - 1) * 4)
    let high = Math.min(this.#bytes.readUInt32BE(headerBytes + first * 4), this.count)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(middle, oid) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #compare(at: number, oid: Buffer): number {
    const start = this.#ids + at * 20
    return this.#bytes.compare(oid, 0, 20, start, start + 20)
  }

  #offsetAt(at: number): number {
    const offset = this.#bytes.readUInt32BE(this.#offsets + at * 4)
    if (offset < 0x80000000) return offset
    return Number(this.#bytes.readBigUInt64BE(this.#largeOffsets + (offset - 0x80000000) * 8))
  }
}
