import { oneLine } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { cut, lineOf, readPackets } from '../http/pkt-line.ts'

/** What a server said of a push. */
export interface Report {
  /** Its answer to the pack: `ok`, or what went wrong. Undefined: it said nothing of it. */
  readonly unpack: string | undefined
  /** Of the ref: `ok`, or why it was not moved. */
  readonly ref: string | undefined
  /** What its hooks printed, on one line and cut. */
  readonly words: string
}

/** Reads a whole answer to a push (`report-status`, inside a side band or not); throws BAD_ANSWER when it is cut. */
export function readReport(answer: Buffer, ref: string, host: string): Report {
  const banded: Buffer[] = []
  const plain: Buffer[] = []
  const words: Buffer[] = []
  for (const data of readPackets(answer, host)) {
    if (!Buffer.isBuffer(data)) continue
    if (data[0] === 1) banded.push(data.subarray(1))
    else if (data[0] === 2) words.push(data.subarray(1))
    else if (data[0] === 3) throw fatal(lineOf(data.subarray(1)), host)
    else plain.push(data)
  }
  const packets = banded.length > 0 ? readPackets(Buffer.concat(banded), host).filter(Buffer.isBuffer) : plain
  return { ...statusOf(packets.map(lineOf), ref, host), words: wordsOf(Buffer.concat(words).toString('utf8')) }
}

function statusOf(lines: readonly string[], ref: string, host: string): Pick<Report, 'unpack' | 'ref'> {
  let unpack: string | undefined
  let status: string | undefined
  for (const line of lines) {
    if (line.startsWith('ERR ')) throw fatal(line.slice(4), host)
    if (line.startsWith('unpack ')) unpack = line.slice('unpack '.length)
    if (line === `ok ${ref}`) status = 'ok'
    if (line.startsWith(`ng ${ref} `)) status = line.slice(`ng ${ref} `.length)
  }
  if (unpack === undefined && status === undefined) throw cut(host)
  return { unpack, ref: status }
}

/** Progress overwrites its own line; the rest is what people should read. */
function wordsOf(text: string): string {
  const lines = text.split('\n').map((line) => (line.split('\r').at(-1) || line).trim())
  return oneLine(lines.filter((line) => line !== '' && !/^=+$/.test(line)).join(' '), 500)
}

function fatal(text: string, host: string): GitError {
  return new GitError('PUSH_REFUSED', host, `${host}: refused the push: ${oneLine(text, 300)}`)
}
