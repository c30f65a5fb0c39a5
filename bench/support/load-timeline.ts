import { request } from 'node:http'
import { errorText } from '../../src/base/errors.ts'

interface EngineEvent {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly Attributes: { readonly name?: string; readonly exitCode?: string } }
}

const before = 8
const after = 3

/** What happened when: told by the bench, and by the engine of the containers of one installation. */
export class Timeline {
  readonly #entries: { readonly at: number; readonly what: string }[] = []
  readonly #call: ReturnType<typeof request>

  constructor(socket: string, engine: string) {
    const event = ['start', 'die', 'kill', 'destroy']
    const filters = encodeURIComponent(
      JSON.stringify({ type: ['container'], event, label: [`berth.dev/engine=${engine}`] }),
    )
    const settings = { socketPath: socket.replace(/^unix:\/\//, ''), path: `/events?filters=${filters}` }
    this.#call = request(settings, (answer) => {
      let rest = ''
      answer.setEncoding('utf8')
      answer.on('error', () => {})
      answer.on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const { Action, timeNano, Actor }: EngineEvent = JSON.parse(line)
          const { name = '', exitCode } = Actor.Attributes
          this.#add(timeNano / 1e6, `${Action} ${name}${exitCode === undefined ? '' : ` (exit ${exitCode})`}`)
        }
      })
    })
    this.#call.on('error', (error) => this.mark(`events: ${errorText(error)}`))
    this.#call.end()
  }

  mark(what: string): void {
    this.#add(performance.timeOrigin + performance.now(), `-- ${what}`)
  }

  /** The lines around a moment (ms of Unix time). */
  around(moment: number): string[] {
    const sorted = this.#entries.toSorted((a, b) => a.at - b.at)
    const next = sorted.findIndex(({ at }) => at > moment)
    const split = next < 0 ? sorted.length : next
    return sorted
      .slice(Math.max(0, split - before), split + after)
      .map(({ at, what }) => `${String(Math.round(at - moment)).padStart(7)} ms  ${what}`)
  }

  close(): void {
    this.#call.destroy()
  }

  #add(at: number, what: string): void {
    this.#entries.push({ at, what })
  }
}
