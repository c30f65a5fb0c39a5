import { GitError } from '../errors.ts'
import { cut, delimiter, flush, lineOf, packet, readPackets } from '../http/pkt-line.ts'
import { refusal } from './refusal.ts'

/** A request to fetch in the old protocol, as one of protocol 2 (gitprotocol-v2). */
export function fetchCommand(request: Buffer, host: string): Buffer {
  const lines = readPackets(request, host).filter(Buffer.isBuffer).map(lineOf)
  // Capabilities stand behind the first one.
  const args = lines.map((line) => line.replace(/^(want \S+) .*$/, '$1')).filter((line) => line !== '')
  const wanted = ['no-progress', 'ofs-delta', ...args].map((line) => packet(`${line}\n`)).join('')
  return Buffer.from(`${packet('command=fetch\n')}${delimiter}${wanted}${flush}`)
}

/** The answer to it, as the old protocol has it: where the history was cut, a word, and the pack. Throws what a server says instead. */
export function fetchedPack(answer: Buffer, host: string): Buffer {
  const parts: string[] = []
  const pack: Buffer[] = []
  let section = ''
  const packets = readPackets(answer, host)
  const [first] = packets
  // Nothing comes after it.
  if (Buffer.isBuffer(first) && first.toString('latin1', 0, 4) === 'ERR ') throw refusal(lineOf(first).slice(4), host)
  if (packets.at(-1) !== 'flush') throw cut(host)
  for (const data of packets) {
    if (!Buffer.isBuffer(data)) {
      if (data === 'delimiter') section = ''
      continue
    }
    if (section === 'packfile') {
      pack.push(Buffer.from((data.length + 4).toString(16).padStart(4, '0')), data)
      continue
    }
    const line = lineOf(data)
    if (line.startsWith('ERR ')) throw refusal(line.slice('ERR '.length), host)
    if (section === '') section = line
    else if (section === 'shallow-info') parts.push(packet(`${line}\n`))
  }
  if (section !== 'packfile') throw new GitError('BAD_ANSWER', host, `${host}: answered without a pack`)
  const shallow = parts.length > 0 ? parts.join('') + flush : ''
  return Buffer.concat([Buffer.from(`${shallow}${packet('NAK\n')}`), ...pack, Buffer.from(flush)])
}
