import { backoffMs } from '../../../base/backoff.ts'
import type { Clock } from '../../../base/clock.ts'
import { errorText } from '../../../base/errors.ts'
import type { NetworkProblem, NetworkTable } from '../../network/table.ts'
import type { Applier, NodeShell } from './contract.ts'

const firstRetryMs = 1000
const longestRetryMs = 60_000

export interface LaneSettings {
  readonly applier: Applier
  readonly clock: Clock
  /** A new shell; `ended` is called when it is no more. */
  readonly open: (container: string, ended: () => void) => Promise<NodeShell>
  /** To be done before anything is applied. */
  readonly before: () => Promise<void>
  /** What is told of it is other than it was. */
  readonly changed: () => void
  /** It failed for whatever reason: the container may be gone. */
  readonly failed: (error: unknown) => void
}

/** Keeps one applier at the newest table, over any number of shells and containers: one call at a time, whatever is asked meanwhile. */
export class Lane {
  readonly #settings: LaneSettings
  #container: string | undefined
  #shell: NodeShell | undefined
  #wanted: NetworkTable | undefined
  /** Undefined: not known to be in effect. */
  #applied: NetworkTable | undefined
  #running = false
  #failures = 0
  #cancelRetry: () => void = () => {}
  #waiting: (() => void)[] = []
  #closed = false
  /** It was at some table since it was made. */
  served = false
  /** Why it is not at the newest table; empty: it is, or on its way. */
  message = ''
  problems: readonly NetworkProblem[] = []

  constructor(settings: LaneSettings) {
    this.#settings = settings
  }

  want(table: NetworkTable): void {
    this.#wanted = table
    this.wake()
  }

  /** The container to work in; undefined: there is none. */
  use(container: string | undefined): void {
    if (container === this.#container) return
    this.#container = container
    this.#disconnect()
    this.wake()
  }

  /** The newest table is applied once more, as something else that counts has changed. */
  again(): void {
    this.#applied = undefined
    this.wake()
  }

  /** Does at once what is to be done, also if a wait after a failure is not over. */
  wake(): void {
    this.#cancelRetry()
    if (!this.#running) void this.#run()
  }

  /** Resolves once nothing is to be done, or it failed. */
  settled(): Promise<void> {
    if (!this.#running) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** It is at the newest table, or has said why it is not. */
  get rests(): boolean {
    return this.message !== '' || (!this.#running && !this.#due && this.#container !== undefined)
  }

  close(): void {
    this.#closed = true
    this.#cancelRetry()
    this.#disconnect()
  }

  get #due(): boolean {
    return (
      !this.#closed && this.#container !== undefined && this.#wanted !== undefined && this.#applied !== this.#wanted
    )
  }

  async #run(): Promise<void> {
    this.#running = true
    let failed = false
    while (this.#due && !failed) failed = !(await this.#step())
    this.#running = false
    for (const settled of this.#waiting.splice(0)) settled()
    if (failed && this.#due) {
      const delay = backoffMs(this.#failures, firstRetryMs, longestRetryMs)
      this.#cancelRetry = this.#settings.clock.after(delay, () => this.wake())
    }
  }

  /** Whether it went well. */
  async #step(): Promise<boolean> {
    const container = this.#container
    const table = this.#wanted
    if (container === undefined || table === undefined) return true
    try {
      await this.#settings.before()
      await this.#connect(container)
      // Before the call: `again` may ask for one more while it runs.
      this.#applied = table
      this.#tell('', await this.#settings.applier.apply(table))
      this.#failures = 0
      return true
    } catch (error) {
      // Not this one's failure: it was told to work elsewhere, or to end.
      if (this.#closed || container !== this.#container) return true
      this.#disconnect()
      this.#failures += 1
      this.#tell(errorText(error), this.problems)
      this.#settings.failed(error)
      return false
    }
  }

  async #connect(container: string): Promise<void> {
    if (this.#shell) return
    let opened: NodeShell | undefined
    const shell = await this.#settings.open(container, () => this.#ended(opened))
    opened = shell
    if (this.#closed || container !== this.#container) {
      shell.close()
      throw new Error('the node container was replaced')
    }
    this.#shell = shell
    await this.#settings.applier.attach(shell)
  }

  #ended(shell: NodeShell | undefined): void {
    if (shell === undefined || shell !== this.#shell) return
    this.#disconnect()
    this.wake()
  }

  #disconnect(): void {
    this.#applied = undefined
    const shell = this.#shell
    if (shell === undefined) return
    this.#shell = undefined
    this.#settings.applier.detach()
    shell.close()
  }

  #tell(message: string, problems: readonly NetworkProblem[]): void {
    const same = this.message === message && JSON.stringify(this.problems) === JSON.stringify(problems)
    const first = message === '' && !this.served
    this.message = message
    this.problems = problems
    if (message === '') this.served = true
    if (!same || first) this.#settings.changed()
  }
}
