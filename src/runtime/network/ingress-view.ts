import { type Key, keyParts } from '../../base/key.ts'
import type { Ingress } from '../../manifests/types.ts'
import { isCovered, secretKey, securedHosts } from './ingress-certificates.ts'
import { isServed } from './ingress-class.ts'
import { type Hosted, withoutClashes } from './ingress-guests.ts'
import { policyNote } from './ingress-policies.ts'
import { type IngressStatus, ingressStatus } from './ingress-status.ts'
import { type IngressFacts, type IngressOutcome, ingressKey, ingressTable } from './ingress-table.ts'
import type { IngressRoute, IngressTable, NetworkProblem, PolicyRow } from './table.ts'

export interface IngressSource extends Pick<IngressFacts, 'service' | 'secret' | 'className'> {
  ingresses(): IngressFacts['ingresses']
  classes(): IngressFacts['classes']
  /** Whose guest an Ingress is, and so has no right to hosts of others; empty: nobody's. Absent: there are no guests. */
  guestOf?(ingress: Key): string
  /** Certificates obtained elsewhere, and what is to be answered to obtain them. */
  obtained(facts: Omit<IngressFacts, 'obtained' | 'challenges'>): Pick<IngressFacts, 'obtained' | 'challenges'>
  /** Why an Ingress lacks a certificate that is to be obtained. */
  certificateProblems(ingress: Key): readonly string[]
}

/** What hosts know of Ingress. */
export interface IngressHosts {
  readonly httpPort: number
  readonly httpsPort: number
  readonly addresses: readonly string[]
  readonly problems: readonly NetworkProblem[]
  readonly policies: readonly PolicyRow[]
  readonly mode: 'services' | 'starting' | 'names'
}

const kinds: ReadonlySet<string> = new Set(['Ingress', 'IngressClass', 'Secret', 'Service'])

/** Ingress as all applications want it, made anew where something of it changed. */
export class IngressView {
  readonly #source: IngressSource
  #outcome: IngressOutcome | undefined
  #routes: ReadonlyMap<string, IngressRoute> = new Map()
  #clashes: Hosted['clashes'] = new Map()

  constructor(source: IngressSource) {
    this.#source = source
  }

  /** Other objects are wanted, or Services have become others than they were; without keys: anything may be. */
  changed(keys?: readonly Key[]): void {
    if (!keys || keys.some((key) => kinds.has(keyParts(key).kind))) this.#outcome = undefined
  }

  /** The same object until something changed. */
  get table(): IngressTable {
    return this.#current().table
  }

  get notes(): readonly string[] {
    return this.#current().notes
  }

  statusOf(ingress: Ingress, hosts: IngressHosts): IngressStatus {
    const { httpPort, httpsPort, addresses, problems, policies, mode } = hosts
    const { className } = this.#source
    const key = ingressKey(ingress)
    const secrets = (ingress.spec.tls ?? []).map(({ secretName = '' }) => secretKey(ingress, secretName))
    const told = problems.filter((problem) => problem.key === key || secrets.includes(problem.key))
    const own = this.#current().problems.get(key) ?? []
    const clash = this.#clashes.get(key)
    const secured = securedHosts([ingress])
    const routes = this.table.routes.filter((route) => route.ingress === key)
    return ingressStatus(ingress, {
      isOurs: isServed(ingress, this.#source.classes(), className),
      problems: [
        ...new Set([
          ...(clash ? [clash] : []),
          ...own,
          ...told.map(({ message }) => message),
          ...this.#source.certificateProblems(key),
        ]),
      ],
      ...{ httpPort, httpsPort, mode, hostAddresses: addresses },
      note: policyNote(routes, policies, this.#source.service),
      isSecured: (host) => isCovered(secured, host),
    })
  }

  #current(): IngressOutcome {
    if (this.#outcome) return this.#outcome
    const { service, secret, className, guestOf = () => '' } = this.#source
    const { ingresses, clashes } = withoutClashes(this.#source.ingresses(), guestOf)
    this.#clashes = clashes
    const facts = { service, secret, className, ingresses, classes: this.#source.classes() }
    const outcome = ingressTable({ ...facts, ...this.#source.obtained(facts) })
    const routes = new Map(outcome.table.routes.map((route) => [JSON.stringify(route), route]))
    // A route that is as it was is the same object.
    this.#routes = new Map([...routes].map(([text, route]) => [text, this.#routes.get(text) ?? route]))
    const table = { ...outcome.table, routes: [...this.#routes.values()] }
    this.#outcome = { ...outcome, table }
    return this.#outcome
  }
}
