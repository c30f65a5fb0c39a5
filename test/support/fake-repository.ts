import { createHash } from 'node:crypto'
import { GitError } from '../../src/sync/errors.ts'
import type {
  Branch,
  Commit,
  FileRef,
  Head,
  Merged,
  Repository,
  Signature,
  Snapshot,
  WriteRequest,
  WriteResult,
} from '../../src/sync/port.ts'

/** A repository in memory: `push` makes commits, the rest answers as the real one does. */
export class FakeRepository implements Repository {
  readonly url = 'memory'
  readonly revision = 'main'
  readonly backend = 'embedded'
  /** What the remote answers with from now on, instead of its head. */
  fault: GitError | undefined
  /** What it answers to whoever writes. */
  writeFault: GitError | undefined
  /** What it answers to whoever asks what a merge would be. */
  mergeFault: GitError | undefined
  /** It answers only then. */
  mergeHeld: Promise<void> | undefined
  /** How often it was asked. */
  merges = 0
  /** By commit; of others: unsigned. */
  readonly signatures = new Map<string, Signature>()
  readonly notes = new Map<string, string>()
  readonly #commits = new Map<string, { readonly commit: Commit; readonly files: ReadonlyMap<string, string> }>()
  readonly #blobs = new Map<string, Uint8Array>()
  #head = ''
  readonly #branches = new Map<string, string>()
  /** What the remote answers with when it is asked for its branches. */
  branchesFault: GitError | undefined

  /** Commits the head's files with these changed (null removes); answers the id. */
  push(message: string, changes: Readonly<Record<string, string | null>>): string {
    this.#head = this.#make(this.#head, message, changes)
    return this.#head
  }

  /** Commits on another branch, which begins at the head; `force`: on the head again, whatever the branch had. */
  pushTo(
    branch: string,
    message: string,
    changes: Readonly<Record<string, string | null>>,
    { force = false }: { readonly force?: boolean } = {},
  ): string {
    const onto = force ? this.#head : (this.#branches.get(branch) ?? this.#head)
    const oid = this.#make(onto, message, changes)
    this.#branches.set(branch, oid)
    return oid
  }

  drop(branch: string): void {
    this.#branches.delete(branch)
  }

  /** The head becomes that of the branch. */
  fastForward(branch: string): string {
    this.#head = this.#branches.get(branch) ?? this.#head
    return this.#head
  }

