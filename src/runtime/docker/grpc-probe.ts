import { connect, constants } from 'node:http2'
import { isIPv6 } from 'node:net'
import { errorText } from '../../base/errors.ts'
import type { GRPCAction } from '../../manifests/types.ts'
import { healthRequest, readHealthResponse } from './grpc-health.ts'
import type { ProbeAnswer, ProbeTarget } from './probe-net.ts'

const longestAnswer = 4096
const unimplemented = '12'

interface Answer {
  readonly httpStatus: number
  /** Of the call; empty: the server sent none. */
  readonly grpcStatus: string
  readonly message: string
  readonly frame: Buffer
}

/** Asks the standard health service of a server without TLS; only SERVING is a success, as for kubelet. */
export async function probeGrpc(action: GRPCAction, target: ProbeTarget, timeoutMs: number): Promise<ProbeAnswer> {
  const host = isIPv6(target.address) ? `[${target.address}]` : target.address
  const service = action.service ?? ''
  const subject = `grpc ${host}:${action.port}${service === '' ? '' : ` service ${service}`}`
  try {
    const { success, words } = verdict(await check(`http://${host}:${action.port}`, service, timeoutMs))
    return { outcome: success ? 'success' : 'failure', message: `${subject}: ${words}` }
  } catch (error) {
    return { outcome: 'failure', message: `${subject}: ${errorText(error)}` }
  }
}

function verdict({ httpStatus, grpcStatus, message, frame }: Answer): { success: boolean; words: string } {
  if (httpStatus !== 200) return { success: false, words: `HTTP status ${httpStatus}` }
  if (grpcStatus === unimplemented)
    return { success: false, words: 'the server does not implement grpc.health.v1.Health' }
  if (grpcStatus !== '0') {
    const said = message === '' ? '' : ` (${message})`
    return { success: false, words: grpcStatus === '' ? 'not a gRPC answer' : `gRPC status ${grpcStatus}${said}` }
  }
  const status = readHealthResponse(frame)
  return { success: status === 'SERVING', words: status ?? 'not the answer of a health service' }
}

function check(origin: string, service: string, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(origin)
    const end = (settle: () => void) => {
      clearTimeout(timer)
      settle()
      session.destroy()
    }
    const fail = (error: Error) => end(() => reject(error))
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
    session.on('error', fail)
    session.on('close', () => fail(new Error('the connection was closed')))
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'berth-probe',
    })
    // What went well is in the trailers; a call that is refused at once has it all in its head.
    let headers: Readonly<Record<string, unknown>> = {}
    const chunks: Buffer[] = []
    let size = 0
    call.on('response', (head) => {
      headers = { ...head }
    })
    call.on('trailers', (trailers) => {
      headers = { ...headers, ...trailers }
    })
    call.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > longestAnswer) fail(new Error('the answer is too long'))
    })
    // A connection that failed is told as a call that was given up.
    call.on('error', (error) => fail(error.cause instanceof Error ? error.cause : error))
    call.on('end', () => {
      const text = (name: string) => String(headers[name] ?? '')
      const [httpStatus, grpcStatus] = [Number(headers[':status'] ?? 0), text('grpc-status')]
      end(() => resolve({ httpStatus, grpcStatus, message: text('grpc-message'), frame: Buffer.concat(chunks) }))
    })
    call.end(healthRequest(service))
  })
}
