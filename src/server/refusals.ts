import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'

const linesPerPeriod = 10
const periodMs = 60_000

export interface Refusal {
  readonly status: number
  readonly reason: string
  /** Address of the sender. */
  readonly from: string | undefined
  readonly path: string
}

/** One line a refused request, but not more than ten a minute: whoever can reach the port must not be able to fill a disk. */
export class Refusals {
  readonly #log: Log
  readonly #clock: Clock
  #periodBegan = Number.NEGATIVE_INFINITY
  #lines = 0
  #untold = 0

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  note({ status, reason, from, path }: Refusal): void {
    const now = this.#clock.now()
    // A clock that was set back begins a period, too.
    if (now - this.#periodBegan >= periodMs || now < this.#periodBegan) {
      this.#periodBegan = now
      this.#lines = 0
    }
    if (++this.#lines > linesPerPeriod) {
      this.#untold++
      return
    }
    const untold = this.#untold === 0 ? undefined : this.#untold
    this.#untold = 0
    this.#log.warn('a webhook was refused', { status, reason, from, path: path.slice(0, 80), untold })
  }
}
