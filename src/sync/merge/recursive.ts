import type { ObjectReader } from '../objects/reader.ts'
import { Draft } from '../write/draft.ts'
import { Conflict, mergeTrees } from '../write/merge-trees.ts'
import { type Lineage, Untold } from './lineage.ts'
import { haveMoved, mergeThree, moved, type TreesMerged } from './merge-three.ts'
import { inMemory, over } from './over.ts'
import { virtualFile } from './virtual-file.ts'

const mostMerges = 30
const deepest = 10

/** What both sides come from, by ids, and their root trees. */
export interface Sides {
  readonly bases: readonly string[]
  readonly ours: string
  readonly theirs: string
}

/**
 * Merges two sides that come from several commits as Git does: these are merged first, into a tree that is nobody's, from which both sides
 * then count as changed. Where Git's order is not known, all orders have to come to the same.
 */
export async function mergeRecursive(reader: ObjectReader, lineage: Lineage, sides: Sides): Promise<TreesMerged> {
  const { bases, ours, theirs } = sides
  const ancestors = new Ancestors(reader, lineage)
  try {
    const trees = await ancestors.trees(bases, 1)
    const known = over(reader, ancestors.made())
    const results: TreesMerged[] = []
    for (const base of trees) results.push(await mergeThree(known, { base, ours, theirs }))
    const [first] = results
    const isOne = results.every((result) => outcomeOf(result) === outcomeOf(first!))
    return isOne ? first! : { kind: 'unknown', reason: 'both sides come from several commits of the same second' }
  } catch (error) {
    if (error instanceof Untold) return { kind: 'unknown', reason: error.message }
    throw error
  }
}

function outcomeOf(result: TreesMerged): string {
  return result.kind === 'merged' ? result.tree : JSON.stringify(result)
}

/** Trees that are made of several commits. */
class Ancestors {
  readonly #draft: Draft
  readonly #lineage: Lineage
  #merges = 0

  constructor(reader: ObjectReader, lineage: Lineage) {
    this.#draft = new Draft(reader)
    this.#lineage = lineage
  }

  /** A reader of what was made. */
  made(): ObjectReader {
    return inMemory((oid) => this.#draft.made(oid))
  }

  /** One for each order in which they may be merged, if that is not the same. */
  async trees(oids: readonly string[], depth: number): Promise<readonly string[]> {
    if (depth > deepest) throw new Untold('both sides have merged each other too often')
    if (oids.length === 0) return [this.#draft.putRoot(undefined)]
    const found = new Set<string>()
    for (const order of this.#lineage.orders(oids)) {
      let trees: readonly string[] = [this.#lineage.tree(order[0]!)]
      for (let at = 1; at < order.length; at++) {
        const behind = await this.#lineage.bases(order.slice(0, at), order[at]!)
        const bases = await this.trees(behind, depth + 1)
        const merged = new Set<string>()
        for (const ours of trees) {
          for (const base of bases) merged.add(await this.#merged(base, ours, this.#lineage.tree(order[at]!), depth))
        }
        trees = [...merged]
      }
      for (const tree of trees) found.add(tree)
    }
    return [...found]
  }

  async #merged(base: string, ours: string, theirs: string, depth: number): Promise<string> {
    this.#merges += 1
    if (this.#merges > mostMerges) throw new Untold('both sides have merged each other too often')
    const draft = this.#draft
    if (await haveMoved(draft, { base, ours, theirs })) throw new Untold(moved)
    try {
      return draft.putRoot(await mergeTrees(draft, { base, ours, theirs }, (three) => virtualFile(draft, three, depth)))
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      throw new Untold(`what both sides come from is in conflict itself: ${error.paths.slice(0, 5).join(', ')}`)
    }
  }
}
