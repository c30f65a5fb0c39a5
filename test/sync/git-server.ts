import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers a request itself (true), or leaves it to Git (false). */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

export interface GitServer {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  /** Every request so far: `GET /path`. */
  readonly requests: string[]
  /** Bytes sent in answers. */
  readonly sent: { bytes: number }
  /** Looks at each request before Git does; set it to inject faults. */
  intercept: Intercept
  /** What Git answers to a request. */
  answer(request: IncomingMessage): Promise<Answer>
  close(): Promise<void>
}

/** A real Git server over HTTP for all repositories below `root`. */
export async function startGitServer(root: string): Promise<GitServer> {
  const requests: string[] = []
  const sent = { bytes: 0 }
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    void serve(request, response)
  })
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await git.intercept(request, response)) return
    const { status, headers, body } = await runBackend(root, request)
    sent.bytes += body.length
    response.writeHead(status, headers)
    response.end(body)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const git: GitServer = {
    origin: `http://127.0.0.1:${port}`,
    requests,
    sent,
    intercept: () => false,
    answer: (request) => runBackend(root, request),
    close: () => closeServer(server),
  }
  return git
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** One CGI run of `git http-backend`. */
function runBackend(root: string, request: IncomingMessage): Promise<Answer> {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const protocol = request.headers['git-protocol']
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      CONTENT_LENGTH: request.headers['content-length'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      ...(typeof protocol === 'string' && { GIT_PROTOCOL: protocol }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  request.pipe(child.stdin)
  child.stdin.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', () => resolve(parseCgi(Buffer.concat(chunks))))
  })
}

function parseCgi(output: Buffer): Answer {
  const end = output.indexOf('\r\n\r\n')
  const headers: Record<string, string> = {}
  for (const line of output.toString('latin1', 0, end).split('\r\n')) {
    const [name = '', value = ''] = line.split(/: (.*)/s)
    headers[name.toLowerCase()] = value
  }
  const status = Number.parseInt(headers.status ?? '200', 10)
  delete headers.status
  return { status, headers, body: output.subarray(end + 4) }
}
