interface Asked<T> {
  /** When the question was sent: what happened later may not be in the answer. */
  readonly at: number
  readonly answer: Promise<T>
}

/**
 * One question that many ask: there is never more than one under way, and those who ask meanwhile share the next one, as the one
 * under way may have been answered before their reason to ask came up.
 */
export class SharedQuestion<T> {
  readonly #send: () => Promise<T>
  readonly #now: () => number
  /** The newest one that was sent and did not fail. */
  #last: Asked<T> | undefined
  #next: Promise<T> | undefined

  /** `now`: ms, only its differences count. */
  constructor(send: () => Promise<T>, now: () => number = () => performance.now()) {
    this.#send = send
    this.#now = now
  }

  /** An answer to a question sent at most `maxAgeMs` ago, or from now on. */
  ask(maxAgeMs: number): Promise<T> {
    if (this.#last !== undefined && maxAgeMs > 0 && this.#now() - this.#last.at <= maxAgeMs) return this.#last.answer
    this.#next ??= this.#afterLast()
    return this.#next
  }

  async #afterLast(): Promise<T> {
    // Never in the same turn, so that all who are woken together ask together.
    await this.#last?.answer.catch(() => undefined)
    this.#next = undefined
    const asked = { at: this.#now(), answer: this.#send() }
    this.#last = asked
    try {
      return await asked.answer
    } catch (error) {
      // A failure is no answer to those who come later.
      if (this.#last === asked) this.#last = undefined
      throw error
    }
  }
}
