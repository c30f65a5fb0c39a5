import { stableText } from '../base/hash.ts'
import type { Key } from '../base/key.ts'
import { checkManifests, duplicateProblem, type Ignored, type Located, type ManifestSet } from '../manifests/check.ts'
import { capProblems, type Problem } from '../manifests/problem.ts'
import { type Doc, isManifestPath, readManifest } from '../manifests/read.ts'
import { GitError } from '../sync/errors.ts'
import type { Commit, FileRef, Repository, Snapshot } from '../sync/port.ts'
import type { FileState } from './read-files.ts'
import { Stretches } from './stretches.ts'

export interface SourceOptions {
  readonly repository: Repository
  /** Folder of the manifests inside the repository; '' for its root. */
  readonly path: string
  readonly namespace: string
  readonly podSecurity: 'privileged' | 'baseline' | 'restricted'
  /** Whose signature a commit must bear before anything of it is read (`Repository.signature`); undefined: nobody's. */
  readonly verify?: { readonly keys: readonly string[] } | undefined
  /** What becomes of the objects of a preview together, once they are without a problem; absent: it is none, and they stay as they are. */
  readonly transform?: ((objects: ManifestSet) => Transformed) | undefined
  /** Files that somebody else has read by the same rules; absent: nobody has. */
  readonly known?: ((path: string, oid: string) => FileState | undefined) | undefined
  /** Told of the files of what is accepted, by path. */
  readonly onAccepted?: ((files: ReadonlyMap<string, FileState>) => void) | undefined
}

export interface Transformed {
  /** To be used only when there are no problems. */
  readonly objects: ManifestSet
  readonly problems: readonly Problem[]
  readonly ignored: readonly Ignored[]
}

/** One commit, read whole and without a problem. */
export interface Revision {
  readonly commit: Commit
  /** Tree id of the folder: equal id, equal manifests. */
  readonly tree: string
  readonly objects: ReadonlyMap<Key, Located>
  /** Against the accepted revision: objects that are new or differ. A moved manifest is no change. */
  readonly changed: readonly Key[]
  readonly removed: readonly Key[]
  readonly ignored: readonly Ignored[]
  readonly warnings: readonly Problem[]
  /** Durations, ms. */
  readonly stages: { readonly readMs: number }
}

export type Reading =
  | { readonly kind: 'read'; readonly revision: Revision }
  | {
      readonly kind: 'refused'
      readonly commit: Commit
      readonly problems: readonly Problem[]
      /** Why its signature does not count, when that is the problem: it may count later, by other keys. */
      readonly unverified?: string
    }

/** A first read of thousands of files must not keep probes and events waiting, nor must a hundred of them. */
const stretches = new Stretches()

interface Accepted {
  readonly snapshot: Snapshot
  readonly files: ReadonlyMap<string, FileState>
  /** As they are written. */
  readonly objects: ReadonlyMap<Key, Located>
  /** As they are given to others: the same, or what `transform` made of them. */
  readonly given: ReadonlyMap<Key, Located>
}

/**
 * An application's manifests as a checked set of objects. A commit costs its changed files: everything else is carried
 * over from the accepted revision. Nothing is accepted before the caller says so: a held or refused commit leaves no trace.
 */
export class ApplicationSource {
  readonly #options: SourceOptions
  #accepted: Accepted | undefined
  #candidates = new WeakMap<Revision, Accepted>()

  constructor(options: SourceOptions) {
    this.#options = options
  }

