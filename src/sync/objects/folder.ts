import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readLoose, readLooseInfo } from './loose.ts'
import { Pack } from './pack.ts'
import { checkId, damaged, type GitObject, type ObjectInfo, type ObjectReader } from './reader.ts'

/** Reads an `objects` folder on disk, packed and loose, without ever writing to it. */
export class FolderReader implements ObjectReader {
  readonly #folder: string
  readonly #packs = new Map<string, Pack>()
  #closed = false

  constructor(folder: string) {
    this.#folder = folder
  }

  async sizes(oids: readonly string[]): Promise<(ObjectInfo | undefined)[]> {
    return oids.map((oid) => this.#lookup(oid, (pack, offset) => pack.info(offset), readLooseInfo))
  }

  async objects(oids: readonly string[], maxBytes: number): Promise<(GitObject | undefined)[]> {
    return oids.map((oid) => {
      const found = this.#lookup(
        oid,
        (pack, offset) => pack.read(offset, maxBytes),
        (path) => readLoose(path, maxBytes),
      )
      if (found) checkId(oid, found)
      return found
    })
  }

  async startingWith(prefix: string): Promise<string[]> {
    this.#scan()
    const fan = join(this.#folder, prefix.slice(0, 2))
    const loose = namesIn(fan).map((name) => prefix.slice(0, 2) + name)
    const packed = [...this.#packs.values()].flatMap((pack) => pack.startingWith(prefix))
    return [...new Set([...loose.filter((oid) => oid.startsWith(prefix) && oid.length === 40), ...packed])].sort()
  }

  close(): void {
    this.#closed = true
    for (const pack of this.#packs.values()) pack.close()
    this.#packs.clear()
  }

  #lookup<T>(
    oid: string,
    packed: (pack: Pack, offset: number) => T,
    loose: (path: string) => T | undefined,
  ): T | undefined {
    const id = Buffer.from(oid, 'hex')
    const look = (): T | undefined => {
      for (const pack of this.#packs.values()) {
        const offset = pack.find(id)
        if (offset !== undefined) return packed(pack, offset)
      }
      return loose(join(this.#folder, oid.slice(0, 2), oid.slice(2)))
    }
    // Not found: a pack may have come, or loose objects been packed, since the folder was last looked at.
    return look() ?? (this.#scan() ? look() : undefined)
  }

  /** True when the set of packs has changed. */
  #scan(): boolean {
    if (this.#closed) throw damaged(this.#folder, 'the store is closed')
    const folder = join(this.#folder, 'pack')
    const names = new Set(namesIn(folder).filter((name) => name.endsWith('.idx')))
    let changed = false
    for (const [name, pack] of this.#packs) {
      if (names.has(name)) continue
      pack.close()
      this.#packs.delete(name)
      changed = true
    }
    for (const name of names) {
      if (this.#packs.has(name)) continue
      this.#packs.set(name, openPack(join(folder, name)))
      changed = true
    }
    return changed
  }
}

function openPack(path: string): Pack {
  try {
    return new Pack(path)
  } catch (cause) {
    throw damaged(path, 'a pack cannot be opened', cause)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw damaged(folder, 'a folder cannot be read', error)
  }
}
