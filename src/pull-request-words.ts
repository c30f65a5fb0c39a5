// What the pull requests of one application are told of their previews. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { shortHash } from './base/hash.ts'
import type { Log } from './base/log.ts'
import {
  type CommitStatus,
  type Forge,
  type ForgePullRequests,
  openForge,
  openForgePullRequests,
} from './forge/forge.ts'
import { Outbox, type Parcel } from './notify/outbox.ts'
import { hourMs, nextAt, paceMs, steadyText, type ToldOften, toldAgain } from './notify/pace.ts'
import type { Previews } from './previews.ts'
import { type PreviewReport, renderClosedComment, renderPreviewComment } from './report/preview-comment.ts'
import { commentMark, olderCommentMark, toldName } from './report/preview-mark.ts'
import { overtakenWords, type PreviewStatusWords, previewStatusWords, statusCommit } from './report/preview-status.ts'
import type { ApplicationSettings } from './settings.ts'

/** What is asked of a forge to tell a pull request. */
export type CommentingForge = Pick<ForgePullRequests, 'comment'> & Pick<Forge, 'setStatus'>

/** Where the pull requests of an application are. Throws BAD_SETTINGS. */
export function openCommentingForge({ forge, repoURL, previews }: ApplicationSettings): CommentingForge {
  if (!forge) throw new Error('pull requests are told at the forge of spec.forge')
  const settings = previews?.images ? { ...forge, repository: previews.images.repository } : forge
  const [statuses, comments] = [openForge(settings, repoURL), openForgePullRequests(settings, repoURL)]
  return {
    setStatus: (status, signal) => statuses.setStatus(status, signal),
    comment: (comment, signal) => comments.comment(comment, signal),
  }
}

/** What one pull request was told. */
export interface Told {
  readonly number: number
  /** Hash of what its comment says; absent: it has none. */
  readonly comment?: string
  /** What that is about; absent: there is no comment. */
  readonly about?: { readonly head: string; readonly is: PreviewReport['is']; readonly isPlanned: boolean }
  readonly status?: { readonly head: string; readonly state: CommitStatus['state']; readonly hash: string }
  /** When it was seen that nothing is left of it, ms; absent: there is. */
  readonly goneAt?: number
}

/** A comment is written when it is sent, so that it is the newest. */
type Letter =
  | { readonly what: 'comment'; readonly id: string }
  | { readonly what: 'status'; readonly id: string; readonly status: CommitStatus; readonly last: boolean }

type Waiting = ReadonlyMap<string, Letter>

export interface PullRequestWordsParts {
  readonly application: ApplicationSettings
  /** Name of the Engine. */
  readonly engine: string
  readonly forge: CommentingForge
  readonly previews: () => Pick<Previews, 'listed' | 'report'>
  readonly clock: Clock
  readonly log: Log
  /** What was told, or what waits, is not what it was. */
  readonly changed: () => void
}

const never = Number.POSITIVE_INFINITY
const commentGapMs = 10_000
const statusGapMs = 3_000
// A pull request may have been deleted.
const lastWordsMs = 24 * hourMs
// A process that has just begun finds everything out anew, plans of merges one after the other.
const beginMs = 20_000
const planMs = 600_000

export class PullRequestWords {
  readonly #parts: PullRequestWordsParts
  readonly #told: Map<string, Told>
  readonly #box: Outbox<Letter>
  /** `comment/pr-7`, `status/pr-7` */
  readonly #often = new Map<string, ToldOften>()
  /** Hashes of what the forge will never take, by the same. */
  readonly #refused = new Map<string, string>()
  /** Of calls in the last hour, ms. */
  #calls: number[] = []
  /** When this process knew the list first, ms. */
  #knownAt: number | undefined
  #called = false
  #closing = false

