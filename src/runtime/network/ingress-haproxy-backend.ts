import { sha256, stableText } from '../../base/hash.ts'
import type { Key } from '../../base/key.ts'
import { keyParts } from '../../base/key.ts'
import { serverIds } from './haproxy-names.ts'
import { type BackendServers, type HaproxyPart, type HaproxyServer, serversHere } from './haproxy-part.ts'
import { optionLines, serverKeywords, stickyKey } from './ingress-haproxy-options.ts'
import { isRegex, ownRegexLines } from './ingress-haproxy-regex.ts'
import { pathKey } from './ingress-path.ts'
import { holdOf } from './preview-haproxy.ts'
import type { BackendRow, IngressRoute, ServicePortRow } from './table.ts'

/** A route with the backend that serves it. */
export interface Place {
  readonly route: IngressRoute
  readonly backend: string
}

export interface BackendContext {
  /** Undefined: there is none. */
  port(backend: IngressRoute['backend']): ServicePortRow | undefined
  isOpen(backend: string, server: string): boolean
  /** As `previews` of the table says; undefined: the namespace is none of a preview. */
  restOf(namespace: string): string | undefined
  /** `:8443`; empty: the usual one. */
  readonly httpsPort: string
}

/** An idle connection to a pod is closed soon after it is not needed any more. */
const idleConnections = 'pool-purge-delay 2s pool-max-conn 1000'

/** Routes that one backend can serve share it. One that has a canary has a backend of its own, to be taken from. */
export function places(routes: readonly IngressRoute[]): readonly Place[] {
  const canaries = new Set(routes.filter(({ options }) => options.canary).map(routeText))
  return routes.map((route) => {
    const { ingress, backend, options, tls, path } = route
    const own = {
      ...{ backend, options, tls },
      path: options.rewriteTarget !== undefined && isRegex(route) ? path : '',
      canary: canaries.has(routeText(route)) ? routeText(route) : '',
    }
    return { route, backend: `i_${shortName(ingress)}_${sha256(stableText(own)).slice(0, 10)}` }
  })
}

/** Of routes that serve the same requests it is the same. */
export function routeText({ host, path, pathType, isDefault }: IngressRoute): string {
  return `${host} ${isDefault ? 'default' : pathKey({ path, pathType })}`
}

/** No file has a longer name than 255 bytes. Names of Kubernetes have no underscores, so no two are the same. */
const longestName = 150

function shortName(ingress: Key): string {
  const { namespace, name } = keyParts(ingress)
  return name.length <= longestName ? `${namespace}_${name}` : `${namespace}_${sha256(name).slice(0, 32)}_`
}

/** The file of one Ingress: all its backends. */
export function ingressPart(ingress: Key, own: readonly Place[], context: BackendContext): HaproxyPart {
  const unique = [...new Map(own.map((place) => [place.backend, place])).values()].sort((a, b) =>
    a.backend < b.backend ? -1 : 1,
  )
  const routes = (backend: string) => own.filter((place) => place.backend === backend).map(({ route }) => route)
  return {
    key: ingress,
    path: `haproxy/50-ingress_${shortName(ingress)}.cfg`,
    frame: unique
      .map((place) => [...backendLines(place, context), ...ownRegexLines(routes(place.backend))])
      .map((lines) => `${lines.join('\n')}\n`)
      .join('\n'),
    binds: [],
    backends: unique.map((place) => backendServers(place, context)),
    lists: [],
    tables: [],
  }
}

/** A request is sent again only if it cannot have reached a pod, or if it may be repeated by its nature. */
function backendLines({ route, backend }: Place, { httpsPort, restOf }: BackendContext): string[] {
  const { namespace } = keyParts(route.ingress)
  const hold = restOf(namespace) === undefined ? undefined : holdOf(namespace, backend)
  const { before, lines } = optionLines(backend, route, httpsPort, hold)
  return [
    ...before,
    `backend ${backend} from ingress`,
    ...lines,
    '  retry-on conn-failure empty-response',
    '  http-request disable-l7-retry unless { method GET HEAD OPTIONS }',
    ...(hold?.servers ?? []),
    serversHere(backend),
  ]
}

function backendServers({ route, backend }: Place, context: BackendContext): BackendServers {
  const rows = context.port(route.backend)?.backends ?? []
  const ids = serverIds(rows.map(({ name }) => name))
  // Of a preview that falls asleep requests wait, where in production the last pod would take them to its end.
  const isResting = (context.restOf(keyParts(route.ingress).namespace) ?? '') !== ''
  const isWanted = ({ name, state }: BackendRow) =>
    state === 'ready' || (state === 'last' && !isResting) || (state === 'unknown' && context.isOpen(backend, name))
  const keywords = `${idleConnections} ${serverKeywords(route.options)}`.trim()
  const servers = rows.filter(isWanted).map(({ name, address, port }): HaproxyServer => {
    return { name, id: ids.get(name) ?? 0, address, port, keywords }
  })
  return { name: backend, servers, cookieKey: stickyKey(backend, route.options) }
}
