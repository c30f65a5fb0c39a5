import { sameRepository } from './address.ts'
import type { WebhookEvent } from './events.ts'

/** An application, as far as it decides which pushes are its business. */
export interface Followed {
  readonly name: string
  readonly repoURL: string
  /** Branch, tag, full ref, commit id or HEAD. */
  readonly revision: string
}

/** Who is to look at its repository; when nobody is, `reason` says why, in words that quote nothing of the sender's. */
export interface Woken {
  readonly applications: readonly string[]
  readonly reason: string
}

/** Whose business an event is. A branch that was deleted is nobody's: the next poll finds it missing, and holds. */
export function whoWakes(event: WebhookEvent, followed: readonly Followed[]): Woken {
  if (event.kind !== 'push') return nobody(event.kind === 'ping' ? 'a ping' : 'not a push')
  if (event.deleted) return nobody('a branch or tag was deleted')
  if (event.repositories.length === 0) return nobody('no repository is named')
  const mine = followed.filter(({ repoURL }) => event.repositories.some((address) => sameRepository(address, repoURL)))
  if (mine.length === 0) return nobody('no application follows this repository')
  const applications = mine.filter(({ revision }) => follows(revision, event.ref)).map(({ name }) => name)
  return applications.length === 0 ? nobody('no application follows this branch or tag') : { applications, reason: '' }
}

function nobody(reason: string): Woken {
  return { applications: [], reason }
}

/** A commit that was asked for and is not there yet, and HEAD, may come with any push. */
function follows(revision: string, ref: string | undefined): boolean {
  if (ref === undefined || revision === 'HEAD' || /^[0-9a-f]{40}$/.test(revision)) return true
  return [revision, `refs/heads/${revision}`, `refs/tags/${revision}`].includes(ref)
}
