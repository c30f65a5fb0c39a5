import { GitError } from '../errors.ts'
import type { Draft } from './draft.ts'
import { isFile, isFolder, type RawEntry } from './raw-tree.ts'

const largestNote = 1024 * 1024

/**
 * The tree of `refs/notes/…` with a note put to a commit: in place of the paragraph that begins with the same word, after the others.
 * Folders by the first digits of the id are kept as they are there. Undefined tree: the first note.
 */
export async function withNote(draft: Draft, tree: string | undefined, commit: string, text: string): Promise<string> {
  return draft.putTree(await put(draft, tree, commit, text))!
}

async function put(draft: Draft, tree: string | undefined, rest: string, text: string): Promise<readonly RawEntry[]> {
  const entries = await draft.tree(tree)
  const there = entries.find((entry) => entry.name === rest && isFile(entry))
  const folders = entries.filter((entry) => isFolder(entry) && /^[0-9a-f]{2}$/.test(entry.name))
  if (!there && folders.length > 0 && rest.length > 2) {
    const name = rest.slice(0, 2)
    const folder = folders.find((entry) => entry.name === name)
    const oid = draft.putTree(await put(draft, folder?.oid, rest.slice(2), text))!
    return [...entries.filter((entry) => entry !== folder), { mode: '40000', name, oid }]
  }
  const before = there === undefined ? '' : await noteText(draft, there.oid)
  const oid = draft.put('blob', Buffer.from(withParagraph(before, text)))
  return [...entries.filter((entry) => entry !== there), { mode: '100644', name: rest, oid }]
}

async function noteText(draft: Draft, oid: string): Promise<string> {
  const bytes = await draft.blob(oid, largestNote)
  if (!bytes) throw new GitError('TOO_LARGE', oid, `note ${oid}: expected at most ${largestNote} bytes`)
  return Buffer.from(bytes).toString('utf8')
}

/** A note's paragraphs with this one in place of that of the same first word, or at the end. */
export function withParagraph(note: string, text: string): string {
  const paragraphs = note.split(/\n\s*\n/).map((paragraph) => paragraph.trim())
  const own = text.trim().replace(/\n\s*\n/g, '\n')
  const at = paragraphs.findIndex((paragraph) => firstWord(paragraph) === firstWord(own))
  const all = at < 0 ? [...paragraphs, own] : paragraphs.with(at, own)
  return `${all.filter((paragraph) => paragraph !== '').join('\n\n')}\n`
}

function firstWord(text: string): string {
  return text.split(/\s/, 1)[0] ?? ''
}
