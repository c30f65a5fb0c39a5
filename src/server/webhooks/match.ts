import { isNamed, sameRepository } from './address.ts'
import type { WebhookEvent } from './events.ts'

/** An application, as far as it decides which pushes are its business. */
export interface Followed {
  readonly name: string
  readonly repoURL: string
  /** Branch, tag, full ref, commit id or HEAD. */
  readonly revision: string
  /** Absent: it has none. */
  readonly previews?: FollowedPreviews | undefined
  /** Where its pull requests are, if that does not follow from its address. */
  readonly forge?: { readonly repository: string | undefined } | undefined
}

export interface FollowedPreviews {
  readonly provider: 'branches' | 'github' | 'gitlab' | 'gitea'
  /** Of the provider `branches`: branches of this name, or, with `*` at its end, of names that begin so. */
  readonly branches: string
  /** The pull requests are those of another repository, `owner/name`. */
  readonly images?: { readonly repository: string } | undefined
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
  const { kind, repositories } = event
  if (kind === 'image') {
    return nobody(event.images.length === 0 ? 'no image was pushed' : 'nothing waits for this image')
  }
  if (kind !== 'push' && kind !== 'pullRequest') return nobody(kind === 'ping' ? 'a ping' : 'not a push')
  if (repositories.length === 0) return nobody('no repository is named')
  const isOwn = ({ repoURL }: Followed) => repositories.some((address) => sameRepository(address, repoURL))
  const mine = followed.filter((one) => isOwn(one) || hasItsRequests(one, event))
  if (mine.length === 0) return nobody('no application follows this repository')
  const isTheirs = (one: Followed): boolean =>
    isAboutPreviews(one, event) || (kind === 'push' && !event.deleted && isOwn(one) && follows(one.revision, event.ref))
  const applications = mine.filter(isTheirs).map(({ name }) => name)
  if (applications.length > 0) return { applications, reason: '' }
  if (kind === 'pullRequest') return nobody('no application has previews of its pull requests')
  return nobody(event.deleted ? 'a branch or tag was deleted' : 'no application follows this branch or tag')
}

/** Each branch may be one of a pull request. */
function isAboutPreviews(one: Followed, event: WebhookEvent): boolean {
  if (!one.previews) return false
  if (one.previews.provider === 'branches') return event.kind === 'push' && isPreview(one.previews.branches, event.ref)
  return hasItsRequests(one, event) && !event.ref?.startsWith('refs/tags/')
}

/** The pull requests of its previews are in the repository of which the event is. */
function hasItsRequests({ repoURL, previews, forge }: Followed, { repositories }: WebhookEvent): boolean {
  if (!previews || previews.provider === 'branches') return false
  const name = previews.images?.repository ?? forge?.repository
  return repositories.some((address) =>
    name === undefined ? sameRepository(address, repoURL) : isNamed(address, name),
  )
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
