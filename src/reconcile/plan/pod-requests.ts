import { toBytes, toMillis } from '../../manifests/quantity.ts'
import type { Container, PodSpec } from '../../manifests/types.ts'
import type { Requests } from './desired.ts'

type Resources = Pick<Container, 'restartPolicy' | 'resources'>

interface Sized {
  readonly initContainers?: readonly Resources[]
  readonly containers: readonly Resources[]
}

/**
 * What a pod takes of something that its containers share: main containers and sidecars run together; an init container runs beside the
 * sidecars that started before it. The larger of the two counts.
 */
export function podAmount(spec: Sized, amountOf: (container: Resources) => number): number {
  let sidecars = 0
  let most = 0
  for (const container of spec.initContainers ?? []) {
    const amount = amountOf(container)
    if (container.restartPolicy === 'Always') sidecars += amount
    most = Math.max(most, container.restartPolicy === 'Always' ? sidecars : sidecars + amount)
  }
  const together = spec.containers.reduce((total, container) => total + amountOf(container), sidecars)
  return Math.max(together, most)
}

/** What one pod asks of a host, its overhead included; a limit without a request counts as the request, as in Kubernetes. */
export function requestsOf(spec: Sized & Pick<PodSpec, 'overhead'>): Requests {
  const request = ({ resources }: Resources, name: string): string | undefined =>
    resources?.requests?.[name] ?? resources?.limits?.[name]
  return {
    cpuMillis: podAmount(spec, (container) => toMillis(request(container, 'cpu'))) + toMillis(spec.overhead?.cpu),
    memoryBytes: podAmount(spec, (container) => toBytes(request(container, 'memory'))) + toBytes(spec.overhead?.memory),
  }
}
