// Which of an application's objects are not yet as they are wanted, and which have failed. Part of the corridor beside engine.ts.
import type { Key } from './base/key.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import type { Reverting } from './reverting.ts'
import type { Story } from './story.ts'

export interface SettlingParts {
  readonly story: Pick<Story, 'settled' | 'finish'>
  readonly reverting: Pick<Reverting, 'calm' | 'failed'>
  readonly statusOf: (key: Key) => ObjectStatus | undefined
  /** It vanished from Git and stays all the same: there is nothing to wait for. */
  readonly stays: (key: Key) => boolean
  readonly lookAgain: (key: Key) => void
}

export class Settling {
  readonly #parts: SettlingParts
  readonly #unsettled = new Set<Key>()
  /** Keys whose last look found them failed -> the commit that was wanted then. */
  readonly #suspects = new Map<Key, string>()
  /** What is wanted; empty before anything is. */
  #commit = ''

  constructor(parts: SettlingParts) {
    this.#parts = parts
  }

  get isSettled(): boolean {
    return this.#unsettled.size === 0
  }

  /** `commit` is wanted now: `pending` are to be looked at, `left` need not be waited for any more. */
  wants(commit: string, pending: readonly Key[], left: readonly Key[]): void {
    this.#commit = commit
    for (const key of left) this.#unsettled.delete(key)
    for (const key of pending) this.#unsettled.add(key)
  }

  /** One key was looked at. */
  looked(key: Key): void {
    const status = this.#parts.statusOf(key)
    const settled =
      this.#parts.stays(key) ||
      !status ||
      (status.sync === 'Synced' && (status.health === 'Healthy' || status.health === 'Suspended'))
    if (settled) this.#unsettled.delete(key)
    else this.#unsettled.add(key)
    if (status?.failed) this.#failed(key, status)
    else this.#suspects.delete(key)
    this.settle()
  }

  /** Another application owns the key now. */
  handedOver(key: Key): void {
    if (this.#unsettled.delete(key)) this.settle()
  }

  settle(): void {
    const { story, reverting } = this.#parts
    if (this.isSettled) story.settled()
    reverting.calm(this.isSettled)
  }

  /** A look that began before the commit was wanted tells of what was there before: only the next one counts. */
  #failed(key: Key, status: ObjectStatus): void {
    const { story, reverting, lookAgain } = this.#parts
    if (this.#suspects.get(key) !== this.#commit) {
      this.#suspects.set(key, this.#commit)
      lookAgain(key)
      return
    }
    story.finish('degraded', `${status.kind} ${status.name}: ${status.message}`)
    reverting.failed(key, status)
  }
}
