import { describe, expect, test } from 'vitest'
import type { View } from '../../../src/reconcile/plan/desired.ts'
import { forecast } from '../../../src/reconcile/plan/forecast.ts'
import { planJob } from '../../../src/reconcile/plan/job.ts'
import { type JobRow, jobRows } from './job-rows.ts'
import { job, jobPodOf, jobSpec, record, succeeded, told } from './job-world.ts'
import { container, ended, liveContainer, now, view } from './world.ts'

describe('a Job', () => {
  test.each(jobRows)('$title', (row) => {
    const planned = planJob(job(row.spec ?? jobSpec()), worldOf(row))
    expect(told(planned).split('\n')).toEqual(row.expected)
    if (row.again !== undefined) expect(planned.lookAgainAt).toBe(now + row.again)
  })
})

function worldOf({ spec = jobSpec(), pods = {}, more = [], records = [], world = {} }: JobRow): View {
  const own = Object.entries(pods).map(([name, changes]) => jobPodOf(job(spec), `work-${name}`, changes))
  const volumesOf: View['volumesOf'] = (key) => (key === 'shop/Job/work' ? records : [])
  return view([...own, ...more], { volumesOf, ...world })
}

test('what a job came to is written into the record', () => {
  const desired = job(jobSpec())
  const planned = planJob(desired, view([jobPodOf(desired, 'work-aaa-0', succeeded(5000))]))
  expect(planned.tasks[0]?.actions).toEqual([
    {
      kind: 'createVolume',
      host: 'local',
      volume: {
        app: 'demo',
        namespace: 'shop',
        subject: 'Job/work',
        detail: 'aaa',
        facts: {
          outcome: 'Complete',
          reason: 'CompletionsReached',
          message: '',
          finishedAt: String(now - 5000),
          succeeded: '1',
          failed: '0',
        },
        driver: 'local',
        options: {},
      },
    },
  ])
})

test('pods of an Indexed job know their index', () => {
  const args = ['--part', '$(JOB_COMPLETION_INDEX)']
  const desired = job(
    jobSpec({ completionMode: 'Indexed', completions: 2, parallelism: 2 }, { containers: [container({ args })] }),
  )
  const actions = planJob(desired, view([])).tasks.flatMap((task) => task.actions)
  const sandbox = actions.filter((action) => action.kind === 'createSandbox')[1]?.sandbox
  const config = actions.filter((action) => action.kind === 'createContainer')[1]?.config
  expect(config).toMatchObject({
    args: ['--part', '1'],
    env: [{ name: 'JOB_COMPLETION_INDEX', value: '1', secret: false }],
  })
  expect(sandbox).toMatchObject({
    hostname: 'work-1',
    labels: { 'job-name': 'work', 'batch.kubernetes.io/job-completion-index': '1' },
    annotations: { 'batch.kubernetes.io/job-completion-index': '1' },
  })
  const made = jobPodOf(desired, 'work-1-aaa-0')
  expect(planJob(desired, view([jobPodOf(desired, 'work-0-aaa-0'), made])).tasks).toEqual([])
})

test('of a pod without its sandbox whose work is done, what still runs is stopped', () => {
  const sidecar = container({ name: 'proxy', restartPolicy: 'Always' })
  const desired = job(jobSpec({}, { initContainers: [sidecar] }))
  const app = liveContainer('app', ended(0))
  const containers = [app, liveContainer('proxy')]
  const remains = jobPodOf(desired, 'work-aaa-0', { sandbox: undefined, spec: undefined, containers })
  const volumesOf: View['volumesOf'] = () => [record('Job/work', 'aaa')]
  expect(told(planJob(desired, view([remains], { volumesOf })))).toBe(
    'OutOfSync Healthy 1/1 Complete\nstop container proxy of pod work-aaa-0 (all other containers have ended)',
  )
})

test('what a job would do, if all goes well', () => {
  const desired = job(jobSpec({ completions: 3, parallelism: 2, activeDeadlineSeconds: 60 }))
  const whole = forecast((world) => planJob(desired, world), view([]))
  expect(whole.complete).toBe(true)
  expect(whole.tasks.map(({ text }) => text)).toEqual([
    'create pod work-aaa-0 on local',
    'create pod work-aaa-1 on local',
    'create pod work-aaa-2 on local',
    'record the end of pod work-aaa-0 on local',
    'record the end of pod work-aaa-1 on local',
    'record the end of job work on local',
    'remove record aaa.work-aaa-0 of Job/work on local',
    'remove record aaa.work-aaa-1 of Job/work on local',
  ])
})
