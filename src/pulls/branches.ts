import { branchId } from '../preview/names.ts'
import type { PullRequest } from '../preview/pull-request.ts'
import { GitError } from '../sync/errors.ts'
import type { Branch, Commit, Repository } from '../sync/port.ts'
import type { PullRequests } from './pull-requests.ts'
import { Squashes } from './squashes.ts'

export interface BranchRequestsOptions {
  readonly repository: () => Promise<Repository>
  /** A name, or its beginning and `*`: `preview/*`. */
  readonly pattern: string
  readonly targetBranch: string
}

/** Branches that stand for pull requests, where no forge is: each one that fits, until it is deleted or merged. */
export class BranchRequests implements PullRequests {
  readonly #options: BranchRequestsOptions
  /** By commit. */
  #known = new Map<string, PullRequest>()
  /** By target and commit. */
  #merged = new Map<string, boolean>()
  readonly #squashes = new Squashes()

  constructor(options: BranchRequestsOptions) {
    this.#options = options
  }

  async list(): Promise<readonly PullRequest[]> {
    const { pattern, targetBranch } = this.#options
    const repository = await this.#options.repository()
    const prefix = pattern.replace(/\*$/, '')
    const isOne = prefix === pattern
    const found = await repository.branches(prefix)
    const branches = found.filter(({ name }) => name !== targetBranch && (!isOne || name === pattern))
    const base = await targetOf(repository, targetBranch)
    const merged = new Map<string, boolean>()
    const requests: PullRequest[] = []
    for (const branch of branches) {
      const request = this.#known.get(keyOf(branch)) ?? (await this.#request(repository, branch, prefix))
      const pair = `${base} ${branch.oid}`
      const isOver = this.#merged.get(pair) ?? (await isMerged(repository, base, branch.oid))
      merged.set(pair, isOver)
      if (!isOver) requests.push(request)
    }
    this.#merged = merged
    const heads = requests.map(({ head }) => head)
    if (base !== undefined) this.#squashes.look(repository, base, heads)
    this.#known = new Map(requests.map((request) => [keyOf({ name: request.branch, oid: request.head }), request]))
    return requests.map((request) => this.#marked(request))
  }

  stop(): void {
    this.#squashes.stop()
  }

  /** Once all is known of what was listed last. */
  async settled(): Promise<void> {
    await this.#squashes.done()
  }

  #marked(request: PullRequest): PullRequest {
    if (!this.#squashes.isSquashed(request.head)) return request
    return { ...request, merged: `all that it changes is in ${request.targetBranch} already: it is merged` }
  }

  async #request(repository: Repository, { name, oid }: Branch, prefix: string): Promise<PullRequest> {
    const rest = name.slice(prefix.length)
    const commit = await commitOf(repository, oid)
    return {
      id: branchId(rest === '' ? name : rest),
      number: undefined,
      title: commit?.subject ?? '',
      branch: name,
      targetBranch: this.#options.targetBranch,
      head: oid,
      author: commit?.author ?? '',
      ...{ draft: false, labels: [], fork: false, authorMayWrite: true, approvals: [], url: '' },
      // Dates of commits are what their authors say: when it came is for others to remember.
      activeAt: 0,
    }
  }
}

function keyOf({ name, oid }: Branch): string {
  return `${oid} ${name}`
}

/** With its history, where it is what the application follows. */
async function targetOf(repository: Repository, branch: string): Promise<string | undefined> {
  const found = (await repository.branches(branch)).find(({ name }) => name === branch)?.oid
  const head = (await repository.head())?.oid
  const followed = repository.revision.replace(/^refs\/heads\//, '')
  if (found === undefined || found === head || followed !== branch) return found ?? head
  try {
    return (await repository.fetch()).oid
  } catch (error) {
    if (error instanceof GitError) return found
    throw error
  }
}

/** Undefined: it cannot be had. That is the trouble of this branch alone, and its preview tells it. */
async function commitOf(repository: Repository, oid: string): Promise<Commit | undefined> {
  try {
    return await repository.commit(oid)
  } catch (error) {
    if (error instanceof GitError) return undefined
    throw error
  }
}

/** There is nothing in the branch that its target does not have. What is not known is not merged. */
async function isMerged(repository: Repository, base: string | undefined, oid: string): Promise<boolean> {
  if (base === undefined || base === oid) return base === oid
  try {
    return (await repository.contains(base, oid)) === true
  } catch (error) {
    if (error instanceof GitError) return false
    throw error
  }
}
