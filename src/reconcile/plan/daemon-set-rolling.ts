import type { RolloutBounds } from '../../manifests/int-or-percent.ts'

/** `unknown`: it may be available, nobody can tell now. It is neither counted as such nor taken away. */
export type DaemonState = 'available' | 'unavailable' | 'unknown'

/** The pods of one host that is to have one. */
export interface DaemonHost {
  readonly host: string
  readonly old: DaemonState | undefined
  readonly new: DaemonState | undefined
}

export interface DaemonRollout {
  /** Hosts whose old pod goes in any case. */
  readonly mustDelete: readonly string[]
  /** How many more old pods may go, of `candidates`. */
  readonly moreDeletes: number
  /** Hosts that get a new pod beside the old one in any case. */
  readonly mustCreate: readonly string[]
  /** How many more may get one, of `candidates`. */
  readonly moreCreates: number
  /** Hosts with an available old pod and no new one. */
  readonly candidates: readonly string[]
}

/**
 * One step of a DaemonSet's rolling update. Hosts without any pod are none of its business but for the count: they get theirs anyway.
 * With 10 hosts and maxUnavailable 2, one new pod that is not ready yet leaves room for one old one to go; with maxSurge 2, for one more
 * new one to come.
 */
export function rollDaemons({ maxSurge, maxUnavailable }: RolloutBounds, hosts: readonly DaemonHost[]): DaemonRollout {
  const candidates = hosts.filter((host) => host.old === 'available' && host.new === undefined)
  const surges = maxSurge > 0
  const both = hosts.filter((host) => host.old !== undefined && host.new !== undefined)
  const released = both.filter((host) => host.new === 'available' || (surges && host.old === 'unavailable'))
  const broken = hosts.filter((host) => host.old === 'unavailable' && host.new === undefined)
  const names = (of: readonly DaemonHost[]): string[] => of.map(({ host }) => host)
  const within = (budget: number): number => Math.min(candidates.length, Math.max(0, budget))
  if (surges) {
    const surging = both.filter((host) => !released.includes(host)).length
    return {
      mustDelete: names(released),
      moreDeletes: 0,
      mustCreate: names(broken),
      moreCreates: within(maxSurge - surging),
      candidates: names(candidates),
    }
  }
  const missing = hosts.filter(
    (host) => (host.old === undefined) === (host.new === undefined) || (host.old ?? host.new) !== 'available',
  )
  return {
    mustDelete: names([...released, ...broken]),
    moreDeletes: within(maxUnavailable - missing.length),
    mustCreate: [],
    moreCreates: 0,
    candidates: names(candidates),
  }
}
