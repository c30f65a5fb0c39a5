// Requests and names that are asked for all the time, and what became of each.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { LoadFailure, LoadPath } from '../support/load.ts'
import type { TestBerth } from './berth.ts'

const program = new URL('./traffic-process.ts', import.meta.url).pathname

export interface TrafficPlan {
  readonly paths: readonly LoadPath[]
  /** Address of the server of names. */
  readonly server: string
  /** With one address. */
  readonly name: string
}

export interface TrafficResult {
  readonly requests: number
  readonly failures: readonly LoadFailure[]
  readonly names: number
  readonly failedNames: readonly string[]
}

/** Nothing is sent twice: whatever gets no good answer has failed. */
export class Traffic implements Disposable {
  readonly #child: ChildProcess
  #answered: (answer: string) => void = () => {}
  #ended: (why: Error) => void = () => {}

  /** Begins at once. `inside`: the beginning of the command that runs it elsewhere. */
  constructor(plan: TrafficPlan, inside: readonly string[] = []) {
    const [file = '', ...argv] = [...inside, process.execPath, program, JSON.stringify(plan)]
    this.#child = spawn(file, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.once('close', (code) => this.#ended(new Error(`the traffic ended with ${code}`)))
    this.#child.once('error', (error) => this.#ended(error))
    this.#child.stdin?.on('error', () => {})
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#answered(line))
  }

  /** Resolves after so many more requests. */
  async more(requests: number): Promise<void> {
    await this.#ask(`more ${requests}`)
  }

  /** No more of either; resolves when the last has its answer. */
  async end(): Promise<TrafficResult> {
    return JSON.parse(await this.#ask('end'))
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  /** One at a time. */
  #ask(words: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#ended = reject
      this.#child.stdin?.write(`${words}\n`)
    })
  }
}

/** The beginning of a command that runs in the network of a pod. Takes root. */
export async function insidePod(berth: TestBerth, pod: string): Promise<string[]> {
  const [found] = await berth.containers({ 'berth.dev/pod': pod, 'berth.dev/container': 'main' })
  const process = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && isOf(entry, found?.Id ?? ''))
  if (process === undefined) throw new Error(`no process of pod ${pod} is seen here`)
  return ['nsenter', `--net=/proc/${process}/ns/net`, '--']
}

function isOf(process: string, container: string): boolean {
  try {
    return readFileSync(`/proc/${process}/cgroup`, 'utf8').includes(container)
  } catch {
    return false // It has ended.
  }
}
