import { createSocket, type RemoteInfo } from 'node:dgram'

/** A DNS server outside of every cluster: knows one name with one IPv4 address, and keeps what it was asked. */
export interface DnsUpstream extends AsyncDisposable {
  readonly asked: readonly string[]
}

/** On UDP port 53 of an address of this machine. Needs root. */
export async function dnsUpstream(address: string, known: string, target: string): Promise<DnsUpstream> {
  const asked: string[] = []
  const socket = createSocket('udp4', (query: Buffer, from: RemoteInfo) => {
    const { name, end } = questionOf(query)
    asked.push(name)
    socket.send(answerTo(query.subarray(0, end), name === known, target), from.port, from.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, address, resolve)
  })
  return {
    asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(resolve)),
  }
}

function questionOf(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 }
}

/** Type A with the address, other types without records; NXDOMAIN for all other names. */
function answerTo(question: Buffer, found: boolean, target: string): Buffer {
  const head = Buffer.from(question.subarray(0, 12))
  const isA = found && question.readUInt16BE(question.length - 4) === 1
  head.writeUInt16BE(0x8180 | (found ? 0 : 3), 2)
  head.writeUInt16BE(isA ? 1 : 0, 6)
  head.writeUInt32BE(0, 8)
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, ...target.split('.').map(Number)])
  return Buffer.concat([head, question.subarray(12), ...(isA ? [record] : [])])
}
