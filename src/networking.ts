// Joins the data path to the wanted objects and the live pods: the table of Services, Ingresses and policies, made anew where something
// changed, and what the report says of them. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { type Key, keyOf, keyParts } from './base/key.ts'
import type { Log } from './base/log.ts'
import type { Certifying } from './certifying.ts'
import { type Ipv4Range, ipv4Range } from './manifests/ipv4.ts'
import type { Ingress, NetworkPolicy, Service } from './manifests/types.ts'
import { closedNamespaces, guestNamespaces } from './preview/forced.ts'
import { previewOf } from './preview/names.ts'
import { Owners } from './reconcile/owners.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import { ServicePods } from './reconcile/service-pods.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { HostNetwork, LiveHost } from './runtime/live.ts'
import { allocate, type Claimant, outsideAddresses } from './runtime/network/allocate.ts'
import { IngressView } from './runtime/network/ingress-view.ts'
import { PolicyPods } from './runtime/network/policy-pods.ts'
import { policyRows } from './runtime/network/policy-table.ts'
import { remembered } from './runtime/network/remembered.ts'
import { ServiceRows, serviceKey } from './runtime/network/service-rows.ts'
import { serviceStatus } from './runtime/network/service-status.ts'
import type { Allocation, IngressTable, NetworkTable, PolicyRow } from './runtime/network/table.ts'
import type { Runtime } from './runtime/port.ts'
import type { IngressSettings } from './settings.ts'

export interface NetworkingParts {
  readonly runtime: Runtime
  readonly wanted: () => Wanted
  readonly network: {
    readonly serviceCIDR: string
    readonly zone: string
    /** Undefined: the usual. */
    readonly ingress?: Pick<IngressSettings, 'httpPort' | 'httpsPort' | 'className'>
  }
  /** Undefined: no certificates are obtained. */
  readonly certifying?: Pick<Certifying, 'obtained' | 'problemsOf'>
  /** See NetworkTable; the same object until it is another. Absent: there are none. */
  readonly previews?: () => ReadonlyMap<string, string>
  /** Applications that run but could not be read yet: what they want is not known, and must not be taken for nothing. */
  readonly unread: () => readonly string[]
  /** Policies of pods that nobody wants any more and that still run; absent: there are none. */
  readonly leftPolicies?: () => readonly NetworkPolicy[]
  readonly clock: Clock
  readonly log: Log
}

/** The data path of all applications. */
export class Networking {
  readonly #parts: NetworkingParts
  readonly #owners: Owners
  readonly #range: Ipv4Range
  readonly #ingress: IngressView
  #sentIngress: IngressTable | undefined
  #sentPreviews: ReadonlyMap<string, string> | undefined
  /** Namespaces in which something changed since the table was made; undefined: in all. */
  #dirty: Set<string> | undefined
  readonly #rows = new Map<string, ServiceRows>()
  readonly #pods = new ServicePods()
  #policies: readonly PolicyRow[] = []
  /** Namespaces of previews, and of those of strangers. */
  #guests: readonly string[] = []
  #closed: readonly string[] = []
  readonly #policyPods = new PolicyPods()
  /** What the policies' rows were made from. */
  #policyFacts: readonly (readonly unknown[])[] = []
  readonly #within = remembered((service: Service) => withinRights(service, this.#range))
  /** What Services have; undefined until the hosts have said what they were given before. */
  #allocations: ReadonlyMap<Key, Allocation> | undefined
  #refusals: ReadonlyMap<Key, string> = new Map()
  #stale = true
  #acts = false
  /** The hosts have had a table of this process. */
  #sent = false

  constructor(parts: NetworkingParts) {
    this.#parts = parts
    this.#owners = new Owners(parts.runtime)
    const range = ipv4Range(parts.network.serviceCIDR)
    if (!range)
      throw new TypeError(`network.serviceCIDR ${parts.network.serviceCIDR}: expected a range like 10.96.0.0/16`)
    this.#range = range
    this.#ingress = this.#ingressView()
  }

  /** From now on the hosts are brought to the table. */
  start(): void {
    this.#acts = true
    this.#send()
  }

  /** Keys as `Runtime.watch` tells them. Whoever is woken by them finds the pods' part in traffic up to date. */
  factsChanged(keys: readonly Key[]): void {
    this.#owners.changed(keys)
    for (const key of keys) {
      const { kind, namespace } = keyParts(key)
      if (kind === 'Host') this.#dirty = undefined
      else if (namespace !== '') this.#dirty?.add(namespace)
    }
    this.#send()
  }

  /** Other objects are wanted now. */
  wantedChanged(keys: readonly Key[]): void {
    for (const key of keys) {
      const { kind, namespace, name } = keyParts(key)
      this.#dirty?.add(kind === 'Namespace' ? name : namespace)
      if (kind === 'Service') this.#stale = true
    }
    this.#ingress.changed(keys)
    this.#send()
  }

