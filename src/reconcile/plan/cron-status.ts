import type { Decision } from '../../cron/due.ts'
import { isFault, type Schedule, type ScheduleFault } from '../../cron/schedule.ts'
import type { ObjectStatus, Task } from './action.ts'
import type { PlannedRun } from './cron-runs.ts'
import type { DesiredCronJob } from './desired.ts'
import { secondText } from './job-identity.ts'

interface CronLook {
  readonly desired: DesiredCronJob
  readonly schedule: Schedule | ScheduleFault
  readonly decision: Decision
  readonly runs: readonly PlannedRun[]
  readonly tasks: readonly Task[]
  readonly next: number | undefined
}

/** Healthy between runs and while one runs; degraded as long as the last run that ended has failed. */
export function cronStatus(look: CronLook): ObjectStatus {
  const { namespace = '', name } = look.desired.object.metadata
  return {
    ...{ kind: 'CronJob', namespace, name, ready: '' },
    sync: look.tasks.length === 0 ? 'Synced' : 'OutOfSync',
    ...judge(look),
  }
}

function judge(look: CronLook): Pick<ObjectStatus, 'health' | 'message' | 'failed'> {
  const { schedule, decision, runs } = look
  if (isFault(schedule)) {
    return { health: 'Degraded', message: `${schedule.reason}: ${schedule.message}`, failed: true }
  }
  if (decision.action === 'none' && decision.reason === 'InvalidSchedule') {
    const message = `InvalidSchedule: "${look.desired.object.spec.schedule}" never comes`
    return { health: 'Degraded', message, failed: true }
  }
  const blocked = runs.find(({ plan }) => plan.making.failed)
  if (blocked) {
    return { health: 'Degraded', message: `run ${blocked.job}: ${blocked.plan.making.message}`, failed: false }
  }
  const last = runs.findLast(({ plan }) => plan.end !== undefined)?.plan.end
  const message = timesText(look)
  if (last?.outcome === 'Failed') return { health: 'Degraded', message, failed: false }
  return { health: look.desired.object.spec.suspend ? 'Suspended' : 'Healthy', message, failed: false }
}

/** `next run 2026-…Z, 1 run active, last run Complete at 2026-…Z`; a failure comes first. */
function timesText({ desired, runs, next }: CronLook): string {
  const active = runs.filter(({ plan }) => plan.end === undefined && plan.facts.active.length > 0).length
  const last = runs.findLast(({ plan }) => plan.end !== undefined)?.plan.end
  const failed = last?.outcome === 'Failed'
  const ended = last ? `at ${secondText(last.finishedAt)}` : ''
  const parts = [
    failed ? `last run failed ${ended}: ${last.reason}: ${last.message}` : '',
    desired.object.spec.suspend ? 'suspended' : '',
    next === undefined ? '' : `next run ${secondText(Math.floor(next / 1000) * 1000)}`,
    active > 0 ? `${active} ${active === 1 ? 'run' : 'runs'} active` : '',
    last && !failed ? `last run Complete ${ended}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
