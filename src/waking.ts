// Which previews sleep, as the data path has to know it, and who asked for them. Part of the corridor beside engine.ts.
import type { Previewing } from './previewing.ts'

export class Waking {
  readonly #previewings: () => Iterable<Pick<Previewing, 'rests' | 'used'>>
  #rests: ReadonlyMap<string, string> = new Map()

  constructor(previewings: () => Iterable<Pick<Previewing, 'rests' | 'used'>>) {
    this.#previewings = previewings
  }

  /** As in NetworkTable. The same object until something is another. */
  rests(): ReadonlyMap<string, string> {
    const rests = new Map([...this.#previewings()].flatMap((previewing) => [...previewing.rests()]))
    const isSame = rests.size === this.#rests.size && [...rests].every(([name, rest]) => this.#rests.get(name) === rest)
    if (!isSame) this.#rests = rests
    return this.#rests
  }

  /** Requests came: namespace -> when last, ms. */
  used(uses: ReadonlyMap<string, number>): void {
    for (const previewing of this.#previewings()) previewing.used(uses)
  }
}
