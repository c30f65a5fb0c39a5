import type { PullRequest } from '../preview/pull-request.ts'
import { GitError } from '../sync/errors.ts'
import type { Repository } from '../sync/port.ts'
import type { PullRequests } from './pull-requests.ts'

export interface KnownTargetOptions {
  readonly requests: PullRequests
  readonly repository: () => Promise<Pick<Repository, 'branches'>>
  /** Into which they are to be merged. */
  readonly targetBranch: string
}

/**
 * Pull requests of a forge, as long as their target branch is there. When it is renamed they are for another one all at once, with which
 * nobody has asked for the end of their previews: which of them are wished is not known until the configuration has that name, too.
 */
export class KnownTarget implements PullRequests {
  readonly #options: KnownTargetOptions

  constructor(options: KnownTargetOptions) {
    this.#options = options
  }

  stop(): void {
    this.#options.requests.stop?.()
  }

  async list(): Promise<readonly PullRequest[]> {
    const { requests, targetBranch } = this.#options
    const open = await requests.list()
    const others = [...new Set(open.map((request) => request.targetBranch))].sort()
    // The repository is asked only when there is a reason to.
    if (others.length === 0 || others.includes(targetBranch) || (await this.#isThere())) return open
    const found = others.length > 3 ? `${others.length} others` : others.join(', ')
    const next = 'spec.source.revision, or spec.previews.targetBranch, is to be the name that it has now'
    const message = `there is no branch ${targetBranch} any more, and all pull requests are for ${found}: ${next}`
    throw new GitError('NO_SUCH_REVISION', targetBranch, message)
  }

  async #isThere(): Promise<boolean> {
    const { repository, targetBranch } = this.#options
    const branches = await (await repository()).branches(targetBranch)
    return branches.some(({ name }) => name === targetBranch)
  }
}
