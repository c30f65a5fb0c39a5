import type { PullRequest } from './pull-request.ts'

/** What was merged stays so until the next push, whatever becomes of its changes in the target. */
export function stillMerged(
  request: PullRequest,
  known: Pick<PullRequest, 'head' | 'merged'> | undefined,
): PullRequest {
  const isSame = known !== undefined && known.merged !== undefined && known.head === request.head
  return isSame && request.merged === undefined ? { ...request, merged: known.merged } : request
}
