// The previews of one application: which of its pull requests have one, and since when. Part of the corridor beside engine.ts.
import { backoffMs } from './base/backoff.ts'
import type { Clock } from './base/clock.ts'
import { errorText } from './base/errors.ts'
import type { Log } from './base/log.ts'
import type { Journal } from './journal/journal.ts'
import type { RememberedPreview } from './journal/previews.ts'
import { admit, type KnownPreview, type PreviewPolicy, type Verdict } from './preview/admission.ts'
import { isApproved, seenApprovals } from './preview/approvals.ts'
import { imagesTold, waitingSince } from './preview/image-waits.ts'
import { asBefore } from './preview/images.ts'
import { stillMerged } from './preview/merged.ts'
import type { Candidate, PullRequest } from './preview/pull-request.ts'
import { held, restsOf } from './preview/resting.ts'
import { wishedOf } from './preview-settings.ts'
import type { PullRequests } from './pulls/pull-requests.ts'
import type { PreviewRow } from './report/status.ts'
import type { ApplicationSettings, PreviewSettings } from './settings.ts'

/** A preview as it is to be. */
export interface PreviewOrder {
  readonly id: string
  readonly branch: string
  readonly head: string
  readonly asleep: boolean
  readonly untrusted: boolean
  /** It is about to be removed, once its hooks have been run. */
  readonly ending?: boolean
  /** See PullRequest. */
  readonly images?: PullRequest['images']
}

export interface PreviewingParts {
  readonly settings: ApplicationSettings & { readonly previews: PreviewSettings }
  readonly requests: PullRequests
  readonly journal: Pick<Journal, 'previews' | 'setPreviews'>
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1). */
  readonly random: () => number
  /** Makes it, or changes it. Answers why that cannot be; empty: it is done. */
  readonly want: (order: PreviewOrder) => string
  /** Has its hooks run before it goes, since so long (ms). Answers what that waits for; empty: it can go. */
  readonly end: (id: string, since: number) => string
  /** Removes all of it, whatever there is. */
  readonly remove: (id: string) => void
  /** Ids of which there is something on the hosts that is not being removed. */
  readonly found: () => readonly string[]
  readonly namespaceOf: (id: string) => string
  /** Nobody sees when it is used. Absent: of none. */
  readonly isUnseen?: (id: string) => boolean
  /** What all previews together leave for these; see PreviewPolicy. */
  readonly room: () => PreviewPolicy['together']
  readonly onChange: () => void
}

/** How a request of somebody ended. */
export interface PreviewAnswer {
  readonly done: boolean
  readonly text: string
}

export type PreviewVerb = 'open' | 'sleep' | 'wake' | 'delete'

// After a list that failed, however seldom it is asked for.
const soonMs = 60_000
const longestWaitMs = 300_000
/** How often what was used is written down, ms. */
const usesMs = 60_000

export class Previewing {
  readonly #parts: PreviewingParts
  readonly #memory: Map<string, RememberedPreview>
  /** As of the last list; undefined: they are not known. */
  #open: readonly PullRequest[] | undefined
  #verdicts: ReadonlyMap<string, Verdict> = new Map()
  /** Why the last list could not be had; empty: it could. */
  #trouble = ''
  #failures = 0
  #look: Promise<void> | undefined
  #again = false
  #cancel: (() => void) | undefined
  #closed = false
  readonly #wokenAt = new Map<string, number>()
  #usesWrittenAt = 0
  /** What the journal has. */
  #written = ''

  constructor(parts: PreviewingParts) {
    this.#parts = parts
    this.#memory = new Map(parts.journal.previews(parts.settings.name).map((row) => [row.id, row]))
  }

