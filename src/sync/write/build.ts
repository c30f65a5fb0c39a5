import type { ObjectReader } from '../objects/reader.ts'
import type { Change, Commit } from '../port.ts'
import { folderParts } from '../walk.ts'
import { Draft } from './draft.ts'
import { mergeTrees } from './merge-trees.ts'
import { expectNoMoves } from './moves.ts'
import { isFolder, rawName } from './raw-tree.ts'
import { entryAt, withEntry } from './splice.ts'

/** Tree id of a folder in a commit; undefined: there is no folder. Throws NO_SUCH_REVISION. */
export async function folderTree(reader: ObjectReader, oid: string, path: string): Promise<string | undefined> {
  const draft = new Draft(reader)
  return folderOf(draft, (await draft.commit(oid)).tree, path)
}

export async function folderOf(draft: Draft, root: string, path: string): Promise<string | undefined> {
  const parts = folderParts(path).map(rawName)
  if (parts.length === 0) return root
  const found = await entryAt(draft, root, parts)
  return found && isFolder(found) ? found.oid : undefined
}

/** The root tree of a commit with the change made to it. Throws CONFLICT, and NO_SUCH_REVISION for commits that the store has not. */
export async function changedTree(draft: Draft, head: Commit, change: Change): Promise<string> {
  if (change.kind === 'restore') return restored(draft, head, change)
  const base = await draft.commit(change.commit)
  const [parent] = base.parents
  const theirs = parent === undefined ? undefined : (await draft.commit(parent)).tree
  const merge = { base: base.tree, ours: head.tree, theirs }
  const tree = await mergeTrees(draft, merge)
  await expectNoMoves(draft, merge)
  return draft.putRoot(tree)
}

async function restored(draft: Draft, head: Commit, { path, to }: Change & { kind: 'restore' }): Promise<string> {
  const { tree } = await draft.commit(to)
  const parts = folderParts(path).map(rawName)
  if (parts.length === 0) return tree
  return draft.putRoot(await withEntry(draft, head.tree, parts, await entryAt(draft, tree, parts)))
}
