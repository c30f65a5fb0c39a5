import { parseCommit } from '../objects/commit.ts'
import type { ObjectReader } from '../objects/reader.ts'

/** What two commits come from. */
export type Bases =
  /** Best common ancestors, as `git merge-base --all` has them: one, unless both sides have merged each other. Empty: unrelated. */
  | { readonly kind: 'found'; readonly oids: readonly string[] }
  /** The history that is known ends too early. */
  | { readonly kind: 'cut' }
  /** The walk was given up. */
  | { readonly kind: 'long' }

const longestWalk = 50_000
const largestCommit = 1024 * 1024

const ours = 1
const theirs = 2
const both = 3
/** An ancestor of a common ancestor: not the best one. */
const worse = 4

/** Finds what two commits come from, stepping back from both at once, so that it ends soon after it is found. */
export class BaseFinder {
  readonly #reader: ObjectReader
  readonly #marks = new Map<string, number>()
  readonly #parents = new Map<string, readonly string[]>()
  readonly #queued = new Set<string>()
  readonly #best = new Set<string>()
  readonly #missing = new Set<string>()

  constructor(reader: ObjectReader) {
    this.#reader = reader
  }

  /** `onto`: one, or those that a commit nobody has made is made of. */
  async find(onto: string | readonly string[], head: string): Promise<Bases> {
    const oids = [onto].flat()
    for (const oid of oids) this.#mark(oid, ours)
    this.#mark(head, theirs)
    for (let level = this.#unqueued([...oids, head]); ; level = await this.#step(level)) {
      const isClosed = [...level, ...this.#missing].every((oid) => (this.#marks.get(oid)! & both) === both)
      if (isClosed && this.#best.size === 1) return { kind: 'found', oids: [...this.#best] }
      if (level.length === 0) return this.#missing.size > 0 ? { kind: 'cut' } : { kind: 'found', oids: [...this.#best] }
      if (this.#marks.size > longestWalk) return { kind: 'long' }
    }
  }

  /** One step back; answers the commits to step back from next. */
  async #step(level: readonly string[]): Promise<string[]> {
    const found = await this.#reader.objects(level, largestCommit)
    for (const [at, oid] of level.entries()) {
      const { type, data } = found[at] ?? {}
      if (type === 'commit' && data) this.#parents.set(oid, parseCommit(oid, data).parents)
      else this.#missing.add(oid)
    }
    const parents = level.flatMap((oid) => this.#parents.get(oid) ?? [])
    for (const oid of level) this.#hand(oid)
    return this.#unqueued(parents)
  }

  #unqueued(oids: readonly string[]): string[] {
    const fresh = [...new Set(oids)].filter((oid) => !this.#queued.has(oid))
    for (const oid of fresh) this.#queued.add(oid)
    return fresh
  }

  #hand(oid: string): void {
    const mark = this.#marks.get(oid)!
    for (const parent of this.#parents.get(oid) ?? []) this.#mark(parent, inherited(mark))
  }

  /** What holds for a commit holds for all behind it, as far as they are known. */
  #mark(oid: string, mark: number): void {
    const queue: (readonly [string, number])[] = [[oid, mark]]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [one, more] = next
      const before = this.#marks.get(one) ?? 0
      const after = before | more
      if (after === before) continue
      this.#marks.set(one, after)
      if (after === both) this.#best.add(one)
      else this.#best.delete(one)
      for (const parent of this.#parents.get(one) ?? []) queue.push([parent, inherited(after)])
    }
  }
}

function inherited(mark: number): number {
  return (mark & both) === both ? mark | worse : mark
}
