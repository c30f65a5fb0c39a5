import { GitError } from '../errors.ts'
import { readCommit } from '../objects/commit.ts'
import { expectObject, maxTreeBytes, nothing, type ObjectReader } from '../objects/reader.ts'
import type { Commit, Merged } from '../port.ts'
import { obtaining } from '../reading.ts'
import { hasCommit, type Store } from '../store.ts'
import { commitBytes } from '../write/commit-text.ts'
import { Draft, type NewObject } from '../write/draft.ts'
import { BaseFinder } from './bases.ts'
import { KeptMerges, type Made } from './kept.ts'
import { Cut, Lineage, Untold } from './lineage.ts'
import type { TreesMerged } from './merge-three.ts'
import type { NativeMerge } from './native-merge.ts'
import { over } from './over.ts'
import { mergeRecursive, type Sides } from './recursive.ts'

export interface MergingParts {
  readonly store: Store
  readonly native: NativeMerge | undefined
  /** For one merge, with all that has to be asked for. */
  readonly totalMs: number
}

/** What two commits come from; or why that is not known. */
type Common = { readonly oids: readonly string[] } | { readonly reason: string }

/** So many commits back, one step after the other. */
const depths = [50, 500, 5000] as const
const author = { name: 'berth', email: 'berth@localhost' }
/** They end in an answer; what else goes wrong may be well the next time. */
const told: ReadonlySet<string> = new Set(['TOO_LARGE', 'TOO_DEEP', 'UNSUPPORTED_REPOSITORY', 'NO_SUCH_REVISION'])

