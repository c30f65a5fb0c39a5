import type { ObjectReader } from '../objects/reader.ts'
import { Draft, type NewObject } from '../write/draft.ts'
import { Conflict, mergeTrees } from '../write/merge-trees.ts'
import { expectNoMoves, movedFiles } from '../write/moves.ts'

/** Ids of root trees. */
export interface Trees {
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

export type TreesMerged =
  /** `objects`: those that neither side has. */
  | { readonly kind: 'merged'; readonly tree: string; readonly objects: readonly NewObject[] }
  /** Sorted, safe to print. */
  | { readonly kind: 'conflict'; readonly paths: readonly string[] }
  /** It takes more than is known here to say what git would do. */
  | { readonly kind: 'unknown'; readonly reason: string }

export const moved = 'files have moved, which only a git program (2.38 or later) can follow'

/** Merges by paths, without a git program. What git would do by following moved files is never guessed. */
export async function mergeThree(reader: ObjectReader, trees: Trees): Promise<TreesMerged> {
  const draft = new Draft(reader)
  if (await haveMoved(draft, trees)) return { kind: 'unknown', reason: moved }
  try {
    const tree = draft.putRoot(await mergeTrees(draft, trees))
    return { kind: 'merged', tree, objects: draft.all() }
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    const elsewhere = [
      ...(await movedFiles(draft, trees.base, trees.ours)),
      ...(await movedFiles(draft, trees.base, trees.theirs)),
    ]
    if (error.paths.some((path) => elsewhere.includes(path))) return { kind: 'unknown', reason: moved }
    return { kind: 'conflict', paths: error.paths }
  }
}

/** What git would do by following moved files is not known then. */
export async function haveMoved(draft: Draft, { base, ours, theirs }: Trees): Promise<boolean> {
  try {
    await expectNoMoves(draft, { base, ours, theirs })
    await expectNoMoves(draft, { base, ours: theirs, theirs: ours })
    return false
  } catch (error) {
    if (error instanceof Conflict) return true
    throw error
  }
}
