// What would be done about objects that differ, or are drifting. Part of the corridor beside engine.ts.
import { setImmediate } from 'node:timers/promises'
import { noteOf } from './engine-facts.ts'
import type { Looker } from './reconcile/looker.ts'
import { isPlanned } from './reconcile/wanted.ts'
import type { DiffItem } from './report/diff.ts'
import type { Difference } from './reporting.ts'

/** There may be thousands: others have their turn meanwhile. */
const longestStretchMs = 20

/** All that would be done about each of them if each step worked. */
export async function foreseen(
  app: string,
  differences: readonly Difference[],
  looker: Pick<Looker, 'forecast' | 'note'>,
  now: () => number,
): Promise<DiffItem[]> {
  const items: DiffItem[] = []
  let breathedAt = now()
  for (const { key, changes, note } of differences) {
    const told = looker.forecast(key)
    if (told) looker.note(key, told)
    const more = note || (isPlanned(key) ? noteOf(told) : '')
    items.push({ app, key, changes, tasks: told?.tasks ?? [], note: more })
    if (now() - breathedAt < longestStretchMs) continue
    await setImmediate()
    breathedAt = now()
  }
  return items
}
