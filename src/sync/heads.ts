import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { shortHash } from '../base/hash.ts'
import type { Revision } from './url.ts'

/** The own ref that remembers the last checked commit of a revision: written only once commit and tree can be read. */
export function lastRef(revision: Revision): string {
  return `refs/berth/last/${shortHash(revision, 20)}`
}

export function readLast(gitDir: string, revision: Revision): string | undefined {
  try {
    return /^[0-9a-f]{40}(?=\n$)/.exec(readFileSync(join(gitDir, lastRef(revision)), 'utf8'))?.[0]
  } catch {
    return undefined
  }
}

export function writeLast(gitDir: string, revision: Revision, oid: string): void {
  const path = join(gitDir, lastRef(revision))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, `${oid}\n`)
  renameSync(`${path}.new`, path)
}
