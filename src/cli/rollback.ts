import { systemClock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import { Journal } from '../journal/journal.ts'
import { type RollbackReport, renderRollback } from '../report/rollback.ts'
import { rollbackBranch } from '../rollback/decide.ts'
import { type RevertedCommit, revertMessage, rollbackMessage } from '../rollback/message.ts'
import { ask } from '../server/client.ts'
import { makeStateDir, runningEngine } from '../server/state-dir.ts'
import type { ApplicationSettings, EngineSettings } from '../settings.ts'
import { GitError, type GitErrorCode } from '../sync/errors.ts'
import type { Change, Commit, Repository, WriteRequest } from '../sync/port.ts'
import { openRepository } from '../sync/repository.ts'
import { revertedBetween } from '../told-rollbacks.ts'
import { type Arguments, UsageError } from './arguments.ts'
import { repositoryOptions } from './repository.ts'
import { readSettings } from './settings.ts'

/** Where words go: lines of the report, and complaints. */
export interface Speech {
  readonly say: (text: string) => void
  readonly complain: (text: string) => void
}

const aloud: Speech = {
  say: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`berth: ${text}\n`),
}

/** It was understood, and cannot be done: exit code 1. */
class Refused extends Error {}

/** What is to be written, before the remote has its say. */
interface Intent {
  readonly change: Change
  /** The commit whose folder comes back; undefined: a single commit is taken back. */
  readonly to: RevertedCommit | undefined
  readonly message: string
  readonly unless?: WriteRequest['unless']
}

/** Answers of a remote that was reached. */
const refusals: ReadonlySet<GitErrorCode> = new Set([
  ...(['CONFLICT', 'PUSH_REFUSED', 'READ_ONLY', 'RACE_LOST', 'FORBIDDEN', 'AUTH_REQUIRED'] as const),
])

/** Writes one commit that puts an application's folder back, or takes one commit back, and pushes it. */
export async function rollback(args: Arguments, speech: Speech = aloud): Promise<number> {
  if (args.to !== undefined && args.commit !== undefined)
    throw new UsageError('rollback: give --to or --commit, not both')
  const settings = await readSettings(args)
  const application = applicationOf(args, settings)
  makeStateDir(settings.stateDir)
  const repository = await openRepository(repositoryOptions(settings, application))
  try {
    const report = await written(args, settings, application, repository)
    speech.say(args.output === 'json' ? JSON.stringify(report, null, 2) : renderRollback(report))
    if (report.pushed && report.branch === null) await wakeEngine(settings, speech)
    return 0
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    speech.complain(error.message)
    return 1
  } finally {
    await repository.close()
  }
}

function applicationOf(args: Arguments, { applications }: EngineSettings): ApplicationSettings {
  const names = applications.map(({ name }) => name)
  const name = args.operands[0] ?? (names.length === 1 ? names[0] : undefined)
  const found = applications.find((application) => application.name === name)
  if (found) return found
  const given = name === undefined ? 'none' : `"${name}"`
  throw new UsageError(`rollback: expected one of the applications ${names.join(', ')}, found ${given}`)
}

async function written(
  args: Arguments,
  settings: EngineSettings,
  application: ApplicationSettings,
  repository: Repository,
): Promise<RollbackReport> {
  const { name, rollback, verify, revision } = application
  const { oid: head } = await repository.fetch()
  const intent =
    args.commit === undefined
      ? await restoring(args, settings, application, repository, head)
      : await reverting(args.commit, name, repository)
  if (verify && rollback.signingKeyFile === undefined && rollback.onFailure !== 'pullRequest') {
    throw new Refused(
      'spec.source.verify refuses unsigned commits, so the engine would refuse this one: give spec.rollback.signingKeyFile',
    )
  }
  const { change, to, message, unless } = intent
  const branch = rollback.onFailure === 'pullRequest' ? rollbackBranch(name, head) : undefined
  const result = await push(repository, {
    ...{ change, message, author: rollback.author, at: systemClock.now(), dryRun: args.dryRun },
    signingKeyFile: rollback.signingKeyFile,
    ...(unless ? { unless } : {}),
    ...(branch === undefined ? {} : { branch }),
  })
  if (result.kind === 'nothing') throw new Refused('nothing to roll back: the head is like that already')
  if (result.kind === 'overtaken') {
    throw new Refused(`somebody changed the folder in between (${result.head.slice(0, 7)}): look at it, and try again`)
  }
  const pushed = !args.dryRun
  return {
    ...{ app: name, repo: repository.url, revision, onto: result.onto, to: to ?? null, message, paths: result.paths },
    ...{ commit: pushed ? result.oid : null, branch: branch ?? null, pushed },
    pullRequest: pushed && branch !== undefined ? await proposed(application, branch, message) : null,
  }
}

