import type { Clock } from '../../src/base/clock.ts'

/** Time that only moves when told; timers run in the order of their times, then of their setting. */
export class FakeClock implements Clock {
  #now: number
  #timers: { readonly at: number; readonly run: () => void }[] = []

  constructor(start = 1_000_000_000) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), run }
    const index = this.#timers.findIndex((other) => other.at > timer.at)
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** When the next timer is due; undefined when there is none. */
  next(): number | undefined {
    return this.#timers[0]?.at
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (let timer = this.#timers[0]; timer && timer.at <= end; timer = this.#timers[0]) {
      this.#timers.shift()
      this.#now = Math.max(this.#now, timer.at)
      timer.run()
    }
    this.#now = end
  }
}
