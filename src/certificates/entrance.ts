import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where a host takes requests of Ingress. */
export interface Entrance {
  readonly address: string
  readonly port: number
  /** It expects the PROXY protocol first. */
  readonly proxyProtocol: boolean
}

/** What an ACME server asks for to see who serves a host. */
export interface Challenge {
  readonly host: string
  readonly token: string
  /** What it expects to be answered. */
  readonly answer: string
}

const usualPatienceMs = 15_000
const answerMs = 2_000
const pauseMs = 100

/**
 * Waits until the entrances answer as the server will ask. One that does not is not waited for any longer than 15 s: names need not lead
 * to it. Throws when none does.
 */
export async function untilAnswered(
  challenges: readonly Challenge[],
  entrances: readonly Entrance[],
  signal: AbortSignal,
  patienceMs = usualPatienceMs,
): Promise<void> {
  if (entrances.length === 0)
    throw new Error('no host serves Ingress, so that nobody answers the challenge of the server')
  const bound = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  const answered = await Promise.all(entrances.map((entrance) => answersAll(entrance, challenges, bound)))
  signal.throwIfAborted()
  if (answered.includes(true)) return
  const where = entrances.map(({ address, port }) => `http://${address}:${port}`).join(', ')
  throw new Error(`the challenge of the server is not answered at ${where} within ${patienceMs / 1000} s`)
}

async function answersAll(entrance: Entrance, challenges: readonly Challenge[], bound: AbortSignal): Promise<boolean> {
  while (!bound.aborted) {
    const answers = await Promise.all(challenges.map((challenge) => answersOne(entrance, challenge, bound)))
    if (!answers.includes(false)) return true
    await sleep(pauseMs, undefined, { signal: bound }).catch(() => {})
  }
  return false
}

function answersOne(entrance: Entrance, { host, token, answer }: Challenge, bound: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const asked = request({
    ...{ host: entrance.address, path: `/.well-known/acme-challenge/${token}`, headers: { host, connection: 'close' } },
    createConnection: () => connected(entrance),
    signal: AbortSignal.any([bound, AbortSignal.timeout(answerMs)]),
  })
  asked.on('error', () => resolve(false))
  asked.on('response', (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => {
      text += part
      if (text.length > 2 * answer.length + 100) response.destroy()
    })
    response.on('close', () => resolve(response.statusCode === 200 && text.trim() === answer))
  })
  asked.end()
  return promise
}

function connected({ address, port, proxyProtocol }: Entrance): Socket {
  const socket = connect(port, address)
  if (proxyProtocol) socket.write('PROXY UNKNOWN\r\n')
  return socket
}
