// One request to another server and its whole answer: with a deadline, limits, proxies of the environment, and no redirects.
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { getCACertificates } from 'node:tls'
import { errorText } from '../base/errors.ts'
import { CallError } from './errors.ts'
import { refusal } from './refusal.ts'

export interface Call {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Absent: none. */
  readonly body?: string | undefined
}

export interface CallOptions {
  /** Certificates (PEM) by which the server is trusted, besides those of the system. */
  readonly caFile?: string | undefined
  /** For the call with its answer. */
  readonly timeoutMs?: number | undefined
  /** Answers that are longer are refused. */
  readonly longestBytes?: number | undefined
  /** Taken out of what the server says, besides the token; those of less than six characters are left. */
  readonly secrets?: readonly string[] | undefined
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined
}

/** The answer of a call that worked. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

const usualTimeoutMs = 15_000
const usualLongestBytes = 4 * 2 ** 20

/** Makes one call. Throws CallError when there is no answer, and for every answer that is not 2xx. */
export async function call(outgoing: Call, options: CallOptions = {}): Promise<Answer> {
  const { timeoutMs = usualTimeoutMs } = options
  const { host } = outgoing.url
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
  const agent = await agentFor(outgoing.url, options.caFile)
  try {
    const response = await begun(outgoing, agent, signal)
    const headers = headersOf(response)
    const body = await bodyOf(response, host, options.longestBytes ?? usualLongestBytes)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return { status, headers, body }
    throw refusal({
      host,
      status,
      headers,
      text: body.toString('utf8'),
      secrets: secretsIn(outgoing, options),
      now: Date.now(),
    })
  } catch (error) {
    if (error instanceof CallError) throw error
    if (deadline.aborted) throw new CallError('TIMED_OUT', `${host} did not answer within ${timeoutMs / 1000} s`)
    throw failure(host, error, options.caFile)
  } finally {
    agent.destroy()
  }
}

/**
 * As the global `fetch`, for client libraries of JSON APIs, with the same limits as `call`. Only addresses and texts are taken. `options` are
 * asked for at each call.
 */
export function fetchJsonBy(
  options: () => Promise<Omit<CallOptions, 'signal'> & { readonly headers?: Readonly<Record<string, string>> }>,
) {
  return async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input)
    const { headers: more = {}, ...given } = await options()
    const headers = { ...Object.fromEntries(new Headers(init.headers)), ...more }
    const body = init.body === null || init.body === undefined ? undefined : String(init.body)
    const signal = init.signal ?? undefined
    const answer = await call({ method: init.method ?? 'GET', url, headers, body }, { ...given, signal })
    jsonOf(url, answer)
    const empty = answer.status === 204 || answer.status === 205
    const bytes = empty ? null : new Uint8Array(answer.body)
    return new Response(bytes, { status: answer.status, headers: answer.headers })
  }
}

/** Null when the answer is empty. Throws BAD_ANSWER: a page of some proxy is not the answer of an API. */
export function jsonOf({ host }: URL, { body }: Answer): unknown {
  if (body.length === 0) return null
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new CallError('BAD_ANSWER', `expected JSON from ${host}, found something else`, { cause })
  }
}

/** One for each call: calls are rare, and what is on disk counts anew each time. */
async function agentFor(url: URL, caFile: string | undefined): Promise<http.Agent> {
  if (url.protocol === 'http:') return new http.Agent({ proxyEnv: process.env })
  if (url.protocol !== 'https:') throw new CallError('BAD_SETTINGS', `expected https://, found ${url.protocol}//`)
  return new https.Agent({ proxyEnv: process.env, ...(caFile === undefined ? {} : { ca: await authorities(caFile) }) })
}

async function authorities(caFile: string): Promise<string[]> {
  try {
    return [...getCACertificates('default'), await readFile(caFile, 'utf8')]
  } catch (error) {
    throw new CallError('BAD_CREDENTIALS', `caFile cannot be read: ${errorText(error)}`, { cause: error })
  }
}

function begun(outgoing: Call, agent: http.Agent, signal: AbortSignal): Promise<http.IncomingMessage> {
  const { method, url, body } = outgoing
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const headers = { 'user-agent': 'berth', ...outgoing.headers, ...length }
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http
    request(url, { method, headers, agent, signal }, resolve).on('error', reject).end(body)
  })
}

async function bodyOf(response: http.IncomingMessage, host: string, longestBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    // Leaving the loop ends the transfer.
    if (size > longestBytes)
      throw new CallError('TOO_LARGE', `the answer of ${host} is longer than ${longestBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function headersOf(response: http.IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) headers.set(name, String(value))
  return headers
}

/** A server may echo what it was sent. The longest first, as one may be a part of another. */
function secretsIn({ headers }: Call, { secrets = [] }: CallOptions): string[] {
  const token = headers.authorization?.split(' ').at(-1) ?? ''
  return [token, ...secrets].filter(({ length }) => length >= 6).sort((a, b) => b.length - a.length)
}

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/

function failure(host: string, error: unknown, caFile: string | undefined): CallError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const text = error instanceof AggregateError ? errorText(error.errors[0]) : errorText(error)
  if (!untrusted.test(code)) return new CallError('UNREACHABLE', `${host} cannot be reached: ${text}`, { cause: error })
  const next =
    caFile === undefined ? 'caFile can name the authority that it is of' : 'it is not of an authority in caFile'
  return new CallError('UNTRUSTED', `the certificate of ${host} is not trusted (${text}); ${next}`, { cause: error })
}
