import { parseCommit } from './objects/commit.ts'
import { expectObject, type ObjectReader } from './objects/reader.ts'
import type { Commit } from './port.ts'

const longestWalk = 50_000
const largestCommit = 1024 * 1024

/** Commits by id, a set at a time; those that the store does not have (beyond a shallow clone) are left out. */
async function readCommits(reader: ObjectReader, oids: readonly string[]): Promise<Commit[]> {
  const found = await reader.objects(oids, largestCommit)
  return oids.flatMap((oid, at) => (found[at]?.data ? [parseCommit(oid, expectObject(found[at], oid, 'commit'))] : []))
}

/** True when `oid` can be reached from `head` through the history that the store has. */
export async function isAncestor(reader: ObjectReader, oid: string, head: string): Promise<boolean> {
  const seen = new Set([head])
  for (let level = [head]; level.length > 0 && seen.size < longestWalk; ) {
    if (seen.has(oid)) return true
    const commits = await readCommits(reader, level)
    level = [...new Set(commits.flatMap(({ parents }) => parents))].filter((parent) => !seen.has(parent))
    for (const parent of level) seen.add(parent)
  }
  return seen.has(oid)
}

/** Commits reachable from `to` and not from `from`, children before parents, at most `limit`. */
export async function commitsBetween(
  reader: ObjectReader,
  from: string | undefined,
  to: string,
  limit: number,
): Promise<Commit[]> {
  const ours = new Map<string, Commit>()
  const theirs = new Set(from === undefined ? [] : [from])
  let ourLevel = [to]
  let theirLevel = [...theirs]
  // Both sides step back together, so that neither walks a whole history that the other would have cut off.
  while (ourLevel.some((oid) => !theirs.has(oid)) && ours.size < longestWalk) {
    const commits = await readCommits(
      reader,
      ourLevel.filter((oid) => !theirs.has(oid) && !ours.has(oid)),
    )
    for (const commit of commits) ours.set(commit.oid, commit)
    ourLevel = [...new Set(commits.flatMap(({ parents }) => parents))].filter((oid) => !ours.has(oid))
    const others = await readCommits(reader, theirLevel)
    theirLevel = [...new Set(others.flatMap(({ parents }) => parents))].filter((oid) => !theirs.has(oid))
    for (const oid of theirLevel) theirs.add(oid)
    if (from === undefined && ours.size > 4 * limit) break
  }
  removeReachable(ours, theirs)
  return childrenFirst(ours, to).slice(0, limit)
}

function removeReachable(commits: Map<string, Commit>, from: ReadonlySet<string>): void {
  const queue = [...from]
  for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
    const commit = commits.get(oid)
    if (!commit) continue
    commits.delete(oid)
    queue.push(...commit.parents)
  }
}

/** Topological order from `head`, the first parent's line kept together. */
function childrenFirst(commits: ReadonlyMap<string, Commit>, head: string): Commit[] {
  const children = new Map<string, number>()
  for (const { parents } of commits.values()) {
    for (const parent of parents) children.set(parent, (children.get(parent) ?? 0) + 1)
  }
  const order: Commit[] = []
  const ready = [head]
  for (let oid = ready.pop(); oid !== undefined; oid = ready.pop()) {
    const commit = commits.get(oid)
    if (!commit) continue
    order.push(commit)
    for (const parent of commit.parents.toReversed()) {
      const left = children.get(parent)! - 1
      children.set(parent, left)
      if (left === 0) ready.push(parent)
    }
  }
  return order
}
