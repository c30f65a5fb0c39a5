import type { Clock } from '../base/clock.ts'
import type { ForgePullRequests, ListedPullRequest, SaidApproval } from '../forge/forge.ts'
import { CallError } from '../outward/errors.ts'

export interface SayingsOptions {
  readonly forge: Pick<ForgePullRequests, 'approvals'>
  readonly policy: { readonly approveLabel: string }
  readonly clock: Clock
}

/** A forge tells of changes to the second, by its own clock. */
const settledMs = 120_000
/** Whatever the forge says of changes, it is read again after so long. */
const believedMs = 1_800_000

/**
 * What was said on pull requests. Of most of those that wait for an approval nobody has said anything: these are read again when the forge
 * shows a change of them, as a call for each at every look would be too many for what forges allow in an hour.
 */
export class Sayings {
  readonly #options: SayingsOptions
  /** Of those on which nothing was said: when that was read, and of which change. */
  readonly #silent = new Map<number, { readonly change: string; readonly at: number }>()

  constructor(options: SayingsOptions) {
    this.#options = options
  }

  async of(request: ListedPullRequest, signal: AbortSignal): Promise<readonly SaidApproval[]> {
    const { forge, policy, clock } = this.#options
    const { number, updatedAt = '' } = request
    const label = request.labels.includes(policy.approveLabel) ? policy.approveLabel : undefined
    const change = `${updatedAt} ${label ?? ''}`
    const now = clock.now()
    const silent = this.#silent.get(number)
    if (silent?.change === change && now - silent.at < believedMs) return []
    this.#silent.delete(number)
    const said = await forge.approvals(number, label, signal).catch(noneOfTooMany)
    const isSettled = now - Date.parse(updatedAt) >= settledMs
    if (said.length === 0 && isSettled) this.#silent.set(number, { change, at: now })
    return said
  }

  /** All others are forgotten. */
  keep(requests: readonly ListedPullRequest[]): void {
    const numbers = new Set(requests.map(({ number }) => number))
    for (const number of this.#silent.keys()) if (!numbers.has(number)) this.#silent.delete(number)
  }
}

/** Whoever floods one pull request must not hold up all the others. */
function noneOfTooMany(error: unknown): readonly SaidApproval[] {
  if (error instanceof CallError && error.code === 'TOO_LARGE') return []
  throw error
}
