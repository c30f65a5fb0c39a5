import type { Draft } from '../write/draft.ts'
import { mergeLines } from '../write/merge-lines.ts'
import type { Three } from '../write/merge-trees.ts'
import { isFile, type RawEntry } from '../write/raw-tree.ts'

const largestText = 1024 * 1024

/**
 * What a file becomes that both sides have changed in the same places, where the result is only what another merge goes back to: as Git has
 * it, the text with both versions between marks, or what both come from when one side has removed it. Undefined: it is not known here.
 */
export async function virtualFile(draft: Draft, three: Three, depth: number): Promise<RawEntry | undefined> {
  const { base, ours, theirs } = three
  if (!ours || !theirs) return base && isFile(base) ? base : undefined
  if (!isFile(ours) || !isFile(theirs) || (base && !isFile(base)) || ours.mode !== theirs.mode) return undefined
  const texts = await Promise.all([base, ours, theirs].map((entry) => textOf(draft, entry)))
  const [old, left, right] = texts
  if (old === undefined || left === undefined || right === undefined) return undefined
  const merged = mergeLines(old, left, right, (one, other) => marked(one, other, 7 + 2 * depth))
  return merged === undefined ? undefined : { ...ours, oid: draft.put('blob', Buffer.from(merged, 'latin1')) }
}

function marked(ours: readonly string[], theirs: readonly string[], size: number): string[] {
  const mark = (sign: string, name: string) => `${sign.repeat(size)}${name}\n`
  return [
    mark('<', ' Temporary merge branch 1'),
    ...ended(ours),
    mark('=', ''),
    ...ended(theirs),
    mark('>', ' Temporary merge branch 2'),
  ]
}

function ended(lines: readonly string[]): string[] {
  return lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`))
}

/** Bytes as characters; undefined for what is no text. */
async function textOf(draft: Draft, entry: RawEntry | undefined): Promise<string | undefined> {
  if (!entry) return ''
  const bytes = await draft.blob(entry.oid, largestText)
  return bytes && !bytes.includes(0) ? Buffer.from(bytes).toString('latin1') : undefined
}
