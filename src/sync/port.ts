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

export interface Branch {
  /** Without `refs/heads/`. May hold any characters that Git allows: escape before printing. */
  readonly name: string
  readonly oid: string
}

export interface RepositoryOptions {
  /** https://, http://, ssh://user@host/path, user@host:path, file:// or a local path. Passwords inside are refused. */
  readonly url: string
  /** Branch, tag or full commit id. */
  readonly revision: string
  /** Folder that holds this repository's store; made if missing. */
  readonly storeDir: string
  /** Absent: none. */
  readonly credentials?: Credentials
  readonly backend?: 'auto' | 'embedded' | 'native'
  readonly limits?: Partial<SyncLimits>
  readonly timeouts?: Partial<SyncTimeouts>
}

/** At most one of `secretFile`, `secretEnv`, `githubApp` and `ssh`. Files and variables are read again at each use. */
export interface Credentials {
  /** File with `token` or `user:password`. */
  readonly secretFile?: string | undefined
  /** Environment variable with the same. */
  readonly secretEnv?: string | undefined
  readonly githubApp?: GitHubApp | undefined
  readonly ssh?: SshIdentity | undefined
  /** Certificates (PEM) by which the server is trusted, besides those of the system. */
  readonly caFile?: string | undefined
}

/** An installation of a GitHub App: tokens are asked for as needed. */
export interface GitHubApp {
  readonly appId: string
  readonly installationId: string
  readonly privateKeyFile: string
  /** Undefined: that of github.com. */
  readonly apiURL?: string | undefined
}

export interface SshIdentity {
  /** Private key (OpenSSH or PEM; ed25519, ECDSA or RSA). */
  readonly keyFile: string
  readonly passphraseFile?: string | undefined
  /** As ssh's known_hosts: a server whose key is not in it is not spoken to. */
  readonly knownHostsFile: string
}

/** What a commit is to change; all other paths stay as they are in the commit that it is made on. */
export type Change =
  /** The folder becomes what it was in that commit (absent there: it is removed). '' is the whole repository. */
  | { readonly kind: 'restore'; readonly path: string; readonly to: string }
  /** Takes that one commit back, three-way, as `git revert` does; of a merge, what it brought to its first parent. */
  | { readonly kind: 'revert'; readonly commit: string }

export interface WriteRequest {
  readonly change: Change
  readonly message: string
  readonly author: { readonly name: string; readonly email: string }
  /** Author and committer date, ms. */
  readonly at: number
  /**
   * Only while the folder is, in the head that it would be made on, this tree: who changed it meanwhile wins. Asked again after
   * each lost race. Absent: on any head.
   */
  readonly unless?: { readonly path: string; readonly treeIsNot: string }
  /** Branch to push to, made if it is missing; absent: the one that is followed. The commit is made on the head of the one followed. */
  readonly branch?: string
  /** ssh private key to sign with; absent: unsigned. */
  readonly signingKeyFile?: string | undefined
  /** Only says what would be written: nothing is pushed, and `oid` is that of no commit. */
  readonly dryRun?: boolean
}

export type WriteResult =
  /** `onto`: its parent. `paths`: those it changes, sorted, at most 1,000. */
  | { readonly kind: 'written'; readonly oid: string; readonly onto: string; readonly paths: readonly string[] }
  /** The head is like that already. */
  | { readonly kind: 'nothing'; readonly head: string }
  /** `unless` holds. */
  | { readonly kind: 'overtaken'; readonly head: string }

/** What a merge of two commits would be. */
export type Merged =
  /** A commit that is nowhere but here: read as any other, while few others are asked for. One side may be it already. */
  | {
      readonly kind: 'merged'
      readonly oid: string
      /** All that `head` has changed since both parted is in `onto`, by other commits. Absent: it is not, or `head` has changed nothing. */
      readonly squashed?: true
    }
  /** `paths`: sorted, safe to print. */
  | { readonly kind: 'conflict'; readonly paths: readonly string[] }
  /** They have nothing in common. */
  | { readonly kind: 'unrelated' }
  /** It cannot be told what Git would do, or not within the limits. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** Who signed a commit, or why that does not count. */
export type Signature =
  | { readonly valid: true; readonly key: string }
  /** `reason`: `unsigned`, `signed by an unknown key SHA256:…`, `the signature is not of this commit`, … */
  | { readonly valid: false; readonly reason: string }

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
  /**
   * Asks the remote where the revision is and brings what is missing. On any doubt it throws: an error is never an empty answer. An
   * answer to anyone who asked for this revision in the last `maxAgeMs` (absent: 0) is good enough.
   */
  fetch(maxAgeMs?: number): Promise<Head>
  /** The head of the last successful fetch of this store, without asking the remote; undefined before the first. */
  head(): Promise<Head | undefined>
  /** The remote's branches now whose names begin so, by name. Their commits need not be in the store. */
  branches(prefix: string): Promise<readonly Branch[]>
  /** Throws on links, submodules, and limits, naming the path. `path` '' or '.': the root. */
  snapshot(oid: string, path: string, previous?: Snapshot): Promise<Snapshot>
  /** Contents by blob id. Throws on LFS pointers and too large files, naming the path. */
  read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>>
  commit(oid: string): Promise<Commit>
  /** Commits reachable from `to` and not from `from`, newest first, at most `limit`; all that the store has when `from` is unknown to it. */
  between(from: string | undefined, to: string, limit: number): Promise<Commit[]>
  /** A full id for a branch, tag, full or abbreviated commit id that the store knows; throws NO_SUCH_REVISION. */
  resolve(revision: string): Promise<string>
  /**
   * What `git merge` of `head` on `onto` gives, three-way, of commits of this repository. Nothing is pushed; the same two give the same.
   * History that the store does not have is asked for beside it, so that what comes for it slows no fetch and shows nowhere else.
   */
  merge(onto: string, head: string): Promise<Merged>
  /** Whether all that `head` has is in `onto`; undefined: it cannot be told. History is asked for as `merge` does. */
  contains(onto: string, head: string): Promise<boolean | undefined>
  /** Tree id of a folder in a commit; undefined: it is not there. '' or '.': the root. */
  treeOf(oid: string, path: string): Promise<string | undefined>
  /** Checks the commit's signature against public keys: paths of files, or keys themselves (lines of ssh, armored OpenPGP). */
  signature(oid: string, keys: readonly string[]): Promise<Signature>
  /**
   * Makes one commit without a working tree and pushes it; a lost race is redone on the new head, five times at most. Throws CONFLICT with
   * the paths, PUSH_REFUSED (protected branch, hook), AUTH_REQUIRED, FORBIDDEN, READ_ONLY (a tag or a commit is followed), RACE_LOST.
   */
  write(request: WriteRequest): Promise<WriteResult>
  /** Puts a note to a commit in `refs/notes/berth`, in place of the one before under the same first word, and pushes. */
  note(oid: string, text: string, author: WriteRequest['author'], at: number): Promise<void>
  /** Ends a fetch under way (it then throws), once nobody else has this repository open. */
  close(): Promise<void>
}
