import type { Plan } from './action.ts'
import type { DesiredCronJob, View } from './desired.ts'
import { planNothing } from './nothing.ts'

export function planCronJob(desired: DesiredCronJob, _view: View): Plan {
  return planNothing(desired)
}
