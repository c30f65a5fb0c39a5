import { type Agent, request } from 'node:http'
import { connect } from 'node:net'

export { freePort } from '../support/free-port.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface Question {
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly agent?: Agent
}

/** One request to a port of this machine; the path goes as it is written. */
export function ask(port: number, { host, path = '/', method = 'GET', headers = {}, body, agent }: Question) {
  return new Promise<Answer>((resolve, reject) => {
    const named = host === undefined ? headers : { host, ...headers }
    const options = { host: '127.0.0.1', port, path, method, headers: named, agent: agent ?? (false as const) }
    const call = request(options, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Sends bytes and answers all that comes back until the other end closes. */
export function talk(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
}
