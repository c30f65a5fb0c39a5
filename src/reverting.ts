// One application's way back: which commit was healthy, which folders failed, and the commit that takes a failure back. Part of the
// corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { errorText } from './base/errors.ts'
import type { Key } from './base/key.ts'
import type { Log } from './base/log.ts'
import type { Journal } from './journal/journal.ts'
import type { FailedPlace, Place } from './journal/rollbacks.ts'
import type { LastWords } from './last-words.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import type { AppEvent } from './report/event.ts'
import type { RollbackFacts } from './report/status.ts'
import { afterFailure, heldText, pushFault, retryInMs, rollbackBranch } from './rollback/decide.ts'
import { rollbackMessage } from './rollback/message.ts'
import { asksForRetry, rollbackMark } from './rollback/trailers.ts'
import type { ApplicationSettings } from './settings.ts'
import { GitError, type GitErrorCode } from './sync/errors.ts'
import type { Commit, Repository } from './sync/port.ts'
import { failuresTold, revertedBetween } from './told-rollbacks.ts'

export interface PullRequest {
  readonly branch: string
  readonly title: string
  readonly body: string
}

export interface RevertingParts {
  readonly settings: ApplicationSettings
  /** Repository and path: what was learned of another one does not count. */
  readonly source: string
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  readonly repository: () => Promise<Repository>
  readonly lastWords: (key: Key) => Promise<LastWords>
  /** Wants the objects of `failed.restored` in the place of those of `failed`; false: it cannot, or something else is wanted by now. */
  readonly goBack: (failed: FailedPlace) => Promise<boolean>
  /** Answers the address. Opened twice for one branch: the same. Absent: there is no forge. */
  readonly openPullRequest?: ((request: PullRequest) => Promise<{ readonly url: string }>) | undefined
  readonly tell: (event: AppEvent) => void
  /** A commit was taken back: the history tells it. */
  readonly takenBack: (failed: FailedPlace, by: string) => void
  readonly pollNow: () => void
  readonly onChange: () => void
}

/** What is wanted now. */
interface Current {
  readonly commit: Commit
  readonly tree: string
}

/** Only a person can do something about these. */
const ofRights: ReadonlySet<GitErrorCode> = new Set(['AUTH_REQUIRED', 'FORBIDDEN', 'BAD_CREDENTIALS'])

export class Reverting {
  readonly #parts: RevertingParts
  /** By tree, oldest failure first. */
  readonly #failures: Map<string, FailedPlace>
  #healthy: Place | undefined
  #current: Current | undefined
  /** What had failed before the current commit came, and is not changed by it. */
  #excused: ReadonlySet<Key> = new Set()
  #endCalm: (() => void) | undefined
  /** The tree whose rollback is being written, or waited with. */
  #writing = ''
  #attempts = 0
  #endWait: (() => void) | undefined
  /** Why the rollback is not in Git yet. */
  #trouble = ''
  /** Why nothing is taken back although the current commit failed. */
  #helpless = ''
  #failing = false
  #wentBack = false
  #learned = false
  #closed = false

  constructor(parts: RevertingParts) {
    this.#parts = parts
    const { journal, settings, source } = parts
    this.#healthy = journal.healthy(settings.name, source)
    this.#failures = new Map(journal.failed(settings.name, source).map((place) => [place.tree, place]))
  }

  /** A failure is being answered: what comes of it is not known yet. */
  get busy(): boolean {
    return this.#failing
  }

  /** This process has taken something back, and nothing else has come since. */
  get wentBack(): boolean {
    return this.#wentBack
  }

  /** Why nothing is done about a failure of the current commit; empty: nothing failed, or something is done. */
  get helpless(): string {
    return this.#helpless
  }

