import { found } from '../found.ts'
import type { Path } from '../position.ts'
import { parseQuantity, renderQuantity } from '../quantity.ts'
import type { Review } from '../review.ts'

/** As people write them. */
export type Amounts = Readonly<Record<string, string | number>>

export function reviewQuantity(amount: string | number, path: Path, review: Review): void {
  const quantity = parseQuantity(String(amount))
  if (!quantity) review.problem(path, `expected a quantity like "500m" or "1Gi", found ${found(amount)}`)
  else if (quantity.nano < 0n) review.problem(path, `expected a quantity from 0, found ${found(amount)}`)
}

export function reviewQuantities(amounts: Amounts = {}, path: Path, review: Review): void {
  for (const [name, amount] of Object.entries(amounts)) reviewQuantity(amount, [...path, name], review)
}

export function canonicalAmounts(amounts: Amounts = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalAmount(amount)]))
}

/** As it is when it is none: then the review has already said so. */
export function canonicalAmount(amount: string | number): string {
  const quantity = parseQuantity(String(amount))
  return quantity ? renderQuantity(quantity) : String(amount)
}
