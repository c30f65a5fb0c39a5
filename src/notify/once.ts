// Which events are news. Pure.
import type { AppEvent } from '../report/event.ts'

type State = Pick<AppEvent, 'kind' | 'commit' | 'message'>

/** What was told of one application. */
export interface Memory {
  /** The last event with a commit; absent: none yet. */
  readonly last?: State
  /** The last one that people were notified of. */
  readonly notified?: State
  /** When `degraded` was notified of, of which commit. */
  readonly degraded?: { readonly commit: string; readonly at: number }
  /** The commit that is being applied; absent: none. */
  readonly applying?: string
  /** When the repository was last found unreachable, ms; absent: it was reached since. */
  readonly awayAt?: number
}

export interface Verdict {
  readonly memory: Memory
  /** Whether it is another state than the one told last, for whoever shows states. */
  readonly changed: boolean
  /** The commit that was still being applied, and now never will be; absent: none. */
  readonly superseded?: string
  /** Whether people are notified: now, in so many ms unless something else comes, or not at all. */
  readonly notify: 'now' | { readonly inMs: number } | 'not'
}

const degradedAgainMs = 5 * 60_000

/**
 * A repository that comes and goes is told of once, until another event shows that it was reached, or its silence does: while it is away,
 * looks at it fail at least every `longestWaitMs`.
 */
export function verdictOn(event: AppEvent, memory: Memory, longestWaitMs: number): Verdict {
  if (event.kind === 'unreachable') {
    const goesOn = memory.awayAt !== undefined && event.at - memory.awayAt <= longestWaitMs
    return { memory: { ...memory, awayAt: event.at }, changed: false, notify: goesOn ? 'not' : 'now' }
  }
  const { awayAt: _, applying, ...reached } = memory
  const last = stateOf(event)
  const superseded = event.kind === 'applying' && applying !== undefined && applying !== event.commit
  const open = event.kind === 'applying' ? event.commit : applying === event.commit ? undefined : applying
  const known = { ...reached, last, ...(open === undefined ? {} : { applying: open }) }
  const notify = notifyOn(event, memory)
  return {
    memory: notify === 'now' ? notifiedOf(event, known) : known,
    changed: !isSame(memory.last, last),
    ...(superseded ? { superseded: applying } : {}),
    notify,
  }
}

function notifyOn(event: AppEvent, { notified, degraded }: Memory): Verdict['notify'] {
  if (isSame(notified, stateOf(event)) || isNoNews(event, notified)) return 'not'
  if (event.kind !== 'degraded' || degraded?.commit !== event.commit) return 'now'
  const inMs = degraded.at + degradedAgainMs - event.at
  return inMs > 0 ? { inMs } : 'now'
}

/** A commit that changed nothing, where all was well before: in a repository of many applications most are such. */
export function isNoNews({ kind, unchanged }: AppEvent, before: State | undefined): boolean {
  const isWell = (state: AppEvent['kind']) => state === 'applying' || state === 'synced'
  return unchanged === true && isWell(kind) && (before === undefined || isWell(before.kind))
}

/** For an event that was held back until now. */
export function notifiedOf(event: AppEvent, memory: Memory): Memory {
  const degraded = event.kind === 'degraded' ? { degraded: { commit: event.commit, at: event.at } } : {}
  return { ...memory, notified: stateOf(event), ...degraded }
}

function stateOf({ kind, commit, message }: AppEvent): State {
  return { kind, commit, message }
}

function isSame(one: State | undefined, other: State): boolean {
  return one?.kind === other.kind && one.commit === other.commit && one.message === other.message
}
