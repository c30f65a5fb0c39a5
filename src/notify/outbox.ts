import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import type { Log } from '../base/log.ts'

/** Something to be told, which a newer one of the same key takes the place of. Plain data: it outlives the process on disk. */
export interface Parcel<T> {
  readonly key: string
  /** When it was put in, ms. */
  readonly since: number
  readonly payload: T
}

export interface OutboxParts<T> {
  /** Who is told, for the log: `notification ops`. Holds no secrets. */
  readonly name: string
  /** Ends early by `signal`. An error says in `retryable` or `mendable` whether trying again may help, in `retryAfterMs` when. */
  readonly send: (payload: T, signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  /** What waits is not what it was. */
  readonly changed: () => void
  /** What comes within this time after the first is sent with it, or instead; absent: nothing waits. */
  readonly lingerMs?: number
  /** How long to wait after each, ms; absent: not at all. */
  readonly paceMs?: () => number
  /** What could not be told lets all others go first: what is in its way may be in its way alone. Absent: they keep their order. */
  readonly yields?: boolean
}

const mostWaiting = 1_000
const firstRetryMs = 1_000
const longestRetryMs = 300_000
const giveUpMs = 3_600_000

/** Tells one receiver, one thing at a time, and again until it works or an hour has passed. Never in anybody's way. */
export class Outbox<T> {
  readonly #parts: OutboxParts<T>
  readonly #abort = new AbortController()
  /** By key; whoever waits longest comes first, also with news. */
  readonly #waiting = new Map<string, Parcel<T>>()
  #run: Promise<void> | undefined
  /** Ends the pause that is being made. */
  #resume: (() => void) | undefined
  /** Since it worked last. */
  #failures = 0
  #closing = false

  constructor(parts: OutboxParts<T>) {
    this.#parts = parts
  }

  get waiting(): readonly Parcel<T>[] {
    return [...this.#waiting.values()]
  }

  put(key: string, payload: T, since = this.#parts.clock.now()): void {
    this.#waiting.set(key, { key, since, payload })
    const [oldest] = this.#waiting.values()
    if (oldest && this.#waiting.size > mostWaiting) {
      this.#drop([oldest], `more than ${mostWaiting} wait`)
    }
    this.#parts.changed()
    if (!this.#closing) this.#run ??= this.#work()
  }

  /** Gives what is being sent, and what waits for no failure, so much time; the rest stays in `waiting`. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true
    this.#resume?.()
    let cancel: () => void = () => {}
    const over = new Promise<void>((done) => {
      cancel = this.#parts.clock.after(graceMs, done)
    })
    await Promise.race([this.#run, over])
    cancel()
    this.#abort.abort()
  }

  async #work(): Promise<void> {
    await this.#pause(this.#parts.lingerMs ?? 0)
    for (let [parcel] = this.#waiting.values(); parcel; [parcel] = this.#waiting.values()) {
      const waitMs = await this.#try(parcel)
      await this.#pause(Math.max(waitMs, this.#parts.paceMs?.() ?? 0))
      if (waitMs > 0 && this.#closing) break
    }
    this.#run = undefined
  }

  /** Answers how long to wait before anything else is sent, ms. */
  async #try(parcel: Parcel<T>): Promise<number> {
    const { name, send, clock, log, changed } = this.#parts
    try {
      await send(parcel.payload, this.#abort.signal)
      if (this.#failures > 0) log.info('can be told again', { to: name })
      this.#failures = 0
      this.#remove(parcel)
      changed()
      return 0
    } catch (error) {
      // Whatever came of it: the next process finds it in `waiting`.
      if (this.#abort.signal.aborted) return longestRetryMs
      if (!isRetryable(error)) {
        this.#drop([parcel], errorText(error))
        return 0
      }
      this.#failures++
      if (this.#parts.yields && this.#waiting.get(parcel.key) === parcel) {
        this.#waiting.delete(parcel.key)
        this.#waiting.set(parcel.key, parcel)
      }
      if (this.#failures === 1) log.warn('cannot be told; trying again', { to: name, reason: errorText(error) })
      const now = clock.now()
      this.#drop(
        this.waiting.filter(({ since }) => now - since >= giveUpMs),
        `an hour has passed: ${errorText(error)}`,
      )
      return Math.max(backoffMs(this.#failures, firstRetryMs, longestRetryMs), pauseIn(error))
    }
  }

  #drop(parcels: readonly Parcel<T>[], reason: string): void {
    if (parcels.length === 0) return
    for (const parcel of parcels) this.#remove(parcel)
    const { name, log, changed } = this.#parts
    log.warn('will not be told', { to: name, reason, count: parcels.length })
    changed()
  }

  /** Unless a newer one has come meanwhile. */
  #remove(parcel: Parcel<T>): void {
    if (this.#waiting.get(parcel.key) === parcel) this.#waiting.delete(parcel.key)
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#closing) return
    await new Promise<void>((done) => {
      const cancel = this.#parts.clock.after(ms, done)
      this.#resume = () => {
        cancel()
        done()
      }
    })
    this.#resume = undefined
  }
}

/** Also what a person has to mend: that may happen within the hour. */
function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('retryable' in error && error.retryable === true) || ('mendable' in error && error.mendable === true)
}

function pauseIn(error: unknown): number {
  return error instanceof Error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number'
    ? error.retryAfterMs
    : 0
}
