import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const named = /^g\d{1,9}$/

/**
 * The folders that one store has lived in: `current` names the one in use. A fresh clone is made beside it and then
 * takes its place, so that a half-made one is never used.
 */
export class Generations {
  readonly #folder: string
  #current: string | undefined

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#current = this.#readCurrent()
    this.#removeOthers()
  }

  /** Undefined before the first clone, and when the folder was deleted. */
  get current(): string | undefined {
    const gitDir = this.#current === undefined ? undefined : join(this.#folder, this.#current)
    return gitDir !== undefined && existsSync(join(gitDir, 'HEAD')) ? gitDir : undefined
  }

  /** An empty folder for the next one. */
  next(): string {
    const highest = Math.max(0, ...this.#names().map((name) => Number(name.slice(1))))
    const gitDir = join(this.#folder, `g${highest + 1}`)
    mkdirSync(gitDir, { recursive: true, mode: 0o700 })
    return gitDir
  }

  /** Takes a finished folder into use and removes all others. */
  use(gitDir: string): void {
    const path = join(this.#folder, 'current')
    this.#current = gitDir.slice(this.#folder.length + 1)
    writeFileSync(`${path}.new`, `${this.#current}\n`)
    renameSync(`${path}.new`, path)
    this.#removeOthers()
  }

  discard(gitDir: string): void {
    rmSync(gitDir, { recursive: true, force: true })
  }

  #readCurrent(): string | undefined {
    try {
      const name = readFileSync(join(this.#folder, 'current'), 'utf8').trim()
      return named.test(name) ? name : undefined
    } catch {
      return undefined
    }
  }

  #removeOthers(): void {
    for (const name of this.#names()) if (name !== this.#current) this.discard(join(this.#folder, name))
  }

  #names(): string[] {
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder).filter((name) => named.test(name))
  }
}
