import type { Repository } from '../sync/port.ts'

/**
 * Which branches have nothing left that their target does not have, although it has not their commits: squashed, rebased or picked. That
 * takes a merge of each, so it is worked out beside the list, which knows it the next time.
 */
export class Squashes {
  /** By commit: the target that it was worked out for, and what came of it. */
  readonly #known = new Map<string, { readonly base: string; readonly is: boolean }>()
  #work: Promise<void> | undefined
  #stopped = false

  isSquashed(oid: string): boolean {
    return this.#known.get(oid)?.is === true
  }

  /** Works it out for these, in turn, unless it does so already for others. */
  look(repository: Pick<Repository, 'merge'>, base: string, oids: readonly string[]): void {
    if (this.#work !== undefined) return
    const asked = new Set(oids)
    for (const oid of [...this.#known.keys()]) if (!asked.has(oid)) this.#known.delete(oid)
    this.#work = this.#all(repository, base, oids).finally(() => {
      this.#work = undefined
    })
  }

  /** Once nothing is being worked out. */
  async done(): Promise<void> {
    await this.#work
  }

  stop(): void {
    this.#stopped = true
  }

  async #all(repository: Pick<Repository, 'merge'>, base: string, oids: readonly string[]): Promise<void> {
    for (const oid of oids) {
      const known = this.#known.get(oid)
      // What was merged stays so until the next push.
      if (this.#stopped || known?.is || known?.base === base) continue
      try {
        const merged = await repository.merge(base, oid)
        this.#known.set(oid, { base, is: merged.kind === 'merged' && merged.squashed === true })
      } catch {
        // Its preview tells what is wrong with it; the next list asks again.
      }
    }
  }
}