/** Makes commits that nobody pushes: what merges would give. One after the other. */
export class Merging {
  readonly #parts: MergingParts
  readonly #kept = new KeptMerges()
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: MergingParts) {
    this.#parts = parts
  }

  /** A reader that finds the commits made here as well. */
  over(reader: ObjectReader): ObjectReader {
    return this.#kept.over(reader)
  }

  /** The same for what is behind one commit. Of a merge more history is known than the store has; of others, nothing else. */
  behind(reader: ObjectReader, oid: string): ObjectReader {
    return this.#kept.has(oid) ? over(this.over(reader), this.#parts.store.past.reader()) : reader
  }

  /** See Repository.merge. */
  merge(onto: string, head: string): Promise<Merged> {
    return this.#inTurn(async (deadline) => {
      const sides = [await this.#commit(onto), await this.#commit(head)] as const
      const key = `${onto} ${head}`
      const made = this.#kept.get(key) ?? (await this.#made(sides, deadline))
      // What is not known may be by the next time.
      if (made.merged.kind !== 'unknown' && !this.#kept.get(key)) this.#kept.set(key, made)
      return made.merged
    })
  }

  /** See Repository.contains. */
  contains(onto: string, head: string): Promise<boolean | undefined> {
    return this.#inTurn(async (deadline) => {
      await this.#commit(onto)
      await this.#commit(head)
      const common = await this.#common(onto, head, deadline)
      return 'oids' in common ? common.oids.includes(head) : undefined
    })
  }

  /** Ends what is under way, once it next reads anything. */
  close(): void {
    this.#closed = true
  }

  #inTurn<T>(run: (deadline: number) => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => run(performance.now() + this.#parts.totalMs))
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** With all its files. */
  #commit(oid: string): Promise<Commit> {
    return obtaining(
      this.#parts.store,
      async (reader) => {
        if (await hasCommit(reader, oid)) return readCommit(reader, oid)
        throw new GitError('NO_SUCH_REVISION', oid, `commit ${oid}: not in the store`)
      },
      { oid },
    )
  }

  async #made([onto, head]: readonly [Commit, Commit], deadline: number): Promise<Made> {
    const common = await this.#common(onto.oid, head.oid, deadline)
    if ('reason' in common) return only({ kind: 'unknown', reason: common.reason })
    const bases = common.oids
    const [base] = bases
    if (base === undefined) return only({ kind: 'unrelated' })
    if (base === onto.oid) return only({ kind: 'merged', oid: head.oid })
    if (base === head.oid) return only({ kind: 'merged', oid: onto.oid })
    return this.#told(
      () => this.#three(bases, onto, head, deadline),
      (reason) => only({ kind: 'unknown', reason }),
    )
  }

  async #three(bases: readonly string[], onto: Commit, head: Commit, deadline: number): Promise<Made> {
    const { past } = this.#parts.store
    const sides = [onto.oid, head.oid]
    // They may be known by their ids alone.
    const first = await this.#lacking(bases)
    if (first.length > 0) await past.bring(first, sides, deadline)
    const lineage = await this.#lineage(bases, sides, deadline)
    const more = await this.#lacking(lineage.all.map(({ oid }) => oid))
    if (more.length > 0) await past.bring([...first, ...more], sides, deadline)
    const merged = await this.#trees(lineage, { bases, ours: onto.tree, theirs: head.tree }, deadline)
    if (merged.kind !== 'merged') return only(merged)
    const commit = commitOf(merged.tree, onto, head)
    const objects = new Map([...merged.objects, commit].map((object) => [object.oid, object]))
    const squashed = merged.tree === onto.tree && bases.every((base) => lineage.tree(base) !== head.tree)
    return { merged: { kind: 'merged', oid: commit.oid, ...(squashed && { squashed }) }, objects }
  }

  /** Those of which not all files are known. */
  async #lacking(oids: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (const oid of oids) if (!(await hasCommit(this.#all(), oid))) found.push(oid)
    return found
  }

  /** All that both come from, with more of the history where it takes that. */
  async #lineage(bases: readonly string[], sides: readonly string[], deadline: number): Promise<Lineage> {
    for (const depth of [...depths, 0]) {
      const lineage = new Lineage(this.#all())
      try {
        await lineage.meet(bases)
        return lineage
      } catch (error) {
        if (!(error instanceof Cut) || depth === 0) throw error
        if (!(await this.#parts.store.past.deepen(await this.#raw(sides), depth, deadline))) throw error
      }
    }
    throw new TypeError('there is a last one')
  }

  async #trees(lineage: Lineage, sides: Sides, deadline: number): Promise<TreesMerged> {
    const { native, store } = this.#parts
    const folders = [...store.folders(), ...store.past.folders()]
    const forebears = native ? await lineage.sorted() : []
    const merged = await native?.merge({ ...sides, forebears }, { folders, extra: store.past.brought() }, deadline)
    return merged ?? mergeRecursive(this.#all(), lineage, sides)
  }

  #common(onto: string, head: string, deadline: number): Promise<Common> {
    return this.#told<Common>(
      () => this.#searched(onto, head, deadline),
      (reason) => ({ reason }),
    )
  }

  async #searched(onto: string, head: string, deadline: number): Promise<Common> {
    const { past } = this.#parts.store
    for (const depth of [0, ...depths]) {
      const isMore = depth === 0 || (await past.deepen(await this.#raw([onto, head]), depth, deadline))
      if (!isMore) return { reason: 'the history that is there ends before a commit that both come from' }
      const bases = await new BaseFinder(this.#all()).find(onto, head)
      if (bases.kind === 'found') return bases
      if (bases.kind === 'long') break
    }
    return { reason: `no commit that both come from is known within ${depths.at(-1)} commits` }
  }

  async #told<T>(work: () => Promise<T>, answer: (reason: string) => T): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const isTold = error instanceof Untold || (error instanceof GitError && told.has(error.code))
      if (isTold) return answer(error.message)
      // The store may have been made anew, and lack what was not asked for because it had it.
      this.#parts.store.past.forget()
      throw error
    }
  }

  async #raw(oids: readonly string[]): Promise<NewObject[]> {
    const found = await this.#parts.store.reader.objects(oids, maxTreeBytes)
    return oids.map((oid, at) => ({ oid, type: 'commit', data: expectObject(found[at], oid, 'commit') }))
  }

  #all(): ObjectReader {
    const { store } = this.#parts
    const all = over(store.reader, store.past.reader())
    const objects: ObjectReader['objects'] = async (oids, maxBytes) => {
      if (this.#closed) throw new GitError('TIMED_OUT', 'repository', 'the repository was closed')
      return all.objects(oids, maxBytes)
    }
    return { ...all, objects }
  }
}

function only(merged: Merged): Made {
  return { merged, objects: new Map() }
}

/** The same for the same two, whenever and wherever it is made. */
function commitOf(tree: string, onto: Commit, head: Commit): NewObject {
  const parents = [onto.oid, head.oid]
  const message = `Merge ${head.oid.slice(0, 12)} into ${onto.oid.slice(0, 12)}`
  const bytes = commitBytes({ tree, parents, author, at: Math.max(0, onto.at, head.at), message })
  const draft = new Draft(nothing)
  return draft.made(draft.put('commit', bytes))!
}
