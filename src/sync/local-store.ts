import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readLast, writeLast } from './heads.ts'
import { branchesIn, expectPlainLayout, hasBranches, type LocalRepository, openLocal, readRef } from './local-refs.ts'
import { noPast } from './merge/past.ts'
import { FolderReader } from './objects/folder.ts'
import type { ObjectReader } from './objects/reader.ts'
import type { Branch, Head } from './port.ts'
import {
  checkedCommit,
  emptyRepository,
  type Found,
  hasCommit,
  isRewritten,
  noSuchRevision,
  type Store,
} from './store.ts'
import type { Revision } from './url.ts'
import { LocalPush } from './write/local-push.ts'

/** Reads a repository on this machine where it lies. Only the heads seen are kept, in the own folder. */
export class LocalStore implements Store {
  readonly push: LocalPush
  readonly past = noPast
  readonly #path: string
  readonly #folder: string
  readonly #shown: string
  #opened: { readonly objects: string; readonly reader: FolderReader } | undefined

  constructor(path: string, folder: string, shown: string) {
    this.#path = path
    this.push = new LocalPush(path)
    this.#folder = folder
    this.#shown = shown
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  get reader(): ObjectReader {
    return this.#open(openLocal(this.#path))
  }

  folders(): readonly string[] {
    return [join(openLocal(this.#path).common, 'objects')]
  }

  last(revision: Revision): string | undefined {
    return readLast(this.#folder, revision)
  }

  async fetch(revision: Revision): Promise<Head> {
    const local = openLocal(this.#path)
    expectPlainLayout(local)
    const reader = this.#open(local)
    const last = this.last(revision)
    const { oid: found, ref } = await this.#find(local, reader, revision)
    if (found === last) return { oid: found, rewritten: false }
    const oid = await checkedCommit(reader, found, this.#shown)
    const rewritten = await isRewritten(reader, revision, last, oid, ref)
    if (oid !== last) writeLast(this.#folder, revision, oid)
    return { oid, rewritten }
  }

  async place(revision: Revision): Promise<Found> {
    const local = openLocal(this.#path)
    expectPlainLayout(local)
    const { oid, ref } = await this.#find(local, this.#open(local), revision)
    return { ref, commit: oid }
  }

  async branches(prefix: string): Promise<readonly Branch[]> {
    const local = openLocal(this.#path)
    expectPlainLayout(local)
    return branchesIn(local, prefix)
  }

  async look(revision: Revision): Promise<Found> {
    const { ref, commit } = await this.place(revision)
    return { ref, commit: await checkedCommit(this.reader, commit, this.#shown) }
  }

  async keep(): Promise<void> {
    // What was pushed is where everything is read from.
  }

  async #find(local: LocalRepository, reader: ObjectReader, revision: Revision): Promise<{ oid: string; ref: string }> {
    if (revision.kind === 'commit') {
      if (await hasCommit(reader, revision.oid)) return { oid: revision.oid, ref: revision.oid }
      throw noSuchRevision(revision, this.#shown)
    }
    for (const ref of revision.refs) {
      const oid = readRef(local, ref)
      if (oid !== undefined) return { oid, ref }
    }
    throw hasBranches(local) ? noSuchRevision(revision, this.#shown) : emptyRepository(this.#shown)
  }

  #open({ common }: LocalRepository): FolderReader {
    const objects = join(common, 'objects')
    if (this.#opened?.objects !== objects) {
      this.#forget()
      this.#opened = { objects, reader: new FolderReader(objects) }
    }
    return this.#opened!.reader
  }

  async repair(): Promise<boolean> {
    this.#forget()
    return false
  }

  async obtain(): Promise<boolean> {
    return false
  }

  async close(): Promise<void> {
    this.#forget()
  }

  #forget(): void {
    this.#opened?.reader.close()
    this.#opened = undefined
  }
}
