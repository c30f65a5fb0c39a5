import { GitError } from './errors.ts'
import { type FileContents, readFiles } from './files.ts'
import { commitsBetween } from './history.ts'
import { peel, readCommit } from './objects/commit.ts'
import type { Commit, FileRef, Head, SyncLimits } from './port.ts'
import { type FolderState, Snapshots } from './snapshots.ts'
import { noSuchRevision, type Store } from './store.ts'
import { parseRevision, type Revision } from './url.ts'

/** What one repository answers, on the worker's side. */
export class Session {
  readonly #store: Store
  readonly #limits: SyncLimits
  readonly #shown: string
  readonly #snapshots: Snapshots

  readonly #release: () => void

  constructor(store: Store, limits: SyncLimits, shown: string, release: () => void) {
    this.#store = store
    this.#limits = limits
    this.#shown = shown
    this.#release = release
    this.#snapshots = new Snapshots(limits)
  }

  fetch(revision: Revision): Promise<Head> {
    return this.#store.fetch(revision)
  }

  head(revision: Revision): Head | undefined {
    const oid = this.#store.last(revision)
    return oid === undefined ? undefined : { oid, rewritten: false }
  }

  snapshot(oid: string, path: string, since: string | undefined): Promise<FolderState> {
    return this.#repairing(() => this.#snapshots.take(this.#store.reader, oid, path, since))
  }

  read(files: readonly FileRef[]): Promise<FileContents> {
    return this.#repairing(() => readFiles(this.#store.reader, files, this.#limits))
  }

  commit(oid: string): Promise<Commit> {
    return this.#repairing(() => readCommit(this.#store.reader, oid))
  }

  between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    return this.#repairing(() => commitsBetween(this.#store.reader, from, to, limit))
  }

  async resolve(text: string): Promise<string> {
    if (/^[0-9a-f]{4,40}$/.test(text)) {
      const found = await this.#commitsNamed(text)
      if (found.length === 1) return found[0]!
      if (found.length > 1) {
        throw new GitError('NO_SUCH_REVISION', text, `${this.#shown}: ${text} is the start of several commit ids`)
      }
    }
    const revision = parseRevision(text)
    const oid = this.#store.last(revision)
    if (oid !== undefined) return oid
    throw noSuchRevision(revision, this.#shown)
  }

  async #commitsNamed(prefix: string): Promise<string[]> {
    const { reader } = this.#store
    const oids = prefix.length === 40 ? [prefix] : await reader.startingWith(prefix)
    const commits = new Set<string>()
    for (const oid of oids) {
      const commit = await peel(reader, oid)
      if (commit !== undefined) commits.add(commit)
    }
    return [...commits]
  }

  /** A damaged store is replaced and asked once more; what cannot be helped is reported. */
  async #repairing<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'STORE_DAMAGED')) throw error
      if (!(await this.#store.repair())) throw error
      return run()
    }
  }

  close(): void {
    this.#store.close()
    this.#release()
  }
}
