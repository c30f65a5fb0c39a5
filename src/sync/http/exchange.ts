import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { createSecureContext } from 'node:tls'
import { errorText } from '../../base/errors.ts'
import type { Trust } from '../credentials/trust.ts'
import { GitError } from '../errors.ts'
import type { SyncTimeouts } from '../port.ts'

export interface Request {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly maxBytes: number
  readonly timeouts: SyncTimeouts
  /** When the whole operation must be over, on the clock of `performance.now()`. */
  readonly deadline: number
  readonly lookup?: LookupFunction
  /** Absent: that of the system. */
  readonly trust?: Trust
  /** Aborted when the repository is closed. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

// Proxy variables (http_proxy, https_proxy, no_proxy) are Node's own business since 24.5.
const agentOptions = { keepAliveMsecs: 30_000, maxSockets: 8, proxyEnv: process.env }
type AnyAgent = HttpAgent | HttpsAgent
/** By protocol and trust: connections are shared by all who trust the same. */
const agents = new Map<string, AnyAgent>()

function keptAgent(isHttps: boolean, trust: Trust | undefined): AnyAgent {
  const key = isHttps ? `https ${trust?.id ?? ''}` : 'http'
  const agent = agents.get(key) ?? newAgent(isHttps, trust, true)
  agents.set(key, agent)
  return agent
}

/** One that keeps nothing was never used before: of several kept connections the server may have closed all. */
function newAgent(isHttps: boolean, trust: Trust | undefined, keepAlive: boolean): AnyAgent {
  if (!isHttps) return new HttpAgent({ ...agentOptions, keepAlive })
  const secureContext = trust && createSecureContext({ ca: [...trust.certificates] })
  return new HttpsAgent({ ...agentOptions, keepAlive, ...(secureContext && { secureContext }) })
}

/** One HTTP exchange, read whole; throws GitError on every kind of silence, cut and excess. */
export async function exchange(request: Request): Promise<Answer> {
  try {
    return await attempt(request, true)
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error
    return attempt(request, false)
  }
}

/** The server closed a kept connection just when it was used again. */
class StaleConnection extends Error {}

function attempt(options: Request, kept: boolean): Promise<Answer> {
  const { url, timeouts } = options
  const host = url.host
  return new Promise((resolve, reject) => {
    const isHttps = url.protocol === 'https:'
    const send = isHttps ? httpsRequest : httpRequest
    const { body, method, lookup, trust } = options
    const agent = kept ? keptAgent(isHttps, trust) : newAgent(isHttps, trust, false)
    const headers = {
      'user-agent': 'berth',
      ...options.headers,
      ...(body && { 'content-length': String(body.length) }),
    }
    const request = send(url, { method, headers, agent, ...(lookup && { lookup }) })
    const timers = new Timers(request, host)
    const abort = (): void => {
      request.destroy(new GitError('TIMED_OUT', host, `${host}: closed before the answer came`))
    }
    options.signal.addEventListener('abort', abort)
    if (options.signal.aborted) abort()
    request.once('close', () => options.signal.removeEventListener('abort', abort))
    let answered = false
    const fail = (error: unknown): void => {
      timers.stop()
      request.destroy()
      if (kept && !answered && request.reusedSocket && !(error instanceof GitError)) reject(new StaleConnection())
      else reject(asGitError(error, host, answered))
    }
    timers.limit('total', options.deadline - performance.now(), 'no complete answer in the time allowed')
    const idle = (): void => timers.limit('stage', timeouts.idleMs, `nothing received for ${timeouts.idleMs} ms`)
    request.once('socket', (socket) => {
      if (!socket.connecting) return idle()
      // Not before it has a socket: with many repositories on one host it first waits for its turn.
      timers.limit('stage', timeouts.connectMs, `no connection within ${timeouts.connectMs} ms`)
      socket.once(isHttps ? 'secureConnect' : 'connect', idle)
    })
    request.once('error', fail)
    request.once('response', (response) => {
      answered = true
      idle()
      collect(response, options, idle).then((collected) => {
        timers.stop()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: collected })
      }, fail)
    })
    request.end(body)
  })
}

async function collect(response: IncomingMessage, { maxBytes, url }: Request, onData: () => void): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    onData()
    bytes += chunk.length
    if (bytes > maxBytes) {
      throw new GitError('TOO_LARGE', url.host, `${url.host}: the answer is larger than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  if (!response.complete) throw new Error('connection closed')
  return Buffer.concat(chunks)
}

class Timers {
  readonly #request: ClientRequest
  readonly #host: string
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(request: ClientRequest, host: string) {
    this.#request = request
    this.#host = host
  }

  limit(name: 'stage' | 'total', ms: number, problem: string): void {
    clearTimeout(this.#timers.get(name))
    const end = (): void => {
      this.#request.destroy(new GitError('TIMED_OUT', this.#host, `${this.#host}: ${problem}`))
    }
    this.#timers.set(name, setTimeout(end, Math.max(0, ms)))
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }
}

function asGitError(error: unknown, host: string, answered: boolean): GitError {
  if (error instanceof GitError) return error
  const cause = error instanceof Error && error.cause instanceof GitError ? error.cause : undefined
  if (cause) return cause
  const reason = errorText(error, 200)
  if (answered) return new GitError('BAD_ANSWER', host, `${host}: the answer was cut (${reason})`, { cause: error })
  const hint = isUntrusted(error)
    ? ': its certificate is not trusted: name its authority in caFile'
    : ': cannot be reached'
  return new GitError('UNREACHABLE', host, `${host}${hint} (${reason})`, { cause: error })
}

const untrusted: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function isUntrusted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && untrusted.has(error.code)
}
