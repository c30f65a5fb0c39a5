// What all previews of all applications may have together. Part of the corridor beside engine.ts.
import { type Amounts, type Room, roomFor } from './preview/room.ts'

/** The previews of one application. */
export interface Sharer {
  /** Of each of them. */
  readonly quota: Amounts
  /** How many are awake. */
  readonly awake: () => number
  /** Decides anew who is awake. */
  readonly decide: () => void
}

/** Whoever comes first has the room; what one application leaves is given to the others at once. */
export class Sharing {
  readonly #total: Amounts | undefined
  readonly #sharers = new Map<string, Sharer>()
  /** How many were awake when it was decided last. */
  readonly #before = new Map<string, number>()

  /** `total` undefined: there is no limit. */
  constructor(total: Amounts | undefined) {
    this.#total = total
  }

  join(app: string, sharer: Sharer): void {
    this.#sharers.set(app, sharer)
    this.#before.set(app, sharer.awake())
  }

  /** How many previews of this application may be awake. Undefined: there is no limit. */
  roomOf(app: string): Room | undefined {
    const own = this.#sharers.get(app)
    const others = [...this.#sharers].filter(([name]) => name !== app).map(([, sharer]) => sharer)
    return (
      own &&
      roomFor(
        own.quota,
        others.map(({ quota, awake }) => ({ quota, count: awake() })),
        this.#total,
      )
    )
  }

  /** Nobody is made to go here: whoever decides anew can only take what there is, so this comes to its end. */
  decided(app: string): void {
    const awake = this.#sharers.get(app)?.awake() ?? 0
    const before = this.#before.get(app) ?? 0
    this.#before.set(app, awake)
    if (this.#total === undefined || awake >= before) return
    for (const [name, { decide }] of this.#sharers) if (name !== app) decide()
  }
}
