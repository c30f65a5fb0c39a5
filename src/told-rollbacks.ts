// What the history of a repository tells of rollbacks. Part of the corridor beside engine.ts.
import type { FailedPlace, Place } from './journal/rollbacks.ts'
import type { RevertedCommit } from './rollback/message.ts'
import { asksForRetry, rollbackMark } from './rollback/trailers.ts'
import { GitError } from './sync/errors.ts'
import type { Commit, Repository } from './sync/port.ts'

const mostBetween = 200
const mostWalked = 300
/** A first clone brings one commit only; this many steps further back are asked for, each of them a whole tree. */
const mostObtained = 3

/**
 * The commits after `healthy` up to the one that failed that changed the folder, newest first. What failed stands for all of them where
 * the history does not say.
 */
export async function revertedBetween(
  repository: Repository,
  path: string,
  healthy: string,
  failed: Pick<FailedPlace, 'commit' | 'subject'>,
): Promise<RevertedCommit[]> {
  // Where it is not in the store it is brought, if it can be: else nothing would end the walk.
  const isKnown = await repository.commit(healthy).then(
    () => true,
    () => false,
  )
  const commits = isKnown ? await walked(repository, healthy, failed.commit, mostBetween) : []
  const trees = new Map<string, string | undefined>()
  const treeOf = async (oid: string): Promise<string | undefined> => {
    if (!trees.has(oid)) trees.set(oid, await knownTree(repository, oid, path))
    return trees.get(oid)
  }
  const found: RevertedCommit[] = []
  for (const { oid, subject, parents } of commits) {
    const [parent] = parents
    if (parent === undefined || (await treeOf(oid)) !== (await treeOf(parent))) found.push({ oid, subject })
  }
  return found.length > 0 ? found : [{ oid: failed.commit, subject: failed.subject }]
}

/** The folders that commits of the head's history say to have failed, oldest first. */
export async function failuresTold(
  repository: Repository,
  app: string,
  path: string,
  head: string,
): Promise<FailedPlace[]> {
  const retried = new Set<string>()
  const told = new Map<string, FailedPlace>()
  for (const commit of await walked(repository, undefined, head, mostWalked)) {
    if (asksForRetry(commit.message)) {
      const tree = await knownTree(repository, commit.oid, path)
      if (tree !== undefined) retried.add(tree)
    }
    const failed = await failureTold(repository, app, path, commit)
    if (failed && !retried.has(failed.tree) && !told.has(failed.tree)) told.set(failed.tree, failed)
  }
  return [...told.values()].toReversed()
}

async function failureTold(
  repository: Repository,
  app: string,
  path: string,
  commit: Commit,
): Promise<FailedPlace | undefined> {
  const mark = rollbackMark(commit.message, app)
  if (!mark || mark.manual) return undefined
  const [newest = ''] = mark.reverts
  const tree = await knownTree(repository, newest, path)
  const restored = await restoredBy(repository, path, commit, mark.restores)
  if (tree === undefined || !restored || restored.tree === tree) return undefined
  const [, object = '', reason = ''] = /^([A-Z]\w* \S+) failed: (.+)$/m.exec(commit.message) ?? []
  return {
    ...{ commit: newest, tree, subject: '', author: '', object, restored },
    reason: reason === '' ? `taken back by ${commit.oid.slice(0, 7)}` : reason,
    ...{ exitCode: undefined, from: '', lines: [], at: commit.at, state: 'written', by: commit.oid },
  }
}

async function restoredBy(
  repository: Repository,
  path: string,
  commit: Commit,
  restores: string | undefined,
): Promise<Place | undefined> {
  for (const oid of [commit.oid, restores]) {
    const tree = oid === undefined ? undefined : await knownTree(repository, oid, path)
    if (oid !== undefined && tree !== undefined) return { commit: oid, tree }
  }
  return undefined
}

/** Commits reachable from `to` and not from `from`, newest first, as far as they can be had. */
async function walked(repository: Repository, from: string | undefined, to: string, most: number): Promise<Commit[]> {
  const commits = await repository.between(from, to, most)
  const seen = new Set([...commits.map(({ oid }) => oid), ...(from === undefined ? [] : [from])])
  for (let step = 0; step < mostObtained && commits.length < most; step++) {
    const parent = commits.flatMap(({ parents }) => parents).find((oid) => !seen.has(oid))
    if (parent === undefined) break
    seen.add(parent)
    const more = await repository.commit(parent).then(
      () => repository.between(from, parent, most),
      () => [],
    )
    for (const commit of more) if (!seen.has(commit.oid) || commit.oid === parent) commits.push(commit)
    for (const { oid } of more) seen.add(oid)
  }
  return commits
}

/** Undefined also for a commit that cannot be had any more. */
async function knownTree(repository: Repository, oid: string, path: string): Promise<string | undefined> {
  try {
    return await repository.treeOf(oid, path)
  } catch (error) {
    if (error instanceof GitError && (error.code === 'NO_SUCH_REVISION' || error.code === 'NO_SUCH_PATH')) {
      return undefined
    }
    throw error
  }
}
