import type { Plan } from './action.ts'
import type { Desired } from './desired.ts'

/** Nothing is done, and nothing is said against the object. */
export function planNothing({ kind, object }: Desired): Plan {
  const { namespace = '', name } = object.metadata
  return {
    tasks: [],
    status: { kind, namespace, name, sync: 'Synced', health: 'Healthy', ready: '', message: '', failed: false },
    lookAgainAt: undefined,
    lookAgainFor: '',
  }
}
