import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { GitError } from './errors.ts'
import type { Generations } from './generations.ts'
import { knownRevisions, lastRef, readLast, writeLast } from './heads.ts'
import type { Past } from './merge/past.ts'
import { damaged, type ObjectReader } from './objects/reader.ts'
import type { Branch, Head, SyncLimits, SyncTimeouts } from './port.ts'
import { checkedCommit, type Found, hasCommit, hasObject, isRewritten, isTag, type Store } from './store.ts'
import type { Transfer } from './transfer.ts'
import type { Revision } from './url.ts'
import type { NewObject } from './write/draft.ts'
import { writeLoose } from './write/loose-write.ts'
import type { Push } from './write/push.ts'

/** Where a revision is at the remote now. */
export interface Place {
  /** Full ref name, HEAD, or the commit id itself. */
  readonly ref: string
  readonly oid: string
  /** The commit, where the remote tells (annotated tags name another object). */
  readonly commit: string
  readonly advertisement?: Buffer
}

export interface ClonedStoreParts {
  readonly generations: Generations
  readonly transfer: Transfer
  readonly push: Push
  readonly past: Past
  readonly limits: SyncLimits
  readonly timeouts: SyncTimeouts
  readonly shown: string
  /** Aborted by `close`: ends every request and process under way. */
  readonly ending: AbortController
  /** Asks the remote; throws NO_SUCH_REVISION or EMPTY_REPOSITORY only on a complete answer. */
  locate(revision: Revision, deadline: number): Promise<Place>
  /** See Repository.branches. */
  branches(prefix: string, deadline: number): Promise<readonly Branch[]>
  openReader(gitDir: string): ObjectReader
}

/** Looks are many and small; what comes after them is heavy. */
const transfers = new PQueue({ concurrency: 4 })
const mostPacks = 100
const incrementBytes = 32 * 1024 * 1024
/** A store that has lost objects makes git say all kinds of things. */
const ofStore: ReadonlySet<string> = new Set(['STORE_DAMAGED', 'BAD_ANSWER'])
const replaceable: ReadonlySet<string> = new Set(['STORE_DAMAGED', 'TOO_LARGE'])

