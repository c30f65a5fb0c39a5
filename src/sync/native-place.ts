import type { Place } from './cloned-store.ts'
import { hasBranches, hasPlainRefs, openLocal, readRef } from './local-refs.ts'
import type { NativeGit } from './native-git.ts'
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

async function locateWithGit(
  git: NativeGit,
  path: string,
  revision: Extract<Revision, { kind: 'ref' }>,
  shown: string,
  deadline: number,
): Promise<Place> {
  const { stdout } = await git.run({ args: ['ls-remote', '--quiet', '--end-of-options', path], deadline })
  const refs = new Map(stdout.split('\n').map((line) => [line.slice(41), line.slice(0, 40)]))
  for (const ref of revision.refs) {
    const oid = refs.get(ref)
    if (oid !== undefined) return { ref, oid, commit: refs.get(`${ref}^{}`) ?? oid }
  }
  throw stdout.trim() === '' ? emptyRepository(shown) : noSuchRevision(revision, shown)
}
