// One application's way from a new commit to wanted objects: fetch, read, decide, accept. Part of the corridor beside engine.ts.
import type { ApplicationParts } from './application-parts.ts'
import { errorText } from './base/errors.ts'
import type { Key } from './base/key.ts'
import { madeSince, messagesSince, verdictOn } from './deciding.ts'
import type { FailedPlace } from './journal/rollbacks.ts'
import { renderIgnored } from './manifests/check.ts'
import { renderProblem } from './manifests/problem.ts'
import type { Policy } from './reconcile/looker.ts'
import type { Task } from './reconcile/plan/action.ts'
import { isPlanned } from './reconcile/wanted.ts'
import type { AppFacts } from './report/status.ts'
import { type Difference, differencesFrom, objectsOf } from './reporting.ts'
import { Reverting } from './reverting.ts'
import { Settling } from './settling.ts'
import { ApplicationSource, type Reading, type Revision } from './source/application.ts'
import { type Stages, Story } from './story.ts'
import { GitError } from './sync/errors.ts'
import { createPoller, type Poller } from './sync/poll.ts'
import type { Head, Repository } from './sync/port.ts'

/** How far an application is with its head. `working` may still become anything. */
export type Outcome = 'working' | 'synced' | 'degraded' | 'refused' | 'unreachable'

/** A commit that ended the process this often while it was read is not opened again. */
const mostOpenings = 3

export class Application {
  readonly #parts: ApplicationParts
  #repository: Repository | undefined
  #source: ApplicationSource | undefined
  #poller: Poller | undefined
  #stage: AppFacts['stage'] = 'idle'
  #error = ''
  #head = ''
  /** Head that was decided on: not read again until it moves. */
  #decided = ''
  #revision: Revision | undefined
  #refusal: AppFacts['refusal']
  readonly #story: Story
  readonly #reverting: Reverting
  readonly #settling: Settling
  /** How often what is made of the objects has changed: the same head then gives others. */
  #rules = 0
  /** Nothing is accepted any more. */
  #ended = false
  /** Reading is told against what is accepted: one at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  /** How often a look at the repository was asked for, and how much of that has ended. */
  #asked = 0
  #answered = 0

