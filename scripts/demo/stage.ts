import { setTimeout as sleep } from 'node:timers/promises'
import type { AppStatus } from '../../src/report/status.ts'
import type { Berth } from './berth.ts'

/** The engine may have to build an image first. */
const patienceMs = 180_000

/** Where the demo is shown: prints, starts Berth, waits for what a step expects. */
export class Stage {
  readonly #berth: Berth
  readonly #interrupted: AbortSignal
  readonly #log: string[] = []
  #live = false

  constructor(berth: Berth, interrupted: AbortSignal) {
    this.#berth = berth
    this.#interrupted = interrupted
  }

  say(text: string): void {
    console.log(text)
  }

  title(text: string): void {
    console.log(`\n== ${text}`)
  }

  failed(error: unknown): void {
    console.log(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
    if (!this.#live) for (const line of this.#log.slice(-30)) console.log(`  | ${line}`)
  }

  startBerth(): void {
    this.#berth.start((line) => {
      this.#log.push(line)
      if (this.#live) console.log(`  | ${line}`)
    })
  }

  /** From now on Berth's log is shown as it comes. */
  showLog(): void {
    this.#live = true
  }

  /** Berth's log lines that tell of changes to production's Deployments, from `mark` on, without their times. */
  changes(mark: number): string[] {
    return this.#log
      .slice(mark)
      .map((line) => /^\S+ (?:info|warn) +(.*)$/.exec(line)?.[1] ?? '')
      .filter((line) => / app=shop key=\S*Deployment\//.test(line))
      .map((line) =>
        line
          .replace(/ app=\S+ key=\S+/, '')
          .replace(/ because=(".*?[^\\]"|\S+)/, (_, cause: string) => ` (${unquoted(cause)})`),
      )
  }

  get mark(): number {
    return this.#log.length
  }

  /** Waits until the report of an application is as expected, and answers it. */
  async until(
    what: string,
    expected: (app: AppStatus) => boolean | Promise<boolean>,
    name?: string,
  ): Promise<AppStatus> {
    let last: AppStatus | undefined
    await this.soon(what, async () => {
      last = await this.#berth.status(name)
      return last !== undefined && (await expected(last))
    }).catch((error: Error) => {
      throw new Error(`${error.message}; found ${JSON.stringify(last)}`, { cause: error })
    })
    return last!
  }

  /** Looks until it holds. */
  async soon(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + patienceMs
    while (performance.now() < end) {
      this.#interrupted.throwIfAborted()
      if (!this.#berth.running) throw new Error(`berth run ended before: ${what}`)
      if (await holds()) return
      await sleep(50, undefined, { signal: this.#interrupted })
    }
    throw new Error(`expected within ${patienceMs / 1000} s: ${what}`)
  }

  /** Shows `berth COMMAND` with its output, from this line on if one is given, and checks how it ended. */
  async show(command: string, code: number, from = ''): Promise<string> {
    const [name = '', ...more] = command.split(' ')
    const { text, code: found } = await this.#berth.command(name, ...more)
    const start = Math.max(text.indexOf(from), 0)
    console.log(`$ berth ${command}\n${indented(`${start > 0 ? '...\n' : ''}${text.slice(start)}`)}`)
    if (found !== code) throw new Error(`berth ${command}: expected exit code ${code}, found ${found}`)
    return text
  }
}

export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected: ${what}`)
}

function unquoted(text: string): string {
  return text.startsWith('"') ? String(JSON.parse(text)) : text
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '  ')
}
