import type { LiveHost, LiveVolume } from '../runtime/live.ts'
import type { VolumeSpec } from '../runtime/port.ts'

/** What has to survive a restart: how many pods an autoscaler wanted of its target. */
export interface Recorded {
  readonly app: string
  readonly namespace: string
  /** Of the autoscaler. */
  readonly name: string
  /** `Kind/name`. */
  readonly target: string
  readonly replicas: number
}

export type RecordStep =
  | { readonly kind: 'create'; readonly host: string; readonly volume: VolumeSpec }
  | { readonly kind: 'remove'; readonly host: string; readonly name: string }

export const recordKind = 'HorizontalPodAutoscaler'

/** The number last recorded for this target; undefined: none. */
export function recordedNumber(records: readonly LiveVolume[], target: string): number | undefined {
  const newest = newestOf(records)
  if (newest?.facts.target !== target) return undefined
  const replicas = Number(newest.facts.replicas)
  return Number.isInteger(replicas) && replicas >= 0 ? replicas : undefined
}

/** Records that name this target, whoever's they are. */
export function recordsFor(volumes: readonly LiveVolume[], namespace: string, target: string): readonly LiveVolume[] {
  return volumes.filter(
    (volume) =>
      volume.facts.target === target && volume.namespace === namespace && volume.subject.startsWith(`${recordKind}/`),
  )
}

/** Makes the newest record of an autoscaler, and in the end the only one, say this; undefined: there is nothing to say. */
export function recordSteps(
  records: readonly LiveVolume[],
  wanted: Recorded | undefined,
  hosts: readonly LiveHost[],
): readonly RecordStep[] {
  const reachable = hosts.filter((host) => host.reachable).map((host) => host.name)
  const within = records.filter((record) => reachable.includes(record.host))
  if (!wanted) return within.map(removal)
  const newest = newestOf(records)
  if (newest?.facts.replicas === String(wanted.replicas) && newest.facts.target === wanted.target) {
    return within.filter((record) => record !== newest).map(removal)
  }
  const [host] = reachable
  if (host === undefined) return []
  // One of the same name, left behind by a lost call, would be taken for the new one and stay the older.
  const detail = String(wanted.replicas)
  const sameName = within.filter((record) => record.detail === detail)
  const others = within.filter((record) => record.detail !== detail)
  return [...sameName.map(removal), { kind: 'create', host, volume: volumeOf(wanted) }, ...others.map(removal)]
}

function removal({ host, name }: LiveVolume): RecordStep {
  return { kind: 'remove', host, name }
}

function volumeOf({ app, namespace, name, target, replicas }: Recorded): VolumeSpec {
  return {
    ...{ app, namespace, subject: `${recordKind}/${name}`, detail: String(replicas) },
    facts: { replicas: String(replicas), target },
    driver: 'local',
    options: {},
  }
}

function newestOf(records: readonly LiveVolume[]): LiveVolume | undefined {
  return [...records].sort((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1))[0]
}
