// What is told of an application's objects. Part of the corridor beside engine.ts.
import { type Key, keyOf, keyParts } from './base/key.ts'
import { objectChanges } from './diff/objects.ts'
import type { ManifestObject } from './manifests/types.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import { isClaimData, keptStatus } from './reconcile/plan/claim.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { DiffItem } from './report/diff.ts'
import { inReportOrder, shapeStatus } from './report/objects.ts'
import type { LivePod, LiveVolume } from './runtime/live.ts'
import { remembered } from './runtime/network/remembered.ts'

export interface ReportingParts {
  readonly wanted: Wanted
  readonly liveOwners: () => readonly Key[]
  readonly volumes: () => readonly LiveVolume[]
  readonly isGone: (key: Key) => boolean
  readonly statusOf: (key: Key) => ObjectStatus | undefined
}

/** All objects of an application and what is left of removed ones, in the order of the report; `unseen`: not looked at yet. */
export function objectsOf(
  app: string,
  parts: ReportingParts,
): { readonly objects: readonly ObjectStatus[]; readonly unseen: number } {
  const { wanted, liveOwners, isGone, statusOf } = parts
  const accepted = wanted.objectsOf(app)
  const shapes = accepted ? shapesOf(accepted) : new Map<Key, ObjectStatus>()
  const ordered = accepted ? [...shapes] : []
  const gone = liveOwners().filter((key) => isGone(key))
  const keys = gone.length === 0 ? ordered : [...ordered, ...gone.map((key) => [key, shapeStatus(key)] as const)]
  const objects = keys.map(([key, shape]) => statusOf(key) ?? shape).filter((status) => status !== undefined)
  const kept = keptData(app, parts)
  const unseen = keys.length - objects.length
  const more = gone.length + kept.length > 0
  return { objects: more ? [...objects, ...kept].sort(inReportOrder) : objects, unseen }
}

/** Of the objects of a commit, in the order of the report: neither changes with what is known of them. */
const shapesOf = remembered((objects: ReadonlyMap<Key, unknown>): ReadonlyMap<Key, ObjectStatus | undefined> => {
  const parts = [...objects.keys()].map((key) => ({ key, ...keyParts(key) }))
  return new Map(parts.sort(inReportOrder).map(({ key }) => [key, shapeStatus(key)]))
})

/** How the wanted objects differ from those before, for all keys that are to be planned. */
export type Difference = Pick<DiffItem, 'changes' | 'note'> & { readonly key: Key }

export function differencesFrom(
  before: ReadonlyMap<Key, ManifestObject | undefined>,
  app: string,
  parts: ReportingParts,
): Difference[] {
  const { wanted, liveOwners, isGone } = parts
  const vanished = [...before.keys()].filter((key) => wanted.object(key) === undefined)
  const kept = new Map(keptData(app, parts).map((status) => [keyOf(status), status.message]))
  const keys = new Set([...wanted.keys(app), ...vanished, ...liveOwners().filter((key) => isGone(key))])
  return [...keys].map((key) => {
    return { key, changes: objectChanges(before.get(key), wanted.object(key)), note: kept.get(key) ?? '' }
  })
}

/** Data whose claim vanished from Git. */
function keptData(app: string, { volumes, wanted, isGone }: Omit<ReportingParts, 'statusOf'>): ObjectStatus[] {
  // Before the first commit is read, nothing is known to have vanished.
  if (wanted.commitOf(app) === undefined) return []
  return volumes()
    .filter(isClaimData)
    .flatMap((volume) => {
      const status = keptStatus(volume)
      const key = keyOf(status)
      const set = keyOf({ ...status, kind: 'StatefulSet', name: volume.facts.statefulSet ?? '' })
      const used = wanted.appOf(key) !== undefined || wanted.appOf(set) !== undefined || isGone(key)
      return used ? [] : [status]
    })
}

/** Of pods whose application nobody configured: they run on, and nobody looks after them. */
export function leftBehind(pods: readonly Pick<LivePod, 'app'>[], isKnown: (app: string) => boolean): string[] {
  const counts = new Map<string, number>()
  for (const { app } of pods) counts.set(app, (counts.get(app) ?? 0) + 1)
  return [...counts]
    .filter(([app]) => !isKnown(app))
    .sort()
    .map(([app, count]) => {
      const what = `${count} ${count === 1 ? 'pod' : 'pods'} of the application ${app}`
      return `${what}, which is not in the configuration: left alone, without Services and repairs; configure it again, or remove them`
    })
}
