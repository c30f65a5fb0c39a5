import { found, quoted } from '../found.ts'
import type { Path } from '../position.ts'
import { compareQuantities, parseQuantity, renderQuantity } from '../quantity.ts'
import type { Review } from '../review.ts'
import type { ResourceRequirements } from '../types.ts'

type Amounts = Readonly<Record<string, string | number>>

/** Canonical amounts; what has a limit and no request, requests its limit. */
export function completeResources({ limits, requests, ...rest }: ResourceRequirements): ResourceRequirements {
  if (!limits && !requests) return rest
  const upper = canonical(limits)
  const lower = { ...upper, ...canonical(requests) }
  return {
    ...rest,
    ...(limits ? { limits: upper } : {}),
    ...(Object.keys(lower).length > 0 ? { requests: lower } : {}),
  }
}

export function reviewResources(
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  path: Path,
  review: Review,
): void {
  if (claims && claims.length > 0) review.problem([...path, 'claims'], 'not supported by this version of berth')
  for (const [member, amounts] of Object.entries({ limits, requests })) {
    for (const [name, amount] of Object.entries(amounts)) reviewAmount(name, amount, [...path, member, name], review)
  }
  for (const [name, amount] of Object.entries(requests)) {
    const least = parseQuantity(String(amount))
    const most = parseQuantity(String(limits[name] ?? amount))
    if (least && most && compareQuantities(least, most) > 0) {
      review.problem(
        [...path, 'requests', name],
        `expected at most the limit ${quoted(String(limits[name]))}, found ${found(amount)}`,
      )
    }
  }
}

function reviewAmount(name: string, amount: string | number, path: Path, review: Review): void {
  const quantity = parseQuantity(String(amount))
  if (!quantity) review.problem(path, `expected a quantity like "500m" or "1Gi", found ${found(amount)}`)
  else if (quantity.nano < 0n) review.problem(path, `expected a quantity from 0, found ${found(amount)}`)
  if (name === 'ephemeral-storage') review.ignored(path, 'Docker does not limit the disk of a container')
  else if (name !== 'cpu' && name !== 'memory')
    review.problem(path, 'not supported by this version of berth: only cpu and memory are')
}

function canonical(amounts: Amounts = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalAmount(amount)]))
}

/** As it is when it is none: then the review has already said so. */
function canonicalAmount(amount: string | number): string {
  const quantity = parseQuantity(String(amount))
  return quantity ? renderQuantity(quantity) : String(amount)
}
