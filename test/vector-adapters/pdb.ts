import type { IntOrPercent } from '../../src/manifests/int-or-percent.ts'
import { disruptionStatus, type Eviction, type Guarded, mayEvict } from '../../src/reconcile/plan/disruption.ts'

interface StatusInput extends Omit<Guarded, 'minAvailable' | 'maxUnavailable'> {
  readonly minAvailable: IntOrPercent | null
  readonly maxUnavailable: IntOrPercent | null
}

export const pdb = {
  status: ({ minAvailable, maxUnavailable, ...numbers }: StatusInput) =>
    disruptionStatus({
      ...numbers,
      minAvailable: minAvailable ?? undefined,
      maxUnavailable: maxUnavailable ?? undefined,
    }),
  evict: (eviction: Eviction) => ({ allowed: mayEvict(eviction) }),
}
