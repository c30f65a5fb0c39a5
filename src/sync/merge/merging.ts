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
import { mergeThree, type Trees, type TreesMerged } from './merge-three.ts'
import type { NativeMerge } from './native-merge.ts'
import { over } from './over.ts'

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
    const [base, ...others] = common.oids
    if (base === undefined) return only({ kind: 'unrelated' })
    if (others.length > 0) {
      const reason = 'both sides have merged each other, so that they come from several commits'
      return only({ kind: 'unknown', reason })
    }
    if (base === onto.oid) return only({ kind: 'merged', oid: head.oid })
    if (base === head.oid) return only({ kind: 'merged', oid: onto.oid })
    return this.#told(
      () => this.#three(base, onto, head, deadline),
      (reason) => only({ kind: 'unknown', reason }),
    )
  }

  async #three(base: string, onto: Commit, head: Commit, deadline: number): Promise<Made> {
    const { past } = this.#parts.store
    if (!(await hasCommit(this.#all(), base))) await past.bring(base, [onto.oid, head.oid], deadline)
    const trees = { base: (await readCommit(this.#all(), base)).tree, ours: onto.tree, theirs: head.tree }
    const merged = await this.#trees(trees, deadline)
    if (merged.kind !== 'merged') return only(merged)
    const commit = commitOf(merged.tree, onto, head)
    const objects = new Map([...merged.objects, commit].map((object) => [object.oid, object]))
    const squashed = merged.tree === trees.ours && trees.theirs !== trees.base
    return { merged: { kind: 'merged', oid: commit.oid, ...(squashed && { squashed }) }, objects }
  }

  async #trees(trees: Trees, deadline: number): Promise<TreesMerged> {
    const { native, store } = this.#parts
    const folders = [...store.folders(), ...store.past.folders()]
    const merged = await native?.merge(trees, { folders, extra: store.past.brought() }, deadline)
    return merged ?? mergeThree(this.#all(), trees)
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
      if (error instanceof GitError && told.has(error.code)) return answer(error.message)
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
