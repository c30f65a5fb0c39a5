import type { PullRequest } from '../preview/pull-request.ts'

/** Where pull requests are. */
export interface PullRequests {
  /** All that are open now. Throws when that cannot be told: what is not known is not closed. */
  list(): Promise<readonly PullRequest[]>
  /** Ends what is under way: `list` then throws. Absent: there is nothing that takes long. */
  stop?(): void
}
