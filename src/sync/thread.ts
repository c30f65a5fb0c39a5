import { SHARE_ENV, Worker } from 'node:worker_threads'
import { errorText } from '../base/errors.ts'
import { GitError } from './errors.ts'
import { type Call, fromProblem, type Question, type Reply, type Result, type Results } from './messages.ts'

interface Waiting {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
  readonly watchdog: NodeJS.Timeout
}

/** One worker thread and the calls that wait for its answers. It keeps the process alive only while there are some. */
export class Thread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  #sessions = 0
  #ended = false

  constructor() {
    // The sources run unbuilt too, where the entry still is a .ts file.
    const entry = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    this.#worker = new Worker(new URL(entry, import.meta.url), { execArgv: [], env: SHARE_ENV, name: 'berth-git' })
    this.#worker.unref()
    this.#worker.on('message', (reply: Reply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#end(stopped(errorText(error, 200))))
    this.#worker.on('exit', (code) => this.#end(stopped(`exit ${code}`)))
  }

  get ended(): boolean {
    return this.#ended
  }

  /** How many sessions it serves. */
  get load(): number {
    return this.#sessions
  }

  nextSession(): number {
    return ++this.#calls
  }

  use(change: 1 | -1): void {
    this.#sessions += change
  }

  call<C extends Call>(session: number, call: C, longestMs: number): Promise<Results[C['kind']]> {
    if (this.#ended) return Promise.reject(stopped('it has ended'))
    const id = ++this.#calls
    const answer = new Promise<Result>((resolve, reject) => {
      const watchdog = setTimeout(() => {
        this.#end(new GitError('TIMED_OUT', call.kind, `Git worker: no answer to ${call.kind} within ${longestMs} ms`))
      }, longestMs)
      watchdog.unref()
      this.#waiting.set(id, { resolve, reject, watchdog })
    })
    this.#worker.ref()
    this.#worker.postMessage({ id, session, call } satisfies Question)
    return answer as Promise<Results[C['kind']]>
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    clearTimeout(waiting.watchdog)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('problem' in reply) waiting.reject(fromProblem(reply.problem))
    else waiting.resolve(reply.result)
  }

  terminate(): void {
    this.#end(stopped('it was closed'))
  }

  #end(error: GitError): void {
    if (this.#ended) return
    this.#ended = true
    for (const { reject, watchdog } of this.#waiting.values()) {
      clearTimeout(watchdog)
      reject(error)
    }
    this.#waiting.clear()
    void this.#worker.terminate()
  }
}

function stopped(reason: string): GitError {
  return new GitError('STORE_DAMAGED', 'worker', `Git worker: stopped (${reason}); it starts again at the next look`)
}
