import type { Plan } from './action.ts'
import type { DesiredDaemonSet, View } from './desired.ts'
import { planNothing } from './nothing.ts'

export function planDaemonSet(desired: DesiredDaemonSet, _view: View): Plan {
  return planNothing(desired)
}
