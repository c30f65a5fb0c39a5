import { sha256 } from '../../base/hash.ts'
import { baseConfig, basePath, type HaproxySettings } from './haproxy-base.ts'
import {
  type BackendServers,
  type Bind,
  bindText,
  fileText,
  type HaproxyList,
  type HaproxyPart,
  listText,
} from './haproxy-part.ts'
import { portPolicy } from './haproxy-policy.ts'
import { bindsOf, servicePart } from './haproxy-service.ts'
import { ingressParts } from './ingress-haproxy.ts'
import type { NetworkProblem, NetworkTable, PolicyRow, ServicePortRow, ServiceRow } from './table.ts'

/** All that HAProxy has to be for a table. */
export interface HaproxyPlan {
  /** Tells what only a reload can change. Is in the configuration itself, so that a worker can be asked what it runs. */
  readonly hash: string
  readonly parts: readonly HaproxyPart[]
  readonly backends: ReadonlyMap<string, BackendServers>
  readonly lists: ReadonlyMap<string, HaproxyList>
  /** Stick tables of servers. */
  readonly tables: readonly string[]
  readonly problems: readonly NetworkProblem[]
}

/** What is known of the host. */
export interface HaproxyHost {
  /** Whether a server is in traffic. */
  isOpen(backend: string, server: string): boolean
  /** Addresses with ports that others than HAProxy listen on, `*:80`. */
  readonly taken: ReadonlySet<string>
  /** Of Ingress: another text for other certificates that only a new worker reads; undefined: there are none, and no https. */
  readonly certificates?: string | undefined
  /** HAProxy's words if it does not take the part; undefined: it does, as far as known. */
  refusal(part: HaproxyPart): string | undefined
}

export function haproxyPlan(table: NetworkTable, settings: HaproxySettings, host: HaproxyHost): HaproxyPlan {
  const problems: NetworkProblem[] = []
  const owners = bindOwners(table, settings)
  const policies = new Map(table.policies.map((row): [string, PolicyRow] => [row.pod, row]))
  const ingress = ingressParts(table, settings, host)
  problems.push(...ingress.problems)
  const parts = [
    ...table.services.flatMap((service): HaproxyPart[] => {
      const found = serviceProblems(service, owners, host)
      problems.push(...found)
      const part = servicePart(service, {
        settings,
        isOpen: host.isOpen,
        mayBind: (bind) => owners.get(bindText(bind)) === service.key && !host.taken.has(bindText(bind)),
        policyOf: (port) => {
          const policy = portPolicy(port.backends, policies)
          if (policy.isMixed) problems.push({ key: service.key, message: mixedPolicies(port) })
          return policy
        },
      })
      return part ? [part] : []
    }),
    ...ingress.parts,
  ].filter((part) => {
    const words = host.refusal(part)
    if (words !== undefined) problems.push({ key: part.key, message: `HAProxy refuses it: ${words}` })
    return words === undefined
  })
  return {
    hash: sha256([baseConfig(''), ...parts.map(({ path, frame }) => `${path}\n${frame}`)].join('\n')).slice(0, 32),
    parts,
    backends: new Map(parts.flatMap(({ backends }) => backends.map((backend) => [backend.name, backend]))),
    lists: new Map(parts.flatMap(({ lists }) => lists.map((list) => [list.path, list]))),
    tables: parts.flatMap(({ tables = [] }) => tables),
    problems,
  }
}

/** All files below the state folder, by path: the lists first, as the others name them. */
export function haproxyFiles({ hash, parts, lists }: HaproxyPlan): ReadonlyMap<string, string> {
  return new Map([
    ...[...lists.values()].map((list): [string, string] => [list.path, listText(list)]),
    [basePath, baseConfig(hash)],
    ...parts.map((part): [string, string] => [part.path, fileText(part)]),
  ])
}

/** Which Service listens where, if several want to: the first by key. The ports of Ingress are its own, once there is one. */
function bindOwners({ services, ingress }: NetworkTable, settings: HaproxySettings): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  for (const port of [settings.ingressHttpPort, settings.ingressHttpsPort]) {
    if (port !== 0 && ingress.routes.length > 0) owners.set(bindText({ address: '*', port }), 'Ingress')
  }
  for (const service of services) {
    for (const bind of tcpBinds(service)) {
      const text = bindText(bind)
      if (!owners.has(text)) owners.set(text, service.key)
    }
  }
  return owners
}

function tcpBinds(service: ServiceRow): readonly Bind[] {
  const ports = service.ports.filter(({ protocol, mode }) => protocol === 'TCP' && mode !== 'kernel')
  return ports.flatMap((port) => bindsOf(service, port))
}

function serviceProblems(
  service: ServiceRow,
  owners: ReadonlyMap<string, string>,
  { taken }: HaproxyHost,
): NetworkProblem[] {
  return tcpBinds(service).flatMap((bind) => {
    const text = bindText(bind)
    const owner = owners.get(text)
    const where = bind.address === '*' ? `port ${bind.port}` : `port ${bind.port} of ${bind.address}`
    if (owner !== service.key) return [{ key: service.key, message: `${where} is taken by ${owner}` }]
    return taken.has(text) ? [{ key: service.key, message: `${where} is in use on this host` }] : []
  })
}

function mixedPolicies({ name, port }: ServicePortRow): string {
  const which = name === '' ? `port ${port}` : `port ${name}`
  return `${which}: its pods differ in what NetworkPolicies let through; through the Service only what all of them let in is`
}
