import { unhonoured } from '../fields.ts'
import { found } from '../found.ts'
import { NetworkPolicy as validate } from '../generated/validators.js'
import { ipv4Range, isIpv6Range } from '../ipv4.ts'
import { dnsNameFault, portNameFault } from '../names.ts'
import type { Path } from '../position.ts'
import { type Review, reportFault } from '../review.ts'
import { selectorFault } from '../selector.ts'
import type { LabelSelector, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../types.ts'
import { reviewRange } from './addresses.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'
import { reviewRules } from './rules.ts'

export const networkPolicy: KindRow<'NetworkPolicy'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata, spec = {} }: { metadata: NetworkPolicyMetadata; spec?: Partial<NetworkPolicySpec> }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
    reviewRules(unhonoured('NetworkPolicy.spec', spec), ['spec'], review)
    const { podSelector, policyTypes = [], ingress = [], egress = [] } = spec
    reviewSelector(podSelector, ['spec', 'podSelector'], review)
    if (policyTypes.length > 2) {
      review.problem(['spec', 'policyTypes'], `expected Ingress and Egress at most, found ${policyTypes.length} types`)
    }
    for (const [member, rules] of Object.entries({ ingress, egress })) {
      const type = member === 'ingress' ? 'Ingress' : 'Egress'
      if (rules.length > 0 && policyTypes.length > 0 && !policyTypes.includes(type)) {
        review.warn(['spec', member], `without effect, as policyTypes does not name ${type}`)
      }
    }
    for (const [index, { from = [], ports = [] }] of ingress.entries()) {
      reviewRule('from', from, ports, ['spec', 'ingress', index], review)
    }
    for (const [index, { to = [], ports = [] }] of egress.entries()) {
      reviewRule('to', to, ports, ['spec', 'egress', index], review)
    }
  },
  complete: (object) => ({ ...object, spec: completePolicySpec(object.spec) }),
}

type NetworkPolicyMetadata = Parameters<typeof reviewMetadata>[0]

/** Without types: of incoming traffic, and of outgoing where a rule is written for it. */
function completePolicySpec(spec: NetworkPolicySpec): NetworkPolicySpec {
  const { policyTypes = [], egress = [] } = spec as Partial<NetworkPolicySpec>
  if (policyTypes.length > 0) return spec
  return { ...spec, policyTypes: egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'] }
}

function reviewRule(
  member: 'from' | 'to',
  peers: readonly NetworkPolicyPeer[],
  ports: readonly NetworkPolicyPort[],
  path: Path,
  review: Review,
): void {
  for (const [index, peer] of peers.entries()) reviewPeer(peer, [...path, member, index], review)
  for (const [index, port] of ports.entries()) reviewPort(port, [...path, 'ports', index], review)
}

function reviewPeer({ ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, path: Path, review: Review): void {
  reviewSelector(podSelector, [...path, 'podSelector'], review)
  reviewSelector(namespaceSelector, [...path, 'namespaceSelector'], review)
  if (!ipBlock && !podSelector && !namespaceSelector) {
    review.problem(path, 'expected a podSelector, a namespaceSelector or an ipBlock, found none of them')
  }
  if (!ipBlock) return
  if (podSelector || namespaceSelector) review.problem(path, 'expected an ipBlock or selectors, found both')
  const at = [...path, 'ipBlock']
  const { cidr, except = [] } = ipBlock
  if (!reviewRange(cidr, [...at, 'cidr'], review)) return
  for (const [index, inner] of except.entries()) reviewExcept(cidr, inner, [...at, 'except', index], review)
}

function reviewExcept(cidr: string, inner: string, path: Path, review: Review): void {
  const [around, range] = [ipv4Range(cidr), ipv4Range(inner)]
  if (isIpv6Range(inner)) review.problem(path, `expected a range of IPv4 inside ${cidr}, found ${found(inner)}`)
  else if (!range) reviewRange(inner, path, review)
  else if (!around || range.first < around.first || range.last > around.last || range.prefix <= around.prefix) {
    review.problem(path, `expected a smaller range inside ${cidr}, found ${found(inner)}`)
  }
}

function reviewPort({ port, endPort }: NetworkPolicyPort, path: Path, review: Review): void {
  if (typeof port === 'string') {
    reportFault(review, [...path, 'port'], portNameFault(port), found(port))
  } else if (port !== undefined && (port < 1 || port > 65535)) {
    review.problem([...path, 'port'], `expected a port from 1 to 65535, found ${found(port)}`)
  }
  if (endPort === undefined) return
  const at = [...path, 'endPort']
  if (typeof port !== 'number') review.problem(at, `expected nothing without the number of a port, found ${endPort}`)
  else if (endPort < port) review.problem(at, `expected at least port, which is ${port}, found ${endPort}`)
}

function reviewSelector(selector: LabelSelector | undefined, path: Path, review: Review): void {
  const fault = selector && selectorFault(selector)
  if (fault) review.problem([...path, ...fault.path], fault.message)
}
