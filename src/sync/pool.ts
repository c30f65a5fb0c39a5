import { availableParallelism } from 'node:os'
import { stableText } from '../base/hash.ts'
import type { Call, Results, SessionOptions } from './messages.ts'
import { Thread } from './thread.ts'

const mostThreads = Math.max(1, Math.min(2, availableParallelism() - 1))
const graceMs = 60_000
const idleMs = 5_000

const threads = new Set<Thread>()
const shared = new Map<string, SharedSession>()

/** One store, used by every revision and application of the same repository; reopened when its thread has died. */
export class SharedSession {
  readonly #options: SessionOptions
  readonly #key: string
  #opened: { readonly thread: Thread; readonly session: number; readonly ready: Promise<unknown> } | undefined
  #users = 0

  constructor(key: string, options: SessionOptions) {
    this.#key = key
    this.#options = options
  }

  async call<C extends Call>(call: C): Promise<Results[C['kind']]> {
    const { thread, session, ready } = this.#open()
    await ready
    return thread.call(session, call, this.#options.timeouts.totalMs + graceMs)
  }

  enter(): void {
    this.#users++
  }

  async leave(): Promise<void> {
    if (--this.#users > 0) return
    shared.delete(this.#key)
    const opened = this.#opened
    this.#opened = undefined
    if (!opened || opened.thread.ended) return
    await opened.ready.catch(() => undefined)
    await opened.thread.call(opened.session, { kind: 'close' }, graceMs).catch(() => undefined)
    opened.thread.use(-1)
    if (opened.thread.load === 0) endWhenIdle(opened.thread)
  }

  #open() {
    if (this.#opened && !this.#opened.thread.ended) return this.#opened
    const thread = leastLoaded()
    thread.use(1)
    const session = thread.nextSession()
    const ready = thread.call(session, { kind: 'open', options: this.#options }, graceMs)
    ready.catch(() => {
      thread.use(-1)
      this.#opened = undefined
    })
    this.#opened = { thread, session, ready }
    return this.#opened
  }
}

export function sharedSession(options: SessionOptions): SharedSession {
  const key = stableText(options)
  const found = shared.get(key) ?? new SharedSession(key, options)
  shared.set(key, found)
  found.enter()
  return found
}

/** A thread takes a while to start, so it waits for the next repository before it ends. */
function endWhenIdle(thread: Thread): void {
  setTimeout(() => {
    if (thread.load > 0) return
    threads.delete(thread)
    thread.terminate()
  }, idleMs).unref()
}

function leastLoaded(): Thread {
  for (const thread of threads) if (thread.ended) threads.delete(thread)
  const [least] = [...threads].sort((a, b) => a.load - b.load)
  if (least && (least.load === 0 || threads.size >= mostThreads)) return least
  const thread = new Thread()
  threads.add(thread)
  return thread
}
