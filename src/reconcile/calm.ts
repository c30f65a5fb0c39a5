import type { Clock } from '../base/clock.ts'

/** Steps of a rolling update follow each other with pauses, in which pods become ready or leave: what begins in a pause delays the next step. */
const pauseMs = 2_000
/** What never rests must not keep others waiting for ever. */
const longestWaitMs = 15_000

interface Work {
  busy: number
  /** Undefined: it is calm, or somebody is at work. */
  cancelPause: (() => void) | undefined
}

/** Knows where those who go first are at work, or were until a moment ago, host by host, and lets others wait for the end of that. */
export class Calm {
  readonly #clock: Clock
  readonly #work = new Map<string, Work>()
  /** Host -> those who wait there. */
  readonly #waiting = new Map<string, Set<() => void>>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Something of those who go first begins; to be called again when it has ended. */
  begin(host: string): () => void {
    const work = this.#work.get(host) ?? { busy: 0, cancelPause: undefined }
    this.#work.set(host, work)
    work.busy += 1
    work.cancelPause?.()
    work.cancelPause = undefined
    return () => {
      work.busy -= 1
      if (work.busy > 0 || this.#closed) return
      work.cancelPause = this.#clock.after(pauseMs, () => {
        work.cancelPause = undefined
        this.#release(host)
      })
    }
  }

  /**
   * Ends once it has been calm on the host for a while, after 15 s in any case, and at once when `over` is aborted or all is to end. Answers
   * whether to begin: what is over, or is to end, does not.
   */
  wait(host: string, over?: AbortSignal): Promise<boolean> {
    const begins = () => !this.#closed && !over?.aborted
    const work = this.#work.get(host)
    const isCalm = work === undefined || (work.busy === 0 && work.cancelPause === undefined)
    if (isCalm || !begins()) return Promise.resolve(begins())
    const waiting = this.#waiting.get(host) ?? new Set()
    this.#waiting.set(host, waiting)
    return new Promise((done) => {
      const go = () => {
        cancel()
        over?.removeEventListener('abort', go)
        waiting.delete(go)
        done(begins())
      }
      const cancel = this.#clock.after(longestWaitMs, go)
      over?.addEventListener('abort', go)
      waiting.add(go)
    })
  }

  /** Nobody waits any more, and nobody begins. */
  close(): void {
    this.#closed = true
    for (const work of this.#work.values()) work.cancelPause?.()
    for (const host of this.#waiting.keys()) this.#release(host)
  }

  #release(host: string): void {
    for (const go of [...(this.#waiting.get(host) ?? [])]) go()
  }
}
