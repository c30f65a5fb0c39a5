import type { Place } from './cloned-store.ts'
import { branchesIn, hasBranches, hasPlainRefs, openLocal, readRef } from './local-refs.ts'
import type { NativeGit } from './native-git.ts'
import type { Branch } from './port.ts'
import { emptyRepository, noSuchRevision } from './store.ts'
import type { Revision } from './url.ts'

/** Where a revision is in a repository on this machine; refs in files are read directly, which takes no process. */
export async function locateLocally(
  git: NativeGit,
  path: string,
  revision: Revision,
  shown: string,
  deadline: number,
): Promise<Place> {
  const local = openLocal(path)
  if (revision.kind === 'commit') return { ref: revision.oid, oid: revision.oid, commit: revision.oid }
  if (!hasPlainRefs(local)) return locateWithGit(git, path, revision, shown, deadline)
  for (const ref of revision.refs) {
    const oid = readRef(local, ref)
    if (oid !== undefined) return { ref, oid, commit: oid }
  }
  throw hasBranches(local) ? noSuchRevision(revision, shown) : emptyRepository(shown)
}

/** See Repository.branches. */
export async function localBranches(
  git: NativeGit,
  path: string,
  prefix: string,
  deadline: number,
): Promise<readonly Branch[]> {
  const local = openLocal(path)
  if (hasPlainRefs(local)) return branchesIn(local, prefix)
  const refs = await listWithGit(git, path, deadline)
  return [...refs]
    .filter(([ref]) => ref.startsWith(`refs/heads/${prefix}`))
    .map(([ref, oid]) => ({ name: ref.slice('refs/heads/'.length), oid }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Name -> id. */
async function listWithGit(git: NativeGit, path: string, deadline: number): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await git.run({ args: ['ls-remote', '--quiet', '--end-of-options', path], deadline })
  const lines = stdout.split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]))
}

async function locateWithGit(
  git: NativeGit,
  path: string,
  revision: Extract<Revision, { kind: 'ref' }>,
  shown: string,
  deadline: number,
): Promise<Place> {
  const refs = await listWithGit(git, path, deadline)
  for (const ref of revision.refs) {
    const oid = refs.get(ref)
    if (oid !== undefined) return { ref, oid, commit: refs.get(`${ref}^{}`) ?? oid }
  }
  throw refs.size === 0 ? emptyRepository(shown) : noSuchRevision(revision, shown)
}
