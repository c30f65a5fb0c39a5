import { sha256 } from '../../base/hash.ts'
import { baseConfig, basePath, type HaproxySettings, luaPath, luaText } from './haproxy-base.ts'
import {
  type BackendServers,
  type Bind,
  bindText,
  fileText,
  frameHash,
  type HaproxyList,
  type HaproxyPart,
  listText,
  type Redirect,
} from './haproxy-part.ts'
import { type Guard, PolicyIndex } from './haproxy-policy.ts'
import { bindsOf, servicePart } from './haproxy-service.ts'
import { ingressParts } from './ingress-haproxy.ts'
import { holdPath, holdText, previewPart } from './preview-haproxy.ts'
import { remembered } from './remembered.ts'
import type { NetworkProblem, NetworkTable, ServicePortRow, ServiceRow } from './table.ts'

/** All that HAProxy has to be for a table. */
export interface HaproxyPlan {
  /** Tells what only a reload can change. Is in the configuration itself, so that a worker can be asked what it runs. */
  readonly hash: string
  readonly parts: readonly HaproxyPart[]
  readonly backends: ReadonlyMap<string, BackendServers>
  readonly lists: ReadonlyMap<string, HaproxyList>
  /** Stick tables of servers. */
  readonly tables: readonly string[]
  /** Where a Service listens on another port than its own. */
  readonly redirects: readonly Redirect[]
  readonly problems: readonly NetworkProblem[]
}

/** What is known of the host. */
export interface HaproxyHost {
  /** Whether a server is in traffic. */
  isOpen(backend: string, server: string): boolean
  /** Addresses with ports that others than HAProxy listen on, `*:80`. */
  readonly taken: ReadonlySet<string>
  /** Of those that are taken: on which port of the same address HAProxy listens instead. Absent: on none. */
  readonly moved?: ReadonlyMap<string, number>
  /** Of Ingress: another text for other certificates that only a new worker reads; undefined: there are none, and no https. */
  readonly certificates?: string | undefined
  /** HAProxy's words if it does not take the part; undefined: it does, as far as known. */
  refusal(part: HaproxyPart): string | undefined
}

export function haproxyPlan(table: NetworkTable, settings: HaproxySettings, host: HaproxyHost): HaproxyPlan {
  return new HaproxyPlanner(settings).plan(table, host)
}

/** What a Service's part was made from beside its row, and the part. */
interface Planned {
  readonly owners: ReadonlyMap<string, string>
  readonly taken: ReadonlySet<string>
  readonly moved: ReadonlyMap<string, number>
  /** Who has what it wanted to listen on, if somebody else does. */
  readonly others: string
  readonly policies: readonly unknown[]
  readonly guard: Guard
  readonly part: HaproxyPart | undefined
  readonly problems: readonly NetworkProblem[]
}

/** Makes one plan after the other: of rows that are the same objects as before, the parts are, too. */
export class HaproxyPlanner {
  readonly #settings: HaproxySettings
  readonly #planned = new WeakMap<ServiceRow, Planned>()
  readonly #policies = new PolicyIndex()
  /** The same object until somebody listens elsewhere. */
  #owners: ReadonlyMap<string, string> = new Map()
  /** Who listens where, one text for each that does. */
  #listens: readonly string[] = []

  constructor(settings: HaproxySettings) {
    this.#settings = settings
  }

  plan(table: NetworkTable, host: HaproxyHost): HaproxyPlan {
    const problems: NetworkProblem[] = []
    const owners = this.#ownersOf(table)
    this.#policies.set(table.policies)
    const parts: HaproxyPart[] = []
    const take = (part: HaproxyPart) => {
      const words = host.refusal(part)
      if (words === undefined) parts.push(part)
      else problems.push({ key: part.key, message: `HAProxy refuses it: ${words}` })
    }
    const previews = previewPart(table.previews)
    if (previews) take(previews)
    const hasPreviews = previews !== undefined
    for (const service of table.services) {
      const guard = { hasPreviews, isPreview: table.previews?.has(service.namespace) ?? false }
      const planned = this.#service(service, owners, host, guard)
      problems.push(...planned.problems)
      if (planned.part) take(planned.part)
    }
    const ingress = ingressParts(table, this.#settings, host)
    problems.push(...ingress.problems)
    for (const part of ingress.parts) take(part)
    return {
      hash: sha256([baseConfig(''), ...parts.map(frameHash)].join('\n')).slice(0, 32),
      parts,
      backends: new Map(parts.flatMap(({ backends }) => backends.map((backend) => [backend.name, backend]))),
      lists: new Map(parts.flatMap(({ lists }) => lists.map((list) => [list.path, list]))),
      tables: parts.flatMap(({ tables = [] }) => tables),
      redirects: parts.flatMap(({ redirects = [] }) => redirects),
      problems,
    }
  }

  #ownersOf(table: NetworkTable): ReadonlyMap<string, string> {
    const listens = [
      table.ingress.routes.length > 0 ? 'Ingress' : '',
      ...table.services.map((service) => listensText(service)),
    ]
    if (!isSameList(listens, this.#listens)) {
      this.#listens = listens
      this.#owners = bindOwners(table, this.#settings)
    }
    return this.#owners
  }

  #service(service: ServiceRow, owners: ReadonlyMap<string, string>, host: HaproxyHost, guard: Guard): Planned {
    const policies = this.#policies.about(service)
    const { taken, moved = nowhere } = host
    const last = this.#planned.get(service)
    const others = last?.owners === owners ? last.others : othersOf(service, owners)
    const isSame =
      last?.taken === taken &&
      last.moved === moved &&
      last.others === others &&
      last.guard.hasPreviews === guard.hasPreviews &&
      last.guard.isPreview === guard.isPreview &&
      isSameList(last.policies, policies)
    if (last && isSame && last.owners === owners) return last
    if (last && isSame) return this.#keep(service, { ...last, owners })
    const problems = serviceProblems(service, owners, host)
    const part = servicePart(service, {
      settings: this.#settings,
      guard,
      isOpen: host.isOpen,
      mayBind: (bind) => {
        const text = bindText(bind)
        return owners.get(text) === service.key && (!taken.has(text) || moved.has(text))
      },
      movedTo: (bind) => moved.get(bindText(bind)),
      policyOf: (port) => {
        const policy = this.#policies.policyOf(port)
        if (policy.isMixed) problems.push({ key: service.key, message: mixedPolicies(port) })
        return policy
      },
    })
    const planned = { owners, taken, moved, others, policies, guard, part, problems }
    // Who is not known yet stays as it is, which is not said by the row.
    return hasUnknown(service) ? planned : this.#keep(service, planned)
  }

