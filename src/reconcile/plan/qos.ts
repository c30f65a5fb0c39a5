import { toBytes, toMillis } from '../../manifests/quantity.ts'
import type { Container, PodSpec } from '../../manifests/types.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** How sure a pod is of its resources, by all of its containers, those for the start included. */
export function qosClass(spec: Pick<PodSpec, 'containers' | 'initContainers'>): QosClass {
  const of = ({ resources }: Container, name: string) => {
    const limit = resources?.limits?.[name]
    const request = resources?.requests?.[name] ?? limit
    const amount = name === 'cpu' ? toMillis : toBytes
    return { limit: amount(limit), request: amount(request) }
  }
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const all = containers.flatMap((container) => [of(container, 'cpu'), of(container, 'memory')])
  if (all.every(({ limit, request }) => limit === 0 && request === 0)) return 'BestEffort'
  return all.every(({ limit, request }) => limit > 0 && limit === request) ? 'Guaranteed' : 'Burstable'
}

/** Who is killed first when a host runs out of memory. Kubernetes grades Burstable pods by their share of the host; here they are equal. */
export const oomScores: Readonly<Record<QosClass, number>> = { Guaranteed: -997, Burstable: 500, BestEffort: 1000 }
