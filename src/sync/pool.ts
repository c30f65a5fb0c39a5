import { availableParallelism } from 'node:os'
import { shortHash, stableText } from '../base/hash.ts'
import { claimFolder } from './claim.ts'
import { diskProblem } from './disk.ts'
import { GitError } from './errors.ts'
import type { Call, Results, SessionOptions } from './messages.ts'
import type { Head } from './port.ts'
import { SharedQuestion } from './shared-question.ts'
import { Thread } from './thread.ts'
import type { Revision } from './url.ts'

const mostThreads = Math.max(1, Math.min(2, availableParallelism() - 1))
const graceMs = 60_000
const idleMs = 5_000

const threads = new Set<Thread>()
const shared = new Map<string, SharedSession>()

export interface SharedOptions extends Omit<SessionOptions, 'folder'> {
  /** The stores of all repositories are below it. */
  readonly storeDir: string
}

interface Opened {
  readonly thread: Thread
  readonly session: number
  readonly ready: Promise<unknown>
}

/** One store, used by every revision and application of the same repository; reopened when its thread has died. */
export class SharedSession {
  readonly #options: SharedOptions
  readonly #key: string
  readonly #questions = new Map<string, SharedQuestion<Head>>()
  #claimed: ReturnType<typeof claimFolder> | undefined
  #opened: Opened | undefined
  #users = 0

  constructor(key: string, options: SharedOptions) {
    this.#key = key
    this.#options = options
  }

  async call<C extends Call>(call: C): Promise<Results[C['kind']]> {
    const { thread, session, ready } = this.#open()
    await ready
    return thread.call(session, call, this.#options.timeouts.totalMs + graceMs)
  }

  /** Where the revision is at the remote; callers share questions and answers. */
  fetch(revision: Revision, maxAgeMs: number): Promise<Head> {
    const key = stableText(revision)
    const question = this.#questions.get(key) ?? new SharedQuestion(() => this.#ask(revision))
    this.#questions.set(key, question)
    return question.ask(maxAgeMs)
  }

  async #ask(revision: Revision): Promise<Head> {
    // Those who waited for their turn must not open again what is closed.
    if (this.#users === 0) throw new GitError('TIMED_OUT', 'repository', 'the repository was closed')
    return this.call({ kind: 'fetch', revision })
  }

  enter(): void {
    this.#users++
  }

  async leave(): Promise<void> {
    if (--this.#users > 0) return
    shared.delete(this.#key)
    await this.#close()
    this.#claimed?.release()
    this.#claimed = undefined
  }

  async #close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    if (!opened || opened.thread.ended) return
    await opened.ready.catch(() => undefined)
    await opened.thread.call(opened.session, { kind: 'close' }, graceMs).catch(() => undefined)
    opened.thread.use(-1)
    if (opened.thread.load === 0) endWhenIdle(opened.thread)
  }

  #open(): Opened {
    if (this.#opened && !this.#opened.thread.ended) return this.#opened
    this.#claimed ??= claim(this.#options)
    const { folder } = this.#claimed
    const thread = leastLoaded()
    thread.use(1)
    const session = thread.nextSession()
    const open = { kind: 'open', options: { ...this.#options, folder } } as const
    const ready = thread.call(session, open, graceMs)
    ready.catch(() => {
      thread.use(-1)
      this.#opened = undefined
    })
    this.#opened = { thread, session, ready }
    return this.#opened
  }
}

export function sharedSession(options: SharedOptions): SharedSession {
  const key = stableText(options)
  const found = shared.get(key) ?? new SharedSession(key, options)
  shared.set(key, found)
  found.enter()
  return found
}

function claim({ storeDir, remote }: SharedOptions): ReturnType<typeof claimFolder> {
  try {
    return claimFolder(storeDir, shortHash(remote.kind === 'local' ? remote.path : remote.url, 20))
  } catch (error) {
    throw diskProblem(error) ?? error
  }
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
