import type { PodSpec, Toleration } from '../../manifests/types.ts'
import type { HostTaint, LiveHost } from '../../runtime/live.ts'
import type { Workload } from './desired.ts'

/** The first taint of one of these effects that the tolerations do not cover. */
export function untolerated(
  taints: readonly HostTaint[],
  tolerations: readonly Toleration[],
  effects: readonly HostTaint['effect'][],
): HostTaint | undefined {
  return taints.find(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  )
}

function tolerates({ effect, key, operator = 'Equal', value = '' }: Toleration, taint: HostTaint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (operator === 'Exists') return true
  return operator === 'Equal' && key !== undefined && key !== '' && value === taint.value
}

/**
 * Why a new pod may not go to a host because of its taints. A pod that names its host asks nobody: only `NoExecute` keeps it away. Pods
 * that run stay when a host is tainted later, whatever the effect.
 */
export function taintRefusal(spec: PodSpec, host: LiveHost): string | undefined {
  const effects = spec.nodeName ? (['NoExecute'] as const) : (['NoSchedule', 'NoExecute'] as const)
  const taint = untolerated(host.taints, spec.tolerations ?? [], effects)
  return taint && `node(s) had untolerated taint {${taint.key}: ${taint.value}}`
}

/** Taints that only ask not to: the fewer, the better. */
export function discouragingTaints({ tolerations = [] }: PodSpec, { taints }: LiveHost): number {
  return taints.filter((taint) => untolerated([taint], tolerations, ['PreferNoSchedule'])).length
}

const condition = (name: string, effect: HostTaint['effect']): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect,
})

/** What pods of a DaemonSet tolerate unasked: they belong to the host, whatever its condition. */
const daemonTolerations: readonly Toleration[] = [
  condition('not-ready', 'NoExecute'),
  condition('unreachable', 'NoExecute'),
  condition('disk-pressure', 'NoSchedule'),
  condition('memory-pressure', 'NoSchedule'),
  condition('pid-pressure', 'NoSchedule'),
  condition('unschedulable', 'NoSchedule'),
]

/** The spec of a workload's pods as placement has to see it. */
export function placedSpec({ kind, template }: Pick<Workload, 'kind' | 'template'>): PodSpec {
  const { spec } = template
  return kind === 'DaemonSet' ? { ...spec, tolerations: [...(spec.tolerations ?? []), ...daemonTolerations] } : spec
}