  /** Others sleep, or are awake. */
  previewsChanged(): void {
    if (this.#parts.previews?.() !== this.#sentPreviews) this.#send()
  }

  /** Other certificates are there, or challenges to be answered. */
  certificatesChanged(): void {
    this.#ingress.changed()
    this.#send()
  }

  /** Undefined for what is no part of the data path. */
  statusOf(key: Key): ObjectStatus | undefined {
    const object = this.#parts.wanted().object(key)
    if (object?.kind === 'Ingress') return this.#ingressStatus(object)
    if (object?.kind !== 'Service') return undefined
    this.#update()
    const row = this.#rows.get(keyParts(key).namespace)?.find(key)
    const hosts = this.#parts.runtime.hostFacts()
    const told = hosts.flatMap(({ network }) => network.problems.filter((problem) => problem.key === key))
    const refused = this.#refusals.get(key)
    return serviceStatus(object, row, {
      problems: [...(refused ? [refused] : []), ...new Set(told.map(({ message }) => message))],
      hostAddresses: hosts.map(({ address }) => address).filter((address) => address !== ''),
      mode: this.#mode(hosts),
    })
  }

  /** A process that only looks brings no host to anything. */
  #mode(hosts: readonly LiveHost[]): HostNetwork['mode'] {
    const modes = hosts.map(({ network }) => network.mode)
    if (modes.includes('services') || (!this.#acts && modes.includes('starting'))) return 'services'
    return modes.includes('starting') ? 'starting' : 'names'
  }

  /** What there is to say of the data path. */
  warnings(): readonly string[] {
    const unread = this.#acts && !this.#sent ? this.#parts.unread() : []
    const waits = `the network stays as it was until application ${unread.join(', ')} was read`
    const told = this.#parts.runtime
      .hostFacts()
      .filter(({ reachable, network }) => reachable && network.message !== '')
      .map(({ name, network }) => `network of host ${name}: ${network.message}`)
    return [...(unread.length > 0 ? [waits] : []), ...told, ...this.#ingress.notes]
  }

  #ingressView(): IngressView {
    const { network, certifying, wanted } = this.#parts
    const everywhere = () => wanted().namespaces()
    return new IngressView({
      className: network.ingress?.className,
      ingresses: () => everywhere().flatMap((namespace) => wanted().inNamespace('Ingress', namespace)),
      classes: () => wanted().inNamespace('IngressClass', ''),
      guestOf: (key) => {
        const app = wanted().appOf(key) ?? ''
        return previewOf(app) === undefined ? '' : app
      },
      service: (key) => this.#rows.get(keyParts(key).namespace)?.find(key),
      secret: (key) => {
        const object = wanted().object(key)
        return object?.kind === 'Secret' ? object : undefined
      },
      obtained: (facts) => certifying?.obtained(facts) ?? { obtained: [], challenges: {} },
      certificateProblems: (key) => certifying?.problemsOf(key) ?? [],
    })
  }

  #ingressStatus(ingress: Ingress): ObjectStatus {
    this.#update()
    const hosts = this.#parts.runtime.hostFacts()
    const { httpPort = 80, httpsPort = 443 } = this.#parts.network.ingress ?? {}
    return this.#ingress.statusOf(ingress, {
      ...{ httpPort, httpsPort },
      addresses: hosts.map(({ address }) => address).filter((address) => address !== ''),
      problems: hosts.flatMap(({ network }) => network.problems),
      policies: this.#policies,
      mode: this.#mode(hosts),
    })
  }

  #send(): void {
    if (!this.#acts) return
    if (!this.#sent) {
      if (this.#parts.unread().length > 0) return
      this.#dirty = undefined
      this.#stale = true
    }
    const changed = this.#update()
    const previews = this.#parts.previews?.()
    const isSame = !changed && this.#ingress.table === this.#sentIngress && previews === this.#sentPreviews
    if (this.#allocations === undefined || isSame) return
    this.#sentIngress = this.#ingress.table
    this.#sentPreviews = previews
    this.#sent = true
    const table: NetworkTable = {
      services: [...this.#rows.values()].flatMap(({ rows }) => rows).sort((a, b) => (a.key < b.key ? -1 : 1)),
      ingress: this.#sentIngress,
      policies: this.#policies,
      zone: this.#parts.network.zone,
      ...(previews && { previews }),
      ...(this.#guests.length > 0 && { guests: this.#guests, closed: this.#closed }),
    }
    this.#parts.runtime.setNetwork(table, this.#allocations ?? new Map())
  }

  /** Answers whether the table is another one now. */
  #update(): boolean {
    this.#allocate()
    if (this.#allocations === undefined) return false
    const wanted = this.#parts.wanted()
    const first = this.#dirty === undefined
    const namespaces = this.#dirty ?? new Set([...wanted.namespaces(), ...this.#rows.keys()])
    this.#dirty = new Set()
    const changed = [...namespaces].filter((namespace) => this.#renew(namespace))
    const isOther = namespaces.size > 0 && this.#renewPolicies()
    return first || isOther || changed.length > 0
  }

  #allocate(): void {
    if (!this.#stale && this.#allocations !== undefined) return
    // Before all is read, nobody may be taken for gone.
    const before = (this.#sent ? this.#allocations : undefined) ?? this.#remembered()
    if (!before) return
    const { allocations, problems } = allocate(this.#claimants(), before, this.#range)
    for (const namespace of namespacesOf(before, allocations)) this.#dirty?.add(namespace)
    this.#allocations = allocations
    this.#ingress.changed()
    this.#refusals = problems
    this.#stale = false
  }

  /** Undefined while a host that answers has not told yet. */
  #remembered(): ReadonlyMap<Key, Allocation> | undefined {
    const hosts = this.#parts.runtime.hostFacts().filter(({ reachable }) => reachable)
    if (hosts.length === 0 || hosts.some(({ network }) => network.allocations === undefined)) return undefined
    return new Map(hosts.flatMap(({ network }) => [...(network.allocations ?? [])]))
  }

  #claimants(): Claimant[] {
    const wanted = this.#parts.wanted()
    return wanted
      .namespaces()
      .flatMap((namespace) => wanted.inNamespace('Service', namespace))
      .map((service) => {
        const key = serviceKey(service)
        return { key, spec: service.spec, guest: previewOf(wanted.appOf(key) ?? '') !== undefined }
      })
  }

  #renew(namespace: string): boolean {
    const wanted = this.#parts.wanted()
    const services = wanted.inNamespace('Service', namespace).map((service) => this.#within(service))
    const rows = this.#rows.get(namespace) ?? new ServiceRows()
    const changed = rows.renew({
      services,
      pods: services.length === 0 ? [] : this.#pods.of(this.#owners.podsIn(namespace), this.#parts.clock.now()),
      endpoints: wanted.inNamespace('Endpoints', namespace),
      slices: wanted.inNamespace('EndpointSlice', namespace),
      allocation: (key) => this.#allocations?.get(key),
    })
    if (services.length === 0) this.#rows.delete(namespace)
    else this.#rows.set(namespace, rows)
    return changed
  }

  /** A pod of any namespace may be meant by a policy of another one. */
  #renewPolicies(): boolean {
    const wanted = this.#parts.wanted()
    const namespaces = wanted.namespaces()
    const own = namespaces.flatMap((namespace) => wanted.inNamespace('NetworkPolicy', namespace))
    const policies = [...own, ...(this.#parts.leftPolicies?.() ?? [])]
    const before = [this.#guests, this.#closed].join(' ')
    this.#guests = guestNamespaces(policies)
    this.#closed = closedNamespaces(policies)
    const isOther = before !== [this.#guests, this.#closed].join(' ')
    if (policies.length === 0 && this.#policies.length === 0) return isOther
    const labels = namespaces.map((name) => {
      const object = wanted.object(keyOf({ namespace: '', kind: 'Namespace', name }))
      return [name, object?.metadata.labels ?? noLabels] as const
    })
    const pods = this.#policyPods.of(this.#parts.runtime.pods())
    const given = [policies, pods, labels.flat()]
    if (given.every((list, index) => isSameList(list, this.#policyFacts[index] ?? []))) return isOther
    this.#policyFacts = given
    const rows = policyRows({ policies, pods, namespaces: new Map(labels) })
    const known = new Map(this.#policies.map((row) => [row.pod, row]))
    const rowsBefore = this.#policies
    const after = rows.map((row) => {
      const last = known.get(row.pod)
      return last && JSON.stringify(last) === JSON.stringify(row) ? last : row
    })
    if (isSameList(rowsBefore, after)) return isOther
    this.#policies = after
    return true
  }
}

const noLabels = {}

/** Nobody takes an address that another Service was given. */
function withinRights(service: Service, range: Ipv4Range): Service {
  const { spec } = service
  const externalIPs = outsideAddresses(spec, range)
  return externalIPs.length === (spec.externalIPs?.length ?? 0)
    ? service
    : { ...service, spec: { ...spec, externalIPs } }
}

/** Where somebody has something else now. */
function namespacesOf(before: ReadonlyMap<Key, Allocation>, after: ReadonlyMap<Key, Allocation>): ReadonlySet<string> {
  const changed = [...after].filter(
    ([key, allocation]) => JSON.stringify(before.get(key)) !== JSON.stringify(allocation),
  )
  return new Set(changed.map(([key]) => keyParts(key).namespace))
}

function isSameList(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((one, index) => one === after[index])
}
