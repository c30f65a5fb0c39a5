import type { Key } from '../../base/key.ts'

/** Problems by object, each once, in the order in which they were found. */
export class Problems {
  readonly #all = new Map<Key, string[]>()

  add(key: Key, problem: string): void {
    const known = this.#all.get(key)
    if (!known) this.#all.set(key, [problem])
    else if (!known.includes(problem)) known.push(problem)
  }

  get all(): ReadonlyMap<Key, readonly string[]> {
    return this.#all
  }
}
