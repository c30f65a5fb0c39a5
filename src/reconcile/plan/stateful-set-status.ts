import type { ObjectStatus } from './action.ts'
import type { Making } from './make.ts'
import type { Observed } from './observe.ts'
import { statusLine } from './rollout-status.ts'
import type { Roster } from './roster.ts'
import { countsText, judgeSet } from './set-status.ts'
import type { Seat } from './stateful-set.ts'
import { isWanted, type OrdinalSet } from './stateful-set-sync.ts'

export function statefulSetStatus(
  roster: Roster,
  set: OrdinalSet,
  seats: readonly Seat[],
  making: Pick<Making, 'message' | 'failed' | 'hopeless'>,
): ObjectStatus {
  const reached = (ordinal: number): boolean => set.strategy === 'RollingUpdate' && ordinal >= set.start + set.partition
  const isDone = ({ ordinal, pods }: Seat): boolean =>
    pods.every((observed) => roster.current.includes(observed) || (roster.old.includes(observed) && !reached(ordinal)))
  const seatOf = new Map(seats.flatMap((seat) => seat.pods.map((observed) => [observed, seat.ordinal] as const)))
  const synced = seats.length === set.replicas && seats.every((seat) => isWanted(set, seat.ordinal) && isDone(seat))
  const complete = synced && seats.every(({ pods }) => pods.length === 1 && pods[0]?.bucket === 'available')
  const verdict = judgeSet(roster, {
    complete,
    note: noteOf(roster, set, seatOf),
    counts: countsText(roster, set.replicas),
    making,
    heals: (observed) => roster.old.includes(observed) && reached(seatOf.get(observed) ?? 0),
  })
  return statusLine(roster, set.replicas, synced, verdict)
}

/** Pods that stay in an older revision, and those that would have, were it still known. */
function noteOf(roster: Roster, set: OrdinalSet, ordinals: ReadonlyMap<Observed, number>): string {
  const { hash } = roster.desired.template
  const older = roster.old.filter(({ pod }) => pod.template !== hash)
  if (set.strategy === 'OnDelete') {
    return older.length > 0 ? `${older.length} of an older revision, replaced when they are removed (OnDelete)` : ''
  }
  const below = (observed: Observed): boolean => (ordinals.get(observed) ?? 0) < set.start + set.partition
  const kept = older.filter(below)
  const early = older.length > 0 ? roster.current.filter(below) : []
  const parts = [
    kept.length > 0 ? `${kept.length} of an older revision, below the partition` : '',
    early.length > 0
      ? `${early.map(({ pod }) => pod.name).join(', ')} below the partition in the new revision: the old one cannot be made any more`
      : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