  async branches(prefix: string): Promise<readonly Branch[]> {
    const fault = this.branchesFault ?? this.fault
    if (fault) throw fault
    const all = [...this.#branches, ['main', this.#head] as const].map(([name, oid]) => ({ name, oid }))
    return all.filter(({ name }) => name.startsWith(prefix)).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #make(onto: string, message: string, changes: Readonly<Record<string, string | null>>, ...others: string[]): string {
    const files = new Map(this.#commits.get(onto)?.files)
    for (const [path, text] of Object.entries(changes)) {
      if (text === null) files.delete(path)
      else {
        const oid = hash(text)
        this.#blobs.set(oid, Buffer.from(text))
        files.set(path, oid)
      }
    }
    const oid = hash(`${onto}\n${message}\n${JSON.stringify([...files])}`)
    const [subject = ''] = message.split('\n')
    const parents = onto === '' ? [] : [onto, ...others]
    const commit = {
      oid,
      tree: hash(JSON.stringify([...files])),
      parents,
      author: 'Test',
      email: '',
      at: 0,
      subject,
      message,
    }
    this.#commits.set(oid, { commit, files })
    return oid
  }

  async fetch(): Promise<Head> {
    if (this.fault) throw this.fault
    return { oid: this.#head, rewritten: false }
  }

  async head(): Promise<Head | undefined> {
    return this.#head === '' ? undefined : { oid: this.#head, rewritten: false }
  }

  async snapshot(oid: string, _path: string, previous?: Snapshot): Promise<Snapshot> {
    const { commit, files } = this.#found(oid)
    const list = [...files].map(([path, blob]) => ({ path, oid: blob })).sort((a, b) => (a.path < b.path ? -1 : 1))
    const before = new Map(previous?.files.map((file) => [file.path, file.oid]))
    const changed = list.filter((file) => before.get(file.path) !== file.oid).map((file) => file.path)
    const removed = [...before.keys()].filter((path) => !files.has(path))
    return { commit, tree: commit.tree, files: list, changed: [...changed, ...removed].sort() }
  }

  async read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return new Map(files.map((file) => [file.oid, this.#blobs.get(file.oid) ?? new Uint8Array()]))
  }

  async commit(oid: string): Promise<Commit> {
    return this.#found(oid).commit
  }

  async between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    const before = new Set(from === undefined ? [] : this.#behind(from))
    const oids = [...new Set(this.#behind(to))].filter((oid) => !before.has(oid))
    return oids.slice(0, limit).map((oid) => this.#found(oid).commit)
  }

  async resolve(revision: string): Promise<string> {
    return revision === 'main' ? this.#head : this.#found(revision).commit.oid
  }

  /** By whole files: two sides that change one file are a conflict. */
  async merge(onto: string, head: string): Promise<Merged> {
    this.merges += 1
    await this.mergeHeld
    if (this.mergeFault) throw this.mergeFault
    const behind = this.#behind(head)
    const base = this.#behind(onto).find((oid) => behind.includes(oid))
    if (base === undefined) return { kind: 'unrelated' }
    if (base === onto || base === head) return { kind: 'merged', oid: base === onto ? head : onto }
    const [was, ours, theirs] = [base, onto, head].map((oid) => this.#found(oid).files)
    const paths = [...new Set([...was!.keys(), ...ours!.keys(), ...theirs!.keys()])].sort()
    const changed = paths.filter((path) => was!.get(path) !== theirs!.get(path))
    const both = changed.filter((path) => was!.get(path) !== ours!.get(path) && ours!.get(path) !== theirs!.get(path))
    if (both.length > 0) return { kind: 'conflict', paths: both }
    const texts = changed.map((path): [string, string | null] => [path, this.#text(theirs!.get(path))])
    const oid = this.#make(onto, `Merge ${head} into ${onto}`, Object.fromEntries(texts), head)
    const squashed = changed.length > 0 && changed.every((path) => ours!.get(path) === theirs!.get(path))
    return { kind: 'merged', oid, ...(squashed && { squashed }) }
  }

  async contains(onto: string, head: string): Promise<boolean> {
    return this.#behind(onto).includes(head)
  }

  /** The commit and all before it, the first parent's line first. */
  #behind(oid: string): string[] {
    const found = new Set<string>()
    for (const queue = [oid]; queue.length > 0; ) {
      const next = queue.pop()!
      if (next === '' || found.has(next)) continue
      found.add(next)
      queue.push(...this.#found(next).commit.parents.toReversed())
    }
    return [...found]
  }

  #text(blob: string | undefined): string | null {
    return blob === undefined ? null : Buffer.from(this.#blobs.get(blob) ?? []).toString()
  }

  async treeOf(oid: string, _path: string): Promise<string | undefined> {
    return this.#found(oid).commit.tree
  }

  async signature(oid: string, _keys: readonly string[]): Promise<Signature> {
    return this.signatures.get(oid) ?? { valid: false, reason: 'unsigned' }
  }

  /** Only whole restores are known here. */
  async write({ change, message, unless, dryRun }: WriteRequest): Promise<WriteResult> {
    if (this.writeFault) throw this.writeFault
    const head = this.#found(this.#head)
    if (unless && head.commit.tree !== unless.treeIsNot) return { kind: 'overtaken', head: this.#head }
    if (change.kind !== 'restore') throw new TypeError('this fake only restores')
    const target = this.#found(change.to)
    if (target.commit.tree === head.commit.tree) return { kind: 'nothing', head: this.#head }
    const paths = [...new Set([...head.files.keys(), ...target.files.keys()])]
    const texts = paths.map((path): [string, string | null] => {
      const blob = target.files.get(path)
      return [path, blob === undefined ? null : Buffer.from(this.#blobs.get(blob) ?? []).toString()]
    })
    const onto = this.#head
    const oid = dryRun ? '' : this.push(message, Object.fromEntries(texts))
    return { kind: 'written', oid, onto, paths }
  }

  async note(oid: string, text: string): Promise<void> {
    if (this.writeFault) throw this.writeFault
    this.notes.set(oid, text)
  }

  async close(): Promise<void> {}

  #found(oid: string) {
    const found = this.#commits.get(oid)
    if (!found) throw new GitError('NO_SUCH_REVISION', oid, `there is no commit ${oid}`)
    return found
  }
}

function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
