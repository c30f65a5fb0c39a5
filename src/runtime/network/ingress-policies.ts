import { keyParts } from '../../base/key.ts'
import { letsEverybodyIn } from './haproxy-policy.ts'
import { remembered } from './remembered.ts'
import type { IngressRoute, PolicyRow, ServiceRow } from './table.ts'

const rowsByPod = remembered((rows: readonly PolicyRow[]) => new Map(rows.map((row) => [row.pod, row])))

/**
 * What there is to know of NetworkPolicies behind these routes; empty: nothing. Requests through an Ingress come from the host, as those of a
 * cluster come from its controller: policies that are to let that one in name a namespace that is not there, so they cannot be asked, and
 * whom an `ipBlock` is about is the controller again, not the client.
 */
export function policyNote(
  routes: readonly IngressRoute[],
  policies: readonly PolicyRow[],
  service: (key: NonNullable<IngressRoute['backend']>['service']) => ServiceRow | undefined,
): string {
  if (policies.length === 0) return ''
  const byPod = rowsByPod(policies)
  const names = routes.flatMap(({ backend }) => {
    if (!backend) return []
    const ports = service(backend.service)?.ports.filter(({ port, protocol }) => {
      return port === backend.port && protocol === 'TCP'
    })
    const pods = (ports ?? []).flatMap(({ backends }) => backends)
    const isLimited = pods.some(({ pod, port }) => !letsEverybodyIn(byPod.get(pod), port))
    return isLimited ? [keyParts(backend.service).name] : []
  })
  if (names.length === 0) return ''
  const all = [...new Set(names)].sort()
  return `requests through it reach the pods of ${all.join(', ')} whatever NetworkPolicies say`
}
