import { toMillis } from '../manifests/quantity.ts'

/** Amounts by what is limited, as in a ResourceQuota: `limits.cpu`, `limits.memory`, `pods`. */
export type Amounts = Readonly<Record<string, string>>

/** Previews of one application that are awake: each counts with the whole of its own quota. */
export interface Awake {
  readonly quota: Amounts
  readonly count: number
}

/** How many previews of an application may be awake beside those of the others. */
export interface Room {
  readonly awake: number
  /** Why there cannot be more: `all previews together have limits.cpu 8: 2 are awake`. */
  readonly reason: string
}

/**
 * Room for previews with this quota, beside others, in what all previews together may have. Each member of `total` is to be limited by every
 * quota. Undefined: nothing is limited.
 */
export function roomFor(quota: Amounts, others: readonly Awake[], total: Amounts | undefined): Room | undefined {
  const rooms = Object.entries(total ?? {}).map(([member, amount]) => {
    const taken = others.reduce((sum, other) => sum + other.count * toMillis(other.quota[member]), 0)
    const each = toMillis(quota[member])
    // Nothing takes no room.
    const awake = each === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.floor((toMillis(amount) - taken) / each))
    return { member, amount, awake }
  })
  const [least] = rooms.sort((a, b) => a.awake - b.awake)
  if (!least) return undefined
  const { member, amount, awake } = least
  const all = others.reduce((sum, { count }) => sum + count, 0) + awake
  return { awake, reason: `all previews together have ${member} ${amount}: ${all} ${all === 1 ? 'is' : 'are'} awake` }
}
