import type { Clock } from '../base/clock.ts'

/** How much longer than it took to make it an answer is given again. */
const share = 2
const longestMs = 1_000

/**
 * An answer that is much work and asked for by many: it is given again for twice as long as it took to make, a second at most. So questions
 * never take more than a third of the process, however many ask and however busy the machine is; where it is not, nobody sees an old one.
 */
export class SharedAnswer<T> {
  readonly #make: () => T
  readonly #clock: Pick<Clock, 'now'>
  #last: { readonly answer: T; readonly from: number; readonly until: number } | undefined

  constructor(make: () => T, clock: Pick<Clock, 'now'>) {
    this.#make = make
    this.#clock = clock
  }

  /** Throws what `make` throws; then the next one asks anew. */
  get(): T {
    const began = this.#clock.now()
    // A time before it was made is that of a clock that was set back.
    if (this.#last && began >= this.#last.from && began < this.#last.until) return this.#last.answer
    this.#last = undefined
    const answer = this.#make()
    const from = this.#clock.now()
    this.#last = { answer, from, until: from + Math.min(longestMs, share * Math.max(0, from - began)) }
    return answer
  }

  /** Something was asked of the engine: whoever looks next wants to see what came of it. */
  forget(): void {
    this.#last = undefined
  }
}
