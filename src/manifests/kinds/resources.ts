import { found, quoted } from '../found.ts'
import type { Path } from '../position.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import type { Review } from '../review.ts'
import type { ResourceRequirements } from '../types.ts'
import { canonicalAmounts, reviewQuantity } from './quantities.ts'

/** Canonical amounts; what has a limit and no request, requests its limit. */
export function completeResources({ limits, requests, ...rest }: ResourceRequirements): ResourceRequirements {
  if (!limits && !requests) return rest
  const upper = canonicalAmounts(limits)
  const lower = { ...upper, ...canonicalAmounts(requests) }
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
  reviewQuantity(amount, path, review)
  if (name === 'ephemeral-storage') review.ignored(path, 'Docker does not limit the disk of a container')
  else if (name !== 'cpu' && name !== 'memory')
    review.problem(path, 'not supported by this version of berth: only cpu and memory are')
}
