import { GitError } from './errors.ts'
import { type FileContents, readFiles } from './files.ts'
import { commitsBetween } from './history.ts'
import { Merging } from './merge/merging.ts'
import type { NativeMerge } from './merge/native-merge.ts'
import { peel, readCommit } from './objects/commit.ts'
import type {
  Branch,
  Commit,
  FileRef,
  Head,
  Merged,
  Signature,
  SyncLimits,
  SyncTimeouts,
  WriteRequest,
  WriteResult,
} from './port.ts'
import { obtaining, repairing } from './reading.ts'
import { checkSignature } from './signature/check.ts'
import { type FolderState, Snapshots } from './snapshots.ts'
import { noSuchRevision, type Store } from './store.ts'
import { parseRevision, type Revision } from './url.ts'
import { folderTree } from './write/build.ts'
import { Writer } from './write/writer.ts'

export interface SessionParts {
  readonly store: Store
  /** Absent: there is no git program. */
  readonly merge: NativeMerge | undefined
  /** Ends the programs that it runs. */
  readonly ending: AbortController
  readonly limits: SyncLimits
  readonly timeouts: SyncTimeouts
  readonly shown: string
}

/** What one repository answers, on the worker's side. */
export class Session {
  readonly #store: Store
  readonly #limits: SyncLimits
  readonly #totalMs: number
  readonly #shown: string
  readonly #snapshots: Snapshots
  readonly #writer: Writer

  readonly #merging: Merging
  readonly #ending: AbortController

  constructor({ store, merge, ending, limits, timeouts, shown }: SessionParts) {
    this.#store = store
    this.#limits = limits
    this.#totalMs = timeouts.totalMs
    this.#shown = shown
    this.#ending = ending
    this.#merging = new Merging({ store, native: merge, totalMs: timeouts.totalMs })
    this.#snapshots = new Snapshots(limits)
    this.#writer = new Writer({ store, shown, totalMs: timeouts.totalMs })
  }

  fetch(revision: Revision): Promise<Head> {
    return this.#store.fetch(revision)
  }

  head(revision: Revision): Head | undefined {
    const oid = this.#store.last(revision)
    return oid === undefined ? undefined : { oid, rewritten: false }
  }

  branches(prefix: string): Promise<readonly Branch[]> {
    return this.#store.branches(prefix, performance.now() + this.#totalMs)
  }

  snapshot(oid: string, path: string, since: string | undefined): Promise<FolderState> {
    return obtaining(this.#store, (reader) => this.#snapshots.take(this.#merging.over(reader), oid, path, since), {
      oid,
    })
  }

  read(files: readonly FileRef[]): Promise<FileContents> {
    return repairing(this.#store, (reader) => readFiles(this.#merging.over(reader), files, this.#limits))
  }

  commit(oid: string): Promise<Commit> {
    return obtaining(this.#store, (reader) => readCommit(this.#merging.over(reader), oid), { oid })
  }

  between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    return repairing(this.#store, (reader) => commitsBetween(this.#merging.behind(reader, to), from, to, limit))
  }

  signature(oid: string, keys: readonly string[]): Promise<Signature> {
    return obtaining(this.#store, (reader) => checkSignature(reader, oid, keys, Date.now()), { oid })
  }

  treeOf(oid: string, path: string): Promise<string | undefined> {
    return obtaining(this.#store, (reader) => folderTree(this.#merging.over(reader), oid, path), { oid })
  }

  merge(onto: string, head: string): Promise<Merged> {
    return this.#merging.merge(onto, head)
  }

  contains(onto: string, head: string): Promise<boolean | undefined> {
    return this.#merging.contains(onto, head)
  }

  write(revision: Revision, request: WriteRequest): Promise<WriteResult> {
    return this.#writer.write(revision, request)
  }

  note(oid: string, text: string, author: WriteRequest['author'], at: number): Promise<void> {
    return this.#writer.note(oid, text, author, at)
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
    const reader = this.#merging.over(this.#store.reader)
    const oids = prefix.length === 40 ? [prefix] : await reader.startingWith(prefix)
    const commits = new Set<string>()
    for (const oid of oids) {
      const commit = await peel(reader, oid)
      if (commit !== undefined) commits.add(commit)
    }
    return [...commits]
  }

  close(): Promise<void> {
    this.#writer.close()
    this.#merging.close()
    this.#ending.abort()
    return this.#store.close()
  }
}
