import { damaged } from './reader.ts'

/** The two sizes at the start of a delta: of its base and of what it makes. */
export function deltaSizes(delta: Uint8Array): { readonly base: number; readonly result: number; readonly at: number } {
  const base = varint(delta, 0)
  const result = varint(delta, base.at)
  return { base: base.value, result: result.value, at: result.at }
}

/** Applies a Git pack delta (copy and insert instructions) to its base. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const sizes = deltaSizes(delta)
  if (sizes.base !== base.length) throw damaged('pack', 'a delta does not fit its base')
  const result = new Uint8Array(sizes.result)
  let from = sizes.at
  let to = 0
  while (from < delta.length) {
    const code = delta[from++]!
    if (code === 0) throw damaged('pack', 'a delta has an unknown instruction')
    if (code & 0x80) {
      let offset = 0
      let size = 0
      for (let bit = 0; bit < 4; bit++) if (code & (1 << bit)) offset += delta[from++]! * 2 ** (8 * bit)
      for (let bit = 0; bit < 3; bit++) if (code & (0x10 << bit)) size += delta[from++]! * 2 ** (8 * bit)
      if (size === 0) size = 0x10000
      if (!(offset + size <= base.length && to + size <= result.length)) throw damaged('pack', 'a delta is cut')
      result.set(base.subarray(offset, offset + size), to)
      to += size
    } else {
      if (from + code > delta.length || to + code > result.length) throw damaged('pack', 'a delta is cut')
      result.set(delta.subarray(from, from + code), to)
      from += code
      to += code
    }
  }
  if (to !== result.length) throw damaged('pack', 'a delta is cut')
  return result
}

function varint(bytes: Uint8Array, start: number): { readonly value: number; readonly at: number } {
  let value = 0
  let scale = 1
  for (let at = start; at < bytes.length && at < start + 8; at++) {
    const byte = bytes[at]!
    value += (byte & 0x7f) * scale
    scale *= 128
    if (!(byte & 0x80)) return { value, at: at + 1 }
  }
  throw damaged('pack', 'a delta has no sizes')
}
