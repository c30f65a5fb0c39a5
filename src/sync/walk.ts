import { GitError } from './errors.ts'
import { byPath, type FileChange } from './listing.ts'
import { expectObject, maxTreeBytes, type ObjectReader } from './objects/reader.ts'
import { parseTree, showPath, type TreeEntry } from './objects/tree.ts'
import type { SyncLimits } from './port.ts'

export interface TreeChanges {
  /** Sorted by path, relative to the watched folder. */
  readonly changes: readonly FileChange[]
  /** Entries (files and folders) added minus removed. */
  readonly entries: number
}

interface Pair {
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

type Tree = ReadonlyMap<string, TreeEntry>
type WalkLimits = Pick<SyncLimits, 'depth' | 'entries'>

/**
 * The files that differ between two trees (`before` undefined: all of `after`), found level by level and only in
 * folders whose ids differ. `folder` is the watched folder, for messages; `known` counts the entries of `before`.
 */
export async function compareTrees(
  reader: ObjectReader,
  before: string | undefined,
  after: string,
  folder: string,
  limits: WalkLimits,
  known: number,
): Promise<TreeChanges> {
  const changes: FileChange[] = []
  let entries = known
  let level: readonly Pair[] = before === after ? [] : [{ path: '', before, after }]
  for (let depth = 1; level.length > 0; depth++) {
    const trees = await readTrees(reader, level, folder, limits)
    const next: Pair[] = []
    // Counted before the level below is read: a tree bomb doubles with each level.
    let added = 0
    for (const pair of level) {
      const compared = comparePair(pair, trees)
      changes.push(...compared.changes)
      for (const entry of compared.entered) expectPlain(entry.kind, shown(folder, entry.path))
      const deep = depth >= limits.depth && compared.folders.find(({ after }) => after !== undefined)
      if (deep) throw tooDeep(shown(folder, deep.path), limits)
      next.push(...compared.folders)
      entries += compared.added - compared.removed
      added += compared.added
      if (added > limits.entries || changes.length > 4 * limits.entries) throw tooMany(folder, limits)
    }
    level = next
  }
  if (entries > limits.entries) throw tooMany(folder, limits)
  return { changes: changes.sort(byPath), entries: entries - known }
}

interface Compared {
  readonly changes: FileChange[]
  readonly folders: Pair[]
  readonly entered: { readonly path: string; readonly kind: TreeEntry['kind'] }[]
  added: number
  removed: number
}

function comparePair(pair: Pair, trees: ReadonlyMap<string, Tree>): Compared {
  const result: Compared = { changes: [], folders: [], entered: [], added: 0, removed: 0 }
  const old: Tree = trees.get(pair.before ?? '') ?? new Map()
  const now: Tree = trees.get(pair.after ?? '') ?? new Map()
  const inside = (name: string): string => (pair.path === '' ? name : `${pair.path}/${name}`)
  for (const [name, entry] of now) {
    const was = old.get(name)
    if (!was) result.added++
    if (was?.oid === entry.oid && was.kind === entry.kind) continue
    const path = inside(name)
    result.entered.push({ path, kind: entry.kind })
    if (entry.kind === 'file') result.changes.push({ path, oid: entry.oid })
    if (was?.kind === 'file' && entry.kind !== 'file') result.changes.push({ path, oid: undefined })
    const before = was?.kind === 'folder' ? was.oid : undefined
    const after = entry.kind === 'folder' ? entry.oid : undefined
    if (before !== undefined || after !== undefined) result.folders.push({ path, before, after })
  }
  for (const [name, was] of old) {
    if (now.has(name)) continue
    result.removed++
    const path = inside(name)
    if (was.kind === 'file') result.changes.push({ path, oid: undefined })
    if (was.kind === 'folder') result.folders.push({ path, before: was.oid, after: undefined })
  }
  return result
}

async function readTrees(
  reader: ObjectReader,
  level: readonly Pair[],
  folder: string,
  limits: WalkLimits,
): Promise<ReadonlyMap<string, Tree>> {
  const oids = [...new Set(level.flatMap(({ before, after }) => [before, after]))].filter((oid) => oid !== undefined)
  const found = await reader.objects(oids, maxTreeBytes)
  const trees = new Map<string, Tree>()
  let entries = 0
  for (const [at, oid] of oids.entries()) {
    if (found[at] && !found[at].data) throw tooMany(folder, limits)
    const tree = byName(oid, expectObject(found[at], oid, 'tree'), folder)
    entries += tree.size
    if (entries > 2 * limits.entries) throw tooMany(folder, limits)
    trees.set(oid, tree)
  }
  return trees
}

function byName(oid: string, bytes: Uint8Array, folder: string): Tree {
  const tree = new Map<string, TreeEntry>()
  for (const entry of parseTree(oid, bytes)) {
    if (/^\.{0,2}$|\/|^\.git$/i.test(entry.name) || tree.has(entry.name)) {
      const path = shown(folder, entry.name)
      throw new GitError('BAD_NAME', path, `${path}: a tree holds a name that Git does not allow, or holds it twice`)
    }
    tree.set(entry.name, entry)
  }
  return tree
}

/** The tree of a folder, by its path from the root (parts checked, '' is the root). */
export async function findFolder(reader: ObjectReader, root: string, parts: readonly string[]): Promise<string> {
  let tree = root
  for (const [at, part] of parts.entries()) {
    const path = showPath(parts.slice(0, at + 1).join('/'))
    const [found] = await reader.objects([tree], maxTreeBytes)
    const entry = parseTree(tree, expectObject(found, tree, 'tree')).find(({ name }) => name === part)
    if (!entry) throw new GitError('NO_SUCH_PATH', path, `folder ${path}: not in this commit`)
    expectPlain(entry.kind, path)
    if (entry.kind === 'file') throw new GitError('NO_SUCH_PATH', path, `${path}: expected a folder, found a file`)
    tree = entry.oid
  }
  return tree
}

/** The parts of a folder path as people write it (`a/b`, `./a/`, `.`). */
export function folderParts(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (path.startsWith('/') || parts.includes('..')) {
    throw new GitError(
      'NO_SUCH_PATH',
      showPath(path),
      `folder ${showPath(path)}: expected a path inside the repository`,
    )
  }
  return parts
}

function expectPlain(kind: TreeEntry['kind'], path: string): void {
  if (kind === 'link') {
    throw new GitError('LINK', path, `${path}: symbolic links are not followed: put the file itself there`)
  }
  if (kind === 'submodule') {
    throw new GitError('SUBMODULE', path, `${path}: submodules are not read: watch that repository itself`)
  }
}

function shown(folder: string, path: string): string {
  return showPath(folder === '' ? path : `${folder}/${path}`)
}

function tooMany(folder: string, limits: WalkLimits): GitError {
  const path = showPath(folder) || '.'
  return new GitError('TOO_MANY', path, `folder ${path}: more than ${limits.entries} files and folders`)
}

function tooDeep(path: string, limits: WalkLimits): GitError {
  return new GitError('TOO_DEEP', path, `${path}: folders nest deeper than ${limits.depth}`)
}
