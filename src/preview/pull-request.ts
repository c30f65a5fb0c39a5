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
  /** What those have said who may write, and still stands. */
  readonly approvals: readonly Approval[]
  /** When its newest commit came, or it was last woken: ms. */
  readonly activeAt: number
  readonly url: string
  /** Why a newer commit than `head` cannot have a preview yet, or, where `head` is empty, its first one; absent: it can. */
  readonly waits?: string
  /** Why there is nothing left in it that its target does not have; absent: there is, or it is not known. */
  readonly merged?: string | undefined
  /** That newer commit; absent: `head` is the newest. */
  readonly newest?: string | undefined
  /**
   * What takes the place of images of the application: name without tag -> image with its digest. Absent: nothing does, or `head` is empty.
   */
  readonly images?: Readonly<Record<string, string>> | undefined
}

/** Somebody who may write has said that it may run: by a label, or by a comment. */
export interface Approval {
  /** Tells one from another: the same label, taken away and given again, is a new approval. */
  readonly id: string
  readonly by: string
  /** Beginning of the commit that was named, at least 7 digits of its id; undefined: what it was when that was said. */
  readonly commit: string | undefined
}

/** As it is when it is decided on. */
export interface Candidate extends PullRequest {
  /** One of the approvals is of its head. */
  readonly approved: boolean
}
