import { GitError } from '../errors.ts'
import type { Draft } from './draft.ts'
import { mergeFiles } from './merge-files.ts'
import { type Entries, isFolder, keyed, type RawEntry, sameEntry, shownPath } from './raw-tree.ts'

/** Root trees; undefined is the empty one. */
export interface Merge {
  readonly base: string | undefined
  readonly ours: string | undefined
  readonly theirs: string | undefined
}

const mostShown = 20
const deepest = 500

/**
 * Three-way merge of trees: what changed from `base` to `theirs`, done to `ours`. Folders are looked into only where all three differ.
 * Files that moved are not followed. Throws CONFLICT with the paths. Undefined: nothing remains. `otherwise` may say what a file in conflict
 * becomes.
 */
export async function mergeTrees(
  draft: Draft,
  merge: Merge,
  otherwise: (three: Three) => Promise<RawEntry | undefined> = async () => undefined,
): Promise<string | undefined> {
  const merger = new Merger(draft, otherwise)
  const tree = await merger.trees('', merge, 0)
  merger.expectNoConflicts()
  return tree
}

class Merger {
  readonly #draft: Draft
  readonly #otherwise: (three: Three) => Promise<RawEntry | undefined>
  readonly #conflicts: string[] = []

  constructor(draft: Draft, otherwise: (three: Three) => Promise<RawEntry | undefined>) {
    this.#draft = draft
    this.#otherwise = otherwise
  }

  async trees(path: string, merge: Merge, depth: number): Promise<string | undefined> {
    const { base, ours, theirs } = merge
    if (theirs === base || ours === theirs) return ours
    if (ours === base) return theirs
    if (depth > deepest) throw new GitError('TOO_DEEP', shownPath(path), `folders nest deeper than ${deepest}`)
    const [b, o, t] = [await this.#entries(base), await this.#entries(ours), await this.#entries(theirs)]
    const merged: RawEntry[] = []
    for (const key of new Set([...o.keys(), ...t.keys(), ...b.keys()])) {
      const found = await this.#entry(path, { base: b.get(key), ours: o.get(key), theirs: t.get(key) }, depth)
      if (found) merged.push(found)
    }
    this.#expectOneEach(path, merged)
    return this.#draft.putTree(merged)
  }

  async #entries(tree: string | undefined): Promise<Entries> {
    return keyed(await this.#draft.tree(tree))
  }

  async #entry(path: string, three: Three, depth: number): Promise<RawEntry | undefined> {
    const { base, ours, theirs } = three
    if (sameEntry(theirs, base) || sameEntry(ours, theirs)) return ours
    if (sameEntry(ours, base)) return theirs
    const entry = (ours ?? theirs ?? base)!
    const inside = path + entry.name
    if (!isFolder(entry)) {
      const merged = (await mergeFiles(this.#draft, three)) ?? (await this.#otherwise(three))
      if (!merged) this.#conflicts.push(shownPath(inside))
      return merged ?? ours
    }
    const below = { base: base?.oid, ours: ours?.oid, theirs: theirs?.oid }
    const tree = await this.trees(`${inside}/`, below, depth + 1)
    return tree === undefined ? undefined : { ...entry, oid: tree }
  }

  /** A file of one side where the other has a folder. */
  #expectOneEach(path: string, entries: readonly RawEntry[]): void {
    const names = new Set<string>()
    for (const { name } of entries) {
      if (names.has(name)) this.#conflicts.push(shownPath(path + name))
      names.add(name)
    }
  }

  expectNoConflicts(): void {
    if (this.#conflicts.length > 0) throw conflict('changed since, in the same places', this.#conflicts)
  }
}

/** Names some of the paths, which are shown as they are. */
export function conflict(problem: string, conflicting: readonly string[]): Conflict {
  const paths = conflicting.toSorted()
  const more = paths.length > mostShown ? ` and ${paths.length - mostShown} more` : ''
  return new Conflict(paths, `${problem}: ${paths.slice(0, mostShown).join(', ')}${more}`)
}

/** A CONFLICT that knows all of its paths, as they are shown. */
export class Conflict extends GitError {
  readonly paths: readonly string[]

  constructor(paths: readonly string[], message: string) {
    super('CONFLICT', paths[0]!, message)
    this.paths = paths
  }
}

/** One name in the three trees: all files (or links, or submodules), or all folders. */
export interface Three {
  readonly base: RawEntry | undefined
  readonly ours: RawEntry | undefined
  readonly theirs: RawEntry | undefined
}
