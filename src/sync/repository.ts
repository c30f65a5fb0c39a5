import { resolve } from 'node:path'
import { GitError } from './errors.ts'
import { defaultLimits, defaultTimeouts } from './limits.ts'
import { changesBetween, withChanges } from './listing.ts'
import { findGit } from './native-find.ts'
import { type SharedSession, sharedSession } from './pool.ts'
import type {
  Branch,
  Commit,
  FileRef,
  Head,
  Merged,
  Repository,
  RepositoryOptions,
  Signature,
  Snapshot,
  WriteRequest,
  WriteResult,
} from './port.ts'
import { parseRemote, parseRevision, type Revision } from './url.ts'

/**
 * Opens one revision of a repository. Throws BAD_URL, BAD_REVISION; the remote is asked by `fetch` only. Repositories
 * with the same address and options share one store and one connection.
 */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const remote = parseRemote(options.url)
  parseRevision(options.revision)
  const git = options.backend === 'embedded' ? undefined : await findGit()
  if (options.backend === 'native' && git === undefined) {
    throw new GitError('UNSUPPORTED_REPOSITORY', 'git', 'backend native: no git binary on PATH that is new enough')
  }
  const session = sharedSession({
    remote,
    storeDir: resolve(options.storeDir),
    credentials: options.credentials ?? {},
    git,
    limits: { ...defaultLimits, ...options.limits },
    timeouts: { ...defaultTimeouts, ...options.timeouts },
  })
  return new WorkerRepository(session, git === undefined ? 'embedded' : 'native', remote.display, options.revision)
}

class WorkerRepository implements Repository {
  readonly url: string
  readonly revision: string
  readonly backend: Repository['backend']
  readonly #session: SharedSession
  readonly #revision: Revision
  #closed: Promise<void> | undefined

  constructor(session: SharedSession, backend: Repository['backend'], url: string, revision: string) {
    this.#session = session
    this.backend = backend
    this.url = url
    this.revision = revision
    this.#revision = parseRevision(revision)
  }

  fetch(maxAgeMs = 0): Promise<Head> {
    return this.#session.fetch(this.#revision, maxAgeMs)
  }

  head(): Promise<Head | undefined> {
    return this.#session.call({ kind: 'head', revision: this.#revision })
  }

  branches(prefix: string): Promise<readonly Branch[]> {
    return this.#session.call({ kind: 'branches', prefix })
  }

  async snapshot(oid: string, path: string, previous?: Snapshot): Promise<Snapshot> {
    const state = await this.#session.call({ kind: 'snapshot', oid, path, since: previous?.tree })
    const { commit, tree, since, changes } = state
    // Without a known start, the worker lists everything.
    const files = withChanges(since === undefined ? [] : previous!.files, changes)
    const changed = since === undefined ? changesBetween(previous?.files ?? [], files) : changes
    return { commit, tree, files, changed: changed.map(({ path }) => path) }
  }

  async read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const { bytes, spans } = await this.#session.call({ kind: 'read', files })
    return new Map(spans.map(({ oid, start, end }) => [oid, bytes.subarray(start, end)]))
  }

  commit(oid: string): Promise<Commit> {
    return this.#session.call({ kind: 'commit', oid })
  }

  between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    return this.#session.call({ kind: 'between', from, to, limit })
  }

  resolve(revision: string): Promise<string> {
    return this.#session.call({ kind: 'resolve', revision })
  }

  merge(onto: string, head: string): Promise<Merged> {
    return this.#session.call({ kind: 'merge', onto, head })
  }

  contains(onto: string, head: string): Promise<boolean | undefined> {
    return this.#session.call({ kind: 'contains', onto, head })
  }

  treeOf(oid: string, path: string): Promise<string | undefined> {
    return this.#session.call({ kind: 'treeOf', oid, path })
  }

  signature(oid: string, keys: readonly string[]): Promise<Signature> {
    return this.#session.call({ kind: 'signature', oid, keys })
  }

  write(request: WriteRequest): Promise<WriteResult> {
    return this.#session.call({ kind: 'write', revision: this.#revision, request })
  }

  async note(oid: string, text: string, author: WriteRequest['author'], at: number): Promise<void> {
    await this.#session.call({ kind: 'note', oid, text, author, at })
  }

  close(): Promise<void> {
    this.#closed ??= this.#session.leave()
    return this.#closed
  }
}
