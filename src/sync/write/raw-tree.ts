import { damaged } from '../objects/reader.ts'
import { nameOf, showPath } from '../objects/tree.ts'

/** An entry of a tree as it is stored, of whatever kind, so that a tree can be written again without loss. */
export interface RawEntry {
  /** As stored: `100644`, `40000` … */
  readonly mode: string
  /** The bytes of the name, one a character. */
  readonly name: string
  readonly oid: string
}

/** Two entries of one name may be there in two states of a tree, a file and a folder: so folders end in a slash here. */
export type Entries = ReadonlyMap<string, RawEntry>

export function readTree(oid: string, bytes: Uint8Array): RawEntry[] {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: RawEntry[] = []
  for (let at = 0; at < raw.length; ) {
    const space = raw.indexOf(0x20, at)
    const end = raw.indexOf(0, space)
    if (space < 0 || end < 0 || end + 21 > raw.length) throw damaged(oid, `tree ${oid} is cut`)
    const mode = raw.toString('latin1', at, space)
    entries.push({ mode, name: raw.toString('latin1', space + 1, end), oid: raw.toString('hex', end + 1, end + 21) })
    at = end + 21
  }
  return entries
}

export function writeTree(entries: readonly RawEntry[]): Buffer {
  // Git's order: by bytes, folders as if their names ended in a slash.
  const sorted = entries.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return Buffer.concat(
    sorted.flatMap(({ mode, name, oid }) => [Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(oid, 'hex')]),
  )
}

export function keyed(entries: readonly RawEntry[]): Entries {
  return new Map(entries.map((entry) => [keyOf(entry), entry]))
}

export function keyOf(entry: RawEntry): string {
  return isFolder(entry) ? `${entry.name}/` : entry.name
}

export function isFolder({ mode }: RawEntry): boolean {
  return /^0*40000$/.test(mode)
}

/** A file with content, executable or not: no link and no submodule. */
export function isFile({ mode }: RawEntry): boolean {
  return /^100\d{3}$/.test(mode)
}

export function isSubmodule({ mode }: RawEntry): boolean {
  return mode === '160000'
}

export function sameEntry(a: RawEntry | undefined, b: RawEntry | undefined): boolean {
  return a?.oid === b?.oid && a?.mode.replace(/^0+/, '') === b?.mode.replace(/^0+/, '')
}

/** The stored form of a name that may hold lone surrogates for bytes that are no UTF-8. */
export function rawName(name: string): string {
  return Array.from(name, (character) => {
    const code = character.codePointAt(0)!
    return code >= 0xdc80 && code <= 0xdcff
      ? String.fromCharCode(code - 0xdc00)
      : Buffer.from(character).toString('latin1')
  }).join('')
}

/** A path made of stored names, as everybody else writes it. */
export function pathOf(raw: string): string {
  return raw
    .split('/')
    .map((name) => nameOf(Buffer.from(name, 'latin1')))
    .join('/')
}

export function shownPath(raw: string): string {
  return showPath(pathOf(raw))
}
