import type { LivePod } from '../../runtime/live.ts'
import { holdsPorts, hostPorts } from './host-ports.ts'
import { phaseOf } from './observe.ts'
import { type Load, noLoad, type Site } from './placement.ts'
import { asksForOthers, keepsOthersAway } from './pod-affinity.ts'
import type { Roster } from './roster.ts'

/** Where pods of the roster's template may go. Other owners' pods are only asked for where the template has rules about them. */
export function siteOf(roster: Roster): Site {
  const { spec } = roster.desired.template
  const asks = asksForOthers(spec)
  const ports = hostPorts(spec)
  const all = asks || ports.length > 0 ? [...roster.view.pods, ...foreign(roster, roster.view.allPods())] : []
  const pods = asks ? all : [...roster.view.pods, ...foreign(roster, roster.view.guards())].filter(keepsOthersAway)
  return {
    hosts: roster.view.hosts,
    loads: loadsOf(roster, ports.length > 0 ? all : []),
    pods: pods.filter((pod) => counts(pod, roster.view.now)),
  }
}

/** The owner's own are in the view: they may be newer there. */
function foreign({ desired, namespace }: Roster, pods: readonly LivePod[]): LivePod[] {
  const owner = `${desired.kind}/${desired.object.metadata.name}`
  return pods.filter((pod) => pod.owner !== owner || pod.namespace !== namespace)
}

function counts(pod: LivePod, now: number): boolean {
  return !pod.leaving && !hasEnded(pod, now)
}

function hasEnded(pod: LivePod, now: number): boolean {
  const { phase } = phaseOf(pod, now)
  return phase === 'Succeeded' || phase === 'Failed'
}

function loadsOf(roster: Roster, holders: readonly LivePod[]): ReadonlyMap<string, Load> {
  const { now } = roster.view
  return new Map(
    roster.view.hosts.map((host) => {
      const here = (pod: LivePod): boolean => pod.host === host.name
      const ports = holders
        .filter((pod) => here(pod) && (holdsPorts(pod) || !hasEnded(pod, now)))
        .flatMap((pod) => (pod.spec ? hostPorts(pod.spec) : []))
      const { cpuMillis, memoryBytes } = roster.view.placed.get(host.name) ?? noLoad
      const peers = roster.view.pods.filter((pod) => here(pod) && !pod.leaving).length
      return [host.name, { cpuMillis, memoryBytes, peers, ports: new Set(ports) }]
    }),
  )
}
