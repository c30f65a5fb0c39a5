import type { Plan } from './action.ts'
import type { DesiredStatefulSet, View } from './desired.ts'
import { planNothing } from './nothing.ts'

export function planStatefulSet(desired: DesiredStatefulSet, _view: View): Plan {
  return planNothing(desired)
}
