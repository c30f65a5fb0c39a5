import { shortHash } from '../base/hash.ts'
import { CallError } from '../outward/errors.ts'
import type { PullRequestComment } from './forge.ts'
import { type Comment, firstLine } from './sayings.ts'

export interface CommentCalls {
  /** Login of the account that writes. */
  me(): Promise<string>
  /** All of them. */
  comments(number: number): Promise<readonly Comment[]>
  /** Answers the id. */
  create(number: number, text: string): Promise<number>
  edit(number: number, id: number, text: string): Promise<void>
}

interface Known {
  readonly id: number
  /** Hash of the text. */
  readonly said: string
}

/** Comments that are edited in place: of each mark one for a pull request, and only those that are our own. */
export class OwnComments {
  readonly #known = new Map<string, Known>()
  #me: string | undefined
  #before: Promise<unknown> = Promise.resolve()

  /** One at a time: two that look for the same comment would both write one. */
  write(comment: PullRequestComment, calls: CommentCalls): Promise<void> {
    const written = this.#before.then(() => this.#write(comment, calls))
    this.#before = written.catch(() => undefined)
    return written
  }

  async #write(comment: PullRequestComment, calls: CommentCalls): Promise<void> {
    const key = `${comment.number} ${comment.mark}`
    const known = this.#known.get(key)
    const said = shortHash(comment.text, 16)
    if (known?.said === said) return
    if (known && (await this.#edited(comment, known, calls))) {
      this.#known.set(key, { ...known, said })
      return
    }
    // Deleted by hand, or the account is another one now.
    this.#known.delete(key)
    if (known) this.#me = undefined
    this.#known.set(key, { id: await this.#place(comment, calls), said })
  }

  async #edited({ number, text }: PullRequestComment, { id }: Known, calls: CommentCalls): Promise<boolean> {
    try {
      await calls.edit(number, id, text)
      return true
    } catch (error) {
      if (error instanceof CallError && (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN')) return false
      throw error
    }
  }

  /** All comments are looked through before one is made: the answer to the last one that was made may have been lost. */
  async #place({ number, mark, olderMark, text }: PullRequestComment, calls: CommentCalls): Promise<number> {
    this.#me ??= await calls.me()
    const me = this.#me.toLowerCase()
    const own = (await calls.comments(number)).filter(({ by }) => by.toLowerCase() === me)
    const marked = (by: string) => own.find((one) => firstLine(one.text).startsWith(by))
    const ours = marked(mark) ?? (olderMark === undefined ? undefined : marked(olderMark))
    if (!ours) return calls.create(number, text)
    if (plain(ours.text) !== plain(text)) await calls.edit(number, ours.id, text)
    return ours.id
  }
}

/** Forges take liberties with the ends of lines and texts. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n').trimEnd()
}
