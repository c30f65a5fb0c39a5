import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { shortHash } from '../base/hash.ts'
import type { Revision } from './url.ts'

const revisionsFolder = 'berth-revisions'

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
  replaceFile(join(gitDir, revisionsFolder, shortHash(revision, 20)), JSON.stringify(revision))
  replaceFile(join(gitDir, lastRef(revision)), `${oid}\n`)
}

/** The revisions whose heads a store remembers. */
export function knownRevisions(gitDir: string): Revision[] {
  const folder = join(gitDir, revisionsFolder)
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) => readRevision(join(folder, name)) ?? [])
}

function readRevision(path: string): Revision | undefined {
  try {
    const { kind, oid, refs }: { kind?: unknown; oid?: unknown; refs?: unknown } = JSON.parse(
      readFileSync(path, 'utf8'),
    )
    if (kind === 'commit' && typeof oid === 'string') return { kind, oid }
    if (kind === 'ref' && Array.isArray(refs)) return { kind, refs: refs.map(String) }
  } catch {
    // A damaged note costs one full look at that revision, nothing else.
  }
  return undefined
}

function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
