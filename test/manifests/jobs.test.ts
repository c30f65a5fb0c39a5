import { describe, expect, test } from 'vitest'
import { isFault, scheduleOf } from '../../src/cron/schedule.ts'
import { scheduleFault, timeZoneFault } from '../../src/manifests/schedule.ts'
import { check, container, cronJob, job, json, object, plain } from './manifest.ts'

const indexed = { completionMode: 'Indexed', completions: 4 }
/** A Job with one rule about failed pods. */
const failing = (rule: object, spec: object = {}, podSpec: object = {}) =>
  job({ podFailurePolicy: { rules: [{ action: 'FailJob', ...rule }] }, ...spec }, podSpec)
const succeeding = (...rules: object[]) => job({ ...indexed, successPolicy: { rules } })
const codes = (onExitCodes: object) => failing({ onExitCodes: { operator: 'In', ...onExitCodes } })

describe('Jobs that are refused', () => {
  const rule = 'spec.podFailurePolicy.rules[0]'
  test.each([
    [
      job({}, { restartPolicy: undefined }),
      'spec.template.spec.restartPolicy: expected OnFailure or Never, found nothing',
    ],
    [
      job({}, { restartPolicy: 'Always' }),
      'spec.template.spec.restartPolicy: expected OnFailure or Never, found "Always" (string)',
    ],
    [job({ completions: -1 }), 'spec.completions: expected a whole number from 0, found -1 (number)'],
    [
      job({ completionMode: 'Indexed' }),
      'spec.completions: expected a number for the completionMode Indexed, found nothing',
    ],
    [
      job({ completionMode: 'indexed' }),
      'spec.completionMode: expected NonIndexed or Indexed, found "indexed" (string): did you mean "Indexed"?',
    ],
    [
      job({ ...indexed, parallelism: 200_000 }),
      'spec.parallelism: expected at most 100000 for Indexed, found 200000 (number)',
    ],
    [job({ backoffLimitPerIndex: 1 }), 'spec.backoffLimitPerIndex: expected the completionMode Indexed beside it'],
    [
      job({ ...indexed, backoffLimitPerIndex: 1 }, { restartPolicy: 'OnFailure' }),
      'spec.backoffLimitPerIndex: expected the restartPolicy Never beside it',
    ],
    [
      job({ ...indexed, maxFailedIndexes: 1 }),
      'spec.maxFailedIndexes: expected backoffLimitPerIndex beside it, found nothing',
    ],
    [
      job({ ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 5 }),
      'spec.maxFailedIndexes: expected at most completions, which is 4, found 5 (number)',
    ],
    [job({ managedBy: 'other' }), 'spec.managedBy: not supported by this version of berth: berth runs all jobs'],
    [failing({}), `${rule}: expected one of onExitCodes or onPodConditions, found none`],
    [
      failing({ onExitCodes: { operator: 'In', values: [1] }, onPodConditions: [{ type: 'a' }] }),
      `${rule}: expected one of onExitCodes or onPodConditions, found both`,
    ],
    [codes({ values: [0] }), `${rule}.onExitCodes.values[0]: expected a code of failure, found 0`],
    [codes({ values: [] }), `${rule}.onExitCodes.values: expected 1 to 255 exit codes, found 0`],
    [
      codes({ values: [2, 1] }),
      `${rule}.onExitCodes.values[1]: expected exit codes in order and once, found 1 after 2`,
    ],
    [
      codes({ values: [1], containerName: 'other' }),
      `${rule}.onExitCodes.containerName: expected web, found "other" (string)`,
    ],
    [
      failing({ action: 'FailIndex', onPodConditions: [{ type: 'DisruptionTarget' }] }),
      `${rule}.action: expected backoffLimitPerIndex beside FailIndex, found nothing`,
    ],
    [
      failing({ onPodConditions: [{ type: 'a', status: 'yes' }] }),
      `${rule}.onPodConditions[0].status: expected True, False or Unknown, found "yes" (string)`,
    ],
    [
      failing({ onPodConditions: [{ type: 'a' }] }, {}, { restartPolicy: 'OnFailure' }),
      'spec.podFailurePolicy: expected the restartPolicy Never beside it',
    ],
    [
      failing({ onPodConditions: [{ type: 'a' }] }, { podReplacementPolicy: 'TerminatingOrFailed' }),
      'spec.podReplacementPolicy: expected Failed beside podFailurePolicy, found "TerminatingOrFailed" (string)',
    ],
    [
      job({ successPolicy: { rules: [{ succeededCount: 1 }] }, completions: 2 }),
      'spec.successPolicy: expected the completionMode Indexed beside it',
    ],
    [succeeding(), 'spec.successPolicy.rules: expected 1 to 20 rules, found 0'],
    [succeeding({}), 'spec.successPolicy.rules[0]: expected succeededCount or succeededIndexes, found none'],
    [
      succeeding({ succeededIndexes: '0-4' }),
      'spec.successPolicy.rules[0].succeededIndexes: expected indexes below completions in order like "0,2-5", found "0-4" (string)',
    ],
    [
      succeeding({ succeededIndexes: '2,1' }),
      'spec.successPolicy.rules[0].succeededIndexes: expected indexes below completions in order like "0,2-5", found "2,1" (string)',
    ],
    [
      succeeding({ succeededIndexes: '0,2-3', succeededCount: 4 }),
      'spec.successPolicy.rules[0].succeededCount: expected a whole number from 1 to 3, found 4 (number)',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
})

describe('defaults of a Job', () => {
  const filled = (spec: object = {}) => object('Job', job(spec)).spec
  test('one pod, six tries', () => {
    const { template: _, ...spec } = filled()
    expect(spec).toEqual({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    })
  })
  test('parallelism alone is a work queue: no number of completions is made up', () => {
    expect(filled({ parallelism: 3 })).not.toHaveProperty('completions')
    expect(filled({ completions: 3 })).toMatchObject({ completions: 3, parallelism: 1 })
  })
  test('a limit for each index is the only one', () => {
    expect(filled({ ...indexed, backoffLimitPerIndex: 1 }).backoffLimit).toBe(2_147_483_647)
    expect(filled({ ...indexed, backoffLimitPerIndex: 1, backoffLimit: 9 }).backoffLimit).toBe(9)
  })
  test('with rules about failed pods a new pod waits for the end of the old one', () => {
    const { podReplacementPolicy, podFailurePolicy } = object('Job', failing({ onPodConditions: [{ type: 'a' }] })).spec
    expect(podReplacementPolicy).toBe('Failed')
    expect(podFailurePolicy!.rules[0]!.onPodConditions).toEqual([{ type: 'a', status: 'True' }])
  })
})

test('what a cluster adds to a Job is ignored', () => {
  const selector = { matchLabels: { 'controller-uid': 'x' } }
  const { problems, ignored } = check(json(job({ selector, manualSelector: true })))
  expect([problems, ignored.map(({ path }) => path)]).toEqual([[], ['spec.selector', 'spec.manualSelector']])
})

test('a Job without a name of its own gets one that changes with it', () => {
  const named = (spec: object) => {
    const { objects, problems, warnings } = check(json({ ...job(spec), metadata: { generateName: 'migrate-' } }))
    expect(problems).toEqual([])
    expect(warnings.map(({ path }) => path)).toEqual(['metadata.generateName'])
    return [...objects.values()][0]!.object.metadata.name
  }
  expect(named({})).toMatch(/^migrate-[a-z0-9]{8}$/)
  expect(named({})).toBe(named({}))
  expect(named({ backoffLimit: 1 })).not.toBe(named({}))
})

describe('CronJobs', () => {
  test.each([
    [
      cronJob({ schedule: 'hourly' }),
      'spec.schedule: expected a schedule of five fields like "*/15 8-18 * * mon-fri", or "@hourly" or such, found "hourly" (string)',
    ],
    [cronJob({ schedule: undefined }), 'spec.schedule: expected a string, found nothing'],
    [
      cronJob({ timeZone: 'Europe/Nowhere' }),
      'spec.timeZone: expected the name of a time zone like "Europe/Berlin", found "Europe/Nowhere" (string)',
    ],
    [
      cronJob({ concurrencyPolicy: 'Never' }),
      'spec.concurrencyPolicy: expected Allow, Forbid or Replace, found "Never" (string)',
    ],
    [
      cronJob({ startingDeadlineSeconds: -1 }),
      'spec.startingDeadlineSeconds: expected a whole number from 0, found -1 (number)',
    ],
    [{ ...cronJob(), metadata: { name: 'a'.repeat(53) } }, 'metadata.name: expected at most 52 characters, found 53'],
    [
      cronJob({ jobTemplate: { spec: { template: { spec: { containers: [container] } } } } }),
      'spec.jobTemplate.spec.template.spec.restartPolicy: expected OnFailure or Never, found nothing',
    ],
    [
      cronJob({}, { backoffLimitPerIndex: 1 }),
      'spec.jobTemplate.spec.backoffLimitPerIndex: expected the completionMode Indexed beside it',
    ],
  ])('%#: %j', (manifest, problem) => {
    expect(plain(manifest)).toEqual([problem])
  })
  test('defaults', () => {
    const { jobTemplate, ...spec } = object('CronJob', cronJob()).spec
    expect(spec).toEqual({
      schedule: '0 3 * * *',
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    })
    expect(jobTemplate.spec).toMatchObject({ completions: 1, backoffLimit: 6 })
  })
  test('what a cluster keeps in the templates is ignored', () => {
    const { template } = job().spec
    const metadata = { creationTimestamp: '2026-01-01T00:00:00Z' }
    const jobTemplate = { metadata, spec: { template: { ...template, metadata } } }
    const { problems, warnings } = check(json(cronJob({ jobTemplate })))
    expect([problems, warnings.map(({ path }) => path)]).toEqual([
      [],
      ['spec.jobTemplate.metadata.creationTimestamp', 'spec.jobTemplate.spec.template.metadata.creationTimestamp'],
    ])
  })
})

describe('schedules', () => {
  test.each([
    '* * * * *',
    '*/5 * * * *',
    '0 0 1,15 * ?',
    '30 8-18/2 * jan-mar MON-fri',
    '  5   4  *  *  sun ',
    '5-59/15 0 31 12 6',
    '@hourly',
    '@midnight',
    '@every 1h30m',
    '@every 1.5s',
  ])('%s', (text) => {
    expect([scheduleFault(text), isFault(scheduleOf(text, undefined))]).toEqual([undefined, false])
  })
  test.each([
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '*/0 * * * *',
    '5-1 * * * *',
    '1-2-3 * * * *',
    '1/2/3 * * * *',
    ', * * * *',
    '* * jan * *',
    '* * * mon *',
    '@reboot',
    '@every',
    '@every soon',
    'TZ=UTC 0 0 * * *',
    'CRON_TZ=UTC 0 0 * * *',
  ])('%j is none', (text) => {
    expect(scheduleFault(text)).toMatch(/^expected a schedule /)
    expect(isFault(scheduleOf(text, undefined))).toBe(true)
  })
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('the time zone %s', (name) => {
    expect(timeZoneFault(name)).toBeUndefined()
  })
  test.each(['', 'Local', 'local', '+02:00', 'Mars/Olympus', ' UTC'])('%j is no time zone', (name) => {
    expect(timeZoneFault(name)).toBe('expected the name of a time zone like "Europe/Berlin"')
  })
})
