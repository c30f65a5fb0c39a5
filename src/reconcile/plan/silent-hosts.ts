import { claimHosts } from './claims-of-pod.ts'
import type { Roster } from './roster.ts'

/**
 * Why a pod whose name is its own cannot be made now; undefined: nothing stands against it. A host that does not answer may run it
 * without anybody knowing (the answer to its creation was lost, or this process has not seen the host yet), unless its data is elsewhere,
 * so that it cannot be there.
 */
export function mayBeElsewhere(roster: Roster, name: string): string | undefined {
  const { desired, namespace, view } = roster
  const { hosts } = claimHosts(desired.template, { host: '', namespace, name }, view)
  const silent = hosts.find(({ reachable }) => !reachable)
  return silent && `Pending: pod ${name} may be on host ${silent.name}, which is unreachable`
}
