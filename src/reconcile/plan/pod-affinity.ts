import { matchesSelector } from '../../manifests/selector.ts'
import type { PodAffinityTerm, PodSpec } from '../../manifests/types.ts'
import type { LiveHost } from '../../runtime/live.ts'

type Labels = Readonly<Record<string, string>>

/** A pod as rules between pods see it. */
export interface Neighbour {
  readonly namespace: string
  readonly labels: Labels
  readonly spec: PodSpec | undefined
}

/** One that stands on a host. */
export interface PlacedPod extends Neighbour {
  readonly host: string
}

/** Hosts of the same value of a topology key are one domain; the domain of each host, by key. */
export type DomainOf = (host: string, key: string) => string | undefined

export function domains(hosts: readonly LiveHost[]): DomainOf {
  const byName = new Map(hosts.map((host) => [host.name, host.labels]))
  return (host, key) => byName.get(host)?.[key]
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

/** Whether placing it needs to know the pods of all owners. */
export function asksForOthers({ affinity, topologySpreadConstraints = [] }: PodSpec): boolean {
  return (
    affinity?.podAffinity !== undefined ||
    affinity?.podAntiAffinity !== undefined ||
    topologySpreadConstraints.length > 0
  )
}

/** A running pod that keeps others away: asked about every new pod, whatever that one says. */
export function keepsOthersAway({ spec }: { readonly spec: PodSpec | undefined }): boolean {
  return (spec?.affinity?.podAntiAffinity?.[required] ?? []).length > 0
}

/** Why the rules between pods, the new one's and those of the ones there, keep it from a host. */
export function neighbourRefusal(
  pod: Neighbour,
  host: string,
  others: readonly PlacedPod[],
  domainOf: DomainOf,
): string | undefined {
  if (!hasCompany(pod, host, others, domainOf)) return "node(s) didn't match pod affinity rules"
  const shares = (other: PlacedPod, { topologyKey }: PodAffinityTerm): boolean => {
    const domain = domainOf(host, topologyKey)
    return domain !== undefined && domainOf(other.host, topologyKey) === domain
  }
  const avoided = pod.spec?.affinity?.podAntiAffinity?.[required] ?? []
  if (avoided.some((term) => others.some((other) => shares(other, term) && matches(term, pod, other)))) {
    return "node(s) didn't match pod anti-affinity rules"
  }
  const guarded = others.some((other) =>
    (other.spec?.affinity?.podAntiAffinity?.[required] ?? []).some(
      (term) => shares(other, term) && matches(term, other, pod),
    ),
  )
  return guarded ? "node(s) didn't satisfy existing pods anti-affinity rules" : undefined
}

/**
 * Every term of the affinity is met by pods that match all of them. The first of a group that wants to be with its like has nobody to
 * be with yet: it may go anywhere.
 */
function hasCompany(pod: Neighbour, host: string, others: readonly PlacedPod[], domainOf: DomainOf): boolean {
  const terms = pod.spec?.affinity?.podAffinity?.[required] ?? []
  if (terms.length === 0) return true
  if (terms.some(({ topologyKey }) => domainOf(host, topologyKey) === undefined)) return false
  const fellows = others.filter((other) => terms.every((term) => matches(term, pod, other)))
  const known = fellows.filter((other) =>
    terms.some(({ topologyKey }) => domainOf(other.host, topologyKey) !== undefined),
  )
  if (known.length === 0) return terms.every((term) => matches(term, pod, pod))
  return terms.every(({ topologyKey }) =>
    known.some((other) => domainOf(other.host, topologyKey) === domainOf(host, topologyKey)),
  )
}

/** The weights of its preferred terms, once for each pod that meets one; those that it would rather avoid count against the host. */
export function companyWish(pod: Neighbour, host: string, others: readonly PlacedPod[], domainOf: DomainOf): number {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  const weigh = (wishes: NonNullable<typeof podAffinity>[typeof preferred]): number =>
    (wishes ?? []).reduce((total, { podAffinityTerm: term, weight }) => {
      const domain = domainOf(host, term.topologyKey)
      if (domain === undefined) return total
      const near = others.filter((other) => domainOf(other.host, term.topologyKey) === domain)
      return total + weight * near.filter((other) => matches(term, pod, other)).length
    }, 0)
  return weigh(podAffinity?.[preferred]) - weigh(podAntiAffinity?.[preferred])
}

/** Whether a term of `owner` means `other`. */
function matches(term: PodAffinityTerm, owner: Neighbour, other: Neighbour): boolean {
  return (
    reaches(term, owner, other.namespace) &&
    matchesSelector(term.labelSelector, other.labels) === true &&
    (term.matchLabelKeys ?? []).every((key) => agrees(key, owner.labels, other.labels)) &&
    !(term.mismatchLabelKeys ?? []).some((key) => key in owner.labels && owner.labels[key] === other.labels[key])
  )
}

/** A key that the owner does not have itself asks for nothing. */
export function agrees(key: string, owner: Labels, other: Labels): boolean {
  return !(key in owner) || owner[key] === other[key]
}

/** Of the labels of namespaces only the name is known. */
function reaches(
  { namespaces = [], namespaceSelector }: PodAffinityTerm,
  owner: Neighbour,
  namespace: string,
): boolean {
  if (namespaces.length === 0 && !namespaceSelector) return namespace === owner.namespace
  if (namespaces.includes(namespace)) return true
  return matchesSelector(namespaceSelector, { 'kubernetes.io/metadata.name': namespace }) === true
}
