import type { Quantity } from '../../manifests/quantity.ts'
import { toBytes, toMillis } from '../../manifests/quantity.ts'
import type { Container, PodSpec } from '../../manifests/types.ts'
import { podAmount } from './pod-requests.ts'

type Sized = Pick<PodSpec, 'containers'> & Partial<Pick<PodSpec, 'initContainers' | 'overhead'>>
type Member = 'requests' | 'limits'

/** What a pod uses of a quota, by the quota's names; what none of its containers speaks of is not in it. */
export function podUsage(spec: Sized): ReadonlyMap<string, Quantity> {
  const usage = new Map<string, Quantity>([
    ['pods', whole(1)],
    ['count/pods', whole(1)],
  ])
  for (const name of ['cpu', 'memory'] as const) {
    const requests = amountOf(spec, 'requests', name)
    const limits = amountOf(spec, 'limits', name)
    if (requests) usage.set(name, requests).set(`requests.${name}`, requests)
    if (limits) usage.set(`limits.${name}`, limits)
  }
  return usage
}

function amountOf(spec: Sized, member: Member, name: 'cpu' | 'memory'): Quantity | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const textOf = ({ resources }: Pick<Container, 'resources'>): string | undefined =>
    resources[member]?.[name] ?? (member === 'requests' ? resources.limits?.[name] : undefined)
  if (containers.every((container) => textOf(container) === undefined)) return undefined
  const number = name === 'cpu' ? toMillis : toBytes
  const total = podAmount(spec, (container) => number(textOf(container))) + number(spec.overhead?.[name])
  return name === 'cpu'
    ? { nano: BigInt(total) * 10n ** 6n, format: 'DecimalSI', letter: '' }
    : { nano: BigInt(total) * 10n ** 9n, format: 'BinarySI', letter: '' }
}

function whole(count: number): Quantity {
  return { nano: BigInt(count) * 10n ** 9n, format: 'DecimalSI', letter: '' }
}
