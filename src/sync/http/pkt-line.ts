import { GitError } from '../errors.ts'

/** One packet of Git's wire format (gitprotocol-common): data, or one of the special ones without any. */
export type Packet = Buffer | 'flush' | 'delimiter' | 'end'

const specials: Readonly<Record<number, Packet>> = { 0: 'flush', 1: 'delimiter', 2: 'end' }

/** Splits an answer into packets; throws BAD_ANSWER when it is cut or no such thing. */
export function readPackets(bytes: Buffer, host: string): Packet[] {
  const packets: Packet[] = []
  for (let at = 0; at < bytes.length; ) {
    const prefix = bytes.toString('latin1', at, at + 4)
    const length = /^[0-9a-f]{4}$/i.test(prefix) ? Number.parseInt(prefix, 16) : -1
    const special = specials[length]
    if (special === undefined && (length < 4 || at + length > bytes.length)) throw cut(host)
    packets.push(special ?? bytes.subarray(at + 4, at + length))
    at += special === undefined ? length : 4
  }
  return packets
}

/** The answer was cut on its way, or is no Git answer. */
export function cut(host: string): GitError {
  return new GitError('BAD_ANSWER', host, `${host}: the answer is cut or is not Git data`)
}

export function packet(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text
}

export const flush = '0000'
export const delimiter = '0001'

export function lineOf(data: Buffer): string {
  return data.toString('utf8').replace(/\n$/, '')
}