  /** The commit to take up in the place of one that was applied last: the healthy one, if that had failed. */
  async instead(commit: string): Promise<string> {
    if (this.#isOff || this.#failures.size === 0) return commit
    const tree = await (await this.#parts.repository()).treeOf(commit, this.#parts.settings.path)
    return (tree !== undefined && this.#failures.get(tree)?.restored.commit) || commit
  }

  /** As `heldBy`; goes on with a rollback that an earlier process began. */
  async held(head: string): Promise<FailedPlace | undefined> {
    const failed = await this.heldBy(head)
    if (failed?.state === 'open' && this.#writing === '' && !this.#failing) void this.#write(failed)
    return failed
  }

  /** The failure for which a head is not applied; undefined: it may be. */
  async heldBy(head: string): Promise<FailedPlace | undefined> {
    if (this.#isOff) return undefined
    const { settings } = this.#parts
    const repository = await this.#parts.repository()
    const tree = await repository.treeOf(head, settings.path)
    await this.#learn(repository, head)
    const failed = tree === undefined ? undefined : this.#failures.get(tree)
    if (!failed) return undefined
    if (failed.commit !== head && asksForRetry((await repository.commit(head)).message)) return undefined
    return failed
  }

  /** Why a head is held, in words. */
  heldText({ object, reason, state, by }: FailedPlace): string {
    const why = object === '' ? reason : `${object}: ${reason}`
    return heldText(why, this.#parts.settings.path, state === 'proposed' ? by : undefined)
  }

  /**
   * From now on this is what runs. `head`: it came from the branch; `start`: it ran before this process; `back`: it was gone back to.
   * `excused`: objects that had failed before, and are not changed by it.
   */
  accepted(commit: Commit, tree: string, how: 'head' | 'start' | 'back', excused: ReadonlySet<Key>): void {
    const { settings, source, journal } = this.#parts
    this.#current = { commit, tree }
    this.#excused = excused
    this.#helpless = ''
    this.calm(false)
    if (how !== 'head') return
    this.#overtake(commit, tree)
    if (this.#failures.delete(tree)) journal.dropFailed(settings.name, source, tree)
    // The newest one that has it: between it and a head that fails lie only commits that may be the cause.
    if (this.#healthy?.tree === tree) this.#remember({ commit: commit.oid, tree })
    else this.#wentBack = false
  }

  /** A newer head ends what is under way: it takes the failure back itself, or changes the folder otherwise. */
  #overtake(commit: Commit, tree: string): void {
    for (const failed of [...this.#failures.values()]) {
      if (failed.state !== 'open' && !(failed.state === 'left' && failed.restored.tree === tree)) continue
      if (failed.tree === tree) continue
      this.#stopWriting()
      if (failed.restored.tree === tree) this.#taken(failed, 'written', commit.oid)
      else this.#put({ ...failed, state: 'left' })
    }
  }

  /** An object of the current commit has failed, twice in a row. */
  failed(key: Key, status: ObjectStatus): void {
    const current = this.#current
    if (!current || this.#failing || this.#closed || this.#excused.has(key)) return
    const { settings, log } = this.#parts
    const step = afterFailure({
      onFailure: settings.rollback.onFailure,
      current: { commit: current.commit.oid, tree: current.tree },
      isRollback: rollbackMark(current.commit.message, settings.name) !== undefined,
      healthy: this.#healthy,
    })
    if (step.kind === 'leave') {
      if (step.why !== '' && step.why !== this.#helpless) {
        log.warn(`a failed commit is not rolled back: ${step.why}`, { app: settings.name, commit: current.commit.oid })
      }
      this.#helpless = step.why
      return
    }
    this.#failing = true
    void this.#goBack(key, status, current, step.to)
      .catch((error) => log.error('a rollback ended early', { app: settings.name, reason: errorText(error) }))
      .finally(() => {
        this.#failing = false
        this.#parts.onChange()
      })
  }

  /** Whether all objects are as they should be; the current commit is healthy once that lasted for as long as it is observed. */
  calm(isCalm: boolean): void {
    if (!isCalm) {
      this.#endCalm?.()
      this.#endCalm = undefined
      return
    }
    const current = this.#current
    if (this.#endCalm || !current || this.#closed || this.#healthy?.tree === current.tree) return
    this.#endCalm = this.#parts.clock.after(this.#parts.settings.rollback.observeMs, () => {
      this.#endCalm = undefined
      this.#remember({ commit: current.commit.oid, tree: current.tree })
    })
  }

  /** The newest failure from which what runs now was gone back. */
  facts(): RollbackFacts | undefined {
    const tree = this.#current?.tree
    const failed = [...this.#failures.values()].findLast(({ restored }) => restored.tree === tree)
    if (!failed || this.#isOff) return undefined
    return {
      failed: failed.commit,
      restored: failed.restored.commit,
      commit: failed.state === 'written' ? failed.by : undefined,
      pullRequest: failed.state === 'proposed' ? failed.by : undefined,
      reason: failed.object === '' ? failed.reason : `${failed.object}: ${failed.reason}`,
      trouble: failed.state === 'open' ? this.#trouble : '',
    }
  }

  close(): void {
    this.#closed = true
    this.#endCalm?.()
    this.#endWait?.()
  }

  async #goBack(key: Key, status: ObjectStatus, current: Current, to: Place): Promise<void> {
    const { clock, log, settings } = this.#parts
    // What the pods said goes with them.
    const words = await this.#parts.lastWords(key)
    if (this.#current !== current || this.#closed) return
    const { oid, subject, author } = current.commit
    const failed: FailedPlace = {
      ...{ commit: oid, tree: current.tree, subject, author, ...words },
      ...{ object: `${status.kind} ${status.name}`, reason: status.message, at: clock.now() },
      ...{ restored: to, state: 'open', by: '' },
    }
    // First of all: whoever starts next goes back, too.
    this.#put(failed)
    log.warn('a commit failed; going back', { app: settings.name, commit: oid, to: to.commit, reason: status.message })
    if (!(await this.#parts.goBack(failed))) {
      if (this.#current === current) this.#forget(failed)
      return
    }
    this.#wentBack = true
    this.#attempts = 0
    await this.#write(failed)
  }

  /** Tells Git, now or as soon as it can be told. */
  async #write(failed: FailedPlace): Promise<void> {
    const { settings, openPullRequest } = this.#parts
    const { onFailure, signingKeyFile } = settings.rollback
    this.#writing = failed.tree
    const fault = pushFault({
      ...{ onFailure, verified: settings.verify !== undefined, signs: signingKeyFile !== undefined },
      canOpenPullRequests: openPullRequest !== undefined,
    })
    if (fault !== '') return this.#hindered(failed, fault, undefined)
    try {
      await this.#push(failed, openPullRequest)
    } catch (error) {
      const passes = error instanceof GitError ? error.retryable && !ofRights.has(error.code) : isPassing(error)
      this.#hindered(failed, advice(error), passes)
    }
  }

  async #push(failed: FailedPlace, openPullRequest: RevertingParts['openPullRequest']): Promise<void> {
    const { settings, clock } = this.#parts
    const { name, path, rollback } = settings
    const repository = await this.#parts.repository()
    const reverted = await revertedBetween(repository, path, failed.restored.commit, failed)
    const message = rollbackMessage({ app: name, restores: failed.restored.commit, reverted, cause: failed })
    const branch = rollback.onFailure === 'pullRequest' ? rollbackBranch(name, failed.commit) : undefined
    const result = await repository.write({
      change: { kind: 'restore', path, to: failed.restored.commit },
      unless: { path, treeIsNot: failed.tree },
      ...{ message, author: rollback.author, at: clock.now(), signingKeyFile: rollback.signingKeyFile },
      ...(branch === undefined ? {} : { branch }),
    })
    if (this.#writing !== failed.tree || this.#closed) return
    // Somebody was quicker: the head that is fetched next tells who.
    if (result.kind !== 'written') {
      this.#stopWriting()
      this.#parts.pollNow()
    } else if (branch === undefined || !openPullRequest) {
      this.#stopWriting()
      this.#taken(failed, 'written', result.oid)
      this.#parts.pollNow()
    } else {
      const [title = '', ...body] = message.split('\n')
      const { url } = await openPullRequest({ branch, title, body: body.join('\n').trim() })
      if (this.#writing !== failed.tree) return
      this.#stopWriting()
      this.#taken(failed, 'proposed', url)
    }
  }

  /** `passes` undefined: asking again is of no use in this process. */
  #hindered(failed: FailedPlace, why: string, passes: boolean | undefined): void {
    if (this.#writing !== failed.tree || this.#closed) return
    const { clock, log, settings } = this.#parts
    this.#attempts++
    const isNews = this.#trouble !== why
    this.#trouble = why
    if (isNews) log.warn('the rollback is not in Git yet', { app: settings.name, commit: failed.commit, reason: why })
    if (isNews && passes !== true) this.#say('rollbackFailed', failed, why)
    if (passes !== undefined) {
      this.#endWait = clock.after(retryInMs(this.#attempts, passes), () => void this.#write(failed))
    }
    this.#parts.onChange()
  }

  #stopWriting(): void {
    this.#writing = ''
    this.#attempts = 0
    this.#trouble = ''
    this.#endWait?.()
    this.#endWait = undefined
  }

  #taken(failed: FailedPlace, state: 'written' | 'proposed', by: string): void {
    const { log, settings } = this.#parts
    log.info('a failed commit is taken back', { app: settings.name, commit: failed.commit, by })
    this.#put({ ...failed, state, by })
    this.#parts.takenBack(failed, by)
    this.#say('rolledBack', failed, `${failed.object}: ${failed.reason}`, by)
    this.#parts.onChange()
  }

  #say(kind: 'rolledBack' | 'rollbackFailed', failed: FailedPlace, message: string, rollback?: string): void {
    const { settings, clock, tell } = this.#parts
    const { commit, subject, author } = failed
    const about = { app: settings.name, commit, subject, author, message, at: clock.now() }
    tell({ kind, ...about, ...(rollback === undefined ? {} : { rollback }) })
  }

  /** After the journal was lost: the commits themselves tell what failed before. */
  async #learn(repository: Repository, head: string): Promise<void> {
    if (this.#learned) return
    if (this.#failures.size === 0 && this.#healthy === undefined) {
      const { name, path } = this.#parts.settings
      for (const failed of await failuresTold(repository, name, path, head)) this.#put(failed)
    }
    this.#learned = true
  }

  #put(failed: FailedPlace): void {
    const { journal, settings, source } = this.#parts
    this.#failures.delete(failed.tree)
    this.#failures.set(failed.tree, failed)
    journal.setFailed(settings.name, source, failed)
  }

  #forget({ tree }: FailedPlace): void {
    const { journal, settings, source } = this.#parts
    this.#failures.delete(tree)
    journal.dropFailed(settings.name, source, tree)
  }

  #remember(healthy: Place): void {
    const { journal, settings, source } = this.#parts
    this.#healthy = healthy
    journal.setHealthy(settings.name, source, healthy)
  }

  get #isOff(): boolean {
    return this.#parts.settings.rollback.onFailure === 'off'
  }
}

/** What went wrong, and what to do next. */
function advice(error: unknown): string {
  const text = errorText(error)
  if (!(error instanceof GitError)) return text
  if (ofRights.has(error.code)) return `${text}: give Berth the right to push, or put the folder back yourself`
  if (error.code === 'PUSH_REFUSED') {
    return `${text}: let Berth push to this branch, or set spec.rollback.onFailure to pullRequest`
  }
  if (error.code === 'READ_ONLY') return `${text}: follow a branch, so that a commit can be added to it`
  return text
}

/** Errors of the forge say it themselves. */
function isPassing(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true
}
