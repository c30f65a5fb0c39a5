import { createHash } from 'node:crypto'
import { GitError } from '../errors.ts'
import { parseCommit, readCommit } from '../objects/commit.ts'
import { expectObject, maxTreeBytes, type ObjectReader, type ObjectType, readObject } from '../objects/reader.ts'
import type { Commit } from '../port.ts'
import { type RawEntry, readTree, writeTree } from './raw-tree.ts'

export interface NewObject {
  readonly oid: string
  readonly type: ObjectType
  readonly data: Uint8Array
}

/** Objects that are not stored anywhere yet, over those of a store. */
export class Draft {
  readonly #reader: ObjectReader
  readonly #made = new Map<string, NewObject>()
  readonly #trees = new Map<string, readonly RawEntry[]>()

  constructor(reader: ObjectReader) {
    this.#reader = reader
  }

  /** What was made here; undefined for what the store has. */
  made(oid: string): NewObject | undefined {
    return this.#made.get(oid)
  }

  /** All that was made here. */
  all(): readonly NewObject[] {
    return [...this.#made.values()]
  }

  /** The entries of a tree; none for undefined. */
  async tree(oid: string | undefined): Promise<readonly RawEntry[]> {
    if (oid === undefined) return []
    const known = this.#trees.get(oid)
    if (known) return known
    const entries = readTree(oid, this.#made.get(oid)?.data ?? (await readObject(this.#reader, oid, 'tree')))
    this.#trees.set(oid, entries)
    return entries
  }

  /** Throws NO_SUCH_REVISION, with the id as subject, when the store does not have it. */
  async commit(oid: string): Promise<Commit> {
    const made = this.#made.get(oid)
    return made ? parseCommit(oid, made.data) : readCommit(this.#reader, oid)
  }

  /** A file's content; undefined when it is larger than `maxBytes`. */
  async blob(oid: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const made = this.#made.get(oid)
    if (made) return made.data
    const [found] = await this.#reader.objects([oid], maxBytes)
    return found && !found.data ? undefined : expectObject(found, oid, 'blob')
  }

  /** Objects of the store, to be sent along. */
  async stored(oids: readonly string[], maxBytes: number): Promise<NewObject[]> {
    const found = await this.#reader.objects(oids, Math.min(maxBytes, maxTreeBytes * 4))
    return oids.map((oid, at) => {
      const object = found[at]
      const type = object?.type ?? 'blob'
      if (object && !object.data) throw new GitError('TOO_LARGE', oid, `${type} ${oid}: ${object.size} bytes to send`)
      return { oid, type, data: expectObject(object, oid, type) }
    })
  }

  put(type: ObjectType, data: Uint8Array): string {
    const oid = createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex')
    this.#made.set(oid, { oid, type, data })
    return oid
  }

  /** A tree of these entries; undefined without any, as Git knows no empty folders. */
  putTree(entries: readonly RawEntry[]): string | undefined {
    return entries.length === 0 ? undefined : this.put('tree', writeTree(entries))
  }

  /** A root tree, which may be empty. */
  putRoot(tree: string | undefined): string {
    return tree ?? this.put('tree', new Uint8Array())
  }
}
