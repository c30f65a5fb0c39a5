import { GitError } from '../errors.ts'
import type { Draft } from './draft.ts'
import { isFolder, type RawEntry, shownPath } from './raw-tree.ts'

/** What stands at a path below a tree; undefined: nothing. The parts are stored names. */
export async function entryAt(
  draft: Draft,
  root: string | undefined,
  parts: readonly string[],
): Promise<RawEntry | undefined> {
  let tree = root
  for (const [at, part] of parts.entries()) {
    const found = (await draft.tree(tree)).find(({ name }) => name === part)
    if (!found || at === parts.length - 1) return found
    if (!isFolder(found)) return undefined
    tree = found.oid
  }
  return undefined
}

/**
 * The tree with `wanted` at a path, or with nothing there; all else stays. Folders on the way are made, and left out when nothing
 * remains in them. Throws CONFLICT where a file stands on the way. Undefined: the tree would be empty.
 */
export function withEntry(
  draft: Draft,
  root: string | undefined,
  parts: readonly string[],
  wanted: RawEntry | undefined,
): Promise<string | undefined> {
  return place(draft, root, parts, 0, wanted)
}

async function place(
  draft: Draft,
  tree: string | undefined,
  parts: readonly string[],
  depth: number,
  wanted: RawEntry | undefined,
): Promise<string | undefined> {
  const name = parts[depth]!
  const entries = await draft.tree(tree)
  const others = entries.filter((entry) => entry.name !== name)
  if (depth === parts.length - 1) return draft.putTree(wanted ? [...others, { ...wanted, name }] : others)
  const found = entries.find((entry) => entry.name === name)
  if (found && !isFolder(found)) {
    if (!wanted) return tree
    const path = shownPath(parts.slice(0, depth + 1).join('/'))
    throw new GitError('CONFLICT', path, `${path} is a file by now, where a folder is to be restored`)
  }
  if (!found && !wanted) return tree
  const below = await place(draft, found?.oid, parts, depth + 1, wanted)
  return draft.putTree(below === undefined ? others : [...others, { mode: found?.mode ?? '40000', name, oid: below }])
}
