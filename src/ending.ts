// The end of previews that have something to be run first: their Jobs with a hook on deletion. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import type { Key } from './base/key.ts'
import type { Log } from './base/log.ts'
import type { ManifestSet } from './manifests/check.ts'
import { endHooks } from './preview/hooks.ts'
import type { PreviewObjects } from './preview-objects.ts'
import { describeKey } from './reconcile/looker.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import type { Wanted } from './reconcile/wanted.ts'

export interface EndingParts {
  readonly wanted: Pick<Wanted, 'objectsOf'>
  readonly statusOf: (key: Key) => ObjectStatus | undefined
  readonly clock: Clock
  readonly log: Log
  /** It is time to ask again. */
  readonly over: (name: string) => void
}

const checkMs = 1_000

export class Ending {
  readonly #parts: EndingParts
  /** Of objects that were made for a preview: what is to be run at its end. */
  readonly #hooks = new WeakMap<ManifestSet, readonly Key[]>()
  readonly #checks = new Map<string, () => void>()

  constructor(parts: EndingParts) {
    this.#parts = parts
  }

  /** What is read of a preview: should it be accepted, it is known what is to be run at its end. */
  noted(made: PreviewObjects): PreviewObjects {
    this.#hooks.set(made.objects, endHooks(made.whole))
    return made
  }

  /** What a preview that is to go waits for; empty: for nothing. `since`: when it began to (ms), `timeoutMs` after which it goes at the latest. */
  waits(name: string, since: number, timeoutMs: number): string {
    const why = this.#why(name, since + timeoutMs)
    if (why === '') this.forget(name)
    else this.#checkAgain(name, since + timeoutMs)
    return why
  }

  /** It goes on, or is gone. */
  forget(name: string): void {
    this.#checks.get(name)?.()
    this.#checks.delete(name)
  }

  close(): void {
    for (const name of [...this.#checks.keys()]) this.forget(name)
  }

  #why(name: string, until: number): string {
    const { wanted, clock, log } = this.#parts
    const objects = wanted.objectsOf(name)
    const hooks = (objects && this.#hooks.get(objects)) ?? []
    const left = hooks.filter((key) => !objects?.has(key) || !this.#hasEnded(key))
    const [first] = left
    if (first !== undefined && clock.now() < until) return this.#words(first)
    for (const key of hooks) {
      const { failed = false, message = '' } = this.#parts.statusOf(key) ?? {}
      if (left.includes(key)) log.warn('a hook of a preview took too long; it is removed', { app: name, key, message })
      else if (failed) log.warn('a hook of a preview failed; it is removed all the same', { app: name, key, message })
      else log.info('a hook of a preview is complete', { app: name, key })
    }
    return ''
  }

  #hasEnded(key: Key): boolean {
    const status = this.#parts.statusOf(key)
    return status !== undefined && (status.failed || (status.sync === 'Synced' && status.health === 'Healthy'))
  }

  #words(key: Key): string {
    const message = this.#parts.statusOf(key)?.message ?? ''
    return `${describeKey(key)} is run before it goes${message === '' ? '' : `: ${message}`}`
  }

  #checkAgain(name: string, until: number): void {
    if (this.#checks.has(name)) return
    const { clock } = this.#parts
    const check = (): void => {
      this.#checks.delete(name)
      this.#parts.over(name)
    }
    this.#checks.set(name, clock.after(Math.min(checkMs, Math.max(0, until - clock.now())), check))
  }
}
