import {
  type HaproxySettings,
  halfClosedBackend,
  halfClosedFetch,
  nextBackend,
  nextTcpBackend,
  peersSection,
} from './haproxy-base.ts'
import { backendNames, portNames, serverIds, servicePath } from './haproxy-names.ts'
import {
  type BackendServers,
  type Bind,
  bindText,
  type HaproxyList,
  type HaproxyPart,
  type HaproxyServer,
  type Redirect,
  serversHere,
} from './haproxy-part.ts'
import { type Guard, type PortPolicy, policyLines, policyLists } from './haproxy-policy.ts'
import { conditionLines } from './ingress-words.ts'
import { type HeldPort, nodePortHold, nodePortLines, nodePortRefusals } from './preview-haproxy.ts'
import type { BackendRow, ServicePortRow, ServiceRow } from './table.ts'

export interface ServiceContext {
  readonly settings: Pick<HaproxySettings, 'serviceCIDR'>
  readonly guard: Guard
  /** Whether a server is in traffic now, as far as known: who is not known yet stays as it is. */
  isOpen(backend: string, server: string): boolean
  /** False: somebody else has it. */
  mayBind(bind: Bind): boolean
  /** On which port of the same address it is to listen instead; undefined: on its own. */
  movedTo(bind: Bind): number | undefined
  policyOf(port: ServicePortRow): PortPolicy
}

/** How long a client may be silent before its connection counts as one of a protocol in which the server speaks first. */
const inspectMs = 500
const affinityClients = '100k'
/** An idle connection to a pod is closed soon after it is not needed any more. */
const httpServer = 'pool-purge-delay 2s pool-max-conn 1000'

/** Undefined: nothing of it goes through HAProxy. */
export function servicePart(service: ServiceRow, context: ServiceContext): HaproxyPart | undefined {
  const ports = service.ports.map((port) => portPart(service, port, context)).filter((port) => port !== undefined)
  if (ports.length === 0) return undefined
  return {
    key: service.key,
    path: servicePath(service),
    frame: ports.map((port) => `${port.lines.join('\n')}\n`).join('\n'),
    binds: ports.flatMap((port) => port.binds),
    backends: ports.flatMap((port) => port.backends),
    lists: ports.flatMap((port) => port.lists),
    tables: ports.flatMap((port) => port.tables),
    redirects: ports.flatMap((port) => port.redirects),
  }
}

interface PortPart {
  readonly lines: readonly string[]
  readonly binds: readonly Bind[]
  readonly backends: readonly BackendServers[]
  readonly lists: readonly HaproxyList[]
  readonly tables: readonly string[]
  readonly redirects: readonly Redirect[]
}

function portPart(service: ServiceRow, port: ServicePortRow, context: ServiceContext): PortPart | undefined {
  const backends = backendNames(service, port)
  const binds = bindsOf(service, port).filter((bind) => context.mayBind(bind))
  if (backends.length === 0 || binds.length === 0) return undefined
  const names = portNames(service, port)
  const policy = context.policyOf(port)
  const held = heldPort(service, port, context)
  const lines = [
    ...affinityTable(service, names.affinity),
    `frontend ${names.frontend} from services`,
    `  mode ${port.mode === 'http' ? 'http' : 'tcp'}`,
    ...binds.map((bind) => bindLine(service, bind, context.movedTo(bind))),
    ...sourceLines(service, binds, context.settings.serviceCIDR),
    ...policyLines(names.frontend, policy, context.guard),
    ...(held ? nodePortLines(held) : []),
    ...choiceLines(service, port, held),
    ...backends.flatMap((backend) => backendLines(service, port, backend, held)),
  ]
  const lists = policyLists(names.frontend, policy, context.guard)
  const tables = service.affinitySeconds === undefined ? [] : [names.affinity]
  return {
    lines,
    binds,
    lists,
    tables,
    redirects: binds.flatMap((bind) => {
      const to = context.movedTo(bind)
      return to === undefined ? [] : [{ ...bind, to }]
    }),
    backends: backends.map((name) => ({ name, servers: servers(port, name, context) })),
  }
}

/** Undefined: it is none of a preview that anybody could use from the outside. */
function heldPort({ namespace }: ServiceRow, { nodePort }: ServicePortRow, context: ServiceContext) {
  if (!context.guard.isPreview || nodePort === 0) return undefined
  const moved = context.movedTo({ address: '*', port: nodePort })
  return { namespace, ports: moved === undefined ? [nodePort] : [nodePort, moved] }
}

/** Where a port can be reached. */
export function bindsOf(
  { type, clusterIP, externalIPs }: ServiceRow,
  { port, nodePort }: ServicePortRow,
): readonly Bind[] {
  if (clusterIP === '' || clusterIP === 'None') return []
  return [
    ...[clusterIP, ...externalIPs].map((address) => ({ address, port })),
    ...(nodePort === 0 ? [] : [{ address: '*', port: nodePort }]),
    ...(type === 'LoadBalancer' ? [{ address: '*', port }] : []),
  ]
}

