import { inflateSync } from 'node:zlib'
import { oneLine } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { deltaSizes } from '../objects/delta.ts'
import { cut, lineOf, readPackets } from './pkt-line.ts'

const headerBytes = 12
const trailerBytes = 20
const offsetDelta = 6
const idDelta = 7

/** The pack inside a whole answer to a fetch (side band 1); throws when the answer is cut or tells of an error. */
export function packOf(answer: Buffer, host: string): Buffer {
  const packets = readPackets(answer, host)
  const parts: Buffer[] = []
  for (const data of packets) {
    if (!Buffer.isBuffer(data)) continue
    if (data[0] === 1) parts.push(data.subarray(1))
    if (data[0] === 3) throw serverProblem(lineOf(data.subarray(1)), host)
    if (data.subarray(0, 4).toString('latin1') === 'ERR ') throw serverProblem(lineOf(data.subarray(4)), host)
  }
  if (packets.at(-1) !== 'flush') throw cut(host)
  return Buffer.concat(parts)
}

/** What a server says instead of sending a pack. */
export function serverProblem(text: string, host: string): GitError {
  const said = oneLine(text, 200)
  if (/not our ref|unadvertised object/.test(text)) {
    return new GitError('NO_SUCH_REVISION', host, `${host}: does not give that commit: ${said}`)
  }
  return new GitError('SERVER_ERROR', host, `${host}: ${said}`)
}

/**
 * Checks a pack before it is unpacked as a whole: complete, and no object (nor what a delta makes) larger than
 * `maxBytes`. A gigabyte of zeros is a megabyte on the wire.
 */
export function checkPack(pack: Buffer, maxBytes: number, host: string): void {
  for (const _ of packEntries(pack, maxBytes, host));
}

/** As it stands in the pack: an object, or a delta to one. */
export interface PackEntry {
  /** Where it begins in the pack. */
  readonly at: number
  /** 1 to 4: commit, tree, blob, tag; 6 and 7: a delta. */
  readonly type: number
  /** Of a delta: where its base begins in the same pack, or the id of it. */
  readonly base: number | string | undefined
  readonly bytes: Buffer
}

/** The entries of a pack, in order; throws as `checkPack` says. */
export function* packEntries(pack: Buffer, maxBytes: number, host: string): Generator<PackEntry> {
  if (pack.length < headerBytes + trailerBytes || pack.toString('latin1', 0, 4) !== 'PACK') throw cut(host)
  const end = pack.length - trailerBytes
  let at = headerBytes
  for (let left = pack.readUInt32BE(8); left > 0; left--) {
    if (at >= end) throw cut(host)
    const { type, size, data, base } = objectHeader(pack, at)
    if (size > maxBytes) throw tooLarge(size, maxBytes, host)
    const unpacked = unpack(pack.subarray(data, end), size, host)
    if (type === offsetDelta || type === idDelta) {
      const { result } = deltaSizes(unpacked.bytes)
      if (result > maxBytes) throw tooLarge(result, maxBytes, host)
    }
    yield { at, type, base, bytes: unpacked.bytes }
    at = data + unpacked.used
  }
  if (at !== end) throw cut(host)
}

function unpack(packed: Buffer, size: number, host: string): { readonly bytes: Buffer; readonly used: number } {
  try {
    const limits = { maxOutputLength: size + 1, chunkSize: Math.max(64, size + 1), info: true } as const
    const { buffer, engine } = inflateWithInfo(packed, limits)
    if (buffer.length !== size) throw cut(host)
    return { bytes: buffer, used: engine.bytesWritten }
  } catch {
    throw cut(host)
  }
}

// With `info` the result also tells how many bytes it took; the type declarations know nothing of it.
function inflateWithInfo(packed: Buffer, options: { readonly info: true; readonly chunkSize: number }) {
  const result: unknown = inflateSync(packed, options)
  return result as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
}

function objectHeader(pack: Buffer, start: number) {
  let at = start
  let byte = pack[at++]!
  const type = (byte >> 4) & 7
  let size = byte & 15
  for (let scale = 16; byte & 0x80; scale *= 128) {
    byte = pack[at++]!
    size += (byte & 0x7f) * scale
  }
  let base: number | string | undefined
  if (type === idDelta) {
    base = pack.toString('hex', at, at + 20)
    at += 20
  }
  if (type === offsetDelta) {
    byte = pack[at++]!
    let distance = byte & 0x7f
    while (byte & 0x80) {
      byte = pack[at++]!
      distance = (distance + 1) * 128 + (byte & 0x7f)
    }
    base = start - distance
  }
  return { type, size, data: at, base }
}

function tooLarge(size: number, maxBytes: number, host: string): GitError {
  return new GitError(
    'TOO_LARGE',
    host,
    `${host}: the repository holds an object of ${size} bytes, expected at most ${maxBytes}: install git to read it`,
  )
}
