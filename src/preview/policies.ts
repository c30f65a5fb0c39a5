import { ipv4Range, overlaps } from '../manifests/ipv4.ts'
import type { NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer } from '../manifests/types.ts'
import type { PreviewRules, Remarks } from './rules.ts'

/** Credentials of machines in clouds are given away there. */
const linkLocal = '169.254.0.0/16'

/** What pods of a preview may reach at most: each other and, of those that are trusted, the world without the cluster. */
export function widestEgress({
  untrusted,
  clusterRanges,
}: Pick<PreviewRules, 'untrusted' | 'clusterRanges'>): NetworkPolicyPeer[] {
  const each: NetworkPolicyPeer = { podSelector: {} }
  if (untrusted) return [each]
  return [each, { ipBlock: { cidr: '0.0.0.0/0', except: [...clusterRanges, linkLocal] } }]
}

/**
 * Rules of several policies add up, so a pull request could open what the policy of previews keeps closed: its own rules are cut down to
 * what that allows.
 */
export function isolatedPolicy(policy: NetworkPolicy, rules: PreviewRules, remarks: Remarks): NetworkPolicy {
  const { egress } = policy.spec
  if (!policy.spec.policyTypes.includes('Egress') || egress === undefined) return policy
  const cut = egress.flatMap((rule, index) => isolatedRule(rule, `spec.egress[${index}]`, rules, remarks))
  return { ...policy, spec: { ...policy.spec, egress: cut } }
}

function isolatedRule(
  rule: NetworkPolicyEgressRule,
  path: string,
  rules: PreviewRules,
  remarks: Remarks,
): NetworkPolicyEgressRule[] {
  if (!rule.to || rule.to.length === 0) return [{ ...rule, to: widestEgress(rules) }]
  const to = rule.to.flatMap((peer, index) => isolatedPeer(peer, `${path}.to[${index}]`, rules, remarks))
  // Without any peer it would hold for all.
  return to.length === 0 ? [] : [{ ...rule, to }]
}

function isolatedPeer(
  peer: NetworkPolicyPeer,
  path: string,
  { untrusted, clusterRanges }: PreviewRules,
  remarks: Remarks,
): NetworkPolicyPeer[] {
  if (peer.namespaceSelector) {
    remarks.leaveOut(`${path}.namespaceSelector`, 'a preview reaches no other namespace')
    return []
  }
  if (!peer.ipBlock) return [peer]
  const { cidr, except = [] } = peer.ipBlock
  const block = ipv4Range(cidr)
  const closed = [...clusterRanges, linkLocal]
  const inside = closed.filter((range) => contains(cidr, range))
  const isClosed = closed.some((range) => contains(range, cidr))
  if (untrusted || !block || isClosed) {
    remarks.leaveOut(`${path}.ipBlock`, `a preview does not reach ${untrusted ? 'the outside' : cidr}`)
    return []
  }
  return [{ ipBlock: { cidr, except: [...new Set([...except, ...inside])] } }]
}

function contains(outer: string, inner: string): boolean {
  const [a, b] = [ipv4Range(outer), ipv4Range(inner)]
  return a !== undefined && b !== undefined && overlaps(a, b) && a.prefix <= b.prefix
}
