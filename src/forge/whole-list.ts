import type { ListedPullRequest } from './forge.ts'

export interface Reading {
  readonly items: readonly ListedPullRequest[]
  readonly pages: number
}

/**
 * A list of several pages moves while it is read: when a pull request of the first page is closed, the first one of the second page is on
 * the first, and nobody sees it. So one that was open at the last look and is missing now counts as closed once it is missing twice.
 */
export class WholeList {
  /** Of the last look; undefined: there was none. */
  #known: ReadonlySet<number> | undefined

  async read(once: () => Promise<Reading>): Promise<readonly ListedPullRequest[]> {
    const first = await once()
    const numbers = new Set(first.items.map(({ number }) => number))
    const isSure = first.pages === 1 || (this.#known !== undefined && [...this.#known].every((one) => numbers.has(one)))
    const last = isSure ? [] : (await once()).items
    const open = new Map([...first.items, ...last].map((request) => [request.number, request]))
    this.#known = new Set(open.keys())
    return [...open.values()].sort((a, b) => a.number - b.number)
  }
}
