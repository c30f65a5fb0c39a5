import { expect, test } from 'vitest'
import type { Action } from '../../../src/reconcile/plan/action.ts'
import { planCronJob } from '../../../src/reconcile/plan/cron-job.ts'
import type { View } from '../../../src/reconcile/plan/desired.ts'
import { ideal } from '../../../src/reconcile/plan/forecast.ts'
import { cronJob } from './job-world.ts'
import { host, view } from './world.ts'

const start = Date.parse('2026-03-28T23:00:00Z')

/** Numbers in [0, 1) that a seed decides. */
function diceOf(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** Time goes on, stands still while Berth is down, or is set back. */
function later(at: number, dice: () => number): number {
  const what = dice()
  if (what < 0.02) return at - 300_000
  if (what < 0.04) return at + 1_800_000
  return at + Math.floor(dice() * 60_000)
}

/** Names of the pods that were made in a night in which Berth was killed again and again, at any step. */
function night(seed: number): string[] {
  const dice = diceOf(seed)
  const policies = ['Allow', 'Forbid', 'Replace'] as const
  const desired = cronJob({
    schedule: '*/5 1-3 * * *',
    timeZone: 'Europe/Berlin',
    since: start,
    concurrencyPolicy: policies[seed % 3] ?? 'Allow',
    successfulJobsHistoryLimit: seed % 2,
  })
  const made: string[] = []
  let world: View = view([], { hosts: [host()], now: start })
  for (let at = start; at < start + 6 * 3_600_000; at = later(at, dice)) {
    world = { ...world, now: at }
    const actions = planCronJob(desired, world).tasks.flatMap((task) => task.actions)
    const done = dice() < 0.3 ? actions.slice(0, Math.floor(dice() * actions.length)) : actions
    made.push(...done.flatMap(madeBy))
    world = done.reduce(ideal, world)
    const allRecorded = planCronJob(desired, world).tasks.length === 0
    // docker container prune
    if (allRecorded && dice() < 0.2) world = { ...world, pods: [] }
  }
  return made
}

function madeBy(action: Action): string[] {
  return action.kind === 'createSandbox' ? [action.pod.name] : []
}

test('no run begins twice, whatever happens at night', () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const made = night(seed)
    expect(made.length, `seed ${seed}`).toBeGreaterThan(4)
    expect(new Set(made).size, `seed ${seed}: ${made.join(' ')}`).toBe(made.length)
  }
})
