import { found } from '../found.ts'
import { type IntOrPercent, percentOf } from '../int-or-percent.ts'
import type { Path } from '../position.ts'
import type { Review } from '../review.ts'

/** A number of pods or a share of them; true: it is none. */
export function reviewBound(value: IntOrPercent, mostPercent: number, path: Path, review: Review): boolean {
  const percent = typeof value === 'string' ? percentOf(value) : 0
  if ((typeof value !== 'number' || value >= 0) && percent !== undefined && percent <= mostPercent) return false
  const limit = mostPercent === 100 ? ' to 100%' : ''
  review.problem(path, `expected a whole number from 0 or a percentage${limit}, found ${found(value)}`)
  return true
}

export function isZero(value: IntOrPercent): boolean {
  return value === 0 || value === '0%'
}
