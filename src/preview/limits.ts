import { parseQuantity, renderQuantity } from '../manifests/quantity.ts'
import type { ResourceRequirements } from '../manifests/types.ts'

/** The quota counts what containers say. For as many of those that say nothing it is enough. */
const containersOfQuota = 8n

/**
 * What a container says of its resources, and a share of the quota where it does not: without limits no pod is let in beside a quota of
 * limits. A limit of 0 would be none.
 */
export function limited(
  resources: ResourceRequirements,
  quota: Readonly<Record<string, string>>,
): ResourceRequirements {
  const limits = { ...resources.limits }
  const requests = { ...resources.requests }
  for (const name of ['cpu', 'memory'] as const) {
    const ofLimits = quota[`limits.${name}`]
    const ofRequests = quota[`requests.${name}`] ?? quota[name]
    if (ofLimits !== undefined && isNothing(limits[name])) limits[name] = larger(requests[name], share(ofLimits, name))
    const request = limits[name] ?? (ofRequests === undefined ? undefined : share(ofRequests, name))
    if (requests[name] === undefined && request !== undefined) requests[name] = request
  }
  return { ...resources, limits, requests }
}

function isNothing(text: string | undefined): boolean {
  return text === undefined || (parseQuantity(text)?.nano ?? 0n) <= 0n
}

function larger(request: string | undefined, other: string): string {
  const [a, b] = [request, other].map((text) => parseQuantity(text ?? '0')?.nano ?? 0n)
  return request !== undefined && a! > b! ? request : other
}

function share(text: string, name: 'cpu' | 'memory'): string {
  const whole = parseQuantity(text)
  if (!whole) throw new TypeError(`"${text}" is no quantity`)
  const unit = name === 'cpu' ? 10n ** 6n : 10n ** 9n
  return renderQuantity({ ...whole, nano: (whole.nano / containersOfQuota / unit) * unit })
}
