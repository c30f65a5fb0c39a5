import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { GitError } from './errors.ts'
import type { Head } from './port.ts'

export interface PollerOptions {
  /** An answer to someone else is good enough when it is at most that old; 0: there may be something new. */
  fetch(maxAgeMs: number): Promise<Head>
  /** Between two good looks; each wait is 10 % shorter to 10 % longer, so that many repositories spread out. */
  readonly intervalMs: number
  readonly clock: Clock
  /** In [0, 1). */
  random(): number
  /** After each good look, also when nothing moved. */
  onHead(head: Head): void
  /** After each failed look; the next one comes by itself, after `retryInMs`. */
  onError(error: unknown, retryInMs: number): void
}

/** Looks at one revision again and again. Never two looks at once. */
export interface Poller {
  start(): void
  /** Looks now; during a look: once more right after it. */
  wake(): void
  /** Ends once the look under way, if any, is over; nothing is reported after it. */
  close(): Promise<void>
}

const longestWaitMs = 300_000
const secondReadMs = 1_000

export function createPoller(options: PollerOptions): Poller {
  return new TimedPoller(options)
}

class TimedPoller implements Poller {
  readonly #options: PollerOptions
  #cancel: (() => void) | undefined
  #look: Promise<void> | undefined
  #again = false
  #closed = false
  #failures = 0
  /** A missing branch was seen once; it is reported when the next look does not find it either. */
  #missing = false

  constructor(options: PollerOptions) {
    this.#options = options
  }

  start(): void {
    this.wake()
  }

  wake(): void {
    if (this.#closed) return
    if (this.#look !== undefined) {
      this.#again = true
      return
    }
    this.#cancel?.()
    this.#cancel = undefined
    this.#look = this.#lookOnce(0)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    await this.#look
  }

  async #lookOnce(maxAgeMs: number): Promise<void> {
    const waitMs = await this.#fetch(maxAgeMs)
    this.#look = undefined
    if (this.#closed) return
    if (this.#again) {
      this.#again = false
      this.wake()
      return
    }
    this.#cancel = this.#options.clock.after(waitMs, () => {
      this.#cancel = undefined
      this.#look = this.#lookOnce(this.#options.intervalMs / 2)
    })
  }

  /** Resolves to the time until the next look; never rejects. */
  async #fetch(maxAgeMs: number): Promise<number> {
    try {
      const head = await this.#options.fetch(maxAgeMs)
      this.#failures = 0
      this.#missing = false
      if (!this.#closed) this.#options.onHead(head)
      return this.#spread(this.#options.intervalMs)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #failed(error: unknown): number {
    const missing = error instanceof GitError && error.code === 'NO_SUCH_REVISION'
    if (missing && !this.#missing) {
      this.#missing = true
      return this.#spread(Math.min(secondReadMs, this.#options.intervalMs))
    }
    this.#failures++
    const waitMs = this.#spread(backoffMs(this.#failures, this.#options.intervalMs, this.#longest()))
    if (!this.#closed) this.#options.onError(error, waitMs)
    return waitMs
  }

  #longest(): number {
    return Math.max(longestWaitMs, this.#options.intervalMs)
  }

  #spread(ms: number): number {
    return ms * (0.9 + 0.2 * this.#options.random())
  }
}
