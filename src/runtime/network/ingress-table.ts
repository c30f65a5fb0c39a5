import { type Key, keyOf } from '../../base/key.ts'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass, Secret } from '../../manifests/types.ts'
import { certificatesOf, isCovered, secretKey, secretText } from './ingress-certificates.ts'
import { classNotes, isServed } from './ingress-class.ts'
import { routeOptions } from './ingress-options.ts'
import { pathKey } from './ingress-path.ts'
import { Problems } from './ingress-problems.ts'
import type { Certificate, IngressRoute, IngressTable, RouteOptions, ServiceRow } from './table.ts'

export interface IngressFacts {
  readonly ingresses: readonly Ingress[]
  readonly classes: readonly IngressClass[]
  /** The only class that is served; undefined: any. */
  readonly className: string | undefined
  service(key: Key): ServiceRow | undefined
  secret(key: Key): Secret | undefined
  /** Certificates that do not come from Secrets. */
  readonly obtained: readonly Certificate[]
  readonly challenges: Readonly<Record<string, string>>
}

export interface IngressOutcome {
  readonly table: IngressTable
  /** Ingresses that are not served as they are wanted. */
  readonly problems: ReadonlyMap<Key, readonly string[]>
  /** What has no effect, or another than in the cluster that it was written for. */
  readonly notes: readonly string[]
}

export function ingressTable(facts: IngressFacts): IngressOutcome {
  const served = facts.ingresses
    .filter((ingress) => isServed(ingress, facts.classes, facts.className))
    .map((ingress) => ({ key: ingressKey(ingress), ingress }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const ingresses = served.map(({ ingress }) => ingress)
  const problems = new Problems()
  const { certificates, secured } = certificatesOf(served, facts, problems)
  const unused: string[] = []
  const routes = served.flatMap(({ key, ingress }) => {
    const {
      options,
      problems: found,
      ignored,
    } = routeOptions(ingress.metadata.annotations ?? {}, (name) => {
      return textsOf(facts.secret(secretKey(ingress, name)))
    })
    if (ignored.length > 0) unused.push(`${key}: without effect: ${ignored.join(', ')}`)
    for (const problem of found) problems.add(key, problem)
    const routes = routesOf(key, ingress, options, problems, facts)
    return routes.map((route) => ({ ...route, tls: isCovered(secured, route.host) }))
  })
  return {
    table: { routes: withoutConflicts(routes, problems), certificates, challenges: facts.challenges },
    problems: problems.all,
    notes: [...classNotes(ingresses, facts.classes), ...unused],
  }
}

export function ingressKey({ metadata }: Ingress): Key {
  return keyOf({ namespace: metadata.namespace ?? '', kind: 'Ingress', name: metadata.name })
}

function routesOf(
  key: Key,
  { metadata, spec }: Ingress,
  options: RouteOptions,
  problems: Problems,
  facts: IngressFacts,
): IngressRoute[] {
  const backendOf = (backend: IngressBackend) => {
    const found = findBackend(metadata.namespace ?? '', backend, facts)
    if (typeof found !== 'string') return found
    problems.add(key, found)
    return undefined
  }
  const common = { ingress: key, tls: false, options }
  const rules = spec.rules ?? []
  const routes = rules.flatMap(({ host = '', http }) =>
    (http?.paths ?? []).map((path): IngressRoute => {
      const backend = backendOf(path.backend)
      return {
        ...common,
        host: host.toLowerCase(),
        path: pathOf(path),
        pathType: path.pathType,
        isDefault: false,
        backend,
      }
    }),
  )
  if (!spec.defaultBackend) return routes
  // For all that its own hosts have no path for, and for all that nobody else serves.
  const backend = backendOf(spec.defaultBackend)
  const hosts = [...new Set([...rules.map(({ host = '' }) => host.toLowerCase()), ''])]
  const last = hosts.map(
    (host): IngressRoute => ({ ...common, host, path: '/', pathType: 'Prefix', isDefault: true, backend }),
  )
  return [...routes, ...last]
}

function textsOf(secret: Secret | undefined): Readonly<Record<string, string>> | undefined {
  if (!secret) return undefined
  const names = [...Object.keys(secret.data ?? {}), ...Object.keys(secret.stringData ?? {})]
  return Object.fromEntries(names.map((name) => [name, secretText(secret, name) ?? '']))
}

function pathOf({ path = '' }: HTTPIngressPath): string {
  return path === '' ? '/' : path
}

/** Or what is wrong with it. */
function findBackend(
  namespace: string,
  { service }: IngressBackend,
  facts: IngressFacts,
): NonNullable<IngressRoute['backend']> | string {
  if (!service) return 'a backend that is no Service is not supported: answers 503'
  const { name, port = {} } = service
  const row = facts.service(keyOf({ namespace, kind: 'Service', name }))
  if (!row) return `Service ${name} does not exist: answers 503`
  if (row.type === 'ExternalName')
    return `Service ${name} is of type ExternalName, which an Ingress cannot lead to: answers 503`
  const found = row.ports
    .filter(({ protocol }) => protocol === 'TCP')
    .find((one) => (port.name ? one.name === port.name : one.port === port.number))
  if (found) return { service: row.key, port: found.port }
  return `Service ${name} has no TCP port ${port.name ? `"${port.name}"` : (port.number ?? 0)}: answers 503`
}

/** Of several routes of one host and path the first counts. A canary stands beside the one that it is for. */
function withoutConflicts(routes: readonly IngressRoute[], problems: Problems): IngressRoute[] {
  const owners = new Map<string, Key>()
  return routes.filter(({ ingress, host, path, pathType, isDefault, options }) => {
    const kind = `${options.canary ? 'canary' : ''} ${isDefault ? 'default' : ''}`
    const text = `${kind} ${host} ${pathKey({ path, pathType })}`
    const owner = owners.get(text)
    if (owner === undefined) owners.set(text, ingress)
    else if (owner !== ingress && !(isDefault && host !== ''))
      problems.add(ingress, conflict(host, path, isDefault, owner))
    return owner === undefined
  })
}

function conflict(host: string, path: string, isDefault: boolean, owner: Key): string {
  const what = isDefault ? 'the default backend' : `${host === '' ? '*' : host}${path}`
  return `${what} is served by ${owner}, which comes first`
}
