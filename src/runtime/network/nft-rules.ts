// The whole nftables table of one installation on one host.
import { keyOf } from '../../base/key.ts'
import { ipv4Number, ipv4Range, isIn } from '../../manifests/ipv4.ts'
import { type IsolationFacts, isolationChains, isolationStores } from './nft-isolation.ts'
import { policyRules } from './nft-policies.ts'
import type { NftRuleset } from './nft-ruleset.ts'
import { type KernelPort, serviceChains, serviceRules } from './nft-services.ts'
import type { NetworkProblem, PolicyRow } from './table.ts'

export interface NftFacts extends IsolationFacts {
  /** Id of the installation. */
  readonly engine: string
  readonly host: string
  readonly ports: readonly KernelPort[]
  /** Places that programs of the host have, as `takenPlaces` tells them. Absent: none. */
  readonly taken?: ReadonlySet<string>
  readonly policies: readonly PolicyRow[]
}

export interface NftRules {
  readonly ruleset: NftRuleset
  readonly problems: readonly NetworkProblem[]
}

/** Several installations on one host have a table each. */
export function tableName(engine: string): string {
  return `berth_${engine.replaceAll('-', '_')}`
}

export function nftRules(facts: NftFacts): NftRules {
  const blocks = facts.bridges.flatMap(({ block }) => ipv4Range(block) ?? [])
  const own = facts.policies.filter((row) => row.host === facts.host)
  const enforced = own.filter(({ address }) => blocks.some((block) => isIn(block, ipv4Number(address) ?? -1)))
  const policies = policyRules(enforced, facts.guests)
  const services = serviceRules(facts.ports, facts.taken ?? new Set())
  const problems = own.filter((row) => !enforced.includes(row) && row.address !== '').map(unenforced)
  return {
    ruleset: {
      table: tableName(facts.engine),
      stores: new Map([...isolationStores(facts), ...policies.stores, ...services.stores]),
      chains: new Map([
        ...isolationChains(facts),
        ...serviceChains(facts.serviceCIDR),
        ...policies.chains,
        ...services.chains,
      ]),
    },
    problems: [...services.problems, ...problems],
  }
}

function unenforced({ pod, address }: PolicyRow): NetworkProblem {
  const [namespace = '', name = ''] = pod.split('/')
  const message = `NetworkPolicies cannot be enforced on it: its address ${address} is not in a pod network of its host`
  return { key: keyOf({ namespace, kind: 'Pod', name }), message }
}
