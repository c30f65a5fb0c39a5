import { sameRepository } from './address.ts'
import type { WebhookEvent } from './events.ts'

/** An application, as far as it decides which pushes are its business. */
export interface Followed {
  readonly name: string
  readonly repoURL: string
  /** Branch, tag, full ref, commit id or HEAD. */
  readonly revision: string
  /** Its previews are made of branches that have this name, or, with `*` at its end, begin so; absent: it has none. */
  readonly previews?: { readonly branches: string } | undefined
}

/** Who is to look at its repository; when nobody is, `reason` says why, in words that quote nothing of the sender's. */
export interface Woken {
  readonly applications: readonly string[]
  readonly reason: string
}

/**
 * Whose business an event is. A branch that was deleted ends a preview; else it is nobody's: the next poll finds it missing, and holds.
 */
export function whoWakes(event: WebhookEvent, followed: readonly Followed[]): Woken {
  if (event.kind !== 'push') return nobody(event.kind === 'ping' ? 'a ping' : 'not a push')
  if (event.repositories.length === 0) return nobody('no repository is named')
  const mine = followed.filter(({ repoURL }) => event.repositories.some((address) => sameRepository(address, repoURL)))
  if (mine.length === 0) return nobody('no application follows this repository')
  const isTheirs = ({ revision, previews }: Followed): boolean =>
    (previews !== undefined && isPreview(previews.branches, event.ref)) ||
    (!event.deleted && follows(revision, event.ref))
  const applications = mine.filter(isTheirs).map(({ name }) => name)
  if (applications.length > 0) return { applications, reason: '' }
  return nobody(event.deleted ? 'a branch or tag was deleted' : 'no application follows this branch or tag')
}

function nobody(reason: string): Woken {
  return { applications: [], reason }
}

function isPreview(pattern: string, ref: string | undefined): boolean {
  const wanted = `refs/heads/${pattern.replace(/\*$/, '')}`
  return ref === undefined || (pattern.endsWith('*') ? ref.startsWith(wanted) : ref === wanted)
}

/** A commit that was asked for and is not there yet, and HEAD, may come with any push. */
function follows(revision: string, ref: string | undefined): boolean {
  if (ref === undefined || revision === 'HEAD' || /^[0-9a-f]{40}$/.test(revision)) return true
  return [revision, `refs/heads/${revision}`, `refs/tags/${revision}`].includes(ref)
}
