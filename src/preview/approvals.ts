import type { PullRequest } from './pull-request.ts'

/** Of each approval that was seen, the commit that it is of; '' where that is not known. */
export type SeenApprovals = Readonly<Record<string, string>>

/**
 * Which commit each approval is of. One that names none, such as a label, is of the commit that was the head before and after it came:
 * whoever pushes at the same moment must not have another one approved than was looked at.
 */
export function seenApprovals(
  { head, approvals }: Pick<PullRequest, 'head' | 'approvals'>,
  known: { readonly head: string; readonly approvals?: SeenApprovals } | undefined,
): SeenApprovals {
  const before = known?.head === head ? head : ''
  return Object.fromEntries(approvals.map(({ id }) => [id, known?.approvals?.[id] ?? before]))
}

/** One of the approvals is of the head. */
export function isApproved(
  { head, approvals }: Pick<PullRequest, 'head' | 'approvals'>,
  seen: SeenApprovals = {},
): boolean {
  if (head === '') return false
  return approvals.some(({ id, commit }) => (commit === undefined ? seen[id] === head : head.startsWith(commit)))
}
