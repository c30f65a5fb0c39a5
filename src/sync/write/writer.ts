import { GitError } from '../errors.ts'
import { nothing, type ObjectReader } from '../objects/reader.ts'
import type { WriteRequest, WriteResult } from '../port.ts'
import { obtaining } from '../reading.ts'
import { signCommit } from '../signature/sign.ts'
import { type Found, isTag } from '../store.ts'
import { parseRevision, type Revision } from '../url.ts'
import { changedTree, folderOf } from './build.ts'
import { commitBytes, trailer } from './commit-text.ts'
import { differences } from './differences.ts'
import { Draft, type NewObject } from './draft.ts'
import { withNote } from './notes.ts'
import type { Update } from './push.ts'
import { type Attempt, isMissing, Pushing, type PushingParts, placeOf } from './pushing.ts'
import { pathOf } from './raw-tree.ts'

const notesRef = 'refs/notes/berth'
const mostPaths = 1000
const largestObject = 64 * 1024 * 1024

/** Makes commits out of objects, without a work tree, and pushes them; one at a time for each repository. */
export class Writer {
  readonly #parts: PushingParts
  /** Notes wait for notes only: a rollback is more urgent. */
  readonly #commits: Pushing
  readonly #notes: Pushing

  constructor(parts: PushingParts) {
    this.#parts = parts
    this.#commits = new Pushing(parts)
    this.#notes = new Pushing(parts)
  }

  write(revision: Revision, request: WriteRequest): Promise<WriteResult> {
    return this.#commits.run((deadline) => this.#attempt(revision, request, deadline))
  }

  note(oid: string, text: string, author: WriteRequest['author'], at: number): Promise<void> {
    return this.#notes.run((deadline) => this.#noteAttempt(oid, text, author, at, deadline))
  }

  close(): void {
    this.#commits.close()
    this.#notes.close()
  }

  async #attempt(revision: Revision, request: WriteRequest, deadline: number): Promise<Attempt<WriteResult>> {
    const { store, shown } = this.#parts
    if (revision.kind === 'commit') throw readOnly(shown, `commit ${revision.oid.slice(0, 12)}`)
    const found = await store.look(revision, deadline)
    if (!found.ref.startsWith('refs/heads/')) throw readOnly(shown, isTag(found.ref) ? 'a tag' : found.ref)
    const build = async (reader: ObjectReader): Promise<Attempt<WriteResult>> => {
      const draft = new Draft(reader)
      const head = await draft.commit(found.commit)
      const { unless, change } = request
      if (unless && (await folderOf(draft, head.tree, unless.path)) !== unless.treeIsNot) {
        return { done: { kind: 'overtaken', head: head.oid } }
      }
      const tree = await changedTree(draft, head, change)
      if (tree === head.tree) return { done: { kind: 'nothing', head: head.oid } }
      const changed = await differences(draft, head.tree, tree)
      const paths = [...new Set(changed.changes.map(({ path }) => pathOf(path)))].sort().slice(0, mostPaths)
      const oid = draft.put('commit', commitContent(request, tree, head.oid))
      if (request.dryRun) return { done: { kind: 'written', oid: '', onto: head.oid, paths } }
      const target = await this.#target(draft, found, request, { tree, onto: head.oid }, deadline)
      const result = { kind: 'written', oid, onto: head.oid, paths } as const
      if ('same' in target) return { done: { ...result, oid: target.same } }
      const update = await updateOf(draft, { ...target, oid, deadline }, changed.objects)
      const needs = [head.oid, change.kind === 'restore' ? change.to : change.commit]
      return { update, needs, followed: revision, result }
    }
    return obtaining(store, build, { whole: true })
  }

  /** Where to push, and what must be there: the branch that is followed, or another one that is Berth's own. */
  async #target(
    draft: Draft,
    found: Found,
    { branch, message }: WriteRequest,
    made: { readonly tree: string; readonly onto: string },
    deadline: number,
  ): Promise<{ readonly same: string } | Pick<Update, 'ref' | 'old' | 'replaces'>> {
    const { ref: followed, commit: head } = found
    const ref = branch === undefined ? followed : branchRef(branch)
    if (ref === followed) return { ref, old: head, replaces: false }
    const old = (await placeOf(this.#parts.store, ref, deadline))?.commit
    if (old === undefined) return { ref, old, replaces: false }
    const there = await draft.commit(old)
    if (there.tree === made.tree && there.parents[0] === made.onto && there.message.trim() === message.trim()) {
      return { same: old }
    }
    const [owner] = trailer(there.message, 'Berth-App')
    if (owner === undefined || owner !== trailer(message, 'Berth-App')[0]) {
      const advice = 'it is there already, and its last commit is not of this application: remove it, or name another'
      throw new GitError('PUSH_REFUSED', ref, `${this.#parts.shown}: branch ${branch}: ${advice}`)
    }
    return { ref, old, replaces: true }
  }

  async #noteAttempt(
    oid: string,
    text: string,
    author: WriteRequest['author'],
    at: number,
    deadline: number,
  ): Promise<Attempt<void>> {
    const { store } = this.#parts
    const revision: Revision = { kind: 'ref', refs: [notesRef] }
    const old = await this.#headOf(revision)
    const build = async (reader: ObjectReader): Promise<Attempt<void>> => {
      const draft = new Draft(reader)
      const before = old === undefined ? undefined : (await draft.commit(old)).tree
      const tree = await withNote(draft, before, oid, text)
      if (tree === before) return { done: undefined }
      const parents = old === undefined ? [] : [old]
      const commit = commitBytes({ tree, parents, author, at, message: `Note ${oid.slice(0, 12)}` })
      const target = { ref: notesRef, old, replaces: false, oid: draft.put('commit', commit), deadline }
      const update = await updateOf(draft, target, (await differences(draft, before, tree)).objects)
      return { update, needs: parents, followed: revision, result: undefined }
    }
    return old === undefined ? build(nothing) : obtaining(store, build, {})
  }

  /** The notes are fetched like a branch, so that only new ones ever come. */
  async #headOf(revision: Revision): Promise<string | undefined> {
    try {
      return (await this.#parts.store.fetch(revision)).oid
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }
}

/** Sends what was made here; on demand all that differs. */
async function updateOf(
  draft: Draft,
  target: Omit<Update, 'objects' | 'whole'>,
  differing: readonly string[],
): Promise<Update> {
  const own = [target.oid, ...differing].flatMap((oid) => draft.made(oid) ?? [])
  const whole = async (): Promise<readonly NewObject[]> => {
    const rest = differing.filter((oid) => !draft.made(oid))
    return [...own, ...(await draft.stored(rest, largestObject))]
  }
  return { ...target, objects: own, whole }
}

function commitContent(
  { message, author, at, signingKeyFile }: WriteRequest,
  tree: string,
  parent: string,
): Uint8Array {
  const commit = { tree, parents: [parent], author, at, message }
  return commitBytes(
    commit,
    signingKeyFile === undefined ? undefined : (payload) => signCommit(payload, signingKeyFile),
  )
}

function branchRef(branch: string): string {
  const revision = parseRevision(branch)
  const ref = revision.kind === 'ref' ? revision.refs[0]! : ''
  if (ref.startsWith('refs/heads/')) return ref
  throw new GitError('BAD_REVISION', branch, `branch "${branch}": expected the name of a branch`)
}

function readOnly(shown: string, what: string): GitError {
  return new GitError('READ_ONLY', shown, `${shown}: ${what} is followed, which takes no commits: follow a branch`)
}
