// Ingress as files of HAProxy: one with the ports and the choice of routes, one with the backends of each Ingress.
import type { Key } from '../../base/key.ts'
import { keyOf } from '../../base/key.ts'
import type { HaproxySettings } from './haproxy-base.ts'
import type { HaproxyPart } from './haproxy-part.ts'
import { bindText } from './haproxy-part.ts'
import { type BackendContext, ingressPart, type Place, places, routeText } from './ingress-haproxy-backend.ts'
import { type Canary, commonLines, type Frontend, frontendLines } from './ingress-haproxy-frontend.ts'
import { ingressLists } from './ingress-haproxy-maps.ts'
import { regexLines } from './ingress-haproxy-regex.ts'
import type { IngressRoute, NetworkProblem, NetworkTable, ServicePortRow } from './table.ts'

/** What is known of the host. */
export interface IngressHost {
  isOpen(backend: string, server: string): boolean
  /** `*:80` */
  readonly taken: ReadonlySet<string>
  /** Another text for other certificates that only a new worker reads; undefined: there are none, and no https. */
  readonly certificates?: string | undefined
  /** What HAProxy said to a part as it is; undefined: it takes it, as far as known. */
  refusal(part: HaproxyPart): string | undefined
}

type Settings = Pick<HaproxySettings, 'ingressHttpPort' | 'ingressHttpsPort' | 'proxyProtocol'>

/** What all Ingresses share. */
const sharedKey = keyOf({ namespace: '', kind: 'Ingress', name: '' })

export function ingressParts(
  { ingress, services, previews }: NetworkTable,
  settings: Settings,
  host: IngressHost,
): { readonly parts: readonly HaproxyPart[]; readonly problems: readonly NetworkProblem[] } {
  if (ingress.routes.length === 0) return { parts: [], problems: [] }
  const found = places(ingress.routes)
  const rows = new Map(services.map((service) => [service.key, service]))
  const context: BackendContext = {
    port: (backend): ServicePortRow | undefined =>
      backend &&
      rows.get(backend.service)?.ports.find(({ port, protocol }) => port === backend.port && protocol === 'TCP'),
    isOpen: host.isOpen,
    restOf: (namespace) => previews?.get(namespace),
    httpsPort: settings.ingressHttpsPort === 443 || settings.proxyProtocol ? '' : `:${settings.ingressHttpsPort}`,
  }
  const byIngress = new Map<Key, Place[]>()
  for (const place of found) byIngress.set(place.route.ingress, [...(byIngress.get(place.route.ingress) ?? []), place])
  const parts = [...byIngress.keys()].sort().map((key) => ingressPart(key, byIngress.get(key) ?? [], context))
  const refused = new Set(parts.filter((part) => host.refusal(part) !== undefined).map(({ key }) => key))
  const fronts = frontends(settings)
  const free = fronts.filter(({ port }) => !host.taken.has(bindText({ address: '*', port })))
  const open = free.filter(({ scheme }) => scheme === 'http' || host.certificates !== undefined)
  const problems = fronts
    .filter((front) => !free.includes(front))
    .flatMap(({ port, scheme }) =>
      [...byIngress.keys()].map((key) => ({ key, message: `port ${port} (${scheme}) is in use on this host` })),
    )
  return {
    parts: [
      commonPart,
      ...parts,
      frontPart(found, open, fronts, { ingress, settings, refused, certificates: host.certificates }),
    ],
    problems,
  }
}

/** Backends that the pods behind a port of a Service are in: `namespace/Service/name 80` -> their names. */
export function ingressBackends({ ingress }: NetworkTable): ReadonlyMap<string, readonly string[]> {
  const known = knownBackends.get(ingress.routes) ?? backendsOf(ingress)
  knownBackends.set(ingress.routes, known)
  return known
}

const knownBackends = new WeakMap<readonly IngressRoute[], ReadonlyMap<string, readonly string[]>>()

function backendsOf(ingress: NetworkTable['ingress']): ReadonlyMap<string, readonly string[]> {
  const backends = new Map<string, string[]>()
  for (const { route, backend } of places(ingress.routes)) {
    if (!route.backend) continue
    const text = portText(route.backend)
    const known = backends.get(text)
    if (!known) backends.set(text, [backend])
    else if (!known.includes(backend)) known.push(backend)
  }
  return backends
}

export function portText({ service, port }: NonNullable<IngressRoute['backend']>): string {
  return `${service} ${port}`
}

function frontends({ ingressHttpPort, ingressHttpsPort }: Settings): Frontend[] {
  const all: Frontend[] = [
    { scheme: 'http', port: ingressHttpPort },
    { scheme: 'https', port: ingressHttpsPort },
  ]
  return all.filter(({ port }) => port !== 0)
}

interface FrontFacts {
  readonly ingress: NetworkTable['ingress']
  readonly settings: Settings
  readonly refused: ReadonlySet<Key>
  readonly certificates: string | undefined
}

/** The first to be read: the others take its defaults. */
const commonPart: HaproxyPart = {
  ...{ key: sharedKey, path: 'haproxy/50-ingress.cfg', frame: `${commonLines().join('\n')}\n` },
  ...{ binds: [], backends: [], lists: [], tables: [] },
}

/** The last to be read: what of an Ingress HAProxy does not take, it has found in that one's own file before. */
function frontPart(
  found: readonly Place[],
  open: readonly Frontend[],
  wanted: readonly Frontend[],
  { ingress, settings, refused, certificates }: FrontFacts,
): HaproxyPart {
  const mains = found.filter(({ route }) => !route.options.canary)
  const regexes = regexLines(mains, (route) => refused.has(route.ingress))
  const canaries = canariesOf(found)
  const frames = open.map((front) => ['', ...frontendLines(front, settings, regexes, canaries)])
  return {
    key: sharedKey,
    path: 'haproxy/60-ingress.cfg',
    frame: `${[`# certificates ${certificates ?? 'none'}`, ...frames.flat()].join('\n')}\n`,
    binds: wanted.map(({ port }) => ({ address: '*', port })),
    backends: [],
    lists: open.length > 0 ? ingressLists(mains, ingress.challenges) : [],
    tables: [],
  }
}

/** A canary without a route that it is for is not served. */
function canariesOf(found: readonly Place[]): readonly Canary[] {
  const mains = new Map(
    found.filter(({ route }) => !route.options.canary).map(({ route, backend }) => [routeText(route), backend]),
  )
  return found.flatMap(({ route, backend }): Canary[] => {
    const main = mains.get(routeText(route))
    const rule = route.options.canary
    return main !== undefined && rule ? [{ main, backend, rule }] : []
  })
}
