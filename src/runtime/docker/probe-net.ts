import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import { errorText } from '../../base/errors.ts'
import type { ContainerPort, HTTPGetAction, TCPSocketAction } from '../../manifests/types.ts'
import { httpStatusSucceeds, type ProbeOutcome } from '../probe-state.ts'

export interface ProbeAnswer {
  readonly outcome: ProbeOutcome
  /** What was seen, for people. */
  readonly message: string
}

/** Where a container listens. */
export interface ProbeTarget {
  readonly address: string
  readonly ports: readonly ContainerPort[]
}

/** As much of a body as kubelet reads. */
const longestBody = 10 * 1024
const mostRedirects = 10

/** GET as kubelet does it: any certificate will do, redirects are followed within the host, one to elsewhere is a success. */
export async function probeHttp(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number): Promise<ProbeAnswer> {
  const signal = AbortSignal.timeout(timeoutMs)
  const { outcome, message } = await getHttp(action, target, signal)
  return outcome === 'failure' && signal.aborted
    ? { outcome, message: `${message}: no answer within ${timeoutMs / 1000} s` }
    : { outcome, message }
}

export interface HttpAnswer extends ProbeAnswer {
  /** Whatever its status. */
  readonly answered: boolean
}

/** The same, for as long as `signal` lets it. */
export async function getHttp(action: HTTPGetAction, target: ProbeTarget, signal: AbortSignal): Promise<HttpAnswer> {
  const url = httpUrl(action, target)
  if (url === undefined) return { ...noPort(action.port), answered: false }
  const headers: Record<string, string> = { 'user-agent': 'berth-probe', accept: '*/*' }
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value
  try {
    return { ...(await follow(url, headers, signal)), answered: true }
  } catch (error) {
    const message = signal.aborted ? '' : `: ${errorText(error)}`
    return { outcome: 'failure', message: `GET ${url.href}${message}`, answered: false }
  }
}

async function follow(first: URL, headers: Record<string, string>, signal: AbortSignal): Promise<ProbeAnswer> {
  let url = first
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const { status, location } = await get(url, headers, signal)
    const next = status >= 300 && location !== undefined ? URL.parse(location, url.href) : null
    if (next === null || next.hostname !== first.hostname) {
      return {
        outcome: httpStatusSucceeds(status) ? 'success' : 'failure',
        message: `GET ${url.href}: status ${status}`,
      }
    }
    url = next
  }
  return { outcome: 'failure', message: `GET ${first.href}: more than ${mostRedirects} redirects` }
}

function get(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<{ status: number; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const settings = { agent: false, headers, signal, rejectUnauthorized: false }
    const answered = (answer: IncomingMessage) => {
      const done = () => {
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location })
        call.destroy()
      }
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size >= longestBody) done()
      })
      answer.on('end', done)
      answer.on('error', reject)
    }
    const call =
      url.protocol === 'https:' ? requestHttps(url, settings, answered) : requestHttp(url, settings, answered)
    call.on('error', reject)
    call.end()
  })
}

function httpUrl(action: HTTPGetAction, target: ProbeTarget): URL | undefined {
  const port = portNumber(action.port, target.ports)
  if (port === undefined) return undefined
  const url = new URL(`${action.scheme.toLowerCase()}://${action.host || target.address}:${port}/`)
  // Set apart from the host, so that a path of "//elsewhere" stays a path.
  const [path = '/', ...query] = action.path.split('?')
  url.pathname = path
  if (query.length > 0) url.search = query.join('?')
  return url
}

/** A connection that is accepted is a success. */
export function probeTcp(action: TCPSocketAction, target: ProbeTarget, timeoutMs: number): Promise<ProbeAnswer> {
  const port = portNumber(action.port, target.ports)
  if (port === undefined) return Promise.resolve(noPort(action.port))
  const host = action.host || target.address
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (outcome: ProbeOutcome, message: string) => {
      socket.destroy()
      resolve({ outcome, message: `connect to ${host}:${port}: ${message}` })
    }
    socket.setTimeout(timeoutMs, () => end('failure', `no answer within ${timeoutMs / 1000} s`))
    socket.on('connect', () => end('success', 'accepted'))
    socket.on('error', (error) => end('failure', errorText(error)))
  })
}

function portNumber(port: number | string, ports: readonly ContainerPort[]): number | undefined {
  if (typeof port === 'number') return port
  return ports.find((each) => each.name === port)?.containerPort
}

function noPort(port: number | string): ProbeAnswer {
  return { outcome: 'error', message: `the container has no port named ${port}` }
}
