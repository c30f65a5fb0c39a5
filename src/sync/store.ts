import { GitError } from './errors.ts'
import { isAncestor } from './history.ts'
import type { Past } from './merge/past.ts'
import { peel, readCommit } from './objects/commit.ts'
import { damaged, type ObjectReader, readObject } from './objects/reader.ts'
import type { Branch, Head } from './port.ts'
import type { Revision } from './url.ts'
import type { NewObject } from './write/draft.ts'
import type { Push } from './write/push.ts'

/** Where one repository's objects are. Only the worker thread has one; calls that change it wait for each other. */
export interface Store {
  readonly reader: ObjectReader
  fetch(revision: Revision): Promise<Head>
  /** The last head fetched; undefined before the first. */
  last(revision: Revision): string | undefined
  /** Where a revision is at the remote now; nothing is brought and nothing remembered. Throws NO_SUCH_REVISION, EMPTY_REPOSITORY. */
  place(revision: Revision, deadline: number): Promise<Found>
  /** See Repository.branches. */
  branches(prefix: string, deadline: number): Promise<readonly Branch[]>
  /** The same, and its commit is there then. Whoever fetches later still hears of every move. */
  look(revision: Revision, deadline: number): Promise<Found>
  /** Takes objects that the remote has by now, while the store has the commits that they build on. */
  keep(objects: readonly NewObject[], needs: readonly string[]): Promise<void>
  readonly push: Push
  /** History beyond this store. */
  readonly past: Past
  /** Its own folders of objects. */
  folders(): readonly string[]
  /** Replaces a damaged store by a fresh one, unless that has happened since; false when it has no other source. */
  repair(failed: ObjectReader | undefined): Promise<boolean>
  /**
   * Brings a commit that is not in the store; false when there is nowhere to ask. From a server that gives only what its refs name, it comes
   * with all of the history (`whole`), once, or not at all.
   */
  obtain(oid: string, whole: boolean): Promise<boolean>
  /** Ends what is under way. */
  close(): Promise<void>
}

export interface Found {
  /** Full ref name, HEAD, or the commit id itself. */
  readonly ref: string
  readonly commit: string
}

/** The commit behind what was fetched, once it and its root tree can be read. */
export async function checkedCommit(reader: ObjectReader, oid: string, shown: string): Promise<string> {
  const commit = await peel(reader, oid)
  if (commit === undefined) {
    const [found] = await reader.sizes([oid])
    if (!found) throw damaged(oid, `commit ${oid} is missing`)
    throw new GitError('BAD_REVISION', shown, `revision ${shown}: expected a commit, found a ${found.type}`)
  }
  const { tree } = await readCommit(reader, commit)
  await readObject(reader, tree, 'tree')
  return commit
}

/** True when the commit and its root tree are already there. */
export async function hasCommit(reader: ObjectReader, oid: string): Promise<boolean> {
  const [found] = await reader.sizes([oid])
  if (found?.type !== 'commit') return false
  const { tree } = await readCommit(reader, oid)
  return (await reader.sizes([tree]))[0]?.type === 'tree'
}

export async function hasObject(reader: ObjectReader, oid: string): Promise<boolean> {
  return (await reader.sizes([oid]))[0] !== undefined
}

export function isTag(ref: string): boolean {
  return ref.startsWith('refs/tags/')
}

/** What a move from `last` to `oid` means: a branch may only grow, a tag should not move at all. */
export async function isRewritten(
  reader: ObjectReader,
  revision: Revision,
  last: string | undefined,
  oid: string,
  ref: string,
): Promise<boolean> {
  if (last === undefined || last === oid || revision.kind === 'commit') return false
  return isTag(ref) || !(await isAncestor(reader, last, oid))
}

export function noSuchRevision(revision: Revision, shown: string): GitError {
  if (revision.kind === 'commit') {
    return new GitError('NO_SUCH_REVISION', revision.oid, `${shown}: there is no commit ${revision.oid}`)
  }
  const names = revision.refs.map((ref) => ref.replace(/^refs\/heads\//, 'branch ').replace(/^refs\/tags\//, 'tag '))
  const last = revision.refs.at(-1)!
  const short = /^[0-9a-f]{7,39}$/.test(last.replace(/^refs\/tags\//, ''))
  const hint = short ? ' (a commit needs its full id of 40 digits)' : ''
  return new GitError('NO_SUCH_REVISION', last, `${shown}: there is no ${names.join(' or ')}${hint}`)
}

export function emptyRepository(shown: string): GitError {
  return new GitError('EMPTY_REPOSITORY', shown, `${shown}: the repository has no commits yet`)
}
