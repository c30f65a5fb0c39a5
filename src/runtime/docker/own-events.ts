import type { Clock } from '../../base/clock.ts'

// The event of a call comes within a millisecond of its answer; later ones are somebody else's.
const lateMs = 500

/** Events of our own calls: each call looks at its container when it ends, so its event need not cause a second look. */
export class OwnEvents {
  readonly #clock: Clock
  readonly #expected = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs a call whose event is known beforehand. `look` must follow, whatever the outcome. */
  async during<T>(action: string, name: string, call: () => Promise<T>): Promise<T> {
    const key = `${action} ${name}`
    this.#expected.set(key, Number.POSITIVE_INFINITY)
    try {
      return await call()
    } finally {
      if (this.#expected.has(key)) this.#expected.set(key, this.#clock.now() + lateMs)
      this.#prune()
    }
  }

  /** True once for each expected event. */
  swallow(action: string, name: string): boolean {
    const key = `${action} ${name}`
    const until = this.#expected.get(key)
    this.#expected.delete(key)
    return until !== undefined && until >= this.#clock.now()
  }

  #prune(): void {
    const now = this.#clock.now()
    for (const [key, until] of this.#expected) {
      if (until >= now) break
      this.#expected.delete(key)
    }
  }
}
