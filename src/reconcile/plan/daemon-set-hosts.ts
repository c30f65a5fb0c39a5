import type { LiveHost } from '../../runtime/live.ts'
import type { DaemonHost, DaemonState } from './daemon-set-rolling.ts'
import type { DesiredDaemonSet } from './desired.ts'
import { hostRefusal } from './node-affinity.ts'
import type { Observed } from './observe.ts'
import type { Roster } from './roster.ts'
import { placedSpec, taintRefusal, untolerated } from './taints.ts'

/** A host, and the set's pods there. */
export interface Station {
  readonly host: LiveHost
  /** Why it gets no pod; empty: it is to have one. */
  readonly refusal: string
  /** Why not even one that is there may stay. */
  readonly evicts: string
  /** Of the wanted revision. */
  readonly fresh: Observed | undefined
  readonly old: Observed | undefined
  /** More than one of a sort. */
  readonly spare: readonly Observed[]
  /** Something of an earlier pod is still there. */
  readonly busy: boolean
}

/** Hosts by name; one that does not answer only counts if a pod is known there, which is left alone. */
export function stationsOf(desired: DesiredDaemonSet, roster: Roster): readonly Station[] {
  return [...roster.view.hosts]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((host) => stationOf(desired, roster, host))
    .filter(({ host, fresh, old }) => host.reachable || fresh || old)
}

function stationOf(desired: DesiredDaemonSet, roster: Roster, host: LiveHost): Station {
  const here = roster.pods.filter(({ pod }) => pod.host === host.name)
  const staying = (of: readonly Observed[]) => of.filter(({ pod }) => pod.host === host.name).sort(byUse)
  const [fresh, ...twins] = staying(roster.current)
  const [old, ...others] = staying(roster.old)
  const spec = placedSpec(desired)
  const misfit = host.reachable ? hostRefusal(spec, host) : undefined
  const expels = host.reachable && untolerated(host.taints, spec.tolerations ?? [], ['NoExecute'])
  const refusal = misfit ?? (host.reachable ? taintRefusal(spec, host) : undefined) ?? ''
  return {
    ...{ host, refusal, fresh, old },
    evicts: misfit ?? (expels ? refusal : ''),
    spare: [...twins, ...others],
    busy: here.some(({ bucket }) => bucket === 'leaving' || bucket === 'lost' || bucket === 'finished'),
  }
}

/** The one to keep first. */
function byUse(a: Observed, b: Observed): number {
  return (
    Number(b.bucket === 'available') - Number(a.bucket === 'available') ||
    a.pod.createdAt - b.pod.createdAt ||
    (a.pod.name < b.pod.name ? -1 : 1)
  )
}

/** Where nothing is rolled out, a surge that was under way leaves one pod: the one that is of use, else the older. */
export function alone(station: Station): Station {
  const { fresh, old, spare } = station
  const [kept, other] = [fresh, old].filter((observed) => observed !== undefined).sort(byUse)
  return kept && other ? { ...station, fresh: undefined, old: kept, spare: [...spare, other] } : station
}

/** A host that is to have a pod, or keeps the one that it has. */
export function isServed({ refusal, evicts, fresh, old }: Station): boolean {
  return refusal === '' || (evicts === '' && (fresh ?? old) !== undefined)
}

export function daemonHost({ host, fresh, old }: Station): DaemonHost {
  return { host: host.name, old: stateOf(old), new: stateOf(fresh) }
}

/** Ready for how long is not known after a restart of Berth: such a pod may have been available before. */
function stateOf(observed: Observed | undefined): DaemonState | undefined {
  if (!observed) return undefined
  if (observed.bucket === 'available') return 'available'
  return observed.bucket === 'unready' ? 'unavailable' : 'unknown'
}
