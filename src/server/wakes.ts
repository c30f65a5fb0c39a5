import type { Clock } from '../base/clock.ts'

export interface WakesOptions {
  /** Has these applications look at their repositories. */
  readonly wake: (applications: readonly string[]) => void
  readonly clock: Clock
}

/** Within this time after one look, the next one waits until no more come. */
const gapMs = 1_000
const quietMs = 500
const longestMs = 5_000

interface Waiting {
  readonly since: number
  cancel: () => void
}

/**
 * Gathers wakes: the first is passed on at once, and whatever comes shortly after it as one more, once it has been quiet for half a
 * second (after five seconds in any case). So a thousand at once cost two looks, and the last of them is never forgotten.
 */
export class Wakes {
  readonly #options: WakesOptions
  readonly #wokenAt = new Map<string, number>()
  readonly #waiting = new Map<string, Waiting>()

  constructor(options: WakesOptions) {
    this.#options = options
  }

  ask(applications: readonly string[]): void {
    const now = this.#options.clock.now()
    const atOnce = applications.filter((application) => !this.#waits(application, now))
    if (atOnce.length > 0) this.#wake(atOnce)
  }

  close(): void {
    for (const { cancel } of this.#waiting.values()) cancel()
    this.#waiting.clear()
  }

  #waits(application: string, now: number): boolean {
    const waiting = this.#waiting.get(application)
    const sinceMs = now - (this.#wokenAt.get(application) ?? Number.NEGATIVE_INFINITY)
    // A negative time is that of a clock that was set back.
    if (!waiting && (sinceMs >= gapMs || sinceMs < 0)) return false
    waiting?.cancel()
    const since = waiting?.since ?? now
    const waitMs = Math.min(quietMs, Math.max(0, since + longestMs - now))
    this.#waiting.set(application, {
      since,
      cancel: this.#options.clock.after(waitMs, () => this.#wake([application])),
    })
    return true
  }

  #wake(applications: readonly string[]): void {
    const now = this.#options.clock.now()
    for (const [application, at] of this.#wokenAt) if (now - at >= gapMs || now < at) this.#wokenAt.delete(application)
    for (const application of applications) {
      this.#waiting.delete(application)
      this.#wokenAt.set(application, now)
    }
    this.#options.wake(applications)
  }
}
