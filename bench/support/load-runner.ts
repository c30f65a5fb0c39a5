import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { LoadFailure, LoadPlan, LoadResult, RequestSeen } from '../../test/support/load.ts'

const program = new URL('./load-process.ts', import.meta.url).pathname

interface Said {
  readonly failure?: LoadFailure
  readonly under?: readonly RequestSeen[]
  readonly result?: LoadResult
}

/** Load made by a process of its own, from its start until `end`. */
export class LoadRunner {
  readonly #child: ChildProcess
  readonly #failures: LoadFailure[] = []
  #answered: (said: Said) => void = () => {}
  #ended: (why: Error) => void = () => {}

  /** `inside`: the beginning of the command that runs it elsewhere, such as in a pod's network. */
  constructor(plan: LoadPlan, inside: readonly string[] = []) {
    const [file = '', ...argv] = [...inside, process.execPath, program, JSON.stringify(plan)]
    this.#child = spawn(file, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.once('close', (code) => this.#ended(new Error(`the load ended with ${code}`)))
    this.#child.once('error', (error) => this.#ended(error))
    this.#child.stdin?.on('error', () => {})
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const said: Said = JSON.parse(line)
      if (said.failure) this.#failures.push(said.failure)
      else this.#answered(said)
    })
  }

  get failures(): readonly LoadFailure[] {
    return this.#failures
  }

  async underWay(): Promise<readonly RequestSeen[]> {
    return (await this.#ask('under')).under ?? []
  }

  /** No more requests; resolves when the last has its answer. */
  async end(): Promise<LoadResult> {
    const { result } = await this.#ask('end')
    this.kill()
    return result ?? { counts: [], failures: [] }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** One at a time. */
  #ask(word: string): Promise<Said> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#ended = reject
      this.#child.stdin?.write(`${word}\n`)
    })
  }
}
