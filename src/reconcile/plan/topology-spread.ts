import { matchesSelector } from '../../manifests/selector.ts'
import type { TopologySpreadConstraint } from '../../manifests/types.ts'
import type { LiveHost } from '../../runtime/live.ts'
import { hostRefusal } from './node-affinity.ts'
import { agrees, type Neighbour, type PlacedPod } from './pod-affinity.ts'

/** How far a constraint's domain would stand above the emptiest one with the new pod on it; undefined: the host has no such label. */
function skew(
  constraint: TopologySpreadConstraint,
  pod: Neighbour,
  host: LiveHost,
  counts: ReadonlyMap<string, number>,
): number | undefined {
  const domain = host.labels[constraint.topologyKey]
  if (domain === undefined) return undefined
  const lowest = counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values())
  return (counts.get(domain) ?? 0) + Number(isAlike(constraint, pod, pod)) - lowest
}

/** Why a pod may not go to a host, because its like would no longer be spread evenly enough. */
export function spreadRefusal(
  pod: Neighbour,
  host: LiveHost,
  hosts: readonly LiveHost[],
  others: readonly PlacedPod[],
): string | undefined {
  for (const constraint of constraintsOf(pod, 'DoNotSchedule')) {
    const found = skew(constraint, pod, host, countsOf(constraint, pod, hosts, others))
    const text = "node(s) didn't match pod topology spread constraints"
    if (found === undefined) return `${text} (missing required label)`
    if (found > constraint.maxSkew) return text
  }
  return undefined
}

/** The less uneven a host would make things, the better. */
export function spreadWish(
  pod: Neighbour,
  host: LiveHost,
  hosts: readonly LiveHost[],
  others: readonly PlacedPod[],
): number {
  return constraintsOf(pod, 'ScheduleAnyway').reduce((total, constraint) => {
    const counts = countsOf(constraint, pod, hosts, others)
    return total - (skew(constraint, pod, host, counts) ?? Math.max(0, ...counts.values()) + 1)
  }, 0)
}

function constraintsOf({ spec }: Neighbour, way: TopologySpreadConstraint['whenUnsatisfiable']) {
  return (spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === way)
}

/** Pods of its like in each domain that it may use; a domain without any counts, with zero. */
function countsOf(
  constraint: TopologySpreadConstraint,
  pod: Neighbour,
  hosts: readonly LiveHost[],
  others: readonly PlacedPod[],
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const domainOf = new Map<string, string>()
  for (const host of hosts) {
    const domain = host.labels[constraint.topologyKey]
    if (domain === undefined || !host.reachable || (pod.spec && hostRefusal(pod.spec, host))) continue
    counts.set(domain, 0)
    domainOf.set(host.name, domain)
  }
  for (const other of others) {
    const domain = domainOf.get(other.host)
    if (domain !== undefined && isAlike(constraint, pod, other)) counts.set(domain, (counts.get(domain) ?? 0) + 1)
  }
  return counts
}

function isAlike({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, pod: Neighbour, other: Neighbour) {
  return (
    pod.namespace === other.namespace &&
    matchesSelector(labelSelector, other.labels) === true &&
    matchLabelKeys.every((key) => agrees(key, pod.labels, other.labels))
  )
}