/** A bare store of our own, filled from a remote: depth 1 first, then only what is new. */
export class ClonedStore implements Store {
  readonly #parts: ClonedStoreParts
  readonly #revisions = new Map<string, Revision>()
  #reader: ObjectReader | undefined
  /** What is too large is not received again at each look. */
  #refusal: { readonly oid: string; readonly error: GitError } | undefined
  /** The store that has all of the history there is, so that nothing can be missing from it. */
  #complete: string | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(parts: ClonedStoreParts) {
    this.#parts = parts
  }

  get reader(): ObjectReader {
    const { current } = this.#parts.generations
    if (current === undefined) throw nothingYet(this.#parts.shown)
    this.#reader ??= this.#parts.openReader(current)
    return this.#reader
  }

  last(revision: Revision): string | undefined {
    const { current } = this.#parts.generations
    return current === undefined ? undefined : readLast(current, revision)
  }

  get push(): Push {
    return this.#parts.push
  }

  get past(): Past {
    return this.#parts.past
  }

  folders(): readonly string[] {
    const { current } = this.#parts.generations
    return current === undefined ? [] : [join(current, 'objects')]
  }

  place(revision: Revision, deadline: number): Promise<Found> {
    return this.#parts.locate(revision, deadline)
  }

  branches(prefix: string, deadline: number): Promise<readonly Branch[]> {
    return this.#parts.branches(prefix, deadline)
  }

  look(revision: Revision, deadline: number): Promise<Found> {
    return this.#alone(async () => {
      this.#revisions.set(lastRef(revision), revision)
      const place = await this.#parts.locate(revision, deadline)
      try {
        return { ref: place.ref, commit: await this.#arrive(revision, place, deadline) }
      } catch (error) {
        if (!(error instanceof GitError && replaceable.has(error.code))) throw error
        await this.#renew(deadline, { revision, place })
        return { ref: place.ref, commit: this.last(revision)! }
      }
    })
  }

  keep(objects: readonly NewObject[], needs: readonly string[]): Promise<void> {
    return this.#alone(async () => {
      const { current } = this.#parts.generations
      if (current === undefined) return
      const found = await this.reader.sizes(needs)
      if (!found.includes(undefined)) writeLoose(join(current, 'objects'), objects)
    })
  }

  fetch(revision: Revision): Promise<Head> {
    return this.#alone(() => this.#fetch(revision))
  }

  repair(failed: ObjectReader | undefined): Promise<boolean> {
    return this.#alone(async () => {
      if (this.#reader === undefined || this.#reader === failed) await this.#renew(this.#deadline())
      return true
    })
  }

  obtain(oid: string, whole: boolean): Promise<boolean> {
    return this.#alone(async () => {
      const deadline = this.#deadline()
      try {
        await this.#bringCommit(oid, deadline)
      } catch (error) {
        if (!(error instanceof GitError)) throw error
        if (error.code === 'NO_SUCH_REVISION' && whole) return this.#bringHistory(oid, deadline)
        if (!ofStore.has(error.code)) throw error
        await this.#renew(deadline)
        await this.#bringCommit(oid, deadline)
      }
      return true
    })
  }

  async #bringHistory(oid: string, deadline: number): Promise<boolean> {
    const { current } = this.#parts.generations
    if (current === undefined || this.#complete === current) return false
    for (const revision of this.#wanted().filter(({ kind }) => kind === 'ref')) {
      const place = await this.#parts.locate(revision, deadline)
      await this.#bring(current, this.reader, place, undefined, deadline, true)
      if (await hasCommit(this.reader, oid)) return true
    }
    this.#complete = current
    return false
  }

  async #bringCommit(oid: string, deadline: number): Promise<void> {
    const { current } = this.#parts.generations
    if (current === undefined) throw damaged(this.#parts.shown, 'it was deleted')
    if (await hasCommit(this.reader, oid)) return
    await this.#bring(current, this.reader, { ref: oid, oid, commit: oid }, undefined, deadline)
  }

  async #fetch(revision: Revision): Promise<Head> {
    const { locate } = this.#parts
    this.#revisions.set(lastRef(revision), revision)
    const deadline = this.#deadline()
    const place = await locate(revision, deadline)
    if (this.#refusal?.oid === place.oid) throw this.#refusal.error
    try {
      return await this.#follow(revision, place, deadline)
    } catch (error) {
      if (error instanceof GitError && error.code === 'TOO_LARGE') this.#refusal = { oid: place.oid, error }
      throw error
    }
  }

  async #follow(revision: Revision, place: Place, deadline: number): Promise<Head> {
    const { generations } = this.#parts
    const last = this.last(revision)
    if (generations.current === undefined) {
      await this.#renew(deadline, { revision, place })
      return { oid: this.last(revision)!, rewritten: false }
    }
    if (place.commit === last) {
      if (packsIn(generations.current) > mostPacks) await this.#renew(deadline, { revision, place })
      return { oid: last, rewritten: false }
    }
    try {
      const oid = await this.#arrive(revision, place, deadline)
      const rewritten = await isRewritten(this.reader, revision, last, oid, place.ref)
      writeLast(generations.current, revision, oid)
      return { oid, rewritten }
    } catch (error) {
      if (!(error instanceof GitError && replaceable.has(error.code))) throw error
      // Damaged, or a history that shares nothing with ours: a fresh clone costs less than all of it.
      await this.#renew(deadline, { revision, place })
      const oid = this.last(revision)!
      const moved = last !== undefined && last !== oid
      return { oid, rewritten: moved && (error.code === 'TOO_LARGE' || isTag(place.ref)) }
    }
  }

  /** Brings what is new at a place into the store as it is. */
  async #arrive(revision: Revision, place: Place, deadline: number): Promise<string> {
    const gitDir = this.#parts.generations.current
    if (gitDir === undefined) throw damaged(this.#parts.shown, 'it is not there')
    const { reader } = this
    const last = this.last(revision)
    if (last !== undefined && !(await hasCommit(reader, last))) throw damaged(last, `commit ${last} is missing`)
    if (await hasCommit(reader, place.commit)) return place.commit
    // A tag in a local repository: the remote told its own id only.
    if (await hasObject(reader, place.oid)) return checkedCommit(reader, place.oid, this.#parts.shown)
    const have = last === undefined ? undefined : lastRef(revision)
    return this.#bring(gitDir, reader, place, have, deadline)
  }

  async #bring(
    gitDir: string,
    reader: ObjectReader,
    place: Place,
    have: string | undefined,
    deadline: number,
    whole = false,
  ): Promise<string> {
    const { transfer, limits, shown } = this.#parts
    const { ref, oid, advertisement } = place
    const maxBytes = have === undefined ? limits.packBytes : Math.min(limits.packBytes, incrementBytes)
    const came = await transfers.add(() =>
      transfer.bring({ gitDir, ref, oid, have, whole, advertisement, maxBytes, deadline }),
    )
    return checkedCommit(reader, came, shown)
  }

  /** Makes a fresh store beside the old one, with the head of every revision in use, and swaps. */
  async #renew(deadline: number, wanted?: { readonly revision: Revision; readonly place: Place }): Promise<void> {
    const { generations, transfer, locate, openReader } = this.#parts
    const gitDir = generations.next()
    let reader: ObjectReader | undefined
    try {
      await transfer.init(gitDir)
      reader = openReader(gitDir)
      for (const revision of this.#wanted()) {
        const asked = wanted && lastRef(wanted.revision) === lastRef(revision)
        try {
          const place = asked ? wanted.place : await locate(revision, deadline)
          writeLast(gitDir, revision, await this.#bring(gitDir, reader, place, undefined, deadline))
        } catch (error) {
          // A branch that is gone must not keep the others from a sound store; its own next fetch reports it.
          if (asked || !(error instanceof GitError && error.code === 'NO_SUCH_REVISION')) throw error
        }
      }
    } catch (error) {
      reader?.close()
      generations.discard(gitDir)
      throw error
    }
    this.#reader?.close()
    this.#reader = reader
    generations.use(gitDir)
  }

  /** Those asked for since the start; before any was, those that the store remembers. */
  #wanted(): Revision[] {
    const { current } = this.#parts.generations
    if (this.#revisions.size > 0 || current === undefined) return [...this.#revisions.values()]
    return knownRevisions(current)
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(run)
    this.#queue = result.catch(() => undefined)
    return result
  }

  #deadline(): number {
    return performance.now() + this.#parts.timeouts.totalMs
  }

  async close(): Promise<void> {
    this.#parts.ending.abort()
    await this.#queue
    this.#reader?.close()
    this.#reader = undefined
    this.#parts.transfer.close()
    this.#parts.past.forget()
  }
}

function packsIn(gitDir: string): number {
  const folder = join(gitDir, 'objects', 'pack')
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.pack')).length : 0
}

function nothingYet(shown: string): GitError {
  return new GitError('NO_SUCH_REVISION', shown, `${shown}: nothing was fetched yet`)
}
