import { GitError } from '../errors.ts'
import type { ObjectReader } from '../objects/reader.ts'
import type { Merged } from '../port.ts'
import type { NewObject } from '../write/draft.ts'
import { inMemory, over } from './over.ts'

/** A merge, and the objects that neither side has: its commit is one of them. */
export interface Made {
  readonly merged: Merged
  readonly objects: ReadonlyMap<string, NewObject>
}

/** So many, and no more bytes than that, but for the newest. */
const most = 200
const mostBytes = 32 * 1024 * 1024
const mostForgotten = 100_000

/** The merges that were made last, in memory. */
export class KeptMerges {
  /** Least recently asked for first. */
  readonly #made = new Map<string, Made>()
  /** Objects that could be read once: that they are not there any more is no damage of a store. */
  readonly #forgotten = new Set<string>()
  #bytes = 0

  get(key: string): Made | undefined {
    const found = this.#made.get(key)
    if (!found) return undefined
    this.#made.delete(key)
    this.#made.set(key, found)
    return found
  }

  set(key: string, made: Made): void {
    this.#made.set(key, made)
    this.#bytes += bytesOf(made)
    for (const [oldest, { objects }] of this.#made) {
      if (oldest === key || (this.#made.size <= most && this.#bytes <= mostBytes)) break
      this.#bytes -= bytesOf(this.#made.get(oldest)!)
      this.#made.delete(oldest)
      if (this.#forgotten.size > mostForgotten) this.#forgotten.clear()
      for (const oid of objects.keys()) this.#forgotten.add(oid)
    }
  }

  has(oid: string): boolean {
    return this.#find(oid) !== undefined
  }

  /** A reader that finds what is kept as well. Throws NO_SUCH_REVISION for what was. */
  over(reader: ObjectReader): ObjectReader {
    if (this.#made.size === 0) return reader
    const all = over(
      reader,
      inMemory((oid) => this.#find(oid)),
    )
    const objects: ObjectReader['objects'] = async (oids, maxBytes) => {
      const found = await all.objects(oids, maxBytes)
      const lost = oids.find((oid, at) => found[at] === undefined && this.#forgotten.has(oid))
      if (lost === undefined) return found
      throw new GitError('NO_SUCH_REVISION', lost, `${lost} is of a merge that is not kept any more`)
    }
    return { ...all, objects }
  }

  #find(oid: string): NewObject | undefined {
    for (const { objects } of this.#made.values()) {
      const found = objects.get(oid)
      if (found) return found
    }
    return undefined
  }
}

function bytesOf({ objects }: Made): number {
  return [...objects.values()].reduce((sum, { data }) => sum + data.length, 0)
}
