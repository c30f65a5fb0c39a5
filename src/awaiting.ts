// Previews that wait for their application to be read: what they have of production is not known before. Part of the corridor beside
// engine.ts.
import type { Clock } from './base/clock.ts'

export interface AwaitingParts {
  readonly clock: Clock
  /** A commit of it was accepted, or there is none that could be. */
  readonly isKnown: (app: string) => boolean
  readonly askAgain: (app: string) => void
}

const againMs = 1_000

export class Awaiting {
  readonly #parts: AwaitingParts
  readonly #cancels = new Map<string, () => void>()

  constructor(parts: AwaitingParts) {
    this.#parts = parts
  }

  /** Why no preview of the application can begin yet; empty: it can. */
  reason(app: string): string {
    const { isKnown, clock, askAgain } = this.#parts
    if (isKnown(app)) return ''
    const again = (): void => {
      this.#cancels.delete(app)
      askAgain(app)
    }
    if (!this.#cancels.has(app)) this.#cancels.set(app, clock.after(againMs, again))
    return `application ${app} is not read yet`
  }

  close(): void {
    for (const cancel of this.#cancels.values()) cancel()
  }
}
