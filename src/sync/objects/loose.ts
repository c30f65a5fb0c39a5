import { readFileSync } from 'node:fs'
import { inflateSync, constants as zlib } from 'node:zlib'
import { damaged, type GitObject, isObjectType, type ObjectInfo } from './reader.ts'

/** Reads a loose object file (`type size NUL content`, deflated); undefined when there is none. */
export function readLoose(path: string, maxBytes: number): GitObject | undefined {
  const packed = readIfThere(path)
  if (!packed) return undefined
  const info = looseInfo(path, packed)
  if (info.size > maxBytes) return { ...info, data: undefined }
  const all = inflate(path, packed, info.size + 64)
  const data = all.subarray(all.indexOf(0) + 1)
  if (data.length !== info.size) throw damaged(path, 'a loose object has another size than it says')
  return { ...info, data }
}

export function readLooseInfo(path: string): ObjectInfo | undefined {
  const packed = readIfThere(path)
  return packed && looseInfo(path, packed)
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw damaged(path, 'a loose object cannot be read', error)
  }
}

function looseInfo(path: string, packed: Buffer): ObjectInfo {
  const start = inflate(path, packed.subarray(0, 128), 1024 * 1024)
  const header = start.subarray(0, start.indexOf(0)).toString('latin1')
  const [type, size] = header.split(' ')
  if (!isObjectType(type) || !/^\d{1,15}$/.test(size ?? '')) throw damaged(path, 'a loose object has no header')
  return { type, size: Number(size) }
}

function inflate(path: string, packed: Buffer, maxOutputLength: number): Buffer {
  try {
    return inflateSync(packed, { maxOutputLength, finishFlush: zlib.Z_SYNC_FLUSH })
  } catch (cause) {
    throw damaged(path, 'a loose object cannot be unpacked', cause)
  }
}
