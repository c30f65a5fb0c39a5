import type { Plan } from './action.ts'
import type { DesiredClaim, View } from './desired.ts'
import { planNothing } from './nothing.ts'

export function planClaim(desired: DesiredClaim, _view: View): Plan {
  return planNothing(desired)
}
