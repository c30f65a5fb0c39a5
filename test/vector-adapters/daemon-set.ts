import { type IntOrPercent, perNodeBounds } from '../../src/manifests/int-or-percent.ts'
import { type DaemonState, rollDaemons } from '../../src/reconcile/plan/daemon-set-rolling.ts'
import { refusal } from './refusal.ts'

interface Rolling {
  readonly maxSurge: IntOrPercent | null
  readonly maxUnavailable: IntOrPercent | null
  readonly nodes: readonly {
    readonly node: string
    readonly old: { readonly available: boolean } | null
    readonly new: { readonly available: boolean } | null
  }[]
}

export const daemonSet = {
  rollingUpdate: ({ maxSurge, maxUnavailable, nodes }: Rolling) => {
    const bounds = perNodeBounds(maxSurge ?? undefined, maxUnavailable ?? undefined, nodes.length)
    if (!bounds) return refusal
    const step = rollDaemons(
      bounds,
      nodes.map(({ node, old, new: next }) => ({ host: node, old: stateOf(old), new: stateOf(next) })),
    )
    return {
      mustDeleteOld: step.mustDelete,
      additionalOldDeletes: step.moreDeletes,
      candidates: step.candidates,
      createNewOn: step.mustCreate,
      additionalCreates: step.moreCreates,
    }
  },
}

function stateOf(pod: { readonly available: boolean } | null): DaemonState | undefined {
  return pod ? (pod.available ? 'available' : 'unavailable') : undefined
}
