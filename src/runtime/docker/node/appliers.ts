import type { Clock } from '../../../base/clock.ts'
import type { NetworkRecord } from '../networks.ts'
import type { Applier, NodeSettings, TrafficApplier } from './contract.ts'
import { createDnsApplier } from './dns.ts'
import { createHaproxyApplier } from './haproxy.ts'
import { createNftApplier, type NftApplier } from './nft.ts'

/** What brings one host to the table. */
export interface Appliers {
  readonly haproxy: TrafficApplier
  readonly dns: Applier
  readonly nft: NftApplier
}

/** `networks`: of the host, as they are at the moment. */
export function createAppliers(
  settings: NodeSettings,
  networks: () => readonly NetworkRecord[],
  clock: Clock,
): Appliers {
  return {
    haproxy: createHaproxyApplier(settings, clock),
    dns: createDnsApplier(settings),
    nft: createNftApplier(settings, networks, clock),
  }
}
