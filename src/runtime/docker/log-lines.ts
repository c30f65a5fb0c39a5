import { oneLine } from '../../base/errors.ts'

const longestLine = 2000

/** The lines of a container's output: `framed` has an eight-byte head before each piece (stream, three zeros, length). Pure. */
export function logLines(output: Buffer, framed: boolean, lines: number): string[] {
  const text = framed ? unframed(output) : output.toString()
  const all = text.split('\n')
  if (all.at(-1) === '') all.pop()
  return all.slice(-lines).map((line) => oneLine(line.replace(/\r$/, ''), longestLine))
}

/** What a process printed, without the frames. */
export function unframed(output: Buffer): string {
  const pieces: Buffer[] = []
  let at = 0
  while (at + 8 <= output.length) {
    const size = output.readUInt32BE(at + 4)
    pieces.push(output.subarray(at + 8, at + 8 + size))
    at += 8 + size
  }
  return Buffer.concat(pieces).toString()
}
