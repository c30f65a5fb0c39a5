import { request } from 'node:http'

export interface EngineAnswer {
  readonly status: number
  readonly text: string
}

/** One call to the API of the engine at a `unix://` socket, past everything that the tests test. */
export function engineCall(
  socket: string,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
  more: Readonly<Record<string, string>> = {},
): Promise<EngineAnswer> {
  const bytes = Buffer.isBuffer(body) ? body : body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))
  const socketPath = socket.replace(/^unix:\/\//, '')
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, 'content-length': bytes.length, ...more }
    const call = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    call.on('error', reject)
    call.end(bytes)
  })
}

/** The same, for calls that must succeed; the answer is parsed. */
export async function engineJson<T>(socket: string, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await engineCall(socket, method, path, body)
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.trim()}`)
  return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T
}
