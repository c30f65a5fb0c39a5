// Archives as the engine and every `tar` read them: POSIX (ustar), with GNU's entries for names that do not fit. Pure.

interface TarPlace {
  /** Relative, without a slash at the end. */
  readonly path: string
  /** Group id of the entry; the user is root. */
  readonly group: number
}

export type TarEntry = TarPlace &
  (
    | { readonly kind: 'folder'; readonly mode: number }
    | { readonly kind: 'file'; readonly mode: number; readonly data: Uint8Array }
    | { readonly kind: 'link'; readonly target: string }
  )

const block = 512
const longestField = 100

/** `at`: the time that all entries bear, ms. */
export function tarOf(entries: readonly TarEntry[], at: number): Buffer {
  const seconds = Math.floor(at / 1000)
  return Buffer.concat([...entries.flatMap((entry) => entryBlocks(entry, seconds)), Buffer.alloc(2 * block)])
}

/** Heads that may come before that of a file, with what is in them. */
export const longestTarHead = 16 * block

/** The content of the first file of an archive, which may break off in it; undefined: it has none. */
export function firstFile(archive: Buffer): Buffer | undefined {
  for (let at = 0; at + block <= archive.length; ) {
    const type = String.fromCharCode(archive[at + 156] ?? 0)
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0
    const data = at + block
    if (type === '0') return archive.subarray(data, data + size)
    // Longer names and the like, of the entry that follows.
    if (!/[xgLK]/.test(type)) return undefined
    at = data + Math.ceil(size / block) * block
  }
  return undefined
}

function entryBlocks(entry: TarEntry, seconds: number): Buffer[] {
  const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path
  const target = entry.kind === 'link' ? entry.target : ''
  const data = entry.kind === 'file' ? entry.data : new Uint8Array()
  const mode = entry.kind === 'link' ? 0o777 : entry.mode
  const type = { folder: '5', file: '0', link: '2' }[entry.kind]
  return [
    ...longName('L', path),
    ...longName('K', target),
    head({ path, target, type, mode, group: entry.group, size: data.length, seconds }),
    ...padded(data),
  ]
}

/** GNU's way: an entry before the entry, with the whole name as its content. */
function longName(type: 'L' | 'K', name: string): Buffer[] {
  const bytes = Buffer.from(`${name}\0`)
  if (bytes.length - 1 <= longestField) return []
  const place = { path: '././@LongLink', target: '', mode: 0, group: 0, seconds: 0 }
  return [head({ ...place, type, size: bytes.length }), ...padded(bytes)]
}

function padded(data: Uint8Array): Buffer[] {
  return [Buffer.from(data), Buffer.alloc((block - (data.length % block)) % block)]
}

interface Head {
  readonly path: string
  readonly target: string
  readonly type: string
  readonly mode: number
  readonly group: number
  readonly size: number
  readonly seconds: number
}

function head(entry: Head): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, width: number) =>
    bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  Buffer.from(entry.path).copy(bytes, 0, 0, longestField)
  octal(entry.mode, 100, 8)
  octal(0, 108, 8)
  // Up to 2^32: more digits than the field has room for beside its end mark.
  if (entry.group < 0o10000000) octal(entry.group, 116, 8)
  else writeBinary(bytes, entry.group, 116, 8)
  octal(entry.size, 124, 12)
  octal(entry.seconds, 136, 12)
  bytes.write('        ', 148, 'latin1')
  bytes.write(entry.type, 156, 'latin1')
  Buffer.from(entry.target).copy(bytes, 157, 0, longestField)
  // GNU's own mark: readers take its long names for names only beside it.
  bytes.write('ustar  \0', 257, 'latin1')
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

/** GNU's form of numbers that are too long for octal digits: the first bit set, then big-endian. */
function writeBinary(bytes: Buffer, value: number, at: number, width: number): void {
  bytes[at] = 0x80
  bytes.writeUIntBE(value, at + width - 6, 6)
}
