import { CallError } from '../outward/errors.ts'
import { isLogin } from './foreign.ts'
import type { ForgePullRequests, ListedPullRequest, PullRequestComment, SaidApproval } from './forge.ts'
import { OwnComments } from './own-comments.ts'
import { allPages, type Page } from './pages.ts'
import { type Comment, type LabelEvent, saidByComments, saidByLabel } from './sayings.ts'
import { WholeList } from './whole-list.ts'

type Signal = AbortSignal | undefined

/** The calls of one forge, as they are: one method, one request. All throw CallError. */
export interface PullCalls {
  openPage(page: number, signal: Signal): Promise<Page<ListedPullRequest>>
  /** NOT_FOUND is as good as false. */
  mayWrite(login: string, signal: Signal): Promise<boolean>
  labelEventsPage(number: number, page: number, signal: Signal): Promise<Page<LabelEvent>>
  commentsPage(number: number, page: number, signal: Signal): Promise<Page<Comment>>
  /** Login of the account whose token it is. */
  me(signal: Signal): Promise<string>
  createComment(number: number, text: string, signal: Signal): Promise<number>
  editComment(number: number, id: number, text: string, signal: Signal): Promise<void>
}

const mostOpen = 2_000
/** Of one pull request. */
const mostSayings = 3_000

/** What is the same for all forges: whole lists, who has said what, and one comment. */
export class ForgePulls implements ForgePullRequests {
  readonly #calls: PullCalls
  readonly #list = new WholeList()
  readonly #own = new OwnComments()

  constructor(calls: PullCalls) {
    this.#calls = calls
  }

  pullRequests(signal?: AbortSignal): Promise<readonly ListedPullRequest[]> {
    return this.#list.read(async () => {
      const what = 'open pull requests'
      const reading = await allPages((page) => this.#calls.openPage(page, signal), { what, most: mostOpen })
      const wrong = reading.items.find(({ number }) => !Number.isSafeInteger(number) || number < 1)
      if (wrong) throw new CallError('BAD_ANSWER', 'the forge lists a pull request without a number')
      return reading
    })
  }

  async mayWrite(login: string, signal?: AbortSignal): Promise<boolean> {
    if (!isLogin(login)) return false
    try {
      return await this.#calls.mayWrite(login, signal)
    } catch (error) {
      if (error instanceof CallError && error.code === 'NOT_FOUND') return false
      throw error
    }
  }

  async approvals(number: number, label: string | undefined, signal?: AbortSignal): Promise<readonly SaidApproval[]> {
    const events = label === undefined ? [] : await this.#labelEvents(number, signal)
    const comments = await this.#comments(number, signal)
    return [...(label === undefined ? [] : saidByLabel(events, label)), ...saidByComments(comments)]
  }

  comment(comment: PullRequestComment, signal?: AbortSignal): Promise<void> {
    return this.#own.write(comment, {
      me: () => this.#calls.me(signal),
      comments: (number) => this.#comments(number, signal),
      create: (number, text) => this.#calls.createComment(number, text, signal),
      edit: (number, id, text) => this.#calls.editComment(number, id, text, signal),
    })
  }

  async #labelEvents(number: number, signal: Signal): Promise<readonly LabelEvent[]> {
    const what = `events of pull request ${number}`
    const page = (at: number) => this.#calls.labelEventsPage(number, at, signal)
    return (await allPages(page, { what, most: mostSayings })).items
  }

  async #comments(number: number, signal: Signal): Promise<readonly Comment[]> {
    const what = `comments on pull request ${number}`
    const page = (at: number) => this.#calls.commentsPage(number, at, signal)
    return (await allPages(page, { what, most: mostSayings })).items
  }
}
