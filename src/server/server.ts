import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { listenOn, type RunningServer } from './listen.ts'
import type { WebhookHandler } from './webhook-handler.ts'

export interface ServerOptions {
  /** `host:port`; port 0 takes any free one. */
  readonly listen: string
  /** Answers by path; a path that is not there is 404. */
  readonly routes: Readonly<Record<string, Route>>
  /** Answers what is below /webhooks/, under any name: senders come through a proxy. Absent: that is 404. */
  readonly webhooks?: WebhookHandler | undefined
}

/** GET unless `method` says otherwise. Answers must be quick: nothing may wait for a host or a repository. */
export interface Route {
  readonly method?: 'GET' | 'POST'
  readonly type: 'application/json' | 'text/plain'
  readonly answer: (query: URLSearchParams) => string | Uint8Array
}

/** Starts the status server. Rejects with the system's error, such as EADDRINUSE. */
export async function startServer({ listen, routes, webhooks }: ServerOptions): Promise<RunningServer> {
  const answer: RequestListener = (request, response) => {
    if (webhooks?.takes(request)) webhooks.handle(request, response)
    else handle(routes, request, response)
  }
  return listenOn(hostAndPort(listen), answer, webhooks && ((refusal) => webhooks.refused(refusal)))
}

/** Starts a server that answers webhooks only. `listen`: `host:port`, or `:port` for all addresses. Rejects as `startServer`. */
export async function startWebhookServer(listen: string, webhooks: WebhookHandler): Promise<RunningServer> {
  const all = /^:(\d+)$/.exec(listen)
  const place = all ? { ...hostAndPort(`0.0.0.0${listen}`), host: undefined } : hostAndPort(listen)
  const answer: RequestListener = (request, response) => webhooks.handle(request, response)
  return listenOn(place, answer, (refusal) => webhooks.refused(refusal))
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
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

interface Answer {
  readonly status: number
  readonly type: Route['type']
  readonly body: string | Uint8Array
}

function answerTo(routes: ServerOptions['routes'], request: IncomingMessage): Answer {
  // A path counts as it is written: `//host/status` is not `/status`.
  const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s)
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  // A page in a browser could be made to ask a server on the same machine: only names of this machine are answered.
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  if (!isLoopback(name)) return { status: 403, type: 'text/plain', body: 'this name is not served\n' }
  // And a page of elsewhere may send what needs no answer; browsers say then where it is from.
  if (request.method === 'POST' && request.headers.origin !== undefined)
    return { status: 403, type: 'text/plain', body: 'pages of browsers are not served\n' }
  if (!route) return { status: 404, type: 'text/plain', body: 'no such page\n' }
  if (request.method !== (route.method ?? 'GET'))
    return { status: 405, type: 'text/plain', body: 'method not allowed\n' }
  try {
    return { status: 200, type: route.type, body: route.answer(new URLSearchParams(query)) }
  } catch {
    return { status: 500, type: 'text/plain', body: 'internal error\n' }
  }
}
