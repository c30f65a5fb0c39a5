import { describe, expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { GitError } from '../../src/sync/errors.ts'
import { createPoller, type Poller } from '../../src/sync/poll.ts'
import type { Head } from '../../src/sync/port.ts'

/** Time that moves only when told; remembers the waits asked for. */
class ManualClock implements Clock {
  readonly waits: number[] = []
  #now = 0
  #due: { readonly at: number; readonly run: () => void } | undefined

  now(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    this.waits.push(delayMs)
    const due = { at: this.#now + delayMs, run }
    this.#due = due
    return () => {
      if (this.#due === due) this.#due = undefined
    }
  }

  /** Runs the timer that is set. */
  fire(): void {
    const due = this.#due
    if (!due) throw new Error('no timer is set')
    this.#due = undefined
    this.#now = due.at
    due.run()
  }

  get idle(): boolean {
    return this.#due === undefined
  }
}

class Bench {
  readonly clock = new ManualClock()
  readonly seen: string[] = []
  running = 0
  mostRunning = 0
  outcome: () => Promise<Head> = async () => ({ oid: 'a', rewritten: false })
  readonly poller: Poller

  constructor(intervalMs = 30_000, random = () => 0.5) {
    this.poller = createPoller({
      fetch: async () => {
        this.mostRunning = Math.max(this.mostRunning, ++this.running)
        try {
          return await this.outcome()
        } finally {
          this.running--
        }
      },
      intervalMs,
      clock: this.clock,
      random,
      onHead: ({ oid }) => this.seen.push(oid),
      onError: (error) => this.seen.push(error instanceof GitError ? error.code : String(error)),
    })
  }

  fails(code: 'SERVER_ERROR' | 'NO_SUCH_REVISION'): void {
    this.outcome = async () => {
      throw new GitError(code, 'x', 'x')
    }
  }

  succeeds(oid = 'a'): void {
    this.outcome = async () => ({ oid, rewritten: false })
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('poller', () => {
  test('looks at once, then with a wait of the interval give or take 10 %', async () => {
    const randoms = [0, 0.5, 0.999]
    const bench = new Bench(30_000, () => randoms.shift() ?? 0)
    bench.poller.start()
    await settle()
    for (let look = 0; look < 2; look++) {
      bench.clock.fire()
      await settle()
    }
    expect(bench.clock.waits.map(Math.round)).toEqual([27_000, 30_000, 32_994])
    expect(bench.seen).toEqual(['a', 'a', 'a'])
  })

  test('backs off on errors, doubling up to 5 minutes, and recovers', async () => {
    const bench = new Bench()
    bench.fails('SERVER_ERROR')
    bench.poller.start()
    await settle()
    for (let look = 0; look < 5; look++) {
      bench.clock.fire()
      await settle()
    }
    expect(bench.clock.waits).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
    bench.succeeds()
    bench.clock.fire()
    await settle()
    expect(bench.clock.waits.at(-1)).toBe(30_000)
    expect(bench.seen).toEqual([...Array(6).fill('SERVER_ERROR'), 'a'])
  })

  test('G06 a missing branch is reported only when a second look misses it too', async () => {
    const bench = new Bench()
    bench.fails('NO_SUCH_REVISION')
    bench.poller.start()
    await settle()
    expect([bench.seen, bench.clock.waits]).toEqual([[], [1000]])
    bench.clock.fire()
    await settle()
    expect(bench.seen).toEqual(['NO_SUCH_REVISION'])
    bench.succeeds()
    bench.poller.wake()
    await settle()
    bench.fails('NO_SUCH_REVISION')
    bench.poller.wake()
    await settle()
    expect(bench.seen).toEqual(['NO_SUCH_REVISION', 'a'])
  })

  test('never two looks at once; wakes during a look collapse into one more', async () => {
    const bench = new Bench()
    let finish: (head: Head) => void = () => undefined
    bench.outcome = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    bench.poller.start()
    for (let wake = 0; wake < 100; wake++) bench.poller.wake()
    finish({ oid: 'one', rewritten: false })
    await settle()
    finish({ oid: 'two', rewritten: false })
    await settle()
    expect(bench.seen).toEqual(['one', 'two'])
    expect([bench.mostRunning, bench.clock.waits.length]).toEqual([1, 1])
  })

  test('a wake takes the place of the next look', async () => {
    const bench = new Bench()
    bench.poller.start()
    await settle()
    bench.poller.wake()
    await settle()
    expect(bench.seen).toEqual(['a', 'a'])
    bench.clock.fire()
    await settle()
    expect(bench.seen).toHaveLength(3)
  })

  test('close waits for the look under way and reports nothing after it', async () => {
    const bench = new Bench()
    let finish: (head: Head) => void = () => undefined
    bench.outcome = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    bench.poller.start()
    const closing = bench.poller.close()
    finish({ oid: 'late', rewritten: false })
    await closing
    bench.poller.wake()
    expect([bench.seen, bench.clock.idle, bench.running]).toEqual([[], true, 0])
  })
})