  /** Reads and checks one commit. Throws GitError when Git does not give it completely; a fault of its content is a refusal. */
  async read(oid: string, now: () => number): Promise<Reading> {
    const began = now()
    const { repository, path } = this.#options
    const commit = await repository.commit(oid)
    const unverified = await this.#unverified(oid)
    if (unverified !== undefined) {
      const problem = { file: '', line: 0, path: '', message: unverified }
      return { kind: 'refused', commit, problems: [problem], unverified }
    }
    try {
      const snapshot = await repository.snapshot(oid, path, this.#accepted?.snapshot)
      const fresh = await this.#fresh(snapshot, now)
      const contents = patched(fresh, snapshot, this.#accepted) ?? combined(fresh, snapshot, this.#accepted)
      const problems = [...problemsOf(fresh), ...contents.problems]
      if (problems.length > 0) return { kind: 'refused', commit, problems: capProblems(problems) }
      const { files, objects } = contents
      const given = this.#given(contents)
      if (given.problems.length > 0) return { kind: 'refused', commit, problems: capProblems(given.problems) }
      const told = { ignored: [...all(files, 'ignored'), ...given.ignored], warnings: all(files, 'warnings') }
      const revision = {
        commit,
        tree: snapshot.tree,
        objects: given.objects,
        changed: given.changed,
        removed: given.removed,
        ...told,
        stages: { readMs: now() - began },
      }
      this.#candidates.set(revision, { snapshot, files, objects, given: given.objects })
      return { kind: 'read', revision }
    } catch (error) {
      if (error instanceof GitError && error.refusesCommit) {
        return { kind: 'refused', commit, problems: [this.#problemOf(error)] }
      }
      throw error
    }
  }

  /** One object may depend on all others, so everything is transformed anew, and compared with what was given before. */
  #given({ objects, changed, removed }: Contents): Transformed & Pick<Contents, 'changed' | 'removed'> {
    const { transform } = this.#options
    if (!transform) return { objects, changed, removed, problems: [], ignored: [] }
    const transformed = transform(objects)
    const before = this.#accepted?.given ?? new Map<Key, Located>()
    return { ...transformed, ...differences(before, transformed.objects) }
  }

  /** Why the commit may not be read; undefined: it may. */
  async #unverified(oid: string): Promise<string | undefined> {
    const { repository, verify } = this.#options
    if (verify === undefined) return undefined
    const signature = await repository.signature(oid, verify.keys)
    if (signature.valid) return undefined
    return `${signature.reason}: expected a signature by one of the keys of source.verify`
  }

  /** From now on changes are told against this revision. */
  accept(revision: Revision): void {
    const candidate = this.#candidates.get(revision)
    if (!candidate) throw new TypeError('only a revision that this source has read can be accepted')
    this.#accepted = candidate
    this.#options.onAccepted?.(candidate.files)
  }

  /** The manifests that are not known from the accepted revision. */
  async #fresh(snapshot: Snapshot, now: () => number): Promise<ReadonlyMap<string, FileState>> {
    const known = this.#accepted?.files ?? new Map<string, FileState>()
    const changed = new Set(snapshot.changed)
    const wanted = snapshot.files.filter(
      (file) => (changed.has(file.path) || !known.has(file.path)) && isManifestPath(file.path),
    )
    const found = new Map(wanted.map(({ path, oid }) => [path, this.#options.known?.(path, oid)]))
    const contents = await this.#options.repository.read(wanted.filter(({ path }) => found.get(path) === undefined))
    const fresh = new Map<string, FileState>()
    const first = this.#options.transform === undefined
    for (const file of wanted) {
      if (stretches.isOver(now())) await stretches.next(now, first)
      fresh.set(file.path, found.get(file.path) ?? this.#fileState(file, contents))
    }
    return fresh
  }

  #fileState(file: FileRef, contents: ReadonlyMap<string, Uint8Array>): FileState {
    const bytes = contents.get(file.oid)
    if (!bytes)
      throw new GitError('STORE_DAMAGED', file.path, `the content of ${file.path} is missing in the local store`)
    const { documents, problems } = readManifest({ path: file.path, bytes })
    const checked = this.#check(documents)
    const inRepository = <T extends { readonly file: string }>(one: T): T => ({ ...one, file: this.#path(one.file) })
    return {
      oid: file.oid,
      objects: new Map([...checked.objects].map(([key, located]) => [key, inRepository(withoutText(located))])),
      problems: [...problems, ...checked.problems].map(inRepository),
      ignored: checked.ignored.map(inRepository),
      warnings: checked.warnings.map(inRepository),
    }
  }

  /** Git's side names some places from the root already, and begins its words with the place. */
  #problemOf({ subject, message }: GitError): Problem {
    const { path } = this.#options
    const file = path === '' || subject.startsWith(`${path}/`) ? subject : this.#path(subject)
    const words = message.startsWith(`${subject}: `) ? message.slice(subject.length + 2) : message
    return { file, line: 0, path: '', message: words }
  }

  /** People look for a file from the root of the repository. */
  #path(file: string): string {
    const { path } = this.#options
    return path === '' ? file : `${path}/${file}`
  }

  #check(documents: readonly Doc[]): ReturnType<typeof checkManifests> {
    const { namespace, podSecurity, transform } = this.#options
    return checkManifests(documents, { namespace, podSecurity, forPreview: transform !== undefined })
  }
}

/** A text cut out of a file keeps the whole file in memory, so every text is written anew. */
function withoutText(located: Located): Located {
  return { ...located, object: JSON.parse(JSON.stringify(located.object)) }
}

function problemsOf(files: ReadonlyMap<string, FileState>): Problem[] {
  return [...files.values()].flatMap((file) => file.problems)
}

/** All files together, and how they differ from the accepted ones. */
interface Contents {
  readonly files: ReadonlyMap<string, FileState>
  readonly objects: ReadonlyMap<Key, Located>
  readonly changed: readonly Key[]
  readonly removed: readonly Key[]
  /** Of files that are each without one. */
  readonly problems: readonly Problem[]
}

/** The common commit: files changed, but neither files nor objects came, moved or went. Undefined when that is not so. */
function patched(
  fresh: ReadonlyMap<string, FileState>,
  snapshot: Snapshot,
  before: Accepted | undefined,
): Contents | undefined {
  if (!before || snapshot.changed.some((path) => before.files.has(path) && !fresh.has(path))) return undefined
  for (const [path, file] of fresh) if (!sameKeys(file, before.files.get(path))) return undefined
  const objects = new Map(before.objects)
  for (const file of fresh.values()) for (const [key, located] of file.objects) objects.set(key, located)
  const changed = [...fresh.values()].flatMap((file) =>
    [...file.objects].filter(([key, located]) => differs(before.objects.get(key), located)).map(([key]) => key),
  )
  const files = new Map(before.files)
  for (const [path, file] of fresh) files.set(path, file)
  return { files, objects, changed: changed.sort(), removed: [], problems: [] }
}

function sameKeys(a: FileState, b: FileState | undefined): boolean {
  return (
    b !== undefined && a.objects.size === b.objects.size && [...a.objects.keys()].every((key) => b.objects.has(key))
  )
}

function combined(fresh: ReadonlyMap<string, FileState>, snapshot: Snapshot, before: Accepted | undefined): Contents {
  const files = new Map<string, FileState>()
  for (const file of snapshot.files) {
    const state = fresh.get(file.path) ?? before?.files.get(file.path)
    if (state) files.set(file.path, state)
  }
  const objects = new Map<Key, Located>()
  const changed: Key[] = []
  for (const [path, file] of files) {
    const same = before?.files.get(path) === file
    for (const [key, located] of file.objects) {
      objects.set(key, located)
      if (!same && differs(before?.objects.get(key), located)) changed.push(key)
    }
  }
  const removed = [...(before?.objects.keys() ?? [])].filter((key) => !objects.has(key))
  return { files, objects, changed: changed.sort(), removed: removed.sort(), problems: duplicates(files) }
}

function differences(
  before: ReadonlyMap<Key, Located>,
  after: ReadonlyMap<Key, Located>,
): Pick<Contents, 'changed' | 'removed'> {
  const changed = [...after].filter(([key, located]) => differs(before.get(key), located)).map(([key]) => key)
  const removed = [...before.keys()].filter((key) => !after.has(key))
  return { changed: changed.sort(), removed: removed.sort() }
}

/** One object may be defined once: the order of files must not decide which definition wins. */
function duplicates(files: ReadonlyMap<string, FileState>): Problem[] {
  const first = new Map<Key, Located>()
  const problems: Problem[] = []
  for (const file of files.values()) {
    for (const [key, located] of file.objects) {
      const other = first.get(key)
      if (!other) {
        first.set(key, located)
        continue
      }
      problems.push(duplicateProblem(located, other))
    }
  }
  return problems
}

function all<K extends 'ignored' | 'warnings'>(files: ReadonlyMap<string, FileState>, what: K): FileState[K][number][] {
  const found: FileState[K][number][] = []
  for (const file of files.values()) found.push(...file[what])
  return found
}

function differs(before: Located | undefined, after: Located): boolean {
  return before === undefined || stableText(before.object) !== stableText(after.object)
}
