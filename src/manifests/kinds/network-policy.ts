import { NetworkPolicy as validate } from '../generated/validators.js'
import { dnsNameFault } from '../names.ts'
import type { NetworkPolicySpec } from '../types.ts'
import type { KindRow } from './kind.ts'
import { reviewMetadata } from './metadata.ts'

export const networkPolicy: KindRow<'NetworkPolicy'> = {
  scope: 'Namespaced',
  validate,
  review({ metadata }, review) {
    reviewMetadata(metadata, dnsNameFault, review)
  },
  complete: (object) => ({ ...object, spec: completePolicySpec(object.spec) }),
}

/** Without types: of incoming traffic, and of outgoing where a rule is written for it. */
function completePolicySpec(spec: NetworkPolicySpec): NetworkPolicySpec {
  const { policyTypes = [], egress = [] } = spec as Partial<NetworkPolicySpec>
  if (policyTypes.length > 0) return spec
  return { ...spec, policyTypes: egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'] }
}
