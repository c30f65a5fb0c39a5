// Which backend a request gets, as lists that HAProxy is kept right by commands: a host, then a path of it.
import type { HaproxyList } from './haproxy-part.ts'
import { isRegex } from './ingress-haproxy-regex.ts'
import { normalPath } from './ingress-path.ts'
import type { IngressRoute } from './table.ts'

/** Stands for any host where no other is known; no host has this name. */
export const anyHost = '-'

const folder = 'maps/ingress'
export const lists = {
  hosts: `${folder}.hosts`,
  exact: `${folder}.exact`,
  prefix: `${folder}.prefix`,
  last: `${folder}.last`,
  challenges: `${folder}.challenges`,
}

export const challengePath = '/.well-known/acme-challenge/'

export function hostToken(host: string): string {
  return host === '' ? anyHost : host
}

/** What the longest path that a request begins with is looked up by. */
export function prefixKey({ host, path }: Pick<IngressRoute, 'host' | 'path'>): string {
  return `${hostToken(host)}${normalPath(path)}`
}

/** `routes`: with their backends, canaries left out; of several of one host and path the first counts. */
export function ingressLists(
  routes: readonly { readonly route: IngressRoute; readonly backend: string }[],
  challenges: Readonly<Record<string, string>>,
): readonly HaproxyList[] {
  const hosts = new Map<string, string>()
  const exact = new Map<string, string>()
  const prefix = new Map<string, string>()
  const last = new Map<string, string>()
  for (const { route, backend } of routes) {
    const host = hostToken(route.host)
    if (!route.isDefault || route.host !== '') add(hosts, host, host)
    if (route.isDefault) add(last, host, backend)
    else if (route.pathType === 'Exact') add(exact, `${host}${route.path}`, backend)
    else if (!isRegex(route)) add(prefix, prefixKey(route), backend)
  }
  const tokens = Object.entries(challenges).map(([token, answer]): [string, string] => [challengePath + token, answer])
  return [
    { kind: 'map', path: lists.challenges, entries: sorted(tokens) },
    { kind: 'map', path: lists.exact, entries: sorted(exact) },
    { kind: 'map', path: lists.hosts, entries: sorted(hosts) },
    { kind: 'map', path: lists.last, entries: sorted(last) },
    { kind: 'map', path: lists.prefix, entries: sorted(prefix) },
  ]
}

function add(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value)
}

/** Without what cannot stand in a list. */
function sorted(entries: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  const clean = [...entries].filter(([key, value]) => !/\s/.test(key) && !/[\r\n]/.test(value))
  return new Map(clean.sort(([a], [b]) => (a < b ? -1 : 1)))
}