  #keep(service: ServiceRow, planned: Planned): Planned {
    this.#planned.set(service, planned)
    return planned
  }
}

const nowhere: ReadonlyMap<string, number> = new Map()

function hasUnknown({ ports }: ServiceRow): boolean {
  return ports.some(({ backends }) => backends.some(({ state }) => state === 'unknown'))
}

function isSameList(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((one, index) => one === after[index])
}

/**
 * All files below the state folder, by path, in the order to write them: those that others name first; what tells the hash last, as
 * HAProxy may start at any moment and would say it of files that are not there yet.
 */
export function haproxyFiles({ hash, parts, lists }: HaproxyPlan): ReadonlyMap<string, string> {
  const files = new Map(namedFiles({ lists }))
  for (const part of parts) files.set(part.path, fileText(part))
  files.set(basePath, baseConfig(hash))
  return files
}

/** Those that are no configuration, but named by it. */
export function namedFiles({ lists }: Pick<HaproxyPlan, 'lists'>): readonly (readonly [string, string])[] {
  return [
    [luaPath, luaText],
    [holdPath, holdText],
    ...[...lists.values()].map((list) => [list.path, listText(list)] as const),
  ]
}

/** Which Service listens where, if several want to: the first by key. The ports of Ingress are its own, once there is one. */
function bindOwners({ services, ingress }: NetworkTable, settings: HaproxySettings): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  for (const port of [settings.ingressHttpPort, settings.ingressHttpsPort]) {
    if (port !== 0 && ingress.routes.length > 0) owners.set(bindText({ address: '*', port }), 'Ingress')
  }
  for (const service of services) {
    for (const text of bindTexts(service)) if (!owners.has(text)) owners.set(text, service.key)
  }
  return owners
}

/** Where HAProxy is to listen for all of the table. */
export function wantedBinds({ services, ingress }: NetworkTable, settings: HaproxySettings): readonly Bind[] {
  const { ingressHttpPort, ingressHttpsPort } = settings
  const ports = ingress.routes.length > 0 ? [ingressHttpPort, ingressHttpsPort].filter((port) => port !== 0) : []
  return [...ports.map((port) => ({ address: '*', port })), ...services.flatMap(tcpBinds)]
}

/** Of a bind that somebody else has: it, and who. */
function othersOf(service: ServiceRow, owners: ReadonlyMap<string, string>): string {
  let others = ''
  for (const text of bindTexts(service)) {
    const owner = owners.get(text)
    if (owner !== service.key) others += `${text} ${owner} `
  }
  return others
}

const bindTexts = remembered((service: ServiceRow): readonly string[] => tcpBinds(service).map(bindText))

const listensText = remembered((service: ServiceRow) => [service.key, ...bindTexts(service)].join(' '))

function tcpBinds(service: ServiceRow): readonly Bind[] {
  const ports = service.ports.filter(({ protocol, mode }) => protocol === 'TCP' && mode !== 'kernel')
  return ports.flatMap((port) => bindsOf(service, port))
}

function serviceProblems(
  service: ServiceRow,
  owners: ReadonlyMap<string, string>,
  { taken, moved = nowhere }: HaproxyHost,
): NetworkProblem[] {
  return tcpBinds(service).flatMap((bind) => {
    const text = bindText(bind)
    const owner = owners.get(text)
    const where = bind.address === '*' ? `port ${bind.port}` : `port ${bind.port} of ${bind.address}`
    if (owner !== service.key) return [{ key: service.key, message: `${where} is taken by ${owner}` }]
    return taken.has(text) && !moved.has(text) ? [{ key: service.key, message: `${where} is in use on this host` }] : []
  })
}

function mixedPolicies({ name, port }: ServicePortRow): string {
  const which = name === '' ? `port ${port}` : `port ${name}`
  return `${which}: its pods differ in what NetworkPolicies let through; through the Service only what all of them let in is`
}
