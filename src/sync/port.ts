// Git as the rest of Berth sees it. Nothing here knows of Kubernetes, and nothing is ever checked out.

export interface Commit {
  readonly oid: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: string
  readonly email: string
  /** Author date, ms. For show only: nothing is decided from it. */
  readonly at: number
  /** First line of the message, safe to print. */
  readonly subject: string
  /** The whole message, as written (cut at 64 KiB). */
  readonly message: string
}

/** A file below the watched folder. */
export interface FileRef {
  /**
   * Relative to the watched folder, `/` between parts. May hold any characters, and lone surrogates for bytes that are
   * no UTF-8: escape before printing.
   */
  readonly path: string
  /** Blob id: equal id, equal content. */
  readonly oid: string
}

/** The watched folder at one commit. */
export interface Snapshot {
  readonly commit: Commit
  /** Tree id of the watched folder: equal id, nothing changed there. */
  readonly tree: string
  /** Sorted by path. */
  readonly files: readonly FileRef[]
  /** Paths added, changed or removed since the snapshot given as `previous`; all of them without one. */
  readonly changed: readonly string[]
}

export interface Head {
  readonly oid: string
  /** The branch no longer contains the commit seen before (force push, rewind, other history), or the tag has moved. */
  readonly rewritten: boolean
}

export interface RepositoryOptions {
  /** https://, http://, file:// or a local path. Credentials inside are refused. */
  readonly url: string
  /** Branch, tag or full commit id. */
  readonly revision: string
  /** Folder that holds this repository's store; made if missing. */
  readonly storeDir: string
  /** File with `token` or `user:password`, read again at each use. */
  readonly secretFile?: string
  readonly backend?: 'auto' | 'embedded' | 'native'
  readonly limits?: Partial<SyncLimits>
  readonly timeouts?: Partial<SyncTimeouts>
}

export interface SyncLimits {
  /** One file that is read, bytes. */
  readonly fileBytes: number
  readonly depth: number
  /** Entries (files and folders) below the watched folder. */
  readonly entries: number
  /** All files of one read together, bytes. */
  readonly totalBytes: number
  /** A pack received from a remote, bytes. */
  readonly packBytes: number
  /** One object inside a received pack once unpacked, bytes. The embedded backend only: git unpacks to disk. */
  readonly objectBytes: number
}

export interface SyncTimeouts {
  readonly connectMs: number
  /** Without a byte. */
  readonly idleMs: number
  readonly totalMs: number
}

/** One branch (or tag, or commit) of one repository. All methods throw GitError, and nothing else that is expected. */
export interface Repository {
  /** Safe to print: without credentials. */
  readonly url: string
  readonly revision: string
  readonly backend: 'embedded' | 'native'
  /** Asks the remote where the revision is and brings what is missing. On any doubt it throws: an error is never an empty answer. */
  fetch(): Promise<Head>
  /** The head of the last successful fetch of this store, without asking the remote; undefined before the first. */
  head(): Promise<Head | undefined>
  /** Throws on links, submodules, and limits, naming the path. `path` '' or '.': the root. */
  snapshot(oid: string, path: string, previous?: Snapshot): Promise<Snapshot>
  /** Contents by blob id. Throws on LFS pointers and too large files, naming the path. */
  read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>>
  commit(oid: string): Promise<Commit>
  /** Commits reachable from `to` and not from `from`, newest first, at most `limit`; all that the store has when `from` is unknown to it. */
  between(from: string | undefined, to: string, limit: number): Promise<Commit[]>
  /** A full id for a branch, tag, full or abbreviated commit id that the store knows; throws NO_SUCH_REVISION. */
  resolve(revision: string): Promise<string>
  /** Ends a fetch under way (it then throws), once nobody else has this repository open. */
  close(): Promise<void>
}
