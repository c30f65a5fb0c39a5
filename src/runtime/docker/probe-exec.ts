import { once } from 'node:events'
import { errorText } from '../../base/errors.ts'
import { execSucceeds } from '../probe-state.ts'
import type { HostApi } from './host-api.ts'
import type { ProbeAnswer } from './probe-net.ts'

/**
 * Commands run as probes in one container. The API cannot end a command: one that outlives its time-out is let run, but no other is begun
 * beside it, so that they never pile up.
 */
export class ExecProbe {
  readonly #api: HostApi
  readonly #container: string
  #overdue: string | undefined

  constructor(api: HostApi, container: string) {
    this.#api = api
    this.#container = container
  }

  async run(command: readonly string[], timeoutMs: number): Promise<ProbeAnswer> {
    const late = `exec ${command[0] ?? ''}: not done within ${timeoutMs / 1000} s`
    try {
      if (this.#overdue !== undefined) {
        const { Running: running } = await this.#api.execResult(this.#overdue)
        if (running) return { outcome: 'failure', message: `${late}, and still running` }
        this.#overdue = undefined
      }
      const { id, output } = await this.#api.exec(this.#container, command, timeoutMs)
      const timer = setTimeout(() => output.destroy(), timeoutMs)
      output.resume()
      await once(output, 'close').catch(() => {})
      clearTimeout(timer)
      if (!output.readableEnded) {
        this.#overdue = id
        return { outcome: 'failure', message: late }
      }
      const { ExitCode: code } = await this.#api.execResult(id)
      return {
        outcome: execSucceeds(code) ? 'success' : 'failure',
        message: `exec ${command[0] ?? ''}: exit code ${code}`,
      }
    } catch (error) {
      return { outcome: 'error', message: errorText(error) }
    }
  }
}
