import { type FileChange, withChanges } from './listing.ts'
import { readCommit } from './objects/commit.ts'
import type { ObjectReader } from './objects/reader.ts'
import type { Commit, FileRef, SyncLimits } from './port.ts'
import { compareTrees, findFolder, folderParts } from './walk.ts'

/** The watched folder at one commit: all its files, or what to change in those of the tree `since`. */
export interface FolderState {
  readonly commit: Commit
  readonly tree: string
  readonly since: string | undefined
  readonly changes: readonly FileChange[]
}

interface Listing {
  readonly files: readonly FileRef[]
  readonly entries: number
}

const keptListings = 8

/** Lists folders, remembering the last ones so that the next commit costs only what it changed. */
export class Snapshots {
  readonly #limits: SyncLimits
  /** By tree id, least recently used first. */
  readonly #listings = new Map<string, Listing>()

  constructor(limits: SyncLimits) {
    this.#limits = limits
  }

  /** `since` is the tree of a snapshot that the caller has; it is taken as the start when it is still known here. */
  async take(reader: ObjectReader, oid: string, path: string, since: string | undefined): Promise<FolderState> {
    const commit = await readCommit(reader, oid)
    const parts = folderParts(path)
    const tree = await findFolder(reader, commit.tree, parts)
    const start = since === undefined ? undefined : this.#listings.get(since)
    const from = start ? since : undefined
    const known = start?.entries ?? 0
    const folder = parts.join('/')
    const compared = await compareTrees(reader, from, tree, folder, this.#limits, known)
    const files = withChanges(start?.files ?? [], compared.changes)
    this.#remember(tree, { files, entries: known + compared.entries })
    return { commit, tree, since: from, changes: compared.changes }
  }

  #remember(tree: string, listing: Listing): void {
    this.#listings.delete(tree)
    this.#listings.set(tree, listing)
    for (const oldest of [...this.#listings.keys()].slice(0, -keptListings)) this.#listings.delete(oldest)
  }
}
