// Whose a host is, where some of those who ask for it are only guests: previews, whose host names pull requests write.
import type { Key } from '../../base/key.ts'
import type { Ingress } from '../../manifests/types.ts'
import { ingressKey } from './ingress-table.ts'

export interface Hosted {
  /** Those whose hosts are their own. */
  readonly ingresses: readonly Ingress[]
  /** Why the others are not served. */
  readonly clashes: ReadonlyMap<Key, string>
}

/**
 * A host belongs to those who are no guests, else to the first guest by name, with all of its paths and certificates: a guest that names one
 * host of others is not served at all. `guestOf`: whose guest an Ingress is; empty: it is none.
 */
export function withoutClashes(ingresses: readonly Ingress[], guestOf: (ingress: Key) => string): Hosted {
  const asking = ingresses.map((ingress) => ({
    ingress,
    key: ingressKey(ingress),
    guest: guestOf(ingressKey(ingress)),
  }))
  if (asking.every(({ guest }) => guest === '')) return { ingresses, clashes: new Map() }
  const sorted = asking.sort((a, b) => compare(a.guest, b.guest) || compare(a.key, b.key))
  const owners = new Map<string, { readonly key: Key; readonly guest: string }>()
  const clashes = new Map<Key, string>()
  for (const { ingress, key, guest } of sorted) {
    const hosts = hostsOf(ingress)
    const taken = guest === '' ? undefined : hosts.find((host) => (owners.get(host)?.guest ?? guest) !== guest)
    if (taken !== undefined) clashes.set(key, `${taken} is the host of ${owners.get(taken)?.key}: it is not served`)
    else for (const host of hosts) if (!owners.has(host)) owners.set(host, { key, guest })
  }
  return { ingresses: ingresses.filter((ingress) => !clashes.has(ingressKey(ingress))), clashes }
}

function hostsOf({ spec: { rules = [], tls = [] } }: Ingress): readonly string[] {
  const all = [...rules.map(({ host = '' }) => host), ...tls.flatMap(({ hosts = [] }) => hosts)]
  return [...new Set(all.map((host) => host.toLowerCase()))]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
