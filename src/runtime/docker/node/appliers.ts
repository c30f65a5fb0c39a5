import type { PodTraffic } from '../../live.ts'
import type { NetworkProblem, NetworkTable } from '../../network/table.ts'
import type { NetworkRecord } from '../networks.ts'
import type { Applier, NodeSettings, TrafficApplier } from './contract.ts'
import { createDnsApplier } from './dns.ts'
import { createNftApplier } from './nft.ts'

/** What brings one host to the table. */
export interface Appliers {
  readonly haproxy: TrafficApplier
  readonly dns: Applier
  readonly nft: Applier
}

export function createAppliers(settings: NodeSettings, networks: () => readonly NetworkRecord[]): Appliers {
  return {
    haproxy: new NoProxy(),
    dns: createDnsApplier(settings),
    nft: createNftApplier(settings, networks),
  }
}

/** Stands in for HAProxy. */
class NoProxy implements TrafficApplier {
  async attach(): Promise<void> {}

  async apply(_table: NetworkTable): Promise<readonly NetworkProblem[]> {
    return []
  }

  detach(): void {}

  trafficOf(_pod: string): PodTraffic {
    return 'none'
  }

  watch(): void {}

  expect(): void {}
}
