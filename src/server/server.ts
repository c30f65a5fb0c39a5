import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ServerOptions {
  /** `host:port`; port 0 takes any free one. */
  readonly listen: string
  /** Answers by path; a path that is not there is 404. */
  readonly routes: Readonly<Record<string, Route>>
}

/** GET unless `method` says otherwise. Answers must be quick: nothing may wait for a host or a repository. */
export interface Route {
  readonly method?: 'GET' | 'POST'
  readonly type: 'application/json' | 'text/plain'
  readonly answer: (query: URLSearchParams) => string
}

export interface RunningServer {
  /** `host:port` as bound. */
  readonly address: string
  close(): Promise<void>
}

/** Starts the status server. Rejects with the system's error, such as EADDRINUSE. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port } = hostAndPort(options.listen)
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 16_384 },
    (request, response) => handle(options.routes, request, response),
  )
  server.maxConnections = 256
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(port, host, () => done())
  })
  const bound = server.address() as AddressInfo
  return {
    address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: () => closed(server),
  }
}

/** Splits `127.0.0.1:7070` or `[::1]:7070`. Throws RangeError with what was expected. */
export function hostAndPort(listen: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(listen)
  const port = Number(match?.[3])
  if (!match || port > 65_535)
    throw new RangeError(`listen: expected host:port such as 127.0.0.1:7070, found "${listen}"`)
  return { host: match[1] ?? match[2] ?? '', port }
}

/** Only this machine can reach it; anything else would need a token, which this version does not have. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function handle(routes: ServerOptions['routes'], request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  const { status, type, body } = answerTo(routes, request)
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

interface Answer {
  readonly status: number
  readonly type: Route['type']
  readonly body: string
}

function answerTo(routes: ServerOptions['routes'], request: IncomingMessage): Answer {
  const path = request.url ?? ''
  const url = URL.canParse(path, 'http://localhost') ? new URL(path, 'http://localhost') : undefined
  const route = url && Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined
  // A page in a browser could be made to ask a server on the same machine: only names of this machine are answered.
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  if (!isLoopback(name)) return { status: 403, type: 'text/plain', body: 'this name is not served\n' }
  if (!route || !url) return { status: 404, type: 'text/plain', body: 'no such page\n' }
  if (request.method !== (route.method ?? 'GET'))
    return { status: 405, type: 'text/plain', body: 'method not allowed\n' }
  try {
    return { status: 200, type: route.type, body: route.answer(url.searchParams) }
  } catch {
    return { status: 500, type: 'text/plain', body: 'internal error\n' }
  }
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((done) => server.close(() => done()))
}