function bindLine(service: ServiceRow, bind: Bind, to = bind.port): string {
  return `  bind ${bindText({ ...bind, port: to })}${bind.address === '*' ? '' : isForeign(service, bind)}`
}

/** An external address may be one that the host has not, or has not yet. */
function isForeign({ clusterIP }: ServiceRow, { address }: Bind): string {
  return address === clusterIP ? '' : ' transparent'
}

/** Addresses of other Services come to a wildcard, too; and only some sources may use a load balancer. */
function sourceLines({ clusterIP, sourceRanges }: ServiceRow, binds: readonly Bind[], serviceCIDR: string): string[] {
  if (binds.every(({ address }) => address !== '*')) return []
  const others = `  tcp-request connection reject if { dst ${serviceCIDR} } !{ dst ${clusterIP} }`
  if (sourceRanges.length === 0) return [others]
  // HAProxy would ask for the address of what is none.
  const known = sourceRanges.filter((range) => /^[0-9a-f.:]+(\/\d+)?$/i.test(range))
  const who = known.length === 0 ? '' : '!in_range '
  const ranges = `!{ dst ${clusterIP} } ${who}!{ src_is_local }`
  return [others, ...conditionLines('in_range', 'src', known), `  tcp-request connection reject if ${ranges}`]
}

function affinityTable({ affinitySeconds }: ServiceRow, name: string): string[] {
  if (affinitySeconds === undefined) return []
  const table = `type ip size ${affinityClients} expire ${affinitySeconds}s peers ${peersSection}`
  return [`backend ${name} from services`, `  stick-table ${table}`]
}

/**
 * Which backend takes a connection. Without a pod it is closed at once, as Kubernetes refuses it; but of a worker that is about to end
 * HAProxy counts no servers. Such a worker hands requests on, and connections that it took but has not given to a pod yet, because nobody
 * can tell it any more which pods there are; but it alone knows the address that a client sticks to.
 */
function choiceLines(service: ServiceRow, port: ServicePortRow, held: HeldPort | undefined): string[] {
  const { tcp, http } = portNames(service, port)
  const isHttp = '{ var(sess.http) -m bool }'
  const isHalf = '{ var(sess.half) -m bool }'
  const handOn = (next: string, conditions = '') =>
    service.affinitySeconds === undefined ? [`  use_backend ${next} if ${conditions}{ stopping }`] : []
  const refuse = held
    ? nodePortRefusals(held, tcp)
    : [`  tcp-request connection reject if { nbsrv(${tcp}) eq 0 } !{ stopping }`]
  if (port.mode === 'http') return [...handOn(nextBackend), `  default_backend ${http}`]
  if (port.mode === 'tcp') return [...refuse, ...handOn(nextTcpBackend), `  default_backend ${tcp}`]
  return [
    `  unique-id-format ${http}`,
    ...refuse,
    `  tcp-request inspect-delay ${inspectMs}ms`,
    '  tcp-request content set-var(sess.http) bool(true) if HTTP !{ req.payload(0,4) -m str "PRI " }',
    // Asked once: it costs as much as a request, and only the first one is taken for HTTP half way.
    `  tcp-request content set-var(sess.half) ${halfClosedFetch} if ${isHttp} !{ var(sess.half) -m found }`,
    `  tcp-request content switch-mode http if ${isHttp} !${isHalf}`,
    `  use_backend ${halfClosedBackend} if ${isHttp} ${isHalf}`,
    ...handOn(nextBackend, `${isHttp} `),
    `  use_backend ${http} if ${isHttp}`,
    ...handOn(nextTcpBackend),
    `  default_backend ${tcp}`,
  ]
}

/** A request is sent again only if it cannot have reached a pod, or if it may be repeated by its nature. */
function backendLines(service: ServiceRow, port: ServicePortRow, name: string, held: HeldPort | undefined): string[] {
  const names = portNames(service, port)
  const http = ['  option forwardfor if-none', '  retry-on conn-failure empty-response'].concat([
    '  http-request disable-l7-retry unless { method GET HEAD OPTIONS }',
    '  http-response set-header connection close if { stopping }',
  ])
  const sticky = ['  balance source', '  hash-type consistent', `  stick on src table ${names.affinity}`]
  return [
    `backend ${name} from services`,
    `  mode ${name === names.http ? 'http' : 'tcp'}`,
    ...(name === names.http ? http : []),
    ...(service.affinitySeconds === undefined ? [] : sticky),
    ...(held ? nodePortHold(held, name, name === names.http) : []),
    serversHere(name),
  ]
}

function servers(port: ServicePortRow, backend: string, context: ServiceContext): HaproxyServer[] {
  const ids = serverIds(port.backends.map(({ name }) => name))
  const isWanted = ({ name, state }: BackendRow) =>
    state === 'ready' || state === 'last' || (state === 'unknown' && context.isOpen(backend, name))
  return port.backends.filter(isWanted).map(({ name, address, port: number }) => ({
    name,
    id: ids.get(name) ?? 0,
    address,
    port: number,
    keywords: backend.startsWith('h_') ? httpServer : '',
  }))
}
