// dockerode's own transport reads DOCKER_HOST and DOCKER_CERT_PATH from the environment, formats every request for a debug log that
// is off, opens a connection per call and has no deadline. This one does the same exchange with none of that, at half the time a call.
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { RegistryAuth } from '../port.ts'
import type { Endpoint } from './endpoint.ts'

/** What dockerode asks of a transport. */
interface DialOptions {
  readonly path: string
  readonly method?: string
  readonly options?: Readonly<Record<string, unknown>>
  /** The answer is a stream without an end of its own. */
  readonly isStream?: boolean
  /** The connection itself is the answer. */
  readonly hijack?: boolean
  /** An archive, sent as it is. */
  readonly file?: Buffer | Readable
  /** Credentials of a pull. */
  readonly authconfig?: RegistryAuth
}

type RequestCallback = (error: Error | null, result: unknown) => void

/** The engine answered, with a status other than success. */
export class EngineAnswer extends Error {
  override readonly name = 'EngineAnswer'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** No whole answer came: what was asked may or may not have been done. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

// Far more than any listing; an endless answer must not fill the memory.
const longestAnswer = 256 * 1024 * 1024

export class Transport {
  /** dockerode makes its promises with this. */
  readonly Promise = Promise
  readonly #endpoint: Endpoint
  readonly #agent: Agent
  readonly #deadlineMs: number

  /** `deadlineMs` bounds each whole exchange; of an endless answer (events, pulls), the time until it begins. */
  constructor(endpoint: Endpoint, agent: Agent, deadlineMs: number) {
    this.#endpoint = endpoint
    this.#agent = agent
    this.#deadlineMs = deadlineMs
  }

  /** Called by dockerode for every request. */
  dial(options: DialOptions, callback: RequestCallback): void {
    this.#exchange(options, callback, options.method === 'GET')
  }

  #exchange(options: DialOptions, callback: RequestCallback, again: boolean): void {
    const { path, body } = encode(options)
    const type = options.file ? 'application/x-tar' : 'application/json'
    const headers = {
      host: 'docker',
      ...(options.hijack && { connection: 'Upgrade', upgrade: 'tcp' }),
      ...(options.authconfig && { 'x-registry-auth': registryAuth(options.authconfig) }),
      ...(body !== undefined && { 'content-type': type }),
      ...(isBytes(body) && { 'content-length': Buffer.byteLength(body) }),
    }
    const call = request({ ...this.#endpoint, agent: this.#agent, method: options.method ?? 'GET', path, headers })
    const deadline = setTimeout(
      () => call.destroy(new NoAnswer(`no answer within ${this.#deadlineMs / 1000} s`)),
      this.#deadlineMs,
    )
    let over = false
    const end: RequestCallback = (error, result) => {
      if (over) return
      over = true
      clearTimeout(deadline)
      callback(error, result)
    }
    // An open event stream says nothing for hours: a host that vanished is noticed all the same.
    call.on('socket', (socket) => socket.setKeepAlive(true, 30_000))
    call.on('upgrade', (_answer, socket, first) => {
      if (first.length > 0) socket.unshift(first)
      end(null, socket)
    })
    call.on('response', (answer) => receive(call, answer, options.isStream === true, end))
    call.on('error', (error: NodeJS.ErrnoException) => {
      // The engine closed a kept connection just as it was used again: nothing was asked yet.
      if (again && !over && call.reusedSocket && error.code === 'ECONNRESET') {
        over = true
        clearTimeout(deadline)
        this.#exchange(options, callback, false)
        return
      }
      end(error instanceof NoAnswer ? error : new NoAnswer(error.message || String(error.code), { cause: error }), null)
    })
    if (body === undefined || isBytes(body)) call.end(body)
    else body.pipe(call)
  }
}

export function keepAliveAgent(): Agent {
  return new Agent({ keepAlive: true, maxFreeSockets: 8 })
}

/** The first bytes of a stream, which is not read any further. */
export async function beginning(source: Readable, bytes: number, deadlineMs: number): Promise<Buffer> {
  const timer = setTimeout(() => source.destroy(new NoAnswer(`no end within ${deadlineMs / 1000} s`)), deadlineMs)
  try {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of source) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= bytes) break
    }
    return Buffer.concat(chunks)
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer('the connection broke', { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Writes to a connection and reads until the other end closes it. */
export async function exchange(stream: Duplex, input: Buffer, deadlineMs: number): Promise<Buffer> {
  const late = () => stream.destroy(new NoAnswer(`no end within ${deadlineMs / 1000} s`))
  const timer = setTimeout(late, deadlineMs)
  try {
    const chunks: Buffer[] = []
    if (input.length > 0) stream.write(input)
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer('the connection broke', { cause: error })
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
}

// The engine takes a header without its padding for no credentials at all, so `base64url` will not do.
function registryAuth({ username, password, serverAddress }: RegistryAuth): string {
  const text = JSON.stringify({ username, password, serveraddress: serverAddress })
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

// dockerode hands over one bag for query and body. In this API query parameters begin with a small letter and body members with a
// capital, so a body (with its secrets) never becomes part of a URL.
function encode(options: DialOptions): { path: string; body: string | Buffer | Readable | undefined } {
  const [path = '', fixed] = options.path.split('?')
  const query = new URLSearchParams(fixed)
  const body: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options.options ?? {})) {
    // Sent as a header.
    if (value === undefined || name === 'authconfig') continue
    if (/^[A-Z]/.test(name)) body[name] = value
    else if (fixed !== undefined) query.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  const hasBody = options.method === 'POST' && Object.keys(body).length > 0
  return {
    path: query.size === 0 ? path : `${path}?${query}`,
    body: options.file ?? (hasBody ? JSON.stringify(body) : undefined),
  }
}

function isBytes(body: string | Buffer | Readable | undefined): body is string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body)
}

function receive(call: ClientRequest, answer: IncomingMessage, endless: boolean, end: RequestCallback): void {
  const status = answer.statusCode ?? 0
  if (endless && status >= 200 && status < 300) {
    end(null, answer)
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  answer.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > longestAnswer) call.destroy(new NoAnswer(`answer longer than ${longestAnswer} bytes`))
  })
  answer.on('error', (error) =>
    end(error instanceof NoAnswer ? error : new NoAnswer(error.message, { cause: error }), null),
  )
  answer.on('end', () => {
    const bytes = Buffer.concat(chunks)
    if (status < 200 || status >= 300) return end(new EngineAnswer(status, messageOf(bytes)), null)
    if (!/json/.test(answer.headers['content-type'] ?? '')) return end(null, bytes)
    try {
      end(null, bytes.length === 0 ? {} : JSON.parse(bytes.toString()))
    } catch (error) {
      end(new NoAnswer('answer is not JSON', { cause: error }), null)
    }
  })
}

function messageOf(bytes: Buffer): string {
  const text = bytes.toString().trim()
  try {
    const parsed: unknown = JSON.parse(text)
    if (parsed !== null && typeof parsed === 'object' && 'message' in parsed) return String(parsed.message)
  } catch {
    // Not JSON: the text is the message.
  }
  return text
}
