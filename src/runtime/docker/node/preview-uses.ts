import type { Clock } from '../../../base/clock.ts'
import { holdRequests, type NetworkTable } from '../../network/table.ts'
import type { HaproxyClient } from './haproxy-client.ts'

/** While a request may have to wake a preview, ms. */
const soonMs = 500
/** While all of them are awake, ms. */
const laterMs = 5_000
/** How often workers that were replaced are asked as well: connections may stay there for days. ms. */
const oldWorkersMs = 30_000

/** Asks HAProxy which previews are used, as long as there are any. */
export class PreviewUses {
  readonly #clock: Clock
  readonly #used: (uses: ReadonlyMap<string, number>) => void
  #client: HaproxyClient | undefined
  #waitMs: number | undefined
  #oldAskedAt = 0
  #cancel: () => void = () => {}

  /** `used`: namespace -> when it was last asked for, ms; only of previews that were since the last time. */
  constructor(clock: Clock, used: (uses: ReadonlyMap<string, number>) => void) {
    this.#clock = clock
    this.#used = used
  }

  /** HAProxy serves these. */
  follow(client: HaproxyClient, previews: NetworkTable['previews']): void {
    const rests = [...(previews ?? []).values()]
    const waitMs = rests.length === 0 ? undefined : rests.includes(holdRequests) ? soonMs : laterMs
    if (client === this.#client && waitMs === this.#waitMs) return
    this.stop()
    this.#client = client
    this.#waitMs = waitMs
    this.#schedule(client)
  }

  stop(): void {
    this.#cancel()
    this.#client = undefined
    this.#waitMs = undefined
  }

  #schedule(client: HaproxyClient): void {
    if (this.#waitMs === undefined || client !== this.#client) return
    const asked = this.#clock.now()
    this.#cancel = this.#clock.after(this.#waitMs, () => {
      // A shell that fails is given anew by whoever gave this one.
      this.#ask(client, asked)
        .catch(() => {})
        .finally(() => this.#schedule(client))
    })
  }

  async #ask(client: HaproxyClient, since: number): Promise<void> {
    const isDue = this.#clock.now() - this.#oldAskedAt >= oldWorkersMs
    const before = isDue ? await client.previewUsesBefore() : undefined
    const ages = await client.previewUses()
    const now = this.#clock.now()
    // A master that starts a worker does not answer: it is asked again the next time.
    if (before !== undefined) this.#oldAskedAt = now
    const uses = [...(before ?? []), ...ages].map(([namespace, age]) => [namespace, now - age] as const)
    const fresh = uses.filter(([, at]) => at >= since - laterMs).sort(([, a], [, b]) => a - b)
    if (fresh.length > 0 && client === this.#client) this.#used(new Map(fresh))
  }
}
