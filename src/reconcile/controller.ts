import PQueue from 'p-queue'
import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Key } from '../base/key.ts'

/** What a look asks for: another one at a time (ms), or a retry because something failed. */
export interface LookResult {
  readonly againAt?: number | undefined
  readonly failed?: boolean
}

export interface ControllerOptions {
  /** One look at one key. What it throws is a bug: reported, and the key is retried. */
  readonly look: (key: Key) => Promise<LookResult>
  readonly onBug: (key: Key, error: unknown) => void
  readonly clock: Clock
  /** Looks at different keys at the same time; their actions are bounded per host elsewhere. */
  readonly width?: number
  /** Such keys wait while others have looks to be begun, and never take more than half of the width. Absent: all are alike. */
  readonly yields?: (key: Key) => boolean
}

const firstRetryMs = 1_000
const longestRetryMs = 60_000

/**
 * Wakes say who, never what. Wakes of one key coalesce, and a key is never looked at twice at once: a wake during a look
 * leads to exactly one more look after it.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #queue: PQueue
  /** Who yields stands here first. */
  readonly #yielding: PQueue
  readonly #waiting = new Set<Key>()
  readonly #running = new Set<Key>()
  readonly #again = new Set<Key>()
  readonly #failures = new Map<Key, number>()
  readonly #timers = new Map<Key, { readonly at: number; readonly cancel: () => void }>()
  #closed = false

  constructor(options: ControllerOptions) {
    this.#options = options
    const width = options.width ?? 32
    this.#queue = new PQueue({ concurrency: width })
    this.#yielding = new PQueue({ concurrency: Math.max(1, width >> 1) })
  }

  wake(key: Key): void {
    if (this.#closed) return
    if (this.#running.has(key)) {
      this.#again.add(key)
      return
    }
    if (this.#waiting.has(key)) return
    this.#waiting.add(key)
    if (this.#options.yields?.(key)) {
      void this.#yielding.add(() => this.#queue.add(() => this.#run(key), { priority: -1 }))
    } else void this.#queue.add(() => this.#run(key))
  }

  /** A look at this key is running or waiting. */
  isBusy(key: Key): boolean {
    return this.#waiting.has(key) || this.#running.has(key)
  }

  /** Wakes the key at `at` (ms); an earlier time already set stays. */
  wakeAt(key: Key, at: number): void {
    if (this.#closed) return
    const set = this.#timers.get(key)
    if (set && set.at <= at) return
    set?.cancel()
    const cancel = this.#options.clock.after(Math.max(0, at - this.#options.clock.now()), () => {
      this.#timers.delete(key)
      this.wake(key)
    })
    this.#timers.set(key, { at, cancel })
  }

  /** Wakes what is due by the clock although its timer has not rung: timers know only the time that passes, not the time that it is. */
  wakeDue(): void {
    const now = this.#options.clock.now()
    for (const [key, timer] of [...this.#timers]) {
      if (timer.at > now) continue
      timer.cancel()
      this.#timers.delete(key)
      this.wake(key)
    }
  }

  /** No look is running or waiting (timers may be). */
  get quiet(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0
  }

  /** Looks that run are ended first; none begins afterwards. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    this.#yielding.clear()
    this.#queue.clear()
    await this.#queue.onIdle()
  }

  async #run(key: Key): Promise<void> {
    this.#waiting.delete(key)
    if (this.#closed) return
    this.#running.add(key)
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
    try {
      this.#after(key, await this.#options.look(key))
    } catch (error) {
      this.#options.onBug(key, error)
      this.#after(key, { failed: true })
    } finally {
      this.#running.delete(key)
      if (this.#again.delete(key)) this.wake(key)
    }
  }

  #after(key: Key, result: LookResult): void {
    if (result.againAt !== undefined) this.wakeAt(key, result.againAt)
    if (!result.failed) {
      this.#failures.delete(key)
      return
    }
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.wakeAt(key, this.#options.clock.now() + backoffMs(failures, firstRetryMs, longestRetryMs))
  }
}