  constructor(parts: PullRequestWordsParts, told: Readonly<Record<string, Told>>, waiting: readonly Parcel<Letter>[]) {
    const { application, clock, log, changed } = parts
    this.#parts = parts
    this.#told = new Map(Object.entries(told))
    this.#box = new Outbox<Letter>({
      name: `pull requests of ${application.name}`,
      send: (letter, signal) => this.#send(letter, signal),
      paceMs: () => (this.#called ? paceMs(this.#calls.length) : 0),
      yields: true,
      ...{ clock, log, changed },
    })
    for (const { key, payload, since } of waiting) this.#box.put(key, payload, since)
  }

  get app(): string {
    return this.#parts.application.name
  }

  get #from(): { readonly app: string; readonly engine: string } {
    return { app: this.app, engine: this.#parts.engine }
  }

  get told(): Readonly<Record<string, Told>> {
    return Object.fromEntries(this.#told)
  }

  get waiting(): readonly Parcel<Letter>[] {
    return this.#box.waiting
  }

  /** Puts in what is to be told now; answers in how many ms to look again, if ever. */
  look(): number {
    const listed = this.#parts.previews().listed(this.app)
    if (!listed) return never
    this.#knownAt ??= this.#parts.clock.now()
    const waiting = new Map(this.#box.waiting.map(({ key, payload }) => [key, payload]))
    const waits = listed.map(({ id, number, report }) => {
      const told = this.#known(id, number)
      // One that is going away is told of when it is gone.
      return report && told ? this.#tell(report, told, waiting) : never
    })
    const ids = new Set(listed.map(({ id }) => id))
    const gone = [...this.#told].filter(([id]) => !ids.has(id)).map(([id, told]) => this.#part(id, told, waiting))
    return Math.min(never, ...waits, ...gone)
  }

  /** Ends what is being sent; what waits is for the next process. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true
    await this.#box.close(graceMs)
  }

  #known(id: string, number: number | null): Told | undefined {
    const told = this.#told.get(id)
    if (told?.goneAt !== undefined) {
      const { goneAt: _, ...back } = told
      this.#told.set(id, back)
    }
    return this.#told.get(id) ?? (number === null ? undefined : { number })
  }

  #tell(report: PreviewReport, told: Told, waiting: Waiting): number {
    const { comments = true, statuses = true } = this.#parts.application.previews ?? {}
    const status = statuses ? this.#tellStatus(report, told, waiting) : never
    return Math.min(status, comments ? this.#tellComment(report, told, waiting) : never)
  }

  #tellComment(report: PreviewReport, told: Told, waiting: Waiting): number {
    const { id, head, is } = report
    // Whoever has nothing to do with previews hears nothing of them.
    if (is === 'none' && told.comment === undefined) return never
    const key = `comment/${id}`
    const hash = hashOf(renderPreviewComment(report))
    if (told.comment === hash || waiting.has(key) || this.#refused.get(key) === hash) return never
    const at = Math.max(nextAt(this.#often.get(key), head, commentGapMs), this.#settledAt(report, told))
    return this.#put(key, { what: 'comment', id }, told, at)
  }

  /** From when on a difference is one, ms: what the process before this one has said, it said of the same. */
  #settledAt({ id, head, is, plan }: PreviewReport, { about }: Told): number {
    if (this.#often.has(`comment/${id}`) || this.#knownAt === undefined) return 0
    if (about?.head !== head || about.is !== is) return 0
    return this.#knownAt + (about.isPlanned && !plan ? planMs : beginMs)
  }

  #tellStatus(report: PreviewReport, told: Told, waiting: Waiting): number {
    const { id } = report
    const head = statusCommit(report)
    const words = previewStatusWords(report)
    if (told.status?.state === 'pending' && (!words || told.status.head !== head)) {
      this.#overtake(id, told, words ? `Superseded by ${head.slice(0, 7)}` : 'The preview was removed')
    }
    if (!words || isOnTheWay(report, words, told.status)) return never
    const status = this.#status(head, words)
    const hash = hashOfStatus(status)
    const letter = waiting.get(`status/${head}`)
    const isWaiting = letter?.what === 'status' && hashOfStatus(letter.status) === hash
    if (told.status?.hash === hash || isWaiting || this.#refused.get(`status/${id}`) === hash) return never
    const at = nextAt(this.#often.get(`status/${id}`), head, statusGapMs)
    return this.#put(`status/${head}`, { what: 'status', id, status, last: false }, told, at)
  }

  /** Once it is time; answers how long that is to wait for, ms. */
  #put(key: string, letter: Letter, told: Told, at: number): number {
    const inMs = at - this.#parts.clock.now()
    if (inMs > 0) return inMs
    if (!this.#told.has(letter.id)) this.#told.set(letter.id, told)
    this.#box.put(key, letter)
    return never
  }

  /** A commit that was being worked on, and never will be again, does not stay so for all times. */
  #overtake(id: string, { status, ...told }: Told, reason: string): void {
    this.#told.set(id, told)
    if (!status) return
    const last = this.#status(status.head, overtakenWords(reason))
    this.#box.put(`status/${status.head}`, { what: 'status', id, status: last, last: true })
  }

  #status(commit: string, words: PreviewStatusWords): CommitStatus {
    return { commit, context: `berth/preview/${toldName(this.app, this.#parts.engine)}`, ...words }
  }

  /** Its last words. */
  #part(id: string, before: Told, waiting: Waiting): number {
    const now = this.#parts.clock.now()
    const told = { ...before, goneAt: before.goneAt ?? now }
    this.#told.set(id, told)
    if (told.status?.state === 'pending') this.#overtake(id, told, 'Closed')
    const key = `comment/${id}`
    const hash = hashOf(renderClosedComment(this.#from, id, told.goneAt))
    if (told.comment === undefined || this.#refused.get(key) === hash || now - told.goneAt >= lastWordsMs) {
      this.#forget(id)
      return never
    }
    if (waiting.has(key)) return never
    return this.#put(key, { what: 'comment', id }, told, nextAt(this.#often.get(key), '', commentGapMs))
  }

  #forget(id: string): void {
    this.#told.delete(id)
    for (const key of [`comment/${id}`, `status/${id}`]) {
      this.#often.delete(key)
      this.#refused.delete(key)
    }
    this.#parts.changed()
  }

  async #send(letter: Letter, signal: AbortSignal): Promise<void> {
    this.#called = false
    if (letter.what === 'status') await this.#sendStatus(letter, signal)
    else if (!this.#closing) await this.#sendComment(letter.id, signal)
  }

  async #sendStatus({ id, status, last }: Letter & { what: 'status' }, signal: AbortSignal): Promise<void> {
    const hash = hashOfStatus(status)
    await this.#call(`status/${id}`, status.commit, hash, () => this.#parts.forge.setStatus(status, signal))
    const told = this.#told.get(id)
    if (told && !last) this.#told.set(id, { ...told, status: { head: status.commit, state: status.state, hash } })
  }

  /** As it is to read now. */
  async #sendComment(id: string, signal: AbortSignal): Promise<void> {
    const { clock, forge } = this.#parts
    const told = this.#told.get(id)
    const listed = this.#parts.previews().listed(this.app)
    // Not known yet: the next look puts it in again.
    if (!told || !listed) return
    const report = this.#parts.previews().report(this.app, id)
    const isGone = !listed.some((one) => one.id === id)
    if (!report && !isGone) return
    const text = report ? renderPreviewComment(report) : renderClosedComment(this.#from, id, told.goneAt ?? clock.now())
    const hash = hashOf(text)
    if (hash === told.comment) return
    const [mark, olderMark] = [commentMark(this.app, this.#parts.engine), olderCommentMark(this.app)]
    const comment = { number: told.number, mark, olderMark, text }
    const head = report?.head ?? ''
    await this.#call(`comment/${id}`, head, hash, () => forge.comment(comment, signal))
    if (isGone) this.#forget(id)
    else
      this.#told.set(id, { ...(this.#told.get(id) ?? told), comment: hash, ...(report && { about: aboutOf(report) }) })
  }

  async #call(key: string, head: string, hash: string, make: () => Promise<void>): Promise<void> {
    const now = this.#parts.clock.now()
    this.#called = true
    this.#calls = [...this.#calls.filter((at) => now - at < hourMs), now]
    this.#often.set(key, toldAgain(this.#often.get(key), head, now))
    try {
      await make()
      this.#refused.delete(key)
    } catch (error) {
      if (isFinal(error)) this.#refused.set(key, hash)
      throw error
    }
  }
}

function aboutOf({ head, is, plan }: PreviewReport): NonNullable<Told['about']> {
  return { head, is, isPlanned: plan !== undefined }
}

/** What became of a commit stays said while its preview wakes, or its pods begin anew: its comment tells how it is. */
function isOnTheWay(report: PreviewReport, { state }: PreviewStatusWords, told: Told['status']): boolean {
  const isThere = report.is === 'awake' || report.is === 'asleep'
  return isThere && state === 'pending' && told?.head === statusCommit(report) && told.state !== 'pending'
}

/** Neither time nor a person changes it. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  return !('retryable' in error && error.retryable === true) && !('mendable' in error && error.mendable === true)
}

function hashOf(text: string): string {
  return shortHash(steadyText(text), 16)
}

function hashOfStatus({ commit, state, description, url = '' }: CommitStatus): string {
  return shortHash([commit, state, steadyText(description), url], 16)
}
