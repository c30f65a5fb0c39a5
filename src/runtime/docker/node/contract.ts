// What the parts of the data path on one host owe to each other. The node container has the state volume at /state: all that its programs
// need to come up again without Berth is in there.
import type { Key } from '../../../base/key.ts'
import type { PodTraffic } from '../../live.ts'
import type { Allocation, NetworkProblem, NetworkTable } from '../../network/table.ts'

/** A POSIX shell in the node container that stays open, so that a command costs no exec. */
export interface NodeShell {
  /** Runs a script to its end, one at a time, as root with `set -u`; answers what it printed. Throws a RuntimeError with its errors if its last status is not 0. */
  run(script: string): Promise<string>
  /** Writes files (paths below /state) one after the other, each swapped in by a rename. */
  write(files: readonly NodeFile[]): Promise<void>
  /** The text of a file below /state; undefined: there is none. */
  read(path: string): Promise<string | undefined>
  close(): void
}

export interface NodeFile {
  readonly path: string
  /** Undefined: to be removed. */
  readonly text: string | undefined
  /** Permission bits; absent: 0644. */
  readonly mode?: number
}

/** One program's share of the data path on one host (HAProxy, DNS, nftables). */
export interface Applier {
  /** Called once the node container runs with a shell of the applier's own, and again after each new connection: what is applied is to be read, not assumed. */
  attach(shell: NodeShell): Promise<void>
  /** Brings the program to the table; called one at a time, with the newest table only. Resolves when it is in effect. Throws only when the shell does. */
  apply(table: NetworkTable): Promise<readonly NetworkProblem[]>
  /** What was attached is gone. */
  detach(): void
}

/** The applier that carries requests also knows where they are. */
export interface TrafficApplier extends Applier {
  /** Of a pod, `namespace/name`, against the newest table given to `expect`. */
  trafficOf(pod: string): PodTraffic
  /** Who is to know of pods whose traffic is other than it was, by itself or by `apply`; not by `expect`. */
  watch(changed: (pods: readonly string[]) => void): void
  /** Who is to apply the newest table once more, as something of the host has changed by itself. */
  outdated(again: () => void): void
  /** Who is to know of previews that are asked for: namespace -> when last, ms. */
  watchUses(used: (uses: ReadonlyMap<string, number>) => void): void
  /** The table that will be applied next: from now on `trafficOf` is about this one. */
  expect(table: NetworkTable): void
}

/** What all of them are told at the start. */
export interface NodeSettings {
  /** Id of the installation. */
  readonly engine: string
  readonly host: string
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** `cluster.local` */
  readonly zone: string
  /** Address of the DNS server in the service range: its 10th. */
  readonly dnsAddress: string
  /** 0: none. */
  readonly ingressHttpPort: number
  readonly ingressHttpsPort: number
  /** Ingress clients speak the PROXY protocol. */
  readonly proxyProtocol: boolean
}

export type Allocations = ReadonlyMap<Key, Allocation>
