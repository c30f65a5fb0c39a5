// What is said to a shell, and what it says, as text. Pure.
import { posix } from 'node:path'
import { statePath } from '../../network/node-paths.ts'
import type { NodeFile } from './contract.ts'

/** A word that a POSIX shell takes as it is, whatever is in it but NUL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * One request: runs the script in a shell of its own with nothing to read, then prints the mark on both streams, on the first with the
 * status before the end of the line.
 */
export function request(script: string, mark: string): string {
  return `(set -u; eval ${quoted(script)}) </dev/null; printf '%s %d\\n' ${mark} $?; echo ${mark} >&2\n`
}

/** The status that says that there is no such file. */
export const noSuchFile = 44

export function readScript(path: string): string {
  const file = quoted(inState(path))
  return `[ -e ${file} ] || exit ${noSuchFile}; cat ${file}`
}

/** More names than this in one command may be more than the kernel takes. */
const namesAtATime = 400

/** Writes files in their order, each first into the folder `stage`, which nobody else uses, and then renamed. */
export function writeScript(files: readonly NodeFile[], stage: string): string {
  const steps = batches(files).flatMap((batch) => {
    const paths = batch.map((file) => inState(file.path))
    if (batch[0]?.text === undefined) return [`rm -f -- ${paths.map(quoted).join(' ')}`]
    const folder = quoted(posix.dirname(paths[0] ?? statePath))
    const staged = paths.map((path) => quoted(`${stage}/${posix.basename(path)}`))
    return [
      `[ -d ${folder} ] || mkdir -p ${folder}`,
      ...batch.flatMap((file, index) => fill(staged[index] ?? '', file)),
      `mv -f -- ${staged.join(' ')} ${folder}/`,
    ]
  })
  // It stays for the next time, but never with half of something in it.
  return ['set -e', `trap 'rm -rf ${stage}' EXIT`, `[ -d ${stage} ] || mkdir ${stage}`, ...steps, 'trap - EXIT'].join(
    '\n',
  )
}

/** Neighbours in one folder, of which all are written or all are removed. */
function batches(files: readonly NodeFile[]): NodeFile[][] {
  const found: NodeFile[][] = []
  let names = new Set<string>()
  for (const file of files) {
    const path = inState(file.path)
    const batch = found.at(-1)
    const first = batch?.[0]
    const joins =
      first !== undefined &&
      posix.dirname(inState(first.path)) === posix.dirname(path) &&
      (first.text === undefined) === (file.text === undefined) &&
      names.size < namesAtATime &&
      !names.has(path)
    if (joins) batch?.push(file)
    else {
      found.push([file])
      names = new Set()
    }
    names.add(path)
  }
  return found
}

/** The file bears its permissions from the start: it may be secret. */
function fill(target: string, { text = '', mode = 0o644 }: NodeFile): string[] {
  const mask = (0o777 & ~mode).toString(8).padStart(4, '0')
  const write = text.includes('\0')
    ? `echo ${Buffer.from(text).toString('base64')} | base64 -d >${target}`
    : `printf %s ${quoted(text)} >${target}`
  const executable = (mode & 0o111) === 0 ? [] : [`chmod ${mode.toString(8)} ${target}`]
  return [`umask ${mask}`, write, 'umask 0022', ...executable]
}

/** The path below the state folder, absolute or relative. Throws for one that leaves it. */
function inState(path: string): string {
  const full = posix.resolve(statePath, path)
  if (full.startsWith(`${statePath}/`)) return full
  throw new TypeError(`file of the node container: expected a path below ${statePath}, got ${path}`)
}

/** Takes Docker's frames apart: eight bytes (stream, three zeros, length), then what was printed. */
export class Frames {
  readonly #printed: (stream: 'out' | 'err', bytes: Buffer) => void
  #head: Buffer = Buffer.alloc(0)
  #left = 0
  #stream: 'out' | 'err' = 'out'

  constructor(printed: (stream: 'out' | 'err', bytes: Buffer) => void) {
    this.#printed = printed
  }

  add(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#left === 0) {
        const wanted = 8 - this.#head.length
        this.#head = Buffer.concat([this.#head, rest.subarray(0, wanted)])
        rest = rest.subarray(wanted)
        if (this.#head.length < 8) return
        this.#stream = this.#head[0] === 2 ? 'err' : 'out'
        this.#left = this.#head.readUInt32BE(4)
        this.#head = Buffer.alloc(0)
      } else {
        const piece = rest.subarray(0, this.#left)
        rest = rest.subarray(piece.length)
        this.#left -= piece.length
        this.#printed(this.#stream, piece)
      }
    }
  }
}

/** Collects what one request prints on one stream, up to its mark and the end of that line. */
export class Printed {
  readonly #mark: Buffer
  readonly #pieces: Buffer[] = []
  #end: Buffer = Buffer.alloc(0)
  #size = 0

  constructor(mark: string) {
    this.#mark = Buffer.from(mark)
  }

  get size(): number {
    return this.#size
  }

  /** True: it is complete. */
  add(piece: Buffer): boolean {
    this.#pieces.push(piece)
    this.#size += piece.length
    const joined = Buffer.concat([this.#end, piece])
    const at = joined.indexOf(this.#mark)
    // Room for the mark, of which all but a byte may have come before, and for the status after it.
    this.#end = at < 0 ? joined.subarray(-this.#mark.length) : joined.subarray(at)
    return at >= 0 && this.#end.includes('\n')
  }

  /** What came before the mark, and what stands beside it. */
  result(): { readonly text: string; readonly beside: string } {
    const all = Buffer.concat(this.#pieces)
    const at = all.indexOf(this.#mark)
    const line = all.subarray(at + this.#mark.length)
    return { text: all.toString('utf8', 0, at), beside: line.toString('utf8', 0, line.indexOf('\n')).trim() }
  }
}
