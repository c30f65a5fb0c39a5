import { type IntOrPercent, perNodeBounds, rolloutBounds, scaledValue } from '../../src/manifests/int-or-percent.ts'
import { minAvailable, resolveFenceposts } from '../../src/reconcile/plan/fenceposts.ts'
import { refusal } from './refusal.ts'

interface Limits {
  maxSurge: IntOrPercent | null
  maxUnavailable: IntOrPercent | null
}

interface Rollout extends Limits {
  strategy: 'RollingUpdate' | 'Recreate'
  replicas: number
}

export const rollingFenceposts = {
  resolveFenceposts: ({ maxSurge, maxUnavailable, desired }: Limits & { desired: number }) =>
    rolloutBounds(maxSurge ?? undefined, maxUnavailable ?? undefined, desired) ?? refusal,
  daemonSetCounts: ({ maxSurge, maxUnavailable, desiredNodes }: Limits & { desiredNodes: number }) =>
    perNodeBounds(maxSurge ?? undefined, maxUnavailable ?? undefined, desiredNodes) ?? refusal,
  minAvailable: (rollout: Rollout) => ({ value: floorOf(rollout) }),
  // Recreate has its own rule: it counts no missing pods.
  maxUnavailable: (rollout: Rollout) => ({
    value: rollout.strategy === 'Recreate' ? 0 : rollout.replicas - floorOf(rollout),
  }),
  scaledValue: ({ value, total, roundUp }: { value: IntOrPercent; total: number; roundUp: boolean }) => {
    const scaled = scaledValue(value, total, roundUp ? 'up' : 'down')
    return scaled === undefined ? refusal : { value: scaled }
  },
}

function floorOf({ strategy, replicas, maxSurge, maxUnavailable }: Rollout): number {
  const fenceposts = resolveFenceposts(maxSurge ?? undefined, maxUnavailable ?? undefined, replicas)
  return minAvailable({ strategy, replicas, fenceposts })
}
