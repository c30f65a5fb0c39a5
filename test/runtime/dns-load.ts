import { createSocket } from 'node:dgram'
import { connect } from 'node:net'

export interface DnsLoad {
  /** Ends when all queries have ended. */
  stop(): Promise<DnsCounts>
}

export interface DnsCounts {
  readonly asked: number
  /** What was wrong with those that were not answered with one address. */
  readonly failed: readonly string[]
  /** Of those that were answered, ms. */
  readonly slowest: number
}

/** What was not answered for so long was lost, ms. */
const longestMs = 15_000

/** Asks for the addresses of a name over and over: each query from a port of its own, `clients` at a time. */
export function dnsLoad(transport: 'udp' | 'tcp', server: string, name: string, clients: number): DnsLoad {
  let stopped = false
  let asked = 0
  let slowest = 0
  const failed: string[] = []
  const ask = transport === 'udp' ? overUdp : overTcp
  const running = Array.from({ length: clients }, async () => {
    while (!stopped) {
      asked += 1
      const began = performance.now()
      const answer = await ask(server, dnsQuery(asked % 0x10000, name)).catch((error: Error) => error.message)
      const took = performance.now() - began
      const words = typeof answer === 'string' ? answer : flaw(answer)
      if (words === '') slowest = Math.max(slowest, took)
      else failed.push(`${words} after ${took.toFixed(0)} ms`)
      await new Promise((done) => setTimeout(done, 5))
    }
  })
  return {
    async stop() {
      stopped = true
      await Promise.all(running)
      return { asked, failed, slowest }
    },
  }
}

/** The one IPv4 address of a name, asked for once and waited for long; what is wrong where there is not one. */
export async function addressOf(server: string, name: string): Promise<string> {
  const query = dnsQuery(1, name)
  const answer = await overUdp(server, query)
  // After the question comes the answer: a pointer to its name, type, class, time to live and length, and four bytes.
  return flaw(answer) || [...answer.subarray(query.length + 12, query.length + 16)].join('.')
}

/** For the IPv4 addresses of a name. */
export function dnsQuery(id: number, name: string): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(id, 0)
  head.writeUInt16BE(0x0100, 2)
  head.writeUInt16BE(1, 4)
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  return Buffer.concat([head, ...labels, Buffer.of(0, 0, 1, 0, 1)])
}

function flaw(answer: Buffer): string {
  const code = answer.readUInt16BE(2) % 16
  if (code !== 0) return `code ${code}`
  return answer.readUInt16BE(6) === 1 ? '' : `${answer.readUInt16BE(6)} answers`
}

function overUdp(server: string, query: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4')
  return new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), longestMs)
    socket.once('message', (answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.connect(53, server, () => socket.send(query))
  }).finally(() => socket.close())
}

function overTcp(server: string, query: Buffer): Promise<Buffer> {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(query.length)
  const socket = connect(53, server, () => socket.write(Buffer.concat([length, query])))
  return new Promise<Buffer>((resolve, reject) => {
    let got = Buffer.alloc(0)
    socket.setTimeout(longestMs, () => reject(new Error('no answer')))
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      if (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) resolve(got.subarray(2))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
  }).finally(() => socket.destroy())
}
