import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { errorText } from '../../base/errors.ts'
import type { EngineEvent } from './host-api.ts'

export interface Follows {
  open(): Promise<Readable>
  /** Reads all anew: whatever happened before the stream was open was not announced. */
  relist(): Promise<void>
  event(event: EngineEvent): void
  reached(): void
  lost(message: string): void
}

const firstRetryMs = 100
const longestRetryMs = 5000

/** Follows one engine's events for as long as it lives, over any number of connections. */
export class Follower {
  readonly #follows: Follows
  readonly #clock: Clock
  #stream: Readable | undefined
  #closed = false
  #wake: () => void = () => {}

  constructor(follows: Follows, clock: Clock) {
    this.#follows = follows
    this.#clock = clock
  }

  /** Resolves when the first attempt has succeeded or failed; goes on by itself either way. */
  start(): Promise<void> {
    return new Promise((resolve) => void this.#run(resolve))
  }

  close(): void {
    this.#closed = true
    this.#stream?.destroy()
    this.#wake()
  }

  /** The stream is open, but nobody seems to be at the other end. */
  abandon(why: string): void {
    this.#stream?.destroy(new Error(why))
  }

  async #run(attempted: () => void): Promise<void> {
    let failures = 0
    while (!this.#closed) {
      try {
        await this.#session(() => {
          failures = 0
          attempted()
        })
      } catch (error) {
        if (!this.#closed) this.#follows.lost(errorText(error))
      }
      attempted()
      failures += 1
      if (!this.#closed) await this.#pause(backoffMs(failures, firstRetryMs, longestRetryMs))
    }
  }

  async #session(listed: () => void): Promise<void> {
    const stream = await this.#follows.open()
    this.#stream = stream
    if (this.#closed) stream.destroy()
    try {
      // Reading begins before the listing does: a reader that waits loses events.
      const ended = this.#consume(stream)
      ended.catch(() => {})
      await Promise.race([this.#follows.relist(), ended])
      this.#follows.reached()
      listed()
      await ended
    } finally {
      this.#stream = undefined
      stream.destroy()
    }
  }

  async #consume(stream: Readable): Promise<never> {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#read(stream, line)
    })
    await once(stream, 'close')
    throw new Error('the event stream ended')
  }

  #read(stream: Readable, line: string): void {
    if (line.trim() === '') return
    try {
      this.#follows.event(JSON.parse(line) as EngineEvent)
    } catch (error) {
      stream.destroy(new Error(`unreadable event: ${errorText(error)}`))
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(delayMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
