import PQueue from 'p-queue'

/** Only applications that pull requests make have a slash in their names. */
export function isOfPreview(app: string): boolean {
  return app.includes('/')
}

/**
 * What is done a few at a time, for previews apart from all others: probes and hooks that never end hold their places, and nobody who opens
 * a pull request shall hold those of production.
 */
export class Turns {
  readonly #own: PQueue
  readonly #previews: PQueue

  constructor(atATime: number) {
    this.#own = new PQueue({ concurrency: atATime })
    this.#previews = new PQueue({ concurrency: Math.ceil(atATime / 2) })
  }

  add<T>(ofPreview: boolean, run: () => Promise<T>): Promise<T> {
    return (ofPreview ? this.#previews : this.#own).add(run)
  }

  clear(): void {
    this.#own.clear()
    this.#previews.clear()
  }
}
