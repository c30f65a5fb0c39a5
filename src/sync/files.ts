import { GitError } from './errors.ts'
import { damaged, type ObjectReader } from './objects/reader.ts'
import { showPath } from './objects/tree.ts'
import type { FileRef, SyncLimits } from './port.ts'

/** Contents laid end to end in `bytes`, so that they cross threads without a copy. */
export interface FileContents {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly spans: readonly { readonly oid: string; readonly start: number; readonly end: number }[]
}

const pointerStart = Buffer.from('version https://git-lfs.github.com/spec/')
const longestPointer = 1024

/** Reads blobs; sizes are checked before any content is. */
export async function readFiles(
  reader: ObjectReader,
  files: readonly FileRef[],
  limits: SyncLimits,
): Promise<FileContents> {
  const paths = new Map(files.map(({ oid, path }) => [oid, path]))
  const oids = [...paths.keys()]
  const infos = await reader.sizes(oids)
  let total = 0
  for (const [at, oid] of oids.entries()) {
    const path = showPath(paths.get(oid)!)
    const info = infos[at]
    if (info?.type !== 'blob') throw damaged(oid, `${path}: blob ${oid} is ${info ? `a ${info.type}` : 'missing'}`)
    if (info.size > limits.fileBytes) {
      throw new GitError('TOO_LARGE', path, `${path}: ${info.size} bytes, expected at most ${limits.fileBytes}`)
    }
    total += info.size
    if (total > limits.totalBytes) {
      throw new GitError('TOO_LARGE', path, `${path}: with it the files are larger than ${limits.totalBytes} bytes`)
    }
  }
  const found = await reader.objects(oids, limits.fileBytes)
  const bytes = new Uint8Array(total)
  const spans: FileContents['spans'][number][] = []
  let start = 0
  for (const [at, oid] of oids.entries()) {
    const data = found[at]?.data
    const path = showPath(paths.get(oid)!)
    if (!data) throw damaged(oid, `${path}: blob ${oid} is missing`)
    if (data.length <= longestPointer && pointerStart.equals(data.subarray(0, pointerStart.length))) {
      throw new GitError('LFS_POINTER', path, `${path}: a Git LFS pointer, not the file: keep manifests out of LFS`)
    }
    bytes.set(data, start)
    spans.push({ oid, start, end: start + data.length })
    start += data.length
  }
  return { bytes, spans }
}
