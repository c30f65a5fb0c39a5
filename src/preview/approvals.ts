import type { PullRequest } from './pull-request.ts'

/** Of each approval that was seen, the commit that it is of; '' where that is not known. */
export type SeenApprovals = Readonly<Record<string, string>>

/**
 * Which commit each approval is of. One that names none, such as a label, is of the commit that was the newest before and after it came:
 * whoever pushes at the same moment must not have another one approved than was looked at.
 */
export function seenApprovals(
  { head, newest = head, approvals }: Pick<PullRequest, 'head' | 'newest' | 'approvals'>,
  known: (Pick<PullRequest, 'head' | 'newest'> & { readonly approvals?: SeenApprovals }) | undefined,
): SeenApprovals {
  const before = (known?.newest ?? known?.head) === newest ? newest : ''
  return Object.fromEntries(approvals.map(({ id }) => [id, known?.approvals?.[id] ?? before]))
}

/** One of the approvals is of the head; of the newest commit where that is all there is. */
export function isApproved(
  { head, newest = '', approvals }: Pick<PullRequest, 'head' | 'newest' | 'approvals'>,
  seen: SeenApprovals = {},
): boolean {
  const asked = head || newest
  if (asked === '') return false
  return approvals.some(({ id, commit }) => (commit === undefined ? seen[id] === asked : asked.startsWith(commit)))
}
