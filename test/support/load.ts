// Constant load on some ways to the same pods. Every request that gets no complete answer with status 200 is a failure, whatever a client
// could do about it; nothing is sent twice.
import { type Asked, Connection, type Target, Unanswered } from './load-client.ts'

/** A way to the pods. */
export interface LoadPath extends Target {
  readonly name: string
  /** Value of the Host header; without it, the address. */
  readonly header?: string
}

/**
 * What a client does, one request after the other. `keep`: all on one connection. `idle`: the same, with long pauses. `new`: each on a
 * connection of its own. `upload`: a POST whose body takes 2 s. `slow`: a POST whose answer takes 2 s.
 */
export type Manner = 'keep' | 'idle' | 'new' | 'upload' | 'slow'

export interface LoadPlan {
  readonly paths: readonly LoadPath[]
  /** How many clients of a manner each path gets. */
  readonly clients: Partial<Readonly<Record<Manner, number>>>
}

/** Times in ms of Unix time. */
export interface RequestSeen {
  readonly path: string
  readonly manner: Manner
  readonly began: number
}

export interface LoadFailure extends RequestSeen {
  readonly ended: number
  readonly error: string
  /** It was not the first request of its connection, and nothing of an answer came: clients repeat what may be repeated. */
  readonly repeatable: boolean
}

/** Answers and failures of one way with one manner. */
export interface LoadCount {
  readonly path: string
  readonly manner: Manner
  answers: number
  failed: number
  slowestMs: number
  /** Connections that the other side closed between two requests. */
  closed: number
}

export interface LoadResult {
  readonly counts: readonly LoadCount[]
  readonly failures: readonly LoadFailure[]
}

/** Mean pause after an answer, ms. */
const pauses: Readonly<Record<Manner, number>> = { keep: 30, idle: 700, new: 40, upload: 100, slow: 100 }
const asks: Readonly<Record<Manner, Omit<Asked, 'host'>>> = {
  keep: { method: 'GET', path: '/', last: false },
  idle: { method: 'GET', path: '/', last: false },
  new: { method: 'GET', path: '/', last: true },
  upload: { method: 'POST', path: '/upload', last: false, body: { bytes: 64 * 1024, overMs: 2000 } },
  slow: { method: 'POST', path: '/slow?ms=2000', last: false },
}
const manners: readonly Manner[] = ['keep', 'idle', 'new', 'upload', 'slow']
const enoughFailures = 10_000

export class Load {
  readonly #counts: LoadCount[] = []
  readonly #failures: LoadFailure[] = []
  readonly #under = new Set<RequestSeen>()
  readonly #clients: readonly Promise<void>[]
  readonly #told: (failure: LoadFailure) => void
  #waiting: (() => void)[] = []
  #running = true

  /** Begins at once. `told` hears of each failure. */
  constructor({ paths, clients }: LoadPlan, told: (failure: LoadFailure) => void = () => {}) {
    this.#told = told
    this.#clients = paths.flatMap((path) =>
      manners.flatMap((manner) => {
        const count: LoadCount = { path: path.name, manner, answers: 0, failed: 0, slowestMs: 0, closed: 0 }
        const wanted = clients[manner] ?? 0
        if (wanted > 0) this.#counts.push(count)
        return Array.from({ length: wanted }, () => this.#client(path, manner, count))
      }),
    )
  }

  /** Requests without an answer yet. */
  get underWay(): readonly RequestSeen[] {
    return [...this.#under]
  }

  get result(): LoadResult {
    return { counts: this.#counts.map((count) => ({ ...count })), failures: [...this.#failures] }
  }

  /** Resolves after so many more requests in all. */
  async more(requests: number): Promise<void> {
    const enough = this.#requests + requests
    while (this.#requests < enough) await new Promise<void>((done) => this.#waiting.push(done))
  }

  /** No more requests; resolves when the last has its answer. */
  async end(): Promise<LoadResult> {
    this.#running = false
    await Promise.all(this.#clients)
    return this.result
  }

  get #requests(): number {
    return this.#counts.reduce((sum, { answers, failed }) => sum + answers + failed, 0)
  }

  async #client(path: LoadPath, manner: Manner, count: LoadCount): Promise<void> {
    const asked: Asked = { ...asks[manner], host: path.header ?? path.host }
    let connection: Connection | undefined
    await pause(manner)
    while (this.#running) {
      if (connection && !connection.usable) {
        connection = undefined
        if (!asked.last) count.closed += 1
      }
      const seen: RequestSeen = { path: path.name, manner, began: now() }
      this.#under.add(seen)
      try {
        connection ??= await Connection.open(path)
        const answer = await connection.ask(asked)
        if (answer.status !== 200) throw new Unanswered(`status ${answer.status}`, { begun: true })
        count.answers += 1
        count.slowestMs = Math.max(count.slowestMs, now() - seen.began)
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error
        this.#fail({ ...seen, ended: now(), error: error.message, repeatable: error.reused && !error.begun }, count)
        connection?.close()
        connection = undefined
      }
      this.#under.delete(seen)
      for (const wake of this.#waiting.splice(0)) wake()
      await pause(manner)
    }
    connection?.close()
  }

  #fail(failure: LoadFailure, count: LoadCount): void {
    count.failed += 1
    if (this.#failures.length < enoughFailures) this.#failures.push(failure)
    this.#told(failure)
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Of different lengths, so that clients do not move in step. */
function pause(manner: Manner): Promise<void> {
  return new Promise((done) => setTimeout(done, pauses[manner] * 2 * Math.random()))
}
