import type { Draft } from './draft.ts'
import { mergeLines } from './merge-lines.ts'
import type { Three } from './merge-trees.ts'
import { isFile, type RawEntry } from './raw-tree.ts'

const largestText = 1024 * 1024

/** A file that all three have differently; undefined: a conflict. Links, submodules and binary files are never mixed. */
export async function mergeFiles(draft: Draft, { base, ours, theirs }: Three): Promise<RawEntry | undefined> {
  if (!(base && ours && theirs && isFile(base) && isFile(ours) && isFile(theirs))) return undefined
  const mode = oneOf(base.mode, ours.mode, theirs.mode)
  if (mode === undefined) return undefined
  const same = oneOf(base.oid, ours.oid, theirs.oid)
  if (same !== undefined) return { ...ours, mode, oid: same }
  const texts = await Promise.all([base.oid, ours.oid, theirs.oid].map((oid) => textOf(draft, oid)))
  const [baseText, ourText, theirText] = texts
  if (baseText === undefined || ourText === undefined || theirText === undefined) return undefined
  const merged = mergeLines(baseText, ourText, theirText)
  if (merged === undefined) return undefined
  return { ...ours, mode, oid: draft.put('blob', Buffer.from(merged, 'latin1')) }
}

/** Whichever side changed; undefined when both did, and differently. */
function oneOf(base: string, ours: string, theirs: string): string | undefined {
  if (base === theirs || ours === theirs) return ours
  return base === ours ? theirs : undefined
}

/** Bytes as characters; undefined for what is no text. */
async function textOf(draft: Draft, oid: string): Promise<string | undefined> {
  const bytes = await draft.blob(oid, largestText)
  return bytes && !bytes.includes(0) ? Buffer.from(bytes).toString('latin1') : undefined
}
