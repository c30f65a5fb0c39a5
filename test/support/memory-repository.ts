import { sha256 } from '../../src/base/hash.ts'
import type {
  Branch,
  Commit,
  FileRef,
  Head,
  Merged,
  Repository,
  Signature,
  Snapshot,
  WriteResult,
} from '../../src/sync/port.ts'

interface Stored {
  readonly commit: Commit
  readonly files: readonly FileRef[]
  /** Against the commit before. */
  readonly changed: readonly string[]
}

/** A repository without Git: what a commit changed is known beforehand, so that only what comes after Git is measured. */
export class MemoryRepository implements Repository {
  readonly url = 'memory'
  readonly revision = 'main'
  readonly backend = 'embedded'
  readonly #commits: Stored[] = []
  readonly #blobs = new Map<string, Uint8Array>()
  #files: readonly FileRef[] = []
  #made = 0

  /** Adds, replaces or (null) removes files. Answers the commit id. */
  add(files: Readonly<Record<string, string | null>>): string {
    const written = new Map<string, FileRef>()
    for (const [path, text] of Object.entries(files)) {
      if (text !== null) written.set(path, { path, oid: this.#store(text) })
    }
    const kept = this.#files.flatMap((file) => written.get(file.path) ?? (files[file.path] === null ? [] : [file]))
    const known = new Set(this.#files.map((file) => file.path))
    const added = [...written.values()].filter((file) => !known.has(file.path))
    this.#files = added.length === 0 ? kept : [...kept, ...added].sort((a, b) => (a.path < b.path ? -1 : 1))
    this.#made += 1
    const subject = `Commit ${this.#made}`
    const oid = sha256(subject).slice(0, 40)
    const parents = this.#commits.slice(-1).map(({ commit }) => commit.oid)
    const commit = { oid, tree: oid, parents, author: 'Bench', email: '', at: 0, subject, message: subject }
    this.#commits.push({ commit, files: this.#files, changed: Object.keys(files).sort() })
    // Older ones are never asked for again.
    if (this.#commits.length > 2) this.#commits.shift()
    return oid
  }

  async fetch(): Promise<Head> {
    return { oid: this.#commits.at(-1)?.commit.oid ?? '', rewritten: false }
  }

  async head(): Promise<Head> {
    return this.fetch()
  }

  async branches(): Promise<readonly Branch[]> {
    return []
  }

  async snapshot(oid: string, _path: string, previous?: Snapshot): Promise<Snapshot> {
    const { commit, files, changed } = this.#find(oid)
    return { commit, tree: commit.tree, files, changed: previous ? changed : files.map((file) => file.path) }
  }

  async read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return new Map(files.flatMap(({ oid }) => [[oid, this.#blobs.get(oid) ?? new Uint8Array()] as const]))
  }

  async commit(oid: string): Promise<Commit> {
    return this.#find(oid).commit
  }

  async between(_from: string | undefined, to: string): Promise<Commit[]> {
    return [this.#find(to).commit]
  }

  async resolve(revision: string): Promise<string> {
    return revision
  }

  async merge(): Promise<Merged> {
    return { kind: 'unrelated' }
  }

  async contains(): Promise<boolean> {
    return false
  }

  async treeOf(oid: string): Promise<string | undefined> {
    return this.#find(oid).commit.tree
  }

  async signature(): Promise<Signature> {
    return { valid: false, reason: 'unsigned' }
  }

  async write(): Promise<WriteResult> {
    throw new TypeError('this repository is only read')
  }

  async note(): Promise<void> {
    throw new TypeError('this repository is only read')
  }

  async close(): Promise<void> {}

  /** Contents that have been read are not asked for again as long as their file stays. */
  forgetContents(): void {
    this.#blobs.clear()
  }

  #find(oid: string): Stored {
    const found = this.#commits.find(({ commit }) => commit.oid === oid)
    if (!found) throw new Error(`no commit ${oid}`)
    return found
  }

  #store(text: string): string {
    const oid = sha256(text).slice(0, 40)
    this.#blobs.set(oid, Buffer.from(text))
    return oid
  }
}
