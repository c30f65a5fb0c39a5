import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { AppStatus } from '../../src/report/status.ts'

const program = resolve(import.meta.dirname, '../../bin/berth.js')

/** Berth as a user runs it: commands of their own, each with the flags given. */
export class Berth {
  readonly #flags: readonly string[]
  #engine: ChildProcess | undefined

  constructor(flags: readonly string[]) {
    this.#flags = flags
  }

  /** Starts `berth run`; `line` gets its log. */
  start(line: (text: string) => void): void {
    this.#engine = spawn(process.execPath, [program, 'run', ...this.#flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    createInterface({ input: this.#engine.stderr! }).on('line', line)
  }

  get running(): boolean {
    return this.#engine !== undefined && this.#engine.exitCode === null && this.#engine.signalCode === null
  }

  /** SIGTERM; answers the exit code. What runs goes on running. */
  async stop(): Promise<number | null> {
    const engine = this.#engine
    if (engine === undefined) return 0
    if (this.running) {
      const ended = once(engine, 'close')
      engine.kill('SIGTERM')
      await ended
    }
    return engine.exitCode
  }

  /** The report of one application as data: `berth status -o json`. Undefined while there is none. */
  async status(name = 'shop'): Promise<AppStatus | undefined> {
    const { text } = await this.command('status', '-o', 'json')
    if (!text.startsWith('{')) return undefined
    const { apps } = JSON.parse(text) as { apps: AppStatus[] }
    return apps.find((app) => app.name === name)
  }

  /** One command with its output as a terminal would show it. */
  async command(name: string, ...more: string[]): Promise<{ text: string; code: number | null }> {
    const child = spawn(process.execPath, [program, name, ...more, ...this.#flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk))
    child.stderr.on('data', (chunk: Buffer) => (text += chunk))
    await once(child, 'close')
    return { text, code: child.exitCode }
  }
}
