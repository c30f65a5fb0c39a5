/** Of one turn of the event loop, ms: what is done at a stretch keeps probes, events and questions waiting. */
const longestMs = 20

/**
 * Shares the turns of the event loop among all who have much to work through: together they take about 20 ms of each. Were it as much for
 * each of a hundred previews that are read at once, the others would be let in every two seconds, and on a busy machine once a minute.
 */
export class Stretches {
  /** Those who go first, and the others. */
  readonly #waiting = { first: [] as (() => void)[], later: [] as (() => void)[] }
  /** When the work in this turn began, ms; undefined: there was none yet. */
  #began: number | undefined
  #isScheduled = false

  /** To be asked before each piece of work: whether it has to wait for `next`. */
  isOver(now: number): boolean {
    this.#began ??= now
    this.#schedule()
    const spent = now - this.#began
    // A negative time is that of a clock that was set back.
    return spent >= longestMs || spent < 0
  }

  /** Ends in a later turn, one for each who waits. `first`: before all who are not. */
  async next(now: () => number, first: boolean): Promise<void> {
    await new Promise<void>((go) => this.#waiting[first ? 'first' : 'later'].push(go))
    this.#began = now()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#began = undefined
      const go = this.#waiting.first.shift() ?? this.#waiting.later.shift()
      if (!go) return
      go()
      this.#schedule()
    })
  }
}