  constructor(parts: ApplicationParts) {
    this.#parts = parts
    const { settings, journal, clock, tell, pulledAt } = parts
    this.#story = new Story({ app: settings.name, journal, clock, tell, pulledAt })
    this.#reverting = new Reverting({
      ...parts,
      source: this.#sourceName(),
      repository: async () => {
        await this.#open()
        return this.#repository!
      },
      goBack: (failed) => this.#goBack(failed),
      takenBack: (failed, by) => this.#story.rolledBack(failed, by),
      pollNow: () => this.pollNow(),
    })
    const { statusOf, lookAgain, isGone } = parts
    const stays = (key: Key): boolean => !settings.prune && isGone(key)
    this.#settling = new Settling({ story: this.#story, reverting: this.#reverting, statusOf, lookAgain, stays })
  }

  get name(): string {
    return this.#parts.settings.name
  }

  get policy(): Policy {
    return this.#parts.settings
  }

  /** Takes up the commit that ran last, so that it is kept healthy even if the repository cannot be reached or its head is bad. */
  async restore(): Promise<void> {
    const applied = this.#parts.journal.applied(this.name)
    if (!applied || applied.source !== this.#sourceName()) return
    try {
      const source = await this.#open()
      const reading = await source.read(await this.#reverting.instead(applied.commit), () => this.#parts.clock.now())
      if (reading.kind === 'read') this.#accept(reading.revision, applied.gone as Key[], 'start')
    } catch (error) {
      this.#parts.log.info('the last applied commit is not in the local store; waiting for the head', {
        app: this.name,
        commit: applied.commit,
        reason: errorText(error),
      })
    }
  }

  follow(): void {
    const { clock, random, settings } = this.#parts
    this.#poller = createPoller({
      // Reading belongs to the look: the next one must not begin before this commit is decided on.
      fetch: async (maxAgeMs) => {
        const asked = this.#asked
        if (this.#head === '') this.#stage = 'fetching'
        try {
          await this.#open()
          const began = clock.now()
          const head = await this.#repository!.fetch(maxAgeMs)
          const fetchMs = clock.now() - began
          await this.#inTurn(() => this.#onHead(head, fetchMs))
          return head
        } finally {
          this.#answered = asked
        }
      },
      intervalMs: settings.intervalMs,
      clock,
      random,
      onHead: () => {},
      onError: (error) => this.#failed(error),
    })
    this.#poller.start()
  }

  pollNow(): void {
    this.#asked++
    this.#poller?.wake()
  }

  /** What is made of the objects is another thing now: reads its head again. */
  readAgain(): void {
    this.#rules++
    this.#decided = ''
    this.pollNow()
  }

  /** A commit was accepted or refused, or could not be had: what is wanted now is all that is known. */
  get isKnown(): boolean {
    return this.#revision !== undefined || this.#refusal !== undefined || this.#error !== ''
  }

  /** From now on nothing changes what is wanted, whatever is still under way. */
  async close(): Promise<void> {
    this.#ended = true
    this.#reverting.close()
    // Together: a look that waits for a remote ends when the repository is closed.
    await Promise.all([this.#poller?.close(), this.#repository?.close()])
  }

  /** Reads `revision` (default: the head) into the wanted objects without following it; answers what is to be planned, and how it differs. */
  async look(revision: string | undefined): Promise<Difference[]> {
    const source = await this.#open()
    const repository = this.#repository!
    const head = await repository.fetch()
    await this.restore()
    const before = new Map([...this.#parts.wanted.keys(this.name)].map((key) => [key, this.#parts.wanted.object(key)]))
    this.#head = revision === undefined ? head.oid : await repository.resolve(revision)
    const failed = revision === undefined ? await this.#reverting.heldBy(head.oid) : undefined
    if (failed) this.#refuse(head.oid, this.#reverting.heldText(failed), [])
    else {
      const reading = await source.read(this.#head, () => this.#parts.clock.now())
      this.#decide(reading, await this.#messages(this.#head), 'start', {})
    }
    if (this.#refusal) return []
    return differencesFrom(before, this.name, this.#parts)
  }

  /** One key was looked at. */
  looked(key: Key): void {
    this.#settling.looked(key)
  }

  /** Another application owns the key now. */
  handedOver(key: Key): void {
    this.#settling.handedOver(key)
  }

  /** One task was done, or failed. */
  did(task: Task, error: unknown): void {
    const text = error === undefined ? task.text : `${task.text}: failed: ${errorText(error)}`
    this.#story.did(text, task, error === undefined)
  }

  outcome(): Outcome {
    if (this.#error !== '') return 'unreachable'
    if (this.#stage !== 'idle' || this.#head === '' || this.#reverting.busy) return 'working'
    if (this.#reverting.wentBack) return this.#settling.isSettled ? 'degraded' : 'working'
    if (this.#refusal) return 'refused'
    const keys = [...this.#parts.wanted.keys(this.name)]
    if (keys.some((key) => this.#parts.statusOf(key)?.failed)) return 'degraded'
    return this.#settling.isSettled ? 'synced' : 'working'
  }

  facts(conflicts: readonly string[]): AppFacts {
    const { settings } = this.#parts
    return {
      name: settings.name,
      repo: this.#repository?.url ?? settings.repoURL.replace(/\/\/[^@/]*@/, '//***@'),
      revision: settings.revision,
      path: settings.path,
      commit: this.#revision?.commit.oid ?? '',
      subject: this.#revision?.commit.subject ?? '',
      head: this.#head,
      stage: this.#stage,
      asked: this.#asked !== this.#answered,
      error: this.#error,
      refusal: this.#refusal,
      ...objectsOf(this.name, this.#parts),
      ignored: [...new Set(this.#revision?.ignored.map(renderIgnored) ?? [])],
      warnings: [
        ...helpless(this.#reverting),
        ...this.#parts.warnings(),
        ...(this.#revision?.warnings.map(renderProblem) ?? []),
      ],
      conflicts,
      lastSync: this.#story.lastSync,
      rollback: this.#reverting.facts(),
    }
  }

  async #open(): Promise<ApplicationSource> {
    if (this.#source) return this.#source
    const { settings, transform } = this.#parts
    const { known, onAccepted } = this.#parts.files?.of(this.name) ?? {}
    const { path, namespace, podSecurity, verify } = settings
    this.#repository ??= await this.#parts.openRepository()
    const repository = this.#repository
    // `close` has not seen it.
    if (this.#ended) await repository.close()
    const how = { path, namespace, podSecurity, verify, transform, known, onAccepted }
    this.#source = new ApplicationSource({ repository, ...how })
    return this.#source
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #onHead(head: Head, fetchMs: number): Promise<void> {
    const { journal, log } = this.#parts
    this.#error = ''
    this.#head = head.oid
    if (head.oid === this.#decided) return this.#rest()
    if (head.rewritten) log.warn('the branch was rewritten; following its new head', { app: this.name, head: head.oid })
    const failed = await this.#reverting.held(head.oid)
    if (failed) return this.#hold(head.oid, failed)
    if (journal.opening(this.name, head.oid) >= mostOpenings) {
      this.#refuse(head.oid, 'reading it ended the process several times', [])
      return this.#rest()
    }
    this.#stage = 'reading'
    this.#parts.onChange()
    const rules = this.#rules
    const reading = await this.#readOnce(head.oid)
    this.#stage = 'comparing'
    const final = this.#decide(reading, await this.#messages(head.oid), 'head', { fetchMs })
    this.#decided = final && rules === this.#rules ? head.oid : ''
    this.#rest()
  }

  /** A head whose folder failed before is left alone. */
  async #hold(oid: string, failed: FailedPlace): Promise<void> {
    // After the state directory was lost: what runs has to be known to be kept healthy.
    if (this.#revision === undefined) await this.#takeUp(failed.restored.commit)
    const isNews = oid !== failed.commit && this.#refusal?.commit !== oid
    const summary = this.#reverting.heldText(failed)
    this.#refuse(oid, summary, [])
    if (isNews) this.#story.refused(await this.#repository!.commit(oid), 'held', summary)
    this.#decided = oid
    this.#rest()
  }

  /** Wants what was healthy before `failed`, as long as that is what is wanted now. */
  #goBack(failed: FailedPlace): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#revision?.tree !== failed.tree) return false
      const newer = this.#refusal
      if (!(await this.#takeUp(failed.restored.commit))) return false
      if (newer) this.#refusal = newer
      else this.#refuse(this.#head, this.#reverting.heldText(failed), [])
      this.#parts.onChange()
      return true
    })
  }

  /** Wants the objects of an earlier commit. */
  async #takeUp(oid: string): Promise<boolean> {
    const { wanted, clock, log } = this.#parts
    const reading = await (await this.#open()).read(oid, () => clock.now())
    if (reading.kind === 'refused') {
      const [problem] = reading.problems
      log.error('the last healthy commit is refused by now', {
        ...{ app: this.name, commit: oid, reason: problem && renderProblem(problem) },
      })
      return false
    }
    this.#accept(reading.revision, madeSince(reading.revision, wanted.keys(this.name)), 'back')
    return true
  }

  async #readOnce(oid: string): Promise<Reading> {
    const { journal, clock } = this.#parts
    try {
      return await (await this.#open()).read(oid, () => clock.now())
    } finally {
      // The process is still there, whatever came of it.
      journal.opened(this.name, oid)
    }
  }

  #rest(): void {
    this.#stage = 'idle'
    this.#parts.onChange()
  }

  /** Answers whether the same commit would be decided on alike at the next poll. */
  #decide(reading: Reading, messages: readonly string[], how: 'head' | 'start', stages: Stages): boolean {
    const { clock } = this.#parts
    const began = clock.now()
    const verdict = verdictOn(reading, messages, this.#parts)
    if (verdict.kind === 'accepted') {
      this.#accept(verdict.revision, verdict.removed, how, { ...stages, diffMs: clock.now() - began })
      return true
    }
    const { commit } = reading.kind === 'read' ? reading.revision : reading
    // Told once.
    if (!verdict.final && this.#refusal?.commit === commit.oid && this.#refusal.summary === verdict.summary)
      return false
    this.#refuse(commit.oid, verdict.summary, verdict.problems)
    if (how === 'head') this.#story.refused(commit, verdict.kind, verdict.message)
    return verdict.final
  }

  /** `how`: see Reverting.accepted; what only started is not recorded. */
  #accept(revision: Revision, removed: readonly Key[], how: 'head' | 'start' | 'back', stages: Stages = {}): void {
    const { wanted, clock, journal, statusOf, settings } = this.#parts
    if (this.#ended) return
    const now = clock.now()
    const again = this.#revision?.commit.oid === revision.commit.oid
    const ailing =
      how !== 'head' || settings.rollback.onFailure === 'off'
        ? []
        : [...wanted.keys(this.name)].filter((key) => statusOf(key)?.failed)
    this.#source?.accept(revision)
    this.#revision = revision
    this.#refusal = undefined
    for (const key of removed) this.#parts.approveGone(key)
    const { oid } = revision.commit
    const keys = wanted.accept(this.name, oid, revision.objects, revision.changed, revision.removed, now)
    const touched = new Set([...keys, ...removed])
    // Data whose claim vanished stays as it is: nothing is done about it, so nothing would ever be told.
    const isPending = (key: Key) => isPlanned(key) && (wanted.appOf(key) !== undefined || this.#parts.isGone(key))
    const { true: pending = [], false: left = [] } = Object.groupBy(touched, (key) =>
      isPending(key) ? 'true' : 'false',
    )
    this.#settling.wants(oid, pending, left)
    this.#reverting.accepted(revision.commit, revision.tree, how, new Set(ailing.filter((key) => !touched.has(key))))
    if (how !== 'start') {
      if (again) this.#story.resume(revision.commit)
      else this.#story.begin(revision, now, stages, how === 'back')
      const gone = this.#parts.liveOwners().filter((key) => this.#parts.isGone(key))
      journal.setApplied(this.name, oid, this.#sourceName(), gone)
    }
    this.#parts.wake([...touched])
    this.#settling.settle()
  }

  #refuse(commit: string, summary: string, problems: NonNullable<AppFacts['refusal']>['problems']): void {
    this.#refusal = { commit, summary, problems }
    this.#parts.log.warn(`commit is not applied: ${summary}`, { app: this.name, commit })
    for (const problem of problems.slice(0, 20)) this.#parts.log.warn(renderProblem(problem), { app: this.name })
  }

  #failed(error: unknown): void {
    const known = error instanceof GitError
    this.#error = errorText(error)
    const about = { app: this.name, commit: '', subject: '', author: '', at: this.#parts.clock.now() }
    this.#parts.tell({ kind: 'unreachable', message: this.#error, ...about })
    this.#parts.log[known ? 'warn' : 'error']('the repository cannot be read; what runs goes on', {
      app: this.name,
      reason: this.#error,
    })
    this.#rest()
  }

  async #messages(oid: string): Promise<string[]> {
    return this.#parts.transform ? [] : messagesSince(this.#repository!, this.#revision?.commit.oid, oid)
  }

  #sourceName(): string {
    return `${this.#parts.settings.repoURL}#${this.#parts.settings.path}`
  }
}

function helpless({ helpless }: Reverting): string[] {
  return helpless === '' ? [] : [`the commit failed and is not rolled back: ${helpless}`]
}
