import type { Plan } from './action.ts'
import type { DesiredNamespace, View } from './desired.ts'

/**
 * A namespace that is wanted needs no action: its network on a host is made by the first pod that goes there. See `planNamespaceGone`
 * for one that is not.
 */
export function planNamespace(desired: DesiredNamespace, _view: View): Plan {
  const { name } = desired.object.metadata
  return {
    tasks: [],
    status: {
      kind: 'Namespace',
      namespace: '',
      name,
      sync: 'Synced',
      health: 'Healthy',
      ready: '',
      message: '',
      failed: false,
    },
    lookAgainAt: undefined,
    lookAgainFor: '',
  }
}
