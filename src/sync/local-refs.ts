import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { GitError } from './errors.ts'
import type { Branch } from './port.ts'

/** A repository on this machine, found from a path that people give. */
export interface LocalRepository {
  readonly path: string
  /** Folder of HEAD; for a linked work tree not the same as `common`. */
  readonly gitDir: string
  /** Folder of refs and objects. */
  readonly common: string
}

/** Finds the repository at a path: bare, with a work tree, or a linked work tree. Refuses what cannot be read safely. */
export function openLocal(path: string): LocalRepository {
  const gitDir = findGitDir(path)
  const common = resolve(gitDir, readText(join(gitDir, 'commondir'))?.trim() ?? '.')
  const config = readText(join(common, 'config')) ?? ''
  if (/^\s*objectformat\s*=\s*"?sha256/im.test(config)) {
    throw unsupported(path, 'SHA-256 repositories are not supported yet: use one with SHA-1 ids')
  }
  return { path, gitDir, common }
}

function findGitDir(path: string): string {
  const inside = join(path, '.git')
  const pointer = readText(inside)
  const found = /^gitdir: (.+?)\s*$/.exec(pointer ?? '')?.[1]
  const candidates = found === undefined ? [inside, path] : [resolve(path, found)]
  const gitDir = candidates.find((folder) => isFolder(join(folder, 'objects')) || isFile(join(folder, 'commondir')))
  if (gitDir === undefined || readText(join(gitDir, 'HEAD')) === undefined) {
    throw new GitError('NO_SUCH_REPOSITORY', path, `${path}: there is no Git repository here`)
  }
  return gitDir
}

/** Refuses layouts that the embedded reader does not understand. */
export function expectPlainLayout(local: LocalRepository): void {
  const { path, common } = local
  if (!hasPlainRefs(local)) {
    throw unsupported(path, 'its refs are kept as reftable: install git, or convert it (git refs migrate)')
  }
  if (readText(join(common, 'objects/info/alternates'))?.trim()) {
    throw unsupported(
      path,
      'it borrows objects from another repository (alternates): install git, or run git repack -ad',
    )
  }
}

/** True when refs are kept in files, as they are unless somebody chose reftable. */
export function hasPlainRefs({ common }: LocalRepository): boolean {
  return !/^\s*refstorage\s*=\s*"?reftable/im.test(readText(join(common, 'config')) ?? '')
}

function unsupported(path: string, problem: string): GitError {
  return new GitError('UNSUPPORTED_REPOSITORY', path, `${path}: ${problem}`)
}

/** The id behind a full ref name or HEAD; undefined when there is no such ref. */
export function readRef(local: LocalRepository, name: string): string | undefined {
  let at = name
  for (let steps = 0; steps < 5; steps++) {
    const text = readText(join(at === 'HEAD' ? local.gitDir : local.common, at)) ?? packedRefs(local).get(at)
    if (text === undefined) return undefined
    const target = /^ref: (\S+)\s*$/.exec(text)?.[1]
    if (target === undefined) return /^[0-9a-f]{40}(?=\s*$)/.exec(text)?.[0] ?? damagedRef(local, at)
    if (!target.startsWith('refs/') || target.includes('..')) return damagedRef(local, at)
    at = target
  }
  return damagedRef(local, name)
}

function damagedRef(local: LocalRepository, name: string): never {
  throw new GitError('STORE_DAMAGED', local.path, `${local.path}: the ref ${name} cannot be read`)
}

/** True when the repository has any branch at all. */
export function hasBranches(local: LocalRepository): boolean {
  if ([...packedRefs(local).keys()].some((name) => name.startsWith('refs/heads/'))) return true
  return hasFiles(join(local.common, 'refs/heads'))
}

const heads = 'refs/heads/'

/** The branches whose names begin so, by name. */
export function branchesIn(local: LocalRepository, prefix: string): Branch[] {
  const loose = filesBelow(join(local.common, heads))
  const packed = [...packedRefs(local).keys()].filter((ref) => ref.startsWith(heads))
  const names = new Set([...packed.map((ref) => ref.slice(heads.length)), ...loose])
  return [...names]
    .filter((name) => name.startsWith(prefix) && !name.endsWith('.lock'))
    .sort()
    .flatMap((name) => {
      // Gone since it was listed.
      const oid = readRef(local, `${heads}${name}`)
      return oid === undefined ? [] : [{ name, oid }]
    })
}

/** Refs that stand in one file together; a file of its own counts before it. */
export function packedRefs(local: LocalRepository): ReadonlyMap<string, string> {
  const lines = (readText(join(local.common, 'packed-refs')) ?? '').split('\n')
  const found = lines.map((line) => /^([0-9a-f]{40}) (\S+)$/.exec(line)).filter((match) => match !== null)
  return new Map(found.map(([, oid = '', name = '']) => [name, oid]))
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw new GitError('FORBIDDEN', path, `${path}: cannot be read (${String(code)})`, { cause: error })
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function hasFiles(folder: string): boolean {
  return filesBelow(folder).length > 0
}

/** Relative paths. */
function filesBelow(folder: string): string[] {
  if (!isFolder(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