  /** As they were when the last process ended. */
  restored(): readonly PreviewOrder[] {
    const there = [...this.#memory.values()].filter(({ since }) => since !== undefined)
    return there.map((known) => ({ ...known, ending: known.endingSince !== undefined }))
  }

  /** This process knows which pull requests are open. */
  get isListed(): boolean {
    return this.#open !== undefined
  }

  /** How many have pods, or are to have. */
  get awake(): number {
    return this.restored().filter(({ asleep }) => !asleep).length
  }

  get trouble(): string {
    return this.#trouble
  }

  /** Asks for the pull requests now; while that is under way: once more right after it. */
  pollNow(): void {
    if (this.#closed) return
    if (this.#look !== undefined) {
      this.#again = true
      return
    }
    this.#cancel?.()
    this.#look = this.#lookOnce()
  }

  /** Decides anew on what is known. */
  decide(): void {
    if (!this.#closed && this.#open) this.#apply(this.#open)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    this.#parts.requests.stop?.()
    await this.#look
  }

  rows(): PreviewRow[] {
    const open = new Map(this.#open?.map((request) => [request.id, request]))
    const ids = new Set([...open.keys(), ...this.restored().map(({ id }) => id)])
    return [...ids].sort().map((id) => this.#row(id, open.get(id)))
  }

  /** Undefined: there is none that is open or has a preview. */
  row(id: string): PreviewRow | undefined {
    const request = this.#open?.find((one) => one.id === id)
    return request || this.#memory.get(id)?.since !== undefined ? this.#row(id, request) : undefined
  }

  #row(id: string, request: PullRequest | undefined): PreviewRow {
    const known = this.#memory.get(id)
    const verdict = this.#verdicts.get(id)
    const alive = known?.asleep ? ('asleep' as const) : ('awake' as const)
    const before = known?.endingSince === undefined ? alive : ('ending' as const)
    const { is, reason } = verdict ?? { is: before, reason: 'its pull request is not known yet' }
    const { branch = '', newest = '', head = '' } = request ?? known ?? {}
    const { title = '', author = '', url = '', number = null } = request ?? {}
    const ahead = verdict?.is === 'queued' && verdict.ahead !== undefined ? { ahead: verdict.ahead } : {}
    const since = known?.since === undefined ? null : new Date(known.since).toISOString()
    const namespace = this.#parts.namespaceOf(id)
    const commits = {
      head: head || newest,
      ...(head !== '' && newest !== '' && { newest }),
      ...imagesTold(request, known),
    }
    return { id, is, reason, ...ahead, number, namespace, branch, ...commits, title, author, url, since }
  }

  /** What becomes of requests while they sleep, by namespace; see NetworkTable. */
  rests(): ReadonlyMap<string, string> {
    const there = [...this.#memory.values()].filter(({ since }) => since !== undefined)
    return new Map(there.map(({ id, rest = '' }) => [this.#parts.namespaceOf(id), rest]))
  }

  /** Requests came: namespace -> when last, ms. They wake who only waits for that. */
  used(uses: ReadonlyMap<string, number>): void {
    let changed = false
    let wakes = false
    for (const known of this.#memory.values()) {
      const at = uses.get(this.#parts.namespaceOf(known.id)) ?? 0
      if (at <= known.usedAt || known.since === undefined) continue
      this.#memory.set(known.id, { ...known, usedAt: at })
      changed = true
      wakes ||= known.asleep && known.rest === held
    }
    if (this.#closed || !changed) return
    if (wakes && this.#open) this.decide()
    else if (wakes) this.#wakeUnlisted(uses)
    else if (this.#parts.clock.now() - this.#usesWrittenAt >= usesMs) this.#write()
  }

  /** Whose pull requests could not be read since the start: those that were to wake when they were last known do. */
  #wakeUnlisted(uses: ReadonlyMap<string, number>): void {
    for (const known of this.#memory.values()) {
      if (!known.asleep || known.rest !== held || !uses.has(this.#parts.namespaceOf(known.id))) continue
      const { maxAwake } = this.#parts.settings.previews
      const isFull = this.awake >= Math.min(maxAwake, this.#parts.room()?.awake ?? maxAwake)
      if (isFull || this.#parts.want({ ...known, asleep: false }) !== '') continue
      this.#memory.set(known.id, { ...known, asleep: false })
    }
    this.#write()
    this.#parts.onChange()
  }

  #write(): void {
    this.#usesWrittenAt = this.#parts.clock.now()
    const memory = [...this.#memory.values()]
    const text = JSON.stringify(memory)
    // Most looks find nothing new.
    if (text === this.#written) return
    this.#written = text
    this.#parts.journal.setPreviews(this.#parts.settings.name, memory)
  }

  /** What somebody asks for. */
  answer(verb: PreviewVerb, id: string): PreviewAnswer {
    const known = this.#memory.get(id)
    const request = this.#open?.find((one) => one.id === id)
    if (!this.#open) return { done: false, text: `pull requests are not known: ${this.#trouble || 'not read yet'}` }
    if (!known || !request) {
      const ids = this.#open.map((one) => one.id).sort()
      const more = ids.length > 20 ? ` and ${ids.length - 20} more` : ''
      const found = ids.length === 0 ? 'none' : `${ids.slice(0, 20).join(', ')}${more}`
      return { done: false, text: `there is no open pull request ${id}; found ${found}` }
    }
    const usedAt = this.#parts.clock.now()
    if (verb === 'sleep') this.#memory.set(id, { ...known, laidDown: true })
    else if (verb === 'delete') this.#memory.set(id, { ...known, deletedAt: request.head })
    else this.#memory.set(id, { ...known, usedAt, laidDown: false, deletedAt: verb === 'open' ? '' : known.deletedAt })
    this.decide()
    const { is, reason } = this.#verdicts.get(id) ?? { is: 'none', reason: '' }
    const wished = { open: ['awake'], wake: ['awake'], sleep: ['asleep'], delete: ['none', 'ending'] }[verb]
    return { done: wished.includes(is), text: `${id} ${words[is]}${reason === '' ? '' : `: ${reason}`}` }
  }

  async #lookOnce(): Promise<void> {
    let waitMs = this.#parts.settings.previews.intervalMs
    try {
      const open = await this.#parts.requests.list()
      this.#failures = 0
      this.#trouble = ''
      if (!this.#closed) this.#apply(open)
    } catch (error) {
      this.#failures += 1
      waitMs = backoffMs(this.#failures, Math.min(soonMs, waitMs), longestWaitMs)
      const reason = errorText(error)
      if (this.#trouble !== reason) this.#say(reason)
      this.#trouble = reason
      this.#parts.onChange()
    }
    this.#look = undefined
    if (this.#closed) return
    if (this.#again) {
      this.#again = false
      this.pollNow()
      return
    }
    const { clock, random } = this.#parts
    this.#cancel = clock.after(waitMs * (0.9 + 0.2 * random()), () => this.pollNow())
  }

  #say(reason: string): void {
    const app = this.#parts.settings.name
    this.#parts.log.warn('pull requests are not known; previews stay as they are', { app, reason })
  }

  #apply(told: readonly PullRequest[]): void {
    const now = this.#parts.clock.now()
    const before = (id: string) => this.#memory.get(id)
    const listed = told.map((request) => stillMerged(asBefore(request, before(request.id)), before(request.id)))
    this.#open = listed
    for (const request of listed) this.#remember(request, now)
    const open = listed.map((request) => {
      const { seenAt = now } = this.#memory.get(request.id) ?? {}
      const { approvals } = this.#memory.get(request.id) ?? {}
      const approved = isApproved(request, approvals)
      return { ...request, approved, activeAt: Math.max(request.activeAt, seenAt) }
    })
    const deleted = open.filter(({ id, head }) => head !== '' && this.#memory.get(id)?.deletedAt === head)
    const others = open.filter((request) => !deleted.includes(request))
    const found = this.#parts.found()
    const policy = { ...policyOf(this.#parts.settings), together: this.#parts.room() }
    const known = this.#known(found, now)
    const verdicts = admit(others, known, policy, now)
    this.#verdicts = new Map([...verdicts, ...deleted.map(deletedByHand)].map((verdict) => [verdict.id, verdict]))
    // What goes makes room first.
    for (const verdict of this.#verdicts.values()) if (!isThere(verdict)) this.#end(verdict, found, now)
    for (const request of open) this.#want(request, now, found)
    const ids = new Set(open.map(({ id }) => id))
    const isOver = (id: string) => !ids.has(id) && this.#memory.get(id)?.endingSince === undefined
    for (const id of [...this.#memory.keys()]) if (isOver(id)) this.#memory.delete(id)
    for (const id of [...this.#wokenAt.keys()]) if (!this.#memory.has(id)) this.#wokenAt.delete(id)
    this.#rest(others, known, policy, now)
    this.#write()
    this.#parts.onChange()
  }

  #rest(open: readonly Candidate[], known: readonly KnownPreview[], policy: PreviewPolicy, now: number): void {
    const verdicts = [...this.#verdicts.values()]
    const wokenAt = (id: string) => this.#wokenAt.get(id)
    const rests = restsOf({ app: this.#parts.settings.name, open, known, policy, verdicts, wokenAt }, now)
    for (const one of this.#memory.values()) this.#memory.set(one.id, { ...one, rest: rests.get(one.id) ?? '' })
  }

  /** A push wakes whoever was put to sleep, and makes one anew that was deleted. */
  #remember(request: PullRequest, now: number): void {
    const { id, branch, head, newest, images, merged } = request
    const known = this.#memory.get(id)
    const waitsSince = waitingSince(request, known, now)
    const approvals = seenApprovals(request, known)
    const fresh = known?.head === head ? {} : { branch, head, seenAt: now, laidDown: false, deletedAt: '' }
    const unknown = { branch, head, seenAt: now, laidDown: false, deletedAt: '' }
    this.#memory.set(id, {
      ...{ id, since: undefined, usedAt: 0, asleep: false, untrusted: true, ...unknown },
      ...{ ...known, ...fresh, approvals, newest, images, merged, waitsSince },
    })
  }

  #known(found: readonly string[], now: number): KnownPreview[] {
    const remembered = this.restored().map(({ id }) => id)
    return [...new Set([...remembered, ...found])].map((id) => {
      const { since = now, usedAt = 0, laidDown = false, asleep = false } = this.#memory.get(id) ?? {}
      return { id, since, usedAt, laidDown, asleep, unseen: this.#parts.isUnseen?.(id) === true }
    })
  }

  #want(request: PullRequest, now: number, found: readonly string[]): void {
    const verdict = this.#verdicts.get(request.id)
    const known = this.#memory.get(request.id)
    if (!known || !verdict || !isThere(verdict)) return
    const { id, branch, head, images } = request
    const asleep = verdict.is === 'asleep'
    const { untrusted } = verdict
    // Its volumes may have data of production. Written down, as a restart would find it as it was.
    const anew = known.anew === true || (untrusted && !known.untrusted)
    if (anew && (known.since !== undefined || found.includes(id))) {
      this.#memory.set(id, { ...known, since: undefined, untrusted, anew })
      this.#parts.remove(id)
      this.#queue(id, 'it is made anew, without data of production')
      return
    }
    const refused = this.#parts.want({ id, branch, head, asleep, untrusted, images })
    if (refused === '' && known.asleep && !asleep) this.#wokenAt.set(id, now)
    if (refused === '')
      this.#memory.set(id, {
        ...known,
        since: known.since ?? now,
        asleep,
        untrusted,
        anew: false,
        endingSince: undefined,
      })
    else this.#queue(id, refused)
  }

  #queue(id: string, reason: string): void {
    this.#verdicts = new Map(this.#verdicts).set(id, { id, is: 'queued', reason })
  }

  #end({ id, is }: Verdict, found: readonly string[], now: number): void {
    const known = this.#memory.get(id)
    if (known?.since === undefined && !found.includes(id)) return
    const { endingSince = now } = known ?? {}
    // Whoever may not write has nothing run any more.
    const hasHooks = known?.since !== undefined && is !== 'unapproved'
    const waits = hasHooks ? this.#parts.end(id, endingSince) : ''
    if (known && waits !== '') {
      this.#memory.set(id, { ...known, endingSince })
      this.#verdicts = new Map(this.#verdicts).set(id, { id, is: 'ending', reason: waits })
      return
    }
    if (known) this.#memory.set(id, { ...known, since: undefined, endingSince: undefined })
    this.#parts.remove(id)
  }
}

const words: Readonly<Record<Verdict['is'], string>> = {
  awake: 'is awake',
  asleep: 'sleeps',
  queued: 'waits',
  unapproved: 'waits for an approval',
  none: 'has no preview',
  ending: 'ends',
}

function isThere(verdict: Verdict): verdict is Extract<Verdict, { readonly is: 'awake' | 'asleep' }> {
  return verdict.is === 'awake' || verdict.is === 'asleep'
}

function deletedByHand({ id }: PullRequest): Verdict {
  return { id, is: 'none', reason: 'it was deleted by hand, and comes again with the next push' }
}

function policyOf(settings: PreviewingParts['settings']): PreviewPolicy {
  return { ...settings.previews, ...wishedOf(settings) }
}
