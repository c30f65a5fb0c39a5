import { matchesSelector } from '../../manifests/selector.ts'
import type {
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  PodSpec,
} from '../../manifests/types.ts'
import type { PolicyRow, PolicyRule } from './table.ts'

type Labels = Readonly<Record<string, string>>

/** What policies have to know of a pod. */
export interface PolicyPod {
  readonly namespace: string
  readonly name: string
  readonly host: string
  readonly labels: Labels
  readonly address: string
  readonly spec: PodSpec
}

export interface PolicyFacts {
  readonly policies: readonly NetworkPolicy[]
  /** Of all namespaces, those that have an address of their own. */
  readonly pods: readonly PolicyPod[]
  /** Labels of namespaces, as they are written. */
  readonly namespaces: ReadonlyMap<string, Labels>
}

/** Every namespace has it. */
const nameLabel = 'kubernetes.io/metadata.name'

/**
 * What may reach each pod that some policy selects, and what it may reach: all that any of its policies lets through. Policies only ever
 * add to one another, as in Kubernetes.
 */
export function policyRows({ policies, pods, namespaces }: PolicyFacts): readonly PolicyRow[] {
  if (policies.length === 0) return []
  const rows = pods.flatMap((pod): PolicyRow[] => {
    const own = policies.filter(
      ({ metadata, spec }) => (metadata.namespace ?? '') === pod.namespace && matches(spec.podSelector, pod.labels),
    )
    if (own.length === 0) return []
    const peers = (peer: NetworkPolicyPeer, policy: NetworkPolicy) => peersOf(peer, policy, pods, namespaces)
    const ingress = own.filter(({ spec }) => spec.policyTypes.includes('Ingress'))
    const egress = own.filter(({ spec }) => spec.policyTypes.includes('Egress'))
    const row = { pod: `${pod.namespace}/${pod.name}`, address: pod.address, host: pod.host }
    return [
      {
        ...row,
        ingress: ingress.length === 0 ? undefined : ingress.flatMap((policy) => ingressRules(policy, pod, peers)),
        egress: egress.length === 0 ? undefined : egress.flatMap((policy) => egressRules(policy, peers)),
      },
    ]
  })
  return rows.sort((a, b) => (a.pod < b.pod ? -1 : 1))
}

type Peers = (peer: NetworkPolicyPeer, policy: NetworkPolicy) => PeerSet

/** Pods, or a range of addresses. */
interface PeerSet {
  readonly pods: readonly PolicyPod[]
  readonly range: { readonly cidr: string; readonly except: readonly string[] } | undefined
}

function peersOf(
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer,
  { metadata }: NetworkPolicy,
  pods: readonly PolicyPod[],
  namespaces: ReadonlyMap<string, Labels>,
): PeerSet {
  if (ipBlock) return { pods: [], range: { cidr: ipBlock.cidr, except: ipBlock.except ?? [] } }
  const isMeant = (namespace: string) =>
    namespaceSelector === undefined
      ? namespace === metadata.namespace
      : matches(namespaceSelector, { ...namespaces.get(namespace), [nameLabel]: namespace })
  return {
    pods: pods.filter((pod) => isMeant(pod.namespace) && matches(podSelector ?? {}, pod.labels)),
    range: undefined,
  }
}

function ingressRules(policy: NetworkPolicy, pod: PolicyPod, peers: Peers): PolicyRule[] {
  return (policy.spec.ingress ?? []).flatMap(({ from = [], ports }) => {
    const numbers = ports?.flatMap((port) => numbersOf(port, pod.spec))
    // Named ports that the pod does not have let nothing through.
    if (numbers?.length === 0 && ports?.length !== 0) return []
    return rulesFor(
      from.map((peer) => peers(peer, policy)),
      isAny(ports) ? undefined : numbers,
    )
  })
}

function egressRules(policy: NetworkPolicy, peers: Peers): PolicyRule[] {
  return (policy.spec.egress ?? []).flatMap(({ to = [], ports }) => {
    const sets = to.map((peer) => peers(peer, policy))
    const named = (ports ?? []).filter(({ port }) => typeof port === 'string')
    const plain = (ports ?? []).filter(({ port }) => typeof port !== 'string')
    // What a name means is up to each peer; nobody knows it of addresses.
    const byName = sets.flatMap(({ pods }) =>
      pods.flatMap((pod) => {
        const numbers = named.flatMap((port) => numbersOf(port, pod.spec))
        return numbers.length === 0 ? [] : [{ peers: [pod.address], except: [], ports: numbers }]
      }),
    )
    if (isAny(ports)) return rulesFor(sets, undefined)
    const byNumber =
      plain.length === 0
        ? []
        : rulesFor(
            sets,
            plain.flatMap((port) => numbersOf(port, undefined)),
          )
    return [...byNumber, ...byName]
  })
}

/** No peers at all are everybody; peers that are nobody are nobody. */
function rulesFor(sets: readonly PeerSet[], ports: PolicyRule['ports']): PolicyRule[] {
  if (sets.length === 0) return [{ peers: undefined, except: [], ports }]
  const addresses = [...new Set(sets.flatMap(({ pods }) => pods.map(({ address }) => address)))].sort()
  const ranges = sets.flatMap(({ range }) => (range ? [{ peers: [range.cidr], except: range.except, ports }] : []))
  return [...(addresses.length === 0 ? [] : [{ peers: addresses, except: [], ports }]), ...ranges]
}

function isAny(ports: readonly NetworkPolicyPort[] | undefined): boolean {
  return ports === undefined || ports.length === 0
}

function numbersOf({ port, endPort, protocol }: NetworkPolicyPort, spec: PodSpec | undefined) {
  if (port === undefined) return [{ protocol, from: 1, to: 65_535 }]
  if (typeof port === 'number') return [{ protocol, from: port, to: endPort ?? port }]
  return (spec?.containers ?? [])
    .flatMap(({ ports = [] }) => ports)
    .filter((own) => own.name === port && own.protocol === protocol)
    .map(({ containerPort }) => ({ protocol, from: containerPort, to: containerPort }))
}

function matches(selector: LabelSelector, labels: Labels): boolean {
  return matchesSelector(selector, labels) ?? false
}
