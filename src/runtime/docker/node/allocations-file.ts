import { allocationsFile } from '../../network/node-paths.ts'
import type { NodeShell } from './contract.ts'

/** The file with what Services were given: written before anything else, so that no address is in use that is not remembered. */
export class AllocationsFile {
  readonly #open: (container: string, ended: () => void) => Promise<NodeShell>
  #container: string | undefined
  #wanted: string | undefined
  /** Undefined: not known. */
  #written: string | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(open: (container: string, ended: () => void) => Promise<NodeShell>) {
    this.#open = open
  }

  want(text: string): void {
    this.#wanted = text
  }

  use(container: string): void {
    if (container !== this.#container) this.#written = undefined
    this.#container = container
  }

  /** Resolves when the newest text is on the volume. */
  write(): Promise<void> {
    const write = this.#last.catch(() => {}).then(() => this.#write())
    this.#last = write
    return write
  }

  async #write(): Promise<void> {
    const text = this.#wanted
    if (text === undefined || text === this.#written || this.#container === undefined) return
    const shell = await this.#open(this.#container, () => {})
    try {
      await shell.write([{ path: allocationsFile, text }])
      this.#written = text
    } finally {
      shell.close()
    }
  }
}
