import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import type { NewObject } from './draft.ts'

/** Writes objects as loose files into an `objects` folder, each whole or not at all; those that are there stay. */
export function writeLoose(objects: string, made: readonly NewObject[]): void {
  const owner = statSync(objects)
  for (const { oid, type, data } of made) {
    const path = join(objects, oid.slice(0, 2), oid.slice(2))
    if (existsSync(path)) continue
    makeFolder(dirname(path), owner)
    const header = Buffer.from(`${type} ${data.length}\0`)
    const draft = join(dirname(path), `tmp_obj_${randomUUID()}`)
    try {
      writeWhole(draft, deflateSync(Buffer.concat([header, data])), 0o444, owner)
      renameSync(draft, path)
    } finally {
      rmSync(draft, { force: true })
    }
  }
}

/** A folder like the one above it, so that a repository's owner can go on writing where an engine run by root has been. */
export function makeFolder(path: string, like: Stats): void {
  if (existsSync(path)) return
  makeFolder(dirname(path), like)
  try {
    mkdirSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw error
  }
  chmodSync(path, like.mode & 0o7777)
  give(path, like)
}

/** Writes a new file, safe from a loss of power; throws EEXIST when it is there. */
export function writeWhole(path: string, content: Uint8Array, mode: number, owner: Stats): void {
  const file = openSync(path, 'wx', mode)
  try {
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  give(path, owner)
}

function give(path: string, { uid, gid }: Stats): void {
  const root = process.getuid?.() === 0
  if (root && (uid !== 0 || gid !== 0)) chownSync(path, uid, gid)
}
