import type { Client, ClientChannel } from 'ssh2'
import { errorText } from '../../base/errors.ts'
import { GitError } from '../errors.ts'
import { refusal } from '../stream/refusal.ts'
import type { Talk } from '../stream/remote.ts'

const maxWords = 16 * 1024

export interface Command {
  readonly command: string
  /** Variables that the server is asked to set; most set few. */
  readonly env: Readonly<Record<string, string>>
}

/** One connection that is open: commands run over it, side by side. */
export class Line {
  readonly #client: Client
  readonly #shown: string
  readonly #idleMs: number
  #talks = 0
  #idle: NodeJS.Timeout | undefined
  #ended = false

  /** `idleMs`: closed when nothing ran for that long. */
  constructor(client: Client, shown: string, idleMs: number) {
    this.#client = client
    this.#shown = shown
    this.#idleMs = idleMs
    client.on('error', () => this.end())
    client.on('close', () => this.end())
    this.#rest()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Starts a command; throws BAD_ANSWER or TIMED_OUT when the server does not within that time. */
  run({ command, env }: Command, withinMs: number): Promise<Talk> {
    clearTimeout(this.#idle)
    this.#talks++
    return new Promise((resolve, reject) => {
      const fail = (error: GitError): void => {
        clearTimeout(timer)
        this.#client.off('close', lost)
        this.#rest(1)
        reject(error)
      }
      const host = this.#shown
      const lost = () => fail(new GitError('BAD_ANSWER', host, `${host}: the connection was cut`))
      const late = () => fail(new GitError('TIMED_OUT', host, `${host}: no answer within ${withinMs} ms`))
      const timer = setTimeout(late, withinMs)
      this.#client.once('close', lost)
      try {
        this.#client.exec(command, { env }, (error, channel) => {
          if (error) return fail(new GitError('BAD_ANSWER', host, `${host}: ${errorText(error, 200)}`))
          clearTimeout(timer)
          this.#client.off('close', lost)
          resolve(this.#talk(channel))
        })
      } catch {
        // ssh2 throws when the connection has just ended.
        lost()
      }
    })
  }

  /** Called as soon as there is a channel: how the command ended may come in the same moment. */
  #talk(channel: ClientChannel): Talk {
    let words = ''
    let exit: number | undefined
    let isKnown = false
    channel.stderr.on('data', (chunk: Buffer) => {
      if (words.length < maxWords) words += chunk.toString('utf8')
    })
    channel.on('exit', (code: number | null) => {
      isKnown = true
      exit = code ?? undefined
    })
    channel.once('close', () => this.#rest(1))
    const host = this.#shown
    const problem = (): GitError | undefined => {
      if (isKnown && exit === 0) return undefined
      if (/\w/.test(words)) return refusal(words, host)
      // Some servers never say how a command ended.
      if (!isKnown && !this.#ended) return undefined
      const how = isKnown ? `git ended there (${exit ?? 'killed'})` : 'the connection was cut'
      return new GitError('BAD_ANSWER', host, `${host}: the answer was cut: ${how}`)
    }
    return { stream: channel, problem }
  }

  #rest(ended = 0): void {
    this.#talks -= ended
    clearTimeout(this.#idle)
    if (this.#talks === 0 && !this.#ended) this.#idle = setTimeout(() => this.end(), this.#idleMs).unref()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#idle)
    this.#client.end()
    this.#client.destroy()
  }
}
