// One application's way from a new commit to wanted objects: fetch, read, decide, accept. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { errorText } from './base/errors.ts'
import { type Key, keyOf } from './base/key.ts'
import type { Log } from './base/log.ts'
import { verdictOn } from './deciding.ts'
import { objectChanges } from './diff/objects.ts'
import type { Journal } from './journal/journal.ts'
import { renderIgnored } from './manifests/check.ts'
import { renderProblem } from './manifests/problem.ts'
import type { Policy } from './reconcile/looker.ts'
import type { ObjectStatus, Task } from './reconcile/plan/action.ts'
import { isPlanned, type Wanted } from './reconcile/wanted.ts'
import type { DiffItem } from './report/diff.ts'
import type { AppEvent } from './report/event.ts'
import type { AppFacts } from './report/status.ts'
import { keptData, objectsOf } from './reporting.ts'
import type { LiveVolume } from './runtime/live.ts'
import type { ApplicationSettings } from './settings.ts'
import { ApplicationSource, type Reading, type Revision } from './source/application.ts'
import { Story } from './story.ts'
import { GitError } from './sync/errors.ts'
import { createPoller, type Poller } from './sync/poll.ts'
import type { Head, Repository } from './sync/port.ts'

export interface ApplicationParts {
  readonly settings: ApplicationSettings
  readonly openRepository: () => Promise<Repository>
  readonly wanted: Wanted
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** Owners of running pods that carry this application's mark. */
  readonly liveOwners: () => readonly Key[]
  /** Volumes that outlive pods and carry this application's mark. */
  readonly volumes: () => readonly LiveVolume[]
  readonly statusOf: (key: Key) => ObjectStatus | undefined
  /** What holds for all applications. */
  readonly warnings: () => readonly string[]
  readonly approveGone: (key: Key) => void
  readonly isGone: (key: Key) => boolean
  readonly wake: (keys: readonly Key[]) => void
  readonly onChange: () => void
  readonly tell: (event: AppEvent) => void
}

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
  readonly #unsettled = new Set<Key>()
  /** How often a look at the repository was asked for, and how much of that has ended. */
  #asked = 0
  #answered = 0

  constructor(parts: ApplicationParts) {
    this.#parts = parts
    this.#story = new Story(parts.settings.name, parts.journal, parts.clock, parts.tell)
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
      const reading = await (await this.#open()).read(applied.commit, () => this.#parts.clock.now())
      if (reading.kind === 'read') this.#accept(reading.revision, applied.gone as Key[], false)
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
          const head = await this.#repository!.fetch(maxAgeMs)
          await this.#onHead(head)
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

  async close(): Promise<void> {
    // Together: a look that waits for a remote ends when the repository is closed.
    await Promise.all([this.#poller?.close(), this.#repository?.close()])
  }

  /** Reads `revision` (default: the head) into the wanted objects without following it; answers what is to be planned, and how it differs. */
  async look(revision: string | undefined): Promise<(Pick<DiffItem, 'changes' | 'note'> & { readonly key: Key })[]> {
    const source = await this.#open()
    const repository = this.#repository!
    const head = await repository.fetch()
    await this.restore()
    const before = new Map([...this.#parts.wanted.keys(this.name)].map((key) => [key, this.#parts.wanted.object(key)]))
    this.#head = revision === undefined ? head.oid : await repository.resolve(revision)
    this.#decide(await source.read(this.#head, () => this.#parts.clock.now()), await this.#approvals(this.#head), false)
    if (this.#refusal) return []
    const { wanted, liveOwners, isGone } = this.#parts
    const vanished = [...before.keys()].filter((key) => wanted.object(key) === undefined)
    const kept = new Map(keptData(this.name, this.#parts).map((status) => [keyOf(status), status.message]))
    const keys = new Set([...wanted.keys(this.name), ...vanished, ...liveOwners().filter((key) => isGone(key))])
    return [...keys].map((key) => {
      return { key, changes: objectChanges(before.get(key), wanted.object(key)), note: kept.get(key) ?? '' }
    })
  }

  /** One key was looked at. */
  looked(key: Key): void {
    const status = this.#parts.statusOf(key)
    // With prune off, what vanished stays as it is: there is nothing to wait for.
    const stays = !this.policy.prune && this.#parts.isGone(key)
    const settled =
      stays || !status || (status.sync === 'Synced' && (status.health === 'Healthy' || status.health === 'Suspended'))
    if (settled) this.#unsettled.delete(key)
    else this.#unsettled.add(key)
    if (status?.failed) this.#story.finish('degraded', `${status.kind} ${status.name}: ${status.message}`)
    this.#settle()
  }

  /** Another application owns the key now. */
  handedOver(key: Key): void {
    if (this.#unsettled.delete(key)) this.#settle()
  }

  #settle(): void {
    if (this.#unsettled.size === 0) this.#story.settled()
  }

  /** One task was done, or failed. */
  did(task: Task, error: unknown): void {
    this.#story.did(error === undefined ? task.text : `${task.text}: failed: ${errorText(error)}`)
  }

  outcome(): Outcome {
    if (this.#error !== '') return 'unreachable'
    if (this.#stage !== 'idle' || this.#head === '') return 'working'
    if (this.#refusal) return 'refused'
    const keys = [...this.#parts.wanted.keys(this.name)]
    if (keys.some((key) => this.#parts.statusOf(key)?.failed)) return 'degraded'
    return this.#unsettled.size === 0 ? 'synced' : 'working'
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
      warnings: [...this.#parts.warnings(), ...(this.#revision?.warnings.map(renderProblem) ?? [])],
      conflicts,
      lastSync: this.#story.lastSync,
    }
  }

  async #open(): Promise<ApplicationSource> {
    if (this.#source) return this.#source
    const { settings } = this.#parts
    this.#repository ??= await this.#parts.openRepository()
    this.#source = new ApplicationSource({
      repository: this.#repository,
      path: settings.path,
      namespace: settings.namespace,
      podSecurity: settings.podSecurity,
      verify: settings.verify,
    })
    return this.#source
  }

  async #onHead(head: Head): Promise<void> {
    const { journal, log } = this.#parts
    this.#error = ''
    this.#head = head.oid
    if (head.oid === this.#decided) return this.#rest()
    if (head.rewritten) log.warn('the branch was rewritten; following its new head', { app: this.name, head: head.oid })
    if (journal.opening(this.name, head.oid) >= mostOpenings) {
      this.#refuse(head.oid, 'reading it ended the process several times', [])
      return this.#rest()
    }
    this.#stage = 'reading'
    this.#parts.onChange()
    const reading = await this.#readOnce(head.oid)
    this.#stage = 'comparing'
    const final = this.#decide(reading, await this.#approvals(head.oid), true)
    this.#decided = final ? head.oid : ''
    this.#rest()
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
  #decide(reading: Reading, messages: readonly string[], record: boolean): boolean {
    const verdict = verdictOn(reading, messages, this.#parts)
    if (verdict.kind === 'accepted') {
      this.#accept(verdict.revision, verdict.removed, record)
      return true
    }
    const { commit } = reading.kind === 'read' ? reading.revision : reading
    // Told once.
    if (!verdict.final && this.#refusal?.commit === commit.oid && this.#refusal.summary === verdict.summary) return false
    this.#refuse(commit.oid, verdict.summary, verdict.problems)
    if (record) this.#story.refused(commit, verdict.kind, verdict.message)
    return verdict.final
  }

  #accept(revision: Revision, removed: readonly Key[], record: boolean): void {
    const { wanted, clock, journal } = this.#parts
    const now = clock.now()
    const again = this.#revision?.commit.oid === revision.commit.oid
    this.#source?.accept(revision)
    this.#revision = revision
    this.#refusal = undefined
    for (const key of removed) this.#parts.approveGone(key)
    const { oid } = revision.commit
    const keys = wanted.accept(this.name, oid, revision.objects, revision.changed, revision.removed, now)
    const touched = [...new Set([...keys, ...removed])]
    for (const key of touched) {
      // Data whose claim vanished stays as it is: nothing is done about it, so nothing would ever be told.
      const stays = wanted.appOf(key) === undefined && !this.#parts.isGone(key)
      if (isPlanned(key) && !stays) this.#unsettled.add(key)
      else this.#unsettled.delete(key)
    }
    if (record) {
      if (!again) this.#story.begin(revision.commit, revision.stages, now)
      else this.#story.resume(revision.commit)
      journal.setApplied(
        this.name,
        oid,
        this.#sourceName(),
        this.#parts.liveOwners().filter((key) => this.#parts.isGone(key)),
      )
    }
    this.#parts.wake(touched)
    this.#settle()
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

  /** Messages of the commits since the applied one: approvals stand in their trailers. */
  async #approvals(oid: string): Promise<string[]> {
    const from = this.#revision?.commit.oid
    if (from === oid) return []
    // Without a last commit to start from, an approval of long ago must not count: only the head's own words do.
    if (from === undefined) return [(await this.#repository!.commit(oid)).message]
    const commits = await this.#repository!.between(from, oid, 100)
    return commits.map((commit) => commit.message)
  }

  #sourceName(): string {
    return `${this.#parts.settings.repoURL}#${this.#parts.settings.path}`
  }
}
