/** An open pull request, or a branch that stands for one, as its provider tells it. Texts are foreign: escape before showing. */
export interface PullRequest {
  /** `pr-12`, or the id of a branch: part of names. */
  readonly id: string
  readonly number: number | undefined
  readonly title: string
  readonly branch: string
  readonly targetBranch: string
  /** Full id of its newest commit. */
  readonly head: string
  readonly author: string
  readonly draft: boolean
  readonly labels: readonly string[]
  /** Its commits are not in the repository itself. */
  readonly fork: boolean
  /** Whether its author may write to the repository; undefined: not known (any more). */
  readonly authorMayWrite: boolean | undefined
  /** Whether somebody who may write has said that it may run; of what it was when that was said. */
  readonly approved: boolean
  /** When its newest commit came, or it was last woken: ms. */
  readonly activeAt: number
  readonly url: string
}