async function push(repository: Repository, request: WriteRequest) {
  try {
    return await repository.write(request)
  } catch (error) {
    if (error instanceof GitError && refusals.has(error.code))
      throw new Refused(errorText(error, 2_000), { cause: error })
    throw error
  }
}

async function reverting(revision: string, app: string, repository: Repository): Promise<Intent> {
  const { oid, subject } = await named(revision, repository)
  return { change: { kind: 'revert', commit: oid }, to: undefined, message: revertMessage(app, { oid, subject }) }
}

async function restoring(
  args: Arguments,
  settings: EngineSettings,
  application: ApplicationSettings,
  repository: Repository,
  head: string,
): Promise<Intent> {
  const { name, path } = application
  const tree = await repository.treeOf(head, path)
  const to =
    args.to === undefined
      ? await lastGood(knownGood(settings, application), tree, path, repository)
      : await named(args.to, repository)
  if (!to) {
    throw new Refused(
      'nothing to roll back to: no other state of this folder is known to have been healthy; give one with --to',
    )
  }
  const { subject } = await repository.commit(head)
  const reverted = await revertedBetween(repository, path, to.oid, { commit: head, subject })
  const message = rollbackMessage({ app: name, restores: to.oid, reverted, cause: undefined })
  const unless = tree === undefined ? {} : { unless: { path, treeIsNot: tree } }
  return { change: { kind: 'restore', path, to: to.oid }, to: { oid: to.oid, subject: to.subject }, message, ...unless }
}

/** A full id is asked for where it is not here; the rest can only be looked up in what is here. */
async function named(revision: string, repository: Repository): Promise<Commit> {
  if (/^[0-9a-f]{40}$/.test(revision)) return repository.commit(revision)
  try {
    return await repository.commit(await repository.resolve(revision))
  } catch (error) {
    if (!(error instanceof GitError && error.code === 'NO_SUCH_REVISION')) throw error
    throw new GitError(error.code, revision, `${error.message}: give the full id of a commit`, { cause: error })
  }
}

/** Commits that are known to have been healthy, newest first. Beside a running engine: nothing is written. */
function knownGood({ stateDir }: EngineSettings, { name, repoURL, path }: ApplicationSettings): string[] {
  const journal = Journal.openToRead(stateDir)
  try {
    const synced = journal.history(name).filter(({ result }) => result === 'synced')
    const healthy = journal.healthy(name, `${repoURL}#${path}`)
    return [...new Set([...synced.map(({ commit }) => commit), ...(healthy ? [healthy.commit] : [])])]
  } finally {
    journal.close()
  }
}

/** The newest good commit whose folder is another one than the head's. */
async function lastGood(good: readonly string[], tree: string | undefined, path: string, repository: Repository) {
  for (const oid of good) {
    try {
      if ((await repository.treeOf(oid, path)) !== tree) return await repository.commit(oid)
    } catch (error) {
      // Rewritten, or of another repository.
      if (!(error instanceof GitError && error.code === 'NO_SUCH_REVISION')) throw error
    }
  }
  return undefined
}

async function proposed(application: ApplicationSettings, branch: string, message: string): Promise<string> {
  const { openPullRequest } = await import('./open.ts')
  const [title = '', ...body] = message.split('\n')
  try {
    const { url } = await openPullRequest(application, { branch, title, body: body.join('\n').trim() })
    return url
  } catch (error) {
    throw new Refused(`the branch ${branch} is pushed, but there is no pull request: ${errorText(error)}`, {
      cause: error,
    })
  }
}

/** The commit comes to the hosts by the ordinary way, only sooner. */
async function wakeEngine({ stateDir }: EngineSettings, { complain }: Speech): Promise<void> {
  const running = runningEngine(stateDir)
  if (!running || running.address === '') return
  await ask(running.address, 'POST', '/sync').catch((error: unknown) => {
    complain(`the running engine looks for itself in a while: ${errorText(error)}`)
  })
}
