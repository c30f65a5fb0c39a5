// A forge as far as Berth speaks with one: each endpoint with what may be sent to it, and what it answers.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Ajv } from 'ajv'

export interface Recorded {
  readonly method: string
  /** As sent, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Endpoint {
  readonly method: string
  /** Groups are given to `answer`. */
  readonly path: RegExp
  /** Members that may be in the query. */
  readonly query?: readonly string[]
  /** JSON schema; absent: no body. */
  readonly body?: object
  readonly answer: (request: Recorded, groups: readonly string[]) => Reply
}

/** Answers a request in place of the endpoint: a fault. True when it did. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean

export interface ForgeServer {
  readonly origin: string
  readonly port: number
  readonly requests: readonly Recorded[]
  /** What no forge would take; tests expect none. */
  readonly problems: readonly string[]
  /** Each is asked once, in order, before the endpoints are; then it is gone. */
  readonly faults: Fault[]
  close(): Promise<void>
}

const ajv = new Ajv({ allErrors: true, strict: false })

export async function startForgeServer(endpoints: readonly Endpoint[]): Promise<ForgeServer> {
  const requests: Recorded[] = []
  const problems: string[] = []
  const faults: Fault[] = []
  const checks = endpoints.map((endpoint) => ({ endpoint, valid: endpoint.body && ajv.compile(endpoint.body) }))
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const recorded = await record(request)
    requests.push(recorded)
    if (faults.shift()?.(request, response)) return
    const found = checks.find(
      ({ endpoint }) => endpoint.method === recorded.method && endpoint.path.test(recorded.path),
    )
    const { method, path, query, body } = recorded
    if (!found) {
      problems.push(`${method} ${path}: there is no such endpoint`)
      return reply(response, { status: 404, body: { message: 'Not Found' } })
    }
    const { endpoint, valid } = found
    const extra = Object.keys(query).filter((name) => !endpoint.query?.includes(name))
    if (extra.length > 0) problems.push(`${method} ${path}: query has ${extra.join(', ')}`)
    if (valid ? !valid(body) : body !== undefined) {
      problems.push(`${method} ${path}: ${ajv.errorsText(valid?.errors)} in ${JSON.stringify(body)}`)
    }
    const groups = (endpoint.path.exec(path) ?? []).slice(1).map(decodeURIComponent)
    reply(response, endpoint.answer(recorded, groups))
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { origin: `http://127.0.0.1:${port}`, port, requests, problems, faults, close }
}

export function answering({ status, body, headers }: Reply): Fault {
  return (_request, response) => {
    reply(response, { status, body, ...(headers ? { headers } : {}) })
    return true
  }
}

function reply(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(text)
}

async function record(request: IncomingMessage): Promise<Recorded> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const url = new URL(request.url ?? '', 'http://forge')
  return {
    ...{ method: request.method ?? '', path: url.pathname, headers: request.headers },
    query: Object.fromEntries(url.searchParams),
    body: text === '' ? undefined : JSON.parse(text),
  }
}
