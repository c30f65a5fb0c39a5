import { GitError } from '../errors.ts'
import { readCommit } from '../objects/commit.ts'
import { expectObject, maxTreeBytes, type ObjectReader } from '../objects/reader.ts'
import type { Commit, Merged } from '../port.ts'
import { obtaining } from '../reading.ts'
import { hasCommit, type Store } from '../store.ts'
import { commitBytes } from '../write/commit-text.ts'
import { Draft, type NewObject } from '../write/draft.ts'
import { BaseFinder } from './bases.ts'
import { mergeThree, type Trees, type TreesMerged } from './merge-three.ts'
import type { NativeMerge } from './native-merge.ts'
import { inMemory, over } from './over.ts'

export interface MergingParts {
  readonly store: Store
  readonly native: NativeMerge | undefined
  /** For one merge, with all that has to be asked for. */
  readonly totalMs: number
}

/** So many commits back, one step after the other. */
const depths = [50, 500, 5000] as const
/** Merges whose commits can be read. */
const kept = 8
const ends = 'the history that is there ends before a commit that both come from'
const author = { name: 'berth', email: 'berth@localhost' }
/** They end in an answer; what else goes wrong may be well the next time. */
const told: ReadonlySet<string> = new Set(['TOO_LARGE', 'TOO_DEEP', 'UNSUPPORTED_REPOSITORY', 'NO_SUCH_REVISION'])

/** Makes commits that nobody pushes: what merges would give. Their objects are in memory, and those of the last few only. */
export class Merging {
  readonly #parts: MergingParts
  /** Least recently asked for first. */
  readonly #made = new Map<string, Made>()
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: MergingParts) {
    this.#parts = parts
  }

  /** A reader that finds the commits made here as well. */
  over(reader: ObjectReader): ObjectReader {
    let all = reader
    for (const { objects } of this.#made.values()) if (objects.size > 0) all = over(all, inMemory(objects))
    return all
  }

  /** The same for what is behind one commit. Of a merge more history is known than the store has; of others, nothing else. */
  behind(reader: ObjectReader, oid: string): ObjectReader {
    const isMade = [...this.#made.values()].some(({ objects }) => objects.has(oid))
    return isMade ? over(this.over(reader), this.#parts.store.past.reader()) : reader
  }

  /** See Repository.merge. */
  merge(onto: string, head: string): Promise<Merged> {
    const result = this.#queue.then(() => this.#merge(onto, head))
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #merge(onto: string, head: string): Promise<Merged> {
    const deadline = performance.now() + this.#parts.totalMs
    const sides = [await this.#commit(onto), await this.#commit(head)] as const
    const key = `${onto} ${head}`
    const known = this.#made.get(key)
    this.#made.delete(key)
    const found = known ?? (await this.#told(() => this.#work(sides, deadline)))
    // What is not known may be by the next time.
    if (found.merged.kind !== 'unknown') this.#made.set(key, found)
    for (const oldest of [...this.#made.keys()].slice(0, -kept)) this.#made.delete(oldest)
    return found.merged
  }

  async #told(work: () => Promise<Made>): Promise<Made> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof GitError && told.has(error.code)) return unknown(error.message)
      throw error
    }
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

  async #work([onto, head]: readonly [Commit, Commit], deadline: number): Promise<Made> {
    const { store } = this.#parts
    const base = await this.#base(onto.oid, head.oid, deadline)
    if (typeof base !== 'string') return { merged: base, objects: new Map() }
    if (base === onto.oid) return { merged: { kind: 'merged', oid: head.oid }, objects: new Map() }
    if (base === head.oid) return { merged: { kind: 'merged', oid: onto.oid }, objects: new Map() }
    if (!(await hasCommit(this.#all(), base))) await store.past.bring(base, [onto.oid, head.oid], deadline)
    const trees = { base: (await readCommit(this.#all(), base)).tree, ours: onto.tree, theirs: head.tree }
    const merged = await this.#trees(trees, deadline)
    if (merged.kind !== 'merged') return { merged, objects: new Map() }
    const commit = commitOf(merged.tree, onto, head)
    const objects = new Map([...merged.objects, commit].map((object) => [object.oid, object]))
    return { merged: { kind: 'merged', oid: commit.oid }, objects }
  }

  /** Ends what is under way, once it next reads anything. */
  close(): void {
    this.#closed = true
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

  async #trees(trees: Trees, deadline: number): Promise<TreesMerged> {
    const { native, store } = this.#parts
    const folders = [...store.folders(), ...store.past.folders()]
    const merged = await native?.merge(trees, { folders, extra: store.past.brought() }, deadline)
    return merged ?? mergeThree(this.#all(), trees)
  }

  async #raw(oids: readonly string[]): Promise<NewObject[]> {
    const found = await this.#parts.store.reader.objects(oids, maxTreeBytes)
    return oids.map((oid, at) => ({ oid, type: 'commit', data: expectObject(found[at], oid, 'commit') }))
  }

  /** The commit that both come from, or the answer where there is no such one. */
  async #base(onto: string, head: string, deadline: number): Promise<string | Merged> {
    const { past } = this.#parts.store
    for (const depth of [0, ...depths]) {
      if (depth > 0 && !(await past.deepen(await this.#raw([onto, head]), depth, deadline))) return unknown(ends).merged
      const bases = await new BaseFinder(this.#all()).find(onto, head)
      if (bases.kind === 'long') break
      if (bases.kind === 'cut') continue
      const [base, ...others] = bases.oids
      if (base === undefined) return { kind: 'unrelated' }
      if (others.length === 0) return base
      return { kind: 'unknown', reason: 'both sides have merged each other, so that they come from several commits' }
    }
    return { kind: 'unknown', reason: `no commit that both come from is known within ${depths.at(-1)} commits` }
  }
}

interface Made {
  readonly merged: Merged
  readonly objects: ReadonlyMap<string, NewObject>
}

function unknown(reason: string): Made {
  return { merged: { kind: 'unknown', reason }, objects: new Map() }
}

/** The same for the same two, whenever and wherever it is made. */
function commitOf(tree: string, onto: Commit, head: Commit): NewObject {
  const parents = [onto.oid, head.oid]
  const message = `Merge ${head.oid.slice(0, 12)} into ${onto.oid.slice(0, 12)}`
  const bytes = commitBytes({ tree, parents, author, at: Math.max(0, onto.at, head.at), message })
  const draft = new Draft(inMemory(new Map()))
  return draft.made(draft.put('commit', bytes))!
}
