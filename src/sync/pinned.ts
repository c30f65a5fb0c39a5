import { GitError } from './errors.ts'
import type { Branch, Commit, FileRef, Head, Merged, Repository, Signature, Snapshot, WriteResult } from './port.ts'

/**
 * A repository whose head is told by somebody else, such as a list of pull requests: following it asks the remote for nothing but the
 * commits that are missing. All else is that of the repository it is made from, which stays open when this one is closed. It only reads.
 */
export class PinnedRepository implements Repository {
  readonly url: string
  readonly revision: string
  readonly backend: Repository['backend']
  readonly #base: Repository
  #oid: string

  /** `revision`: for show. */
  constructor(base: Repository, revision: string, oid: string) {
    this.#base = base
    this.url = base.url
    this.revision = revision
    this.backend = base.backend
    this.#oid = oid
  }

  pin(oid: string): void {
    this.#oid = oid
  }

  async fetch(): Promise<Head> {
    const { oid } = await this.#base.commit(this.#oid)
    return { oid, rewritten: false }
  }

  async head(): Promise<Head | undefined> {
    return { oid: this.#oid, rewritten: false }
  }

  branches(prefix: string): Promise<readonly Branch[]> {
    return this.#base.branches(prefix)
  }

  snapshot(oid: string, path: string, previous?: Snapshot): Promise<Snapshot> {
    return this.#base.snapshot(oid, path, previous)
  }

  read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#base.read(files)
  }

  commit(oid: string): Promise<Commit> {
    return this.#base.commit(oid)
  }

  between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    return this.#base.between(from, to, limit)
  }

  resolve(revision: string): Promise<string> {
    return this.#base.resolve(revision)
  }

  merge(onto: string, head: string): Promise<Merged> {
    return this.#base.merge(onto, head)
  }

  contains(onto: string, head: string): Promise<boolean | undefined> {
    return this.#base.contains(onto, head)
  }

  treeOf(oid: string, path: string): Promise<string | undefined> {
    return this.#base.treeOf(oid, path)
  }

  signature(oid: string, keys: readonly string[]): Promise<Signature> {
    return this.#base.signature(oid, keys)
  }

  async write(): Promise<WriteResult> {
    throw this.#readOnly()
  }

  async note(): Promise<void> {
    throw this.#readOnly()
  }

  async close(): Promise<void> {}

  #readOnly(): GitError {
    return new GitError('READ_ONLY', this.revision, `${this.revision}: nothing is written to what is only looked at`)
  }
}
