/** One entry of an archive: a file with its content, a folder, or a symbolic link. */
export type TarEntry =
  | { readonly path: string; readonly content: Uint8Array | string; readonly mode?: number }
  | { readonly path: string; readonly folder: true; readonly mode?: number }
  | { readonly path: string; readonly link: string }

const block = 512

/** A POSIX (ustar) archive of the entries, owned by root and dated 1970, so that equal entries give equal bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = 'content' in entry ? Buffer.from(entry.content) : Buffer.alloc(0)
    return [head(entry, content.length), content, Buffer.alloc((block - (content.length % block)) % block)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function head(entry: TarEntry, size: number): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, width: number) =>
    bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at)
  const mode = 'link' in entry ? 0o777 : (entry.mode ?? ('folder' in entry ? 0o755 : 0o644))
  bytes.write(entry.path, 0, 100)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  bytes.write('        ', 148)
  bytes.write('folder' in entry ? '5' : 'link' in entry ? '2' : '0', 156)
  if ('link' in entry) bytes.write(entry.link, 157, 100)
  bytes.write('ustar\x0000', 257)
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return bytes
}
