import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { diskProblem } from '../disk.ts'
import { GitError } from '../errors.ts'
import { type LocalRepository, openLocal, packedRefs, readRef } from '../local-refs.ts'
import { FolderReader } from '../objects/folder.ts'
import type { NewObject } from './draft.ts'
import { checkRules } from './local-rules.ts'
import { makeFolder, writeLoose, writeWhole } from './loose-write.ts'
import type { Push, Pushed, Update } from './push.ts'

/** Pushes into a repository on this machine: loose objects first, then the ref, under the lock file that git uses. */
export class LocalPush implements Push {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async push(update: Update): Promise<Pushed> {
    const local = openLocal(this.#path)
    checkRules(local, update)
    const objects = await missing(local, await update.whole())
    try {
      // Nothing waits from here on, so that the lock is held for a moment only.
      writeLoose(join(local.common, 'objects'), objects)
      return moveRef(local, update)
    } catch (error) {
      throw writeProblem(error, local)
    }
  }
}

async function missing({ common }: LocalRepository, objects: readonly NewObject[]): Promise<NewObject[]> {
  const reader = new FolderReader(join(common, 'objects'))
  try {
    const found = await reader.sizes(objects.map(({ oid }) => oid))
    return objects.filter((_, at) => found[at] === undefined)
  } finally {
    reader.close()
  }
}

function moveRef(local: LocalRepository, update: Update): Pushed {
  const { ref, old, oid } = update
  const path = join(local.common, ref)
  const lock = `${path}.lock`
  const owner = statSync(join(local.common, 'objects'))
  if (old === undefined) checkName(local, ref)
  makeFolder(dirname(path), owner)
  try {
    writeWhole(lock, Buffer.from(`${oid}\n`), 0o666, owner)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return { kind: 'moved', reason: `${lock} is there: somebody else is moving it` }
    throw error
  }
  try {
    if (isSymbolic(path)) {
      throw new GitError('UNSUPPORTED_REPOSITORY', ref, `${local.path}: ${ref} is another name of a branch: use that`)
    }
    if (readRef(local, ref) !== old) return { kind: 'moved', reason: 'the branch was moved by somebody else' }
    noteMove(local, update)
    renameSync(lock, path)
    return { kind: 'pushed' }
  } finally {
    rmSync(lock, { force: true })
  }
}

/** `refs/heads/a` and `refs/heads/a/b` cannot both be there, wherever they are kept. */
function checkName(local: LocalRepository, ref: string): void {
  const clash = [...packedRefs(local).keys()].find((name) => name.startsWith(`${ref}/`) || ref.startsWith(`${name}/`))
  if (clash !== undefined) throw nameTaken(local, ref, clash)
}

function nameTaken(local: LocalRepository, ref: string, clash: string): GitError {
  return new GitError('PUSH_REFUSED', ref, `${local.path}: ${ref} cannot be made beside ${clash}`)
}

function isSymbolic(path: string): boolean {
  return existsSync(path) && statSync(path).isFile() && readFileSync(path, 'utf8').startsWith('ref:')
}

/** Where a log of the ref is kept, it is kept on. */
function noteMove({ common }: LocalRepository, { ref, old, oid }: Update): void {
  const log = join(common, 'logs', ref)
  if (!existsSync(log)) return
  const seconds = Math.floor(Date.now() / 1000)
  appendFileSync(log, `${old ?? '0'.repeat(40)} ${oid} berth <berth> ${seconds} +0000\tpush\n`)
}

function writeProblem(error: unknown, { path }: LocalRepository): unknown {
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new GitError('FORBIDDEN', path, `${path}: may not be written (${code})`, { cause: error })
  }
  if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENOTEMPTY') {
    return new GitError('PUSH_REFUSED', path, `${path}: a branch of a name below or above this one is there`)
  }
  return diskProblem(error) ?? error
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
