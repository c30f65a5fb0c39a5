import { differences, type EntryChange } from './differences.ts'
import type { Draft } from './draft.ts'
import { conflict, type Merge } from './merge-trees.ts'
import { isFile, isFolder, shownPath } from './raw-tree.ts'
import { entryAt } from './splice.ts'

const largestText = 1024 * 1024
/** Beyond that many pairs only equal files count as moved. */
const mostPairs = 5000

/**
 * A merge by paths goes wrong where files have moved, and nobody would see it: what is to be removed stays under its new name, what is to
 * come back comes to a folder that is elsewhere by now. Git follows moved files and calls these conflicts; here they are found only when
 * they could be there. Throws CONFLICT.
 */
export async function expectNoMoves(draft: Draft, { base, ours, theirs }: Merge): Promise<void> {
  const their = (await differences(draft, base, theirs)).changes
  const our = (await differences(draft, base, ours)).changes
  const gone = await filter(removed(their), async ({ path }) => !(await isThere(draft, ours, path)))
  const moved = new Set(gone.length === 0 ? [] : await movedFrom(draft, gone, added(our)))
  for (const path of await homeless(draft, { base, after: ours, changes: our }, added(their))) moved.add(path)
  for (const path of await homeless(draft, { base, after: theirs, changes: their }, added(our))) moved.add(path)
  if (moved.size > 0) throw conflict('moved since, or in a folder that moved', [...moved].map(shownPath))
}

/** The files that moved from `base` to `after`, by their old names, as they are shown. */
export async function movedFiles(draft: Draft, base: string, after: string): Promise<readonly string[]> {
  const { changes } = await differences(draft, base, after)
  const sources = removed(changes)
  return sources.length === 0 ? [] : (await movedFrom(draft, sources, added(changes))).map(shownPath)
}

/** One side of a merge. */
interface Side {
  readonly base: string | undefined
  readonly after: string | undefined
  readonly changes: readonly EntryChange[]
}

/** New files of one side whose folder the other side has moved. */
async function homeless(draft: Draft, { base, after, changes }: Side, newcomers: readonly EntryChange[]) {
  const found: string[] = []
  if (removed(changes).length === 0) return found
  const folders = new Map<string, string | undefined>()
  let sources: readonly string[] | undefined
  for (const { path } of newcomers) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (!folders.has(parent)) folders.set(parent, await lostFolder(draft, base, after, parent))
    const folder = folders.get(parent)
    if (folder === undefined) continue
    sources ??= await movedFrom(draft, removed(changes), added(changes))
    if (sources.some((source) => source.startsWith(`${folder}/`))) found.push(path)
  }
  return found
}

function removed(changes: readonly EntryChange[]): EntryChange[] {
  return changes.filter(({ before, after }) => before !== undefined && after === undefined)
}

function added(changes: readonly EntryChange[]): EntryChange[] {
  return changes.filter(({ before, after }) => before === undefined && after !== undefined)
}

async function filter<T>(items: readonly T[], keep: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = []
  for (const item of items) if (await keep(item)) kept.push(item)
  return kept
}

async function isThere(draft: Draft, tree: string | undefined, path: string): Promise<boolean> {
  return (await entryAt(draft, tree, path.split('/'))) !== undefined
}

/** The folder itself, if it was there before and is there no more. */
async function lostFolder(
  draft: Draft,
  before: string | undefined,
  after: string | undefined,
  folder: string,
): Promise<string | undefined> {
  const was = await entryAt(draft, before, folder.split('/'))
  if (!was || !isFolder(was)) return undefined
  const is = await entryAt(draft, after, folder.split('/'))
  return is && isFolder(is) ? undefined : folder
}

/** Of the removed files those that came again under another name: equal, or half of their lines. */
async function movedFrom(
  draft: Draft,
  sources: readonly EntryChange[],
  targets: readonly EntryChange[],
): Promise<readonly string[]> {
  const ids = new Set(targets.map(({ after }) => after!.oid))
  const moved = sources.filter(({ before }) => ids.has(before!.oid)).map(({ path }) => path)
  if (sources.length * targets.length > mostPairs) return moved
  const texts = await Promise.all(targets.flatMap(({ after }) => (isFile(after!) ? linesOf(draft, after!.oid) : [])))
  for (const { path, before } of sources) {
    if (moved.includes(path) || !isFile(before!)) continue
    const lines = await linesOf(draft, before!.oid)
    if (texts.some((text) => areAlike(lines, text))) moved.push(path)
  }
  return moved
}

async function linesOf(draft: Draft, oid: string): Promise<readonly string[]> {
  const bytes = await draft.blob(oid, largestText)
  return bytes
    ? Buffer.from(bytes)
        .toString('latin1')
        .split(/(?<=\n)/)
    : []
}

function areAlike(a: readonly string[], b: readonly string[]): boolean {
  const counts = new Map<string, number>()
  for (const line of a) counts.set(line, (counts.get(line) ?? 0) + 1)
  let common = 0
  for (const line of b) {
    const count = counts.get(line) ?? 0
    if (count === 0) continue
    counts.set(line, count - 1)
    common += line.length
  }
  return 2 * common >= Math.max(lengthOf(a), lengthOf(b)) && common > 0
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0)
}
