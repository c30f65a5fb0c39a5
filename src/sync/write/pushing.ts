import { setTimeout as wait } from 'node:timers/promises'
import { GitError, type GitErrorCode } from '../errors.ts'
import { commitsBetween } from '../history.ts'
import { repairing } from '../reading.ts'
import type { Found, Store } from '../store.ts'
import type { Revision } from '../url.ts'
import type { Update } from './push.ts'

export interface PushingParts {
  readonly store: Store
  /** Safe to print. */
  readonly shown: string
  /** For one write with all its attempts. */
  readonly totalMs: number
}

/** What one attempt comes to: an answer without a push, or a push and the answer once it is done. */
export type Attempt<T> =
  | { readonly done: T }
  | {
      readonly update: Update
      /** Commits that the new objects build on. */
      readonly needs: readonly string[]
      /** What is fetched, from which the answer of a push that was cut is learnt. */
      readonly followed: Revision
      readonly result: T
    }

const mostAttempts = 5
const firstWaitMs = 100
/** To find out what became of a push whose answer was lost. */
const lastLookMs = 30_000
const mostNewer = 1000

/** After these nobody knows whether the push was done. */
const uncertain: ReadonlySet<GitErrorCode> = new Set(['BAD_ANSWER', 'TIMED_OUT', 'UNREACHABLE', 'SERVER_ERROR'])

/** Makes attempts, one write after the other, until one is through: each on what is there then. */
export class Pushing {
  readonly #parts: PushingParts
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: PushingParts) {
    this.#parts = parts
  }

  /** Throws RACE_LOST when others were faster each time. */
  run<T>(prepare: (deadline: number) => Promise<Attempt<T>>): Promise<T> {
    const deadline = performance.now() + this.#parts.totalMs
    const result = this.#queue.then(() => this.#repeat(prepare, deadline))
    this.#queue = result.catch(() => undefined)
    return result
  }

  close(): void {
    this.#closed = true
  }

  async #repeat<T>(prepare: (deadline: number) => Promise<Attempt<T>>, deadline: number): Promise<T> {
    const { store, shown } = this.#parts
    const seen = new Set<string | undefined>()
    for (let count = 1; ; count++) {
      if (this.#closed) throw new GitError('TIMED_OUT', shown, `${shown}: closed before the commit was pushed`)
      const attempt = await prepare(deadline)
      if ('done' in attempt) return attempt.done
      const { update, needs, followed, result } = attempt
      seen.add(update.old)
      const reason = await this.#push(update, followed)
      if (reason === undefined) {
        // Only saves the next fetch some work.
        await store.keep(update.objects, needs).catch(() => undefined)
        return result
      }
      if (count === mostAttempts) throw lost(update.ref, reason, seen.size > 1, shown)
      await wait(firstWaitMs * 2 ** (count - 1) * (0.5 + Math.random()))
    }
  }

  /** Undefined: it is there. Otherwise why not; worth another attempt. */
  async #push(update: Update, followed: Revision): Promise<string | undefined> {
    let reason: string
    try {
      const pushed = await this.#parts.store.push.push(update)
      if (pushed.kind === 'pushed') return undefined
      reason = pushed.reason
    } catch (error) {
      if (!(error instanceof GitError && uncertain.has(error.code))) throw error
      if (await this.#hasArrived(update, followed).catch(() => false)) return undefined
      throw error
    }
    // A connection that breaks at the wrong moment makes one push two, of which the second fails.
    return (await this.#hasArrived(update, followed)) ? undefined : reason
  }

  async #hasArrived({ ref, old, oid }: Update, followed: Revision): Promise<boolean> {
    const { store } = this.#parts
    const deadline = performance.now() + lastLookMs
    if (!(followed.kind === 'ref' && followed.refs.includes(ref))) {
      return (await placeOf(store, ref, deadline))?.commit === oid
    }
    if ((await placeOf(store, ref, deadline)) === undefined) return false
    const { commit } = await store.look(followed, deadline)
    const newer = await repairing(store, (reader) => commitsBetween(reader, old, commit, mostNewer))
    return newer.some((found) => found.oid === oid)
  }
}

/** Where a ref is at the remote; undefined: nowhere. */
export async function placeOf(store: Store, ref: string, deadline: number): Promise<Found | undefined> {
  try {
    return await store.place({ kind: 'ref', refs: [ref] }, deadline)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof GitError && (error.code === 'NO_SUCH_REVISION' || error.code === 'EMPTY_REPOSITORY')
}

/** Where nobody has moved the ref in all that time, it was no race. */
function lost(ref: string, reason: string, isRace: boolean, shown: string): GitError {
  return isRace
    ? new GitError('RACE_LOST', ref, `${shown}: ${ref} was moved by others ${mostAttempts} times in a row: ${reason}`)
    : new GitError('PUSH_REFUSED', ref, `${shown}: refused the push to ${ref} ${mostAttempts} times: ${reason}`)
}
