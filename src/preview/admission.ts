import { misfit } from './misfit.ts'
import type { Candidate } from './pull-request.ts'
import type { Room } from './room.ts'

/** Which pull requests have a preview, and for how long. */
export interface PreviewPolicy {
  /** Previews at a time, sleeping ones included. */
  readonly max: number
  /** Running ones at a time, as cpu and memory of all of them have a limit. */
  readonly maxAwake: number
  /** All of these must be there. */
  readonly labels: readonly string[]
  readonly drafts: boolean
  /** Undefined: any. */
  readonly targetBranch: string | undefined
  /** What previews of other applications leave; absent: there is no limit of all together. */
  readonly together?: Room | undefined
  /** After so long without a push it is removed, until the next one, ms. */
  readonly ttlMs: number
  /** After so long without a push or a request it sleeps, ms. */
  readonly sleepAfterMs: number
  /** Label with which neither happens. */
  readonly keepLabel: string
  readonly sleepLabel: string
}

/** A preview that there is. */
export interface KnownPreview {
  readonly id: string
  /** ms. */
  readonly since: number
  /** When somebody last used it: a request, or `wake`, ms. */
  readonly usedAt: number
  /** Somebody has put it to sleep. */
  readonly laidDown?: boolean
  /** It has no pods at the moment. Absent: it has. */
  readonly asleep?: boolean
  /** Nobody sees when it is used. */
  readonly unseen?: boolean
}

export type Verdict =
  | { readonly id: string; readonly is: 'awake' | 'asleep'; readonly untrusted: boolean; readonly reason: string }
  /** Comes as soon as another one goes; `ahead`: how many come before it. */
  | { readonly id: string; readonly is: 'queued'; readonly reason: string; readonly ahead?: number }
  /** Waits for somebody who may write. */
  | { readonly id: string; readonly is: 'unapproved'; readonly reason: string }
  /** Is removed, if it was there. */
  | { readonly id: string; readonly is: 'none'; readonly reason: string }
  /** Is removed once its hooks have been run; decided on elsewhere. */
  | { readonly id: string; readonly is: 'ending'; readonly reason: string }

/**
 * What is to be of each pull request, and of previews whose pull request is gone. `open` undefined: not known at the moment, which is not
 * the same as closed: all stays.
 */
export function admit(
  open: readonly Candidate[] | undefined,
  known: readonly KnownPreview[],
  policy: PreviewPolicy,
  now: number,
): readonly Verdict[] {
  if (open === undefined) return []
  const found = new Map(known.map((preview) => [preview.id, preview]))
  const ids = new Set(open.map(({ id }) => id))
  const gone = known.filter(({ id }) => !ids.has(id)).map(({ id }): Verdict => none(id, 'closed'))
  const verdicts: Verdict[] = []
  const there: Candidate[] = []
  let ahead = 0
  for (const request of [...open].sort(byTurn(found))) {
    const refused = refusal(request, policy, now)
    if (refused) verdicts.push(refused)
    else if (request.head === '') verdicts.push({ id: request.id, is: 'queued', reason: request.waits ?? '' })
    else if (there.length < policy.max) there.push(request)
    else verdicts.push({ id: request.id, is: 'queued', reason: `${policy.max} previews are there`, ahead: ahead++ })
  }
  const { maxAwake, together } = policy
  let awake = 0
  for (const request of there.sort(byUse(found, policy, now))) {
    const idle = sleepReason(request, found.get(request.id), policy, now)
    const full = awake >= maxAwake ? `${maxAwake} others are awake` : ''
    const why = idle ?? (full || (together && awake >= together.awake ? together.reason : ''))
    if (why === '') awake += 1
    const is = why === '' ? ('awake' as const) : ('asleep' as const)
    verdicts.push({ id: request.id, is, untrusted: !isTrusted(request), reason: why || (request.waits ?? '') })
  }
  return [...gone, ...verdicts].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Who is awake and was used within so long is not put to sleep for another one, ms: two that are both used would take turns for ever. */
export const settledMs = 300_000

/**
 * Who is awake where not all can be: those that are kept so, then those that are awake and in use, then the last used; of several the first
 * of `byTurn`, in which order they come.
 */
function byUse(
  known: ReadonlyMap<string, KnownPreview>,
  { keepLabel }: PreviewPolicy,
  now: number,
): (a: Candidate, b: Candidate) => number {
  const rank = ({ id, labels, activeAt }: Candidate) => {
    const { usedAt = 0, asleep = false } = known.get(id) ?? { asleep: true }
    const usedLast = Math.max(activeAt, usedAt)
    const settled = !asleep && now - usedLast < settledMs
    // Those in use are equal: whoever of them is asked last must not take the place of another.
    return { class: labels.includes(keepLabel) ? 2 : settled ? 1 : 0, usedLast: settled ? 0 : usedLast }
  }
  return (a, b) => {
    const [one, other] = [rank(a), rank(b)]
    return other.class - one.class || other.usedLast - one.usedLast
  }
}

/** Those that are there first, the longest there before the others; then the newest pushes. */
function byTurn(known: ReadonlyMap<string, KnownPreview>): (a: Candidate, b: Candidate) => number {
  const since = (request: Candidate) => known.get(request.id)?.since ?? Number.POSITIVE_INFINITY
  return (a, b) => {
    const [one, other] = [since(a), since(b)]
    if (one !== other) return one < other ? -1 : 1
    return b.activeAt - a.activeAt || (a.id < b.id ? -1 : 1)
  }
}

function refusal(request: Candidate, policy: PreviewPolicy, now: number): Verdict | undefined {
  const { id, labels } = request
  const other = misfit(request, policy)
  if (other !== '') return none(id, other)
  if (!isTrusted(request) && !request.approved) {
    const whose = request.fork
      ? 'it comes from a fork, and nobody who may write to the repository has approved it'
      : 'its author may not write to the repository, and nobody who may has approved it'
    return { id, is: 'unapproved', reason: whose }
  }
  const isOver = now - request.activeAt >= policy.ttlMs && !labels.includes(policy.keepLabel)
  return isOver ? none(id, 'nothing was pushed for too long') : undefined
}

/** An approval lets it run, but does not give it what only those have who may write. */
function isTrusted({ fork, authorMayWrite }: Candidate): boolean {
  return !fork && authorMayWrite === true
}

function sleepReason(
  { labels, activeAt }: Candidate,
  known: KnownPreview | undefined,
  policy: PreviewPolicy,
  now: number,
): string | undefined {
  if (labels.includes(policy.sleepLabel)) return `it has the label ${policy.sleepLabel}`
  if (known?.laidDown) return 'it was put to sleep'
  if (labels.includes(policy.keepLabel) || known?.unseen) return undefined
  const idleMs = now - Math.max(activeAt, known?.usedAt ?? 0)
  return idleMs >= policy.sleepAfterMs ? 'nobody used it' : undefined
}

function none(id: string, reason: string): Verdict {
  return { id, is: 'none', reason }
}
