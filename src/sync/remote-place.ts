import type { Place } from './cloned-store.ts'
import type { RemoteRef, RemoteRefs } from './http/refs.ts'
import type { Branch } from './port.ts'
import { emptyRepository, noSuchRevision } from './store.ts'
import type { Revision } from './url.ts'

/** Asks a remote where a revision is: one small request while the server is of this decade. */
export async function locateRemotely(
  refs: RemoteRefs,
  revision: Revision,
  shown: string,
  deadline: number,
): Promise<Place> {
  if (revision.kind === 'commit') return { ref: revision.oid, oid: revision.oid, commit: revision.oid }
  const { refs: listed, v0 } = await refs.list(revision.refs, deadline)
  const found = firstOf(revision.refs, listed)
  if (found) {
    const { name, oid, peeled = oid } = found
    return { ref: name, oid, commit: peeled, ...(v0 && { advertisement: v0 }) }
  }
  const all = v0 ? listed : (await refs.list(['HEAD', 'refs/heads/'], deadline)).refs
  throw all.length === 0 ? emptyRepository(shown) : noSuchRevision(revision, shown)
}

const heads = 'refs/heads/'

/** See Repository.branches. */
export async function remoteBranches(refs: RemoteRefs, prefix: string, deadline: number): Promise<Branch[]> {
  const { refs: listed } = await refs.list([`${heads}${prefix}`], deadline)
  return listed
    .filter(({ name }) => name.startsWith(`${heads}${prefix}`))
    .map(({ name, oid }) => ({ name: name.slice(heads.length), oid }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function firstOf(names: readonly string[], listed: readonly RemoteRef[]): RemoteRef | undefined {
  for (const name of names) {
    const found = listed.find((ref) => ref.name === name)
    if (found) return found
  }
  return undefined
}
