import type { PullRequest } from './pull-request.ts'

/** Of each approval that was seen, the commit that it is of; '' where that is not known. */
export type SeenApprovals = Readonly<Record<string, string>>

/** A whole id. Two commits that begin alike are made within minutes. */
const wholeId = 40

type Known = Pick<PullRequest, 'head' | 'newest'> & { readonly approvals?: SeenApprovals }

/**
 * Which commit each approval is of. One that names none, such as a label, is of the commit that was the newest before and after it came:
 * whoever pushes at the same moment must not have another one approved than was looked at. One that names the beginning of an id is of
 * the commit that was known by it when it was first seen, and of no later one that begins alike.
 */
export function seenApprovals(
  { head, newest = head, approvals }: Pick<PullRequest, 'head' | 'newest' | 'approvals'>,
  known: Known | undefined,
): SeenApprovals {
  const past = known?.newest ?? known?.head
  const meant = (commit: string | undefined): string => {
    if (commit === undefined) return past === newest ? newest : ''
    return [past, newest].find((one) => one?.startsWith(commit)) ?? ''
  }
  return Object.fromEntries(approvals.map(({ id, commit }) => [id, known?.approvals?.[id] ?? meant(commit)]))
}

/** One of the approvals is of the head; of the newest commit where that is all there is. */
export function isApproved(
  { head, newest = '', approvals }: Pick<PullRequest, 'head' | 'newest' | 'approvals'>,
  seen: SeenApprovals = {},
): boolean {
  const asked = head || newest
  if (asked === '') return false
  return approvals.some(({ id, commit }) => (commit?.length === wholeId ? commit : seen[id]) === asked)
}
