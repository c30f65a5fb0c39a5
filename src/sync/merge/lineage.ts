import { parseCommit } from '../objects/commit.ts'
import { maxTreeBytes, type ObjectReader } from '../objects/reader.ts'
import { BaseFinder } from './bases.ts'

/** A commit that a merge goes back to. */
export interface Forebear {
  readonly oid: string
  readonly tree: string
  /** When it was committed, s: Git merges the oldest first. */
  readonly at: number
}

/** What cannot be told; the words are for people. */
export class Untold extends Error {
  override readonly name = 'Untold'
}

/** More history may tell. */
export class Cut extends Untold {}

const mostCommits = 24
const mostOrders = 6

/** The commits that a merge goes back to when both sides come from several: those, those that these come from in turn, and so on. */
export class Lineage {
  readonly #reader: ObjectReader
  readonly #forebears = new Map<string, Forebear>()
  readonly #bases = new Map<string, readonly string[]>()

  constructor(reader: ObjectReader) {
    this.#reader = reader
  }

  /** All that were met so far. */
  get all(): readonly Forebear[] {
    return [...this.#forebears.values()]
  }

  tree(oid: string): string {
    return this.#forebears.get(oid)!.tree
  }

  /** Meets all that merging these takes. */
  async meet(oids: readonly string[]): Promise<void> {
    for (const oid of oids) await this.#add(oid)
    for (const order of this.orders(oids)) {
      for (let at = 1; at < order.length; at++) await this.meet(await this.bases(order.slice(0, at), order[at]!))
    }
  }

  /** What a commit made of several, and another one, come from. */
  async bases(ours: readonly string[], theirs: string): Promise<readonly string[]> {
    const key = `${ours.toSorted().join(' ')} ${theirs}`
    const known = this.#bases.get(key)
    if (known) return known
    const found = await new BaseFinder(this.#reader).find(ours, theirs)
    if (found.kind !== 'found') throw cut()
    this.#bases.set(key, found.oids)
    return found.oids
  }

  /** Git's order: the oldest first. Those of one second may be in any. */
  orders(oids: readonly string[]): readonly (readonly string[])[] {
    const at = (oid: string) => this.#forebears.get(oid)!.at
    const ages = [...new Set(oids.map(at))].sort((a, b) => a - b)
    let orders: readonly (readonly string[])[] = [[]]
    for (const age of ages) {
      const arrangements = permutations(oids.filter((oid) => at(oid) === age))
      orders = orders.flatMap((order) => arrangements.map((more) => [...order, ...more]))
      if (orders.length > mostOrders) throw new Untold('both sides come from too many commits')
    }
    return orders
  }

  /** All that were met, each after those that it comes from. */
  async sorted(): Promise<readonly (Forebear & { readonly behind: readonly string[] })[]> {
    const found = []
    for (const one of this.all) found.push({ ...one, behind: await this.#behind(one.oid) })
    return found.sort((a, b) => a.behind.length - b.behind.length)
  }

  async #behind(oid: string): Promise<readonly string[]> {
    const others = this.all.map((one) => one.oid).filter((other) => other !== oid)
    const found: string[] = []
    for (const other of others) if ((await this.bases([oid], other)).includes(other)) found.push(other)
    return found
  }

  async #add(oid: string): Promise<void> {
    if (this.#forebears.has(oid)) return
    if (this.#forebears.size >= mostCommits) throw new Untold('both sides come from too many commits')
    const [found] = await this.#reader.objects([oid], maxTreeBytes)
    if (!found?.data) throw cut()
    const { tree } = parseCommit(oid, found.data)
    const head = Buffer.from(found.data).toString('latin1').split('\n\n', 1)[0]!
    const seconds = /^committer .*> (\d{1,14})/m.exec(head)?.[1] ?? '0'
    this.#forebears.set(oid, { oid, tree, at: Number(seconds) })
  }
}

function cut(): Cut {
  return new Cut('the history that is there ends before all that both sides come from')
}

function permutations(items: readonly string[]): string[][] {
  if (items.length > 3) throw new Untold('both sides come from too many commits')
  if (items.length === 0) return [[]]
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}
