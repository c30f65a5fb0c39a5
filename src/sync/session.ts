import { GitError } from './errors.ts'
import { type FileContents, readFiles } from './files.ts'
import { commitsBetween } from './history.ts'
import { peel, readCommit } from './objects/commit.ts'
import type { ObjectReader } from './objects/reader.ts'
import type { Commit, FileRef, Head, Signature, SyncLimits } from './port.ts'
import { checkSignature } from './signature/check.ts'
import { type FolderState, Snapshots } from './snapshots.ts'
import { noSuchRevision, type Store } from './store.ts'
import { parseRevision, type Revision } from './url.ts'

/** What one repository answers, on the worker's side. */
export class Session {
  readonly #store: Store
  readonly #limits: SyncLimits
  readonly #shown: string
  readonly #snapshots: Snapshots

  constructor(store: Store, limits: SyncLimits, shown: string) {
    this.#store = store
    this.#limits = limits
    this.#shown = shown
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
    return this.#obtaining(oid, (reader) => this.#snapshots.take(reader, oid, path, since))
  }

  read(files: readonly FileRef[]): Promise<FileContents> {
    return this.#repairing((reader) => readFiles(reader, files, this.#limits))
  }

  commit(oid: string): Promise<Commit> {
    return this.#obtaining(oid, (reader) => readCommit(reader, oid))
  }

  between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    return this.#repairing((reader) => commitsBetween(reader, from, to, limit))
  }

  signature(oid: string, keys: readonly string[]): Promise<Signature> {
    return this.#obtaining(oid, (reader) => checkSignature(reader, oid, keys, Date.now()))
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

  /** A commit that the store lost (compacted, made anew) is asked for once; most servers still give it. */
  async #obtaining<T>(oid: string, run: (reader: ObjectReader) => Promise<T>): Promise<T> {
    try {
      return await this.#repairing(run)
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'NO_SUCH_REVISION')) throw error
      const obtained = await this.#store.obtain(oid).catch(() => false)
      if (!obtained) throw error
      return this.#repairing(run)
    }
  }

  /** A damaged store is replaced and asked once more; what cannot be helped is reported. */
  async #repairing<T>(run: (reader: ObjectReader) => Promise<T>): Promise<T> {
    let reader: ObjectReader | undefined
    try {
      reader = this.#store.reader
      return await run(reader)
    } catch (error) {
      if (!(error instanceof GitError && error.code === 'STORE_DAMAGED')) throw error
      if (!(await this.#store.repair(reader))) throw error
      return run(this.#store.reader)
    }
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
