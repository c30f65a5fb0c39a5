import PQueue from 'p-queue'
import type { Clock } from '../base/clock.ts'
import type { ForgePullRequests, ListedPullRequest } from '../forge/forge.ts'
import { CallError } from '../outward/errors.ts'
import { misfit, type Wished } from '../preview/misfit.ts'
import { pullRequestId } from '../preview/names.ts'
import type { Approval, PullRequest } from '../preview/pull-request.ts'
import type { PullRequests } from './pull-requests.ts'
import { Sayings } from './sayings.ts'

export interface ForgeRequestsOptions {
  readonly forge: Pick<ForgePullRequests, 'pullRequests' | 'mayWrite' | 'approvals'>
  readonly policy: Wished & { readonly approveLabel: string }
  readonly clock: Clock
}

/** How long it is believed that an author may write, or may not. */
const rememberedMs = 300_000
const callsAtATime = 4

/** Pull requests of a forge, with what is to be known of those who made and approved them. */
export class ForgeRequests implements PullRequests {
  readonly #options: ForgeRequestsOptions
  readonly #sayings: Sayings
  readonly #ending = new AbortController()
  #authors: ReadonlyMap<string, { readonly mayWrite: boolean; readonly at: number }> = new Map()
  /** The forge wants to be left alone until then. */
  #pause: { readonly until: number; readonly error: unknown } | undefined

  constructor(options: ForgeRequestsOptions) {
    this.#options = options
    this.#sayings = new Sayings(options)
  }

  /** Throws CallError whenever anything of it cannot be told. */
  async list(): Promise<readonly PullRequest[]> {
    const { clock, forge } = this.#options
    if (this.#pause && clock.now() < this.#pause.until) throw this.#pause.error
    this.#pause = undefined
    try {
      return await this.#read(await forge.pullRequests(this.#ending.signal))
    } catch (error) {
      const pauseMs = error instanceof CallError ? error.retryAfterMs : 0
      if (pauseMs > 0) this.#pause = { until: clock.now() + pauseMs, error }
      throw error
    }
  }

  stop(): void {
    this.#ending.abort()
  }

  async #read(listed: readonly ListedPullRequest[]): Promise<readonly PullRequest[]> {
    const { forge, policy } = this.#options
    const { signal } = this.#ending
    const fitting = listed.filter((request) => misfit({ ...request, targetBranch: request.base }, policy) === '')
    const authors = await this.#authorsOf(fitting.filter(({ fork }) => !fork))
    const needy = fitting.filter(({ fork, author }) => fork || authors.get(author) !== true)
    this.#sayings.keep(needy)
    const said = await inTurns(needy, (request) => this.#sayings.of(request, signal))
    // Asked anew at each look: whoever has lost the right to write has approved nothing any more.
    const sayers = new Set([...said.values()].flat().map(({ by }) => by))
    const rights = await inTurns([...sayers], (login) => forge.mayWrite(login, signal))
    return listed.map((request) => {
      const approvals = said.get(request)?.filter(({ by }) => rights.get(by) === true) ?? []
      const isAsked = !request.fork && fitting.includes(request)
      return pullRequest(request, isAsked ? authors.get(request.author) : undefined, approvals)
    })
  }

  async #authorsOf(requests: readonly ListedPullRequest[]): Promise<ReadonlyMap<string, boolean>> {
    const { forge, clock } = this.#options
    const now = clock.now()
    const logins = [...new Set(requests.map(({ author }) => author))]
    const known = [...this.#authors].filter(([login, { at }]) => logins.includes(login) && now - at < rememberedMs)
    const unknown = logins.filter((login) => !known.some(([one]) => one === login))
    const asked = await inTurns(unknown, (login) => forge.mayWrite(login, this.#ending.signal))
    const fresh = [...asked].map(([login, mayWrite]) => [login, { mayWrite, at: now }] as const)
    this.#authors = new Map([...known, ...fresh])
    return new Map([...this.#authors].map(([login, { mayWrite }]) => [login, mayWrite]))
  }
}

function pullRequest(
  { number, title, branch, base, head, author, draft, labels, fork, url }: ListedPullRequest,
  authorMayWrite: boolean | undefined,
  approvals: readonly Approval[],
): PullRequest {
  return {
    ...{ id: pullRequestId(number), number, title, branch, targetBranch: base, head, author, draft, labels, fork, url },
    ...{ authorMayWrite, approvals },
    // When a head came is for others to remember: a forge says only when anything at all was changed.
    activeAt: 0,
    ...(head === '' ? { waits: 'the forge does not tell its newest commit' } : {}),
  }
}

/** A few at a time; the first that fails ends it. */
async function inTurns<T, U>(items: readonly T[], ask: (item: T) => Promise<U>): Promise<ReadonlyMap<T, U>> {
  const queue = new PQueue({ concurrency: callsAtATime })
  const asked = items.map((item) => queue.add(async () => [item, await ask(item)] as const))
  try {
    return new Map(await Promise.all(asked))
  } finally {
    queue.clear()
  }
}
