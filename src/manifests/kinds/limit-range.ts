import { found } from '../found.ts'
import { LimitRange as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import type { Review } from '../review.ts'
import type { LimitRangeItem } from '../types.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { type Amounts, canonicalAmounts, reviewQuantities } from './quantities.ts'

const members = ['min', 'defaultRequest', 'default', 'max', 'maxLimitRequestRatio'] as const
type Member = (typeof members)[number]

/** Pairs of which the first may not be more than the second. */
const rising: readonly (readonly [Member, Member])[] = [
  ['min', 'max'],
  ['min', 'defaultRequest'],
  ['min', 'default'],
  ['defaultRequest', 'default'],
  ['defaultRequest', 'max'],
  ['default', 'max'],
]

export const limitRange: KindRow<'LimitRange'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    const types = spec.limits.map(({ type }) => type)
    for (const [index, item] of spec.limits.entries()) {
      const at = ['spec', 'limits', index]
      if (types.indexOf(item.type) < index)
        review.problem([...at, 'type'], `expected each type once, found ${item.type} again`)
      reviewItem(item, at, review)
    }
  },
  complete: (object) => ({ ...object, spec: { ...object.spec, limits: object.spec.limits.map(completeItem) } }),
}

function reviewItem(item: LimitRangeItem, path: Path, review: Review): void {
  for (const member of members) reviewQuantities(item[member], [...path, member], review)
  for (const [lower, upper] of rising) {
    for (const [name, amount] of Object.entries<string | number>(item[lower] ?? {})) {
      const limit = item[upper]?.[name]
      if (!isMore(amount, limit)) continue
      review.problem([...path, lower, name], `expected at most ${upper}, which is ${limit}, found ${found(amount)}`)
    }
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    if (isMore('1', ratio))
      review.problem([...path, 'maxLimitRequestRatio', name], `expected 1 or more, found ${found(ratio)}`)
  }
  if (item.type === 'Pod') {
    for (const member of ['default', 'defaultRequest'] as const) {
      if (item[member]) review.problem([...path, member], 'expected nothing for the type Pod, found a map')
    }
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    review.problem(path, 'expected min or max of storage, found none')
  }
}

function isMore(amount: string | number, limit: string | number | undefined): boolean {
  const [value, most] = [parseQuantity(String(amount)), parseQuantity(String(limit))]
  return value !== undefined && most !== undefined && compareQuantities(value, most) > 0
}

/** What a container does not say it gets: the limit from max, the request from the limit or else from min. */
function completeItem(item: LimitRangeItem): LimitRangeItem {
  const given = Object.fromEntries(
    members.flatMap((member) => (item[member] ? [[member, canonicalAmounts(item[member])]] : [])),
  ) as { [M in Member]?: Record<string, string> }
  if (item.type !== 'Container') return { ...item, ...given }
  const limits: Amounts = { ...given.max, ...given.default }
  const requests: Amounts = { ...given.min, ...limits, ...given.defaultRequest }
  return {
    ...item,
    ...given,
    ...(Object.keys(limits).length > 0 ? { default: canonicalAmounts(limits) } : {}),
    ...(Object.keys(requests).length > 0 ? { defaultRequest: canonicalAmounts(requests) } : {}),
  }
}
