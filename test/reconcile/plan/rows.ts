import type { View } from '../../../src/reconcile/plan/desired.ts'
import { type Row, rollout, scaling, strategies } from './rollout-rows.ts'
import { drift, hosts, others, upkeep } from './upkeep-rows.ts'
import { view } from './world.ts'

/** All rows, by what they are about. */
export const tables: readonly (readonly [name: string, rows: readonly Row[]])[] = [
  ['rollout', rollout],
  ['scaling', scaling],
  ['strategies', strategies],
  ['upkeep', upkeep],
  ['drift', drift],
  ['hosts', hosts],
  ['other kinds', others],
]

export function worldOf(row: Row): View {
  return view(row.pods ?? [], row.world)
}
