import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../base/clock.ts'
import { errorText, oneLine } from '../../../base/errors.ts'
import { RuntimeError } from '../../errors.ts'
import { stagePath } from '../../network/node-paths.ts'
import type { NodeFile, NodeShell } from './contract.ts'
import { Frames, noSuchFile, Printed, readScript, request, writeScript } from './shell-text.ts'

/** A command that takes longer is taken for hung. */
const longestRunMs = 30_000
const longestOutput = 32 * 1024 * 1024
const longestWords = 500

/** What a shell needs of its host. */
export interface ShellEngine {
  /** A shell in a running container, as root; framed answers. */
  shell(id: string): Promise<Duplex>
  run(id: string, command: readonly string[], input: Buffer): Promise<string>
}

interface Request {
  readonly out: Printed
  readonly err: Printed
  outDone: boolean
  errDone: boolean
  done(answer: Answer): void
  failed(error: Error): void
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly words: string
}

/**
 * Opens a shell in a running container. It is one connection: once it has ended, or a command did not, all that follows fails, and
 * `ended` was called.
 */
export async function openShell(engine: ShellEngine, id: string, clock: Clock, ended: () => void): Promise<NodeShell> {
  const shell = new ExecShell(engine, id, clock, await engine.shell(id), ended)
  await shell.greet()
  return shell
}

class ExecShell implements NodeShell {
  readonly #engine: ShellEngine
  readonly #id: string
  readonly #clock: Clock
  readonly #stream: Duplex
  readonly #mark = randomBytes(12).toString('hex')
  readonly #stage = `${stagePath}-${this.#mark}`
  #count = 0
  /** Its process id in the container. */
  #pid = ''
  #last: Promise<unknown> = Promise.resolve()
  #current: Request | undefined
  #broken: Error | undefined

  constructor(engine: ShellEngine, id: string, clock: Clock, stream: Duplex, ended: () => void) {
    this.#engine = engine
    this.#id = id
    this.#clock = clock
    this.#stream = stream
    const frames = new Frames((name, bytes) => this.#printed(name, bytes))
    stream.on('data', (chunk: Buffer) => frames.add(chunk))
    stream.on('error', (error) => this.#break(error))
    stream.on('end', () => stream.destroy())
    stream.on('close', () => {
      this.#break(new Error('the connection ended'))
      ended()
    })
  }

  async greet(): Promise<void> {
    this.#pid = (await this.run('echo $$')).trim()
  }

  async run(script: string): Promise<string> {
    const { status, text, words } = await this.#inTurn(script)
    if (status === 0) return text
    throw new RuntimeError('ENGINE_ERROR', this.#id, words || `the command ended with ${status}`)
  }

  async write(files: readonly NodeFile[]): Promise<void> {
    if (files.length > 0) await this.run(writeScript(files, this.#stage))
  }

  async read(path: string): Promise<string | undefined> {
    const { status, text, words } = await this.#inTurn(readScript(path))
    if (status === noSuchFile) return undefined
    if (status === 0) return text
    throw new RuntimeError('ENGINE_ERROR', this.#id, `${path}: ${words}`)
  }

  close(): void {
    this.#stream.destroy()
  }

  #inTurn(script: string): Promise<Answer> {
    const turn = this.#last.then(() => this.#ask(script))
    this.#last = turn.catch(() => {})
    return turn
  }

  #ask(script: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#lost(this.#broken))
      this.#count += 1
      const mark = `${this.#mark}${this.#count}.`
      const cancel = this.#clock.after(longestRunMs, () => this.#hung())
      const settle = () => {
        cancel()
        this.#current = undefined
      }
      this.#current = {
        out: new Printed(mark),
        err: new Printed(mark),
        outDone: false,
        errDone: false,
        done(answer) {
          settle()
          resolve(answer)
        },
        failed: (error) => {
          settle()
          reject(this.#lost(error))
        },
      }
      this.#stream.write(request(script, mark))
    })
  }

  #printed(name: 'out' | 'err', bytes: Buffer): void {
    const current = this.#current
    if (current === undefined) return
    if (name === 'out') current.outDone = current.out.add(bytes) || current.outDone
    else current.errDone = current.err.add(bytes) || current.errDone
    if (current.out.size + current.err.size > longestOutput) {
      this.#stream.destroy(new Error(`a command printed more than ${longestOutput} bytes`))
    } else if (current.outDone && current.errDone) {
      const { text, beside } = current.out.result()
      current.done({ status: Number(beside), text, words: oneLine(current.err.result().text, longestWords) })
    }
  }

  /** The engine cannot end a command, and the connection's end does not: the whole group is killed. */
  #hung(): void {
    this.#stream.destroy(new Error(`a command did not end within ${longestRunMs / 1000} s`))
    if (!/^\d+$/.test(this.#pid)) return
    this.#engine.run(this.#id, ['kill', '-9', `-${this.#pid}`], Buffer.alloc(0)).catch(() => {})
  }

  #break(error: Error): void {
    this.#broken ??= error
    this.#current?.failed(this.#broken)
  }

  #lost(error: Error): RuntimeError {
    return new RuntimeError('ENGINE_ERROR', this.#id, `shell in the node container: ${errorText(error)}`, {
      cause: error,
    })
  }
}
