import { damaged } from './reader.ts'

export interface TreeEntry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'submodule'
  readonly oid: string
}

const kinds: Readonly<Record<string, TreeEntry['kind']>> = {
  '40000': 'folder',
  '120000': 'link',
  '160000': 'submodule',
}
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a tree object: entries of `mode SP name NUL id`. */
export function parseTree(oid: string, bytes: Uint8Array): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const end = bytes.indexOf(0, space)
    if (space < 0 || end < 0 || end + 21 > bytes.length) throw damaged(oid, `tree ${oid} is cut`)
    const mode = nameOf(bytes.subarray(at, space)).replace(/^0+/, '')
    const kind = kinds[mode] ?? (/^100\d{3}$/.test(mode) ? 'file' : undefined)
    if (!kind) throw damaged(oid, `tree ${oid} has an entry of unknown mode`)
    const id = Buffer.from(bytes.buffer, bytes.byteOffset + end + 1, 20).toString('hex')
    entries.push({ name: nameOf(bytes.subarray(space + 1, end)), kind, oid: id })
    at = end + 21
  }
  return entries
}

/**
 * Names are bytes in Git. Bytes that are no UTF-8 become the lone surrogates U+DC80 to U+DCFF (as Python's
 * surrogateescape), so that different names stay different.
 */
export function nameOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return Array.from(utf8Pieces(bytes)).join('')
  }
}

function* utf8Pieces(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    try {
      yield strict.decode(bytes.subarray(at, at + length))
      at += length
    } catch {
      yield String.fromCharCode(0xdc00 + first)
      at++
    }
  }
}

/** A path for people: control, direction and undecodable characters escaped, length cut. */
export function showPath(path: string): string {
  const escaped = path.replace(unsafe, (character) => {
    const code = character.codePointAt(0)!
    return code >= 0xdc80 && code <= 0xdcff ? `\\x${(code - 0xdc00).toString(16)}` : `\\u{${code.toString(16)}}`
  })
  return escaped.length > 300 ? `${escaped.slice(0, 300)}…` : escaped
}

// Control characters, direction marks, and lone surrogates (which stand for undecodable bytes).
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const unsafe = /[\u0000-\u001f"\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu
