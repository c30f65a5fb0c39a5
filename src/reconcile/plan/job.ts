import type { Plan } from './action.ts'
import type { DesiredJob, View } from './desired.ts'
import { planNothing } from './nothing.ts'

export function planJob(desired: DesiredJob, _view: View): Plan {
  return planNothing(desired)
}
