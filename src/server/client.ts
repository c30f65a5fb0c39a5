import { request } from 'node:http'
import { hostAndPort } from './server.ts'

const longestBytes = 64 * 1024 * 1024

/** On a machine that has ten times as much to do as it can, an engine that is well may take some seconds. */
const patienceMs = 15_000

/** Asks a running engine on this machine. Rejects when it does not answer within `timeoutMs`. */
export async function ask(
  address: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs = patienceMs,
): Promise<string> {
  const { host, port } = hostAndPort(address)
  return new Promise((done, fail) => {
    const call = request({ host, port, path, method, timeout: timeoutMs }, (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size > longestBytes) call.destroy(new Error('the answer is too large'))
        parts.push(part)
      })
      response.on('end', () => {
        const body = Buffer.concat(parts).toString('utf8')
        if (response.statusCode === 200) done(body)
        else fail(new Error(`the engine at ${address} answered ${response.statusCode} for ${path}`))
      })
      response.on('error', fail)
    })
    call.on('timeout', () => call.destroy(new Error(`the engine at ${address} does not answer`)))
    call.on('error', fail)
    call.end()
  })
}
