import type { Plan, Task } from '../../../src/reconcile/plan/action.ts'
import type { View } from '../../../src/reconcile/plan/desired.ts'
import { renderPlan } from '../../../src/reconcile/plan/render.ts'
import type { VolumeSetup } from '../../../src/runtime/port.ts'
import { graces, podEnds } from './end-rows.ts'
import { files } from './file-rows.ts'
import { ends, hooks, initContainers } from './init-rows.ts'
import { type Row, rollout, scaling, strategies } from './rollout-rows.ts'
import { drains, joins } from './traffic-rows.ts'
import { drift, hosts, others, upkeep } from './upkeep-rows.ts'
import { admission, claims, configChanges, volumes } from './volume-rows.ts'
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
  ['init containers', initContainers],
  ['hooks', hooks],
  ['ends', ends],
  ['ends of bare pods', podEnds],
  ['grace periods', graces],
  ['volumes', volumes],
  ['files', files],
  ['config changes', configChanges],
  ['claims', claims],
  ['admission', admission],
  ['joining traffic', joins],
  ['leaving traffic', drains],
]

export function worldOf(row: Row): View {
  return view(row.pods ?? [], row.world)
}

/** A task's single calls, in short. */
export function callsOf(task: Task | undefined): string[] {
  return (task?.actions ?? []).map((action) => {
    switch (action.kind) {
      case 'ensureNetwork':
      case 'removeNetwork':
        return `${action.kind} ${action.namespace}`
      case 'createContainer':
        return `${action.kind} ${action.config.name} ${action.config.image}`
      case 'start':
        return `${action.kind} ${action.container || 'sandbox'}`
      case 'recreateContainer':
        return `${action.kind} after ${action.attempt.backoffMs} ms, attempt ${action.attempt.restarts}`
      case 'stop':
        return `${action.kind} ${action.id.split('/').at(-1)} within ${action.graceMs} ms`
      case 'setUpVolumes':
        return `${action.kind} ${action.volumes.map(setupText).join(', ')}`
      case 'createVolume':
        return `${action.kind} ${action.volume.subject}`
      default:
        return action.kind
    }
  })
}

/** `cache/tmp group 2000`: a volume, the directories that are made in it, its group. */
function setupText({ volume, directories, group }: VolumeSetup): string {
  return `${[volume, ...directories].join('/')}${group === undefined ? '' : ` group ${group}`}`
}

/** What a row expects of a plan, as one text; empty: nothing amiss. */
export function amiss(row: Row, plan: Plan): string {
  const text = renderPlan(plan)
  if (text !== row.expected) return text || 'nothing to do'
  const calls = callsOf(plan.tasks[0]).join(', ')
  return row.calls && calls !== row.calls.join(', ') ? calls : ''
}
