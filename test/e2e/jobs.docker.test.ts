// Jobs and CronJobs: what runs once runs once, whatever happens to Berth and to ended containers.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
/** Pods append their names to it. */
let file: string
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('jobs')
  file = join(berth.dir, 'ran')
  writeFileSync(file, '')
})
afterEach(() => berth.close())

const ran = (prefix: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(prefix))
    .sort()

/** The spec of a Job whose pods write down that they ran, and then do this. */
const jobSpec = (script: string, more = ''): string => `{ ${more} template: { spec: {
        restartPolicy: Never, terminationGracePeriodSeconds: 1,
        containers: [{ name: main, image: ${testImages.one}, volumeMounts: [{ name: ran, mountPath: /ran }],
          command: [sh, -c, 'echo $(hostname) $JOB_COMPLETION_INDEX >> /ran; ${script}'] }],
        volumes: [{ name: ran, hostPath: { path: ${file}, type: File } }] } } }
---
`

const job = (name: string, script: string, more = ''): string =>
  `apiVersion: batch/v1\nkind: Job\nmetadata: { name: ${name} }\nspec: ${jobSpec(script, more)}`

const cronJob = (name: string, script: string, more = ''): string =>
  `apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: ${name} }\n` +
  `spec:\n  schedule: '@every 1s'\n  ${more}\n  jobTemplate:\n    spec: ${jobSpec(script)}`

async function objectOf(name: string) {
  return (await berth.status()).objects.find((object) => object.name === name)
}

const sleep = 'exec sleep 100000'

test('Jobs end as they should, suspended ones wait, and none runs again without its containers', async () => {
  const jobs = (suspend: boolean): string =>
    job('parts', 'exit 0', 'completionMode: Indexed, completions: 3, parallelism: 2,') +
    job('bad', 'exit 3', 'backoffLimit: 0,') +
    job('brief', 'exit 0', 'ttlSecondsAfterFinished: 1,') +
    job('long', sleep, suspend ? 'suspend: true,' : '')
  berth.repository.commit('Add jobs', { 'app/jobs.yaml': jobs(false) })
  berth.start('--pod-security', 'privileged')
  await berth.until('all but one have ended', async () => ran('parts').length === 3 && ran('long').length === 1)
  await berth.until('the brief one has left', async () => {
    return ran('brief').length === 1 && (await berth.containers({ 'berth.dev/owner': 'Job/brief' })).length === 0
  })
  await berth.until('their ends are told', async () => (await objectOf('parts'))?.message === 'Complete')
  expect(ran('parts')).toEqual(['parts-0 0', 'parts-1 1', 'parts-2 2'])
  expect(await objectOf('bad')).toMatchObject({
    health: 'Degraded',
    message: expect.stringMatching(
      /^BackoffLimitExceeded: backoffLimit 0 was reached: pod bad-\w+-0: .*Error, exit code 3/,
    ),
  })
  expect(await objectOf('brief')).toMatchObject({ health: 'Healthy', ready: '1/1', message: 'Complete' })

  berth.repository.commit('Wait', { 'app/jobs.yaml': jobs(true) })
  await berth.until('it is suspended', async () => (await objectOf('long'))?.message === 'suspended')
  expect(await berth.containers({ 'berth.dev/owner': 'Job/long' })).toEqual([])
  expect(await objectOf('long')).toMatchObject({ health: 'Suspended' })

  await berth.stop('SIGKILL')
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${berth.id}`] }))
  expect((await engineCall(berth.socket, 'POST', `/containers/prune?filters=${filters}`)).status).toBe(200)
  berth.repository.commit('Go on', { 'app/jobs.yaml': jobs(false) })
  berth.start('--pod-security', 'privileged')
  await berth.until('it is resumed', () => ran('long').length === 2)
  expect(await objectOf('parts')).toMatchObject({ ready: '3/3', health: 'Healthy', message: 'Complete' })
  expect(await objectOf('bad')).toMatchObject({ health: 'Degraded' })
  expect([ran('parts'), ran('bad'), ran('brief')].map((lines) => lines.length)).toEqual([3, 1, 1])
}, 240_000)

test('CronJobs run once a minute, even when Berth is killed in the middle', async () => {
  const jobs =
    cronJob('tick', 'exit 0', 'successfulJobsHistoryLimit: 1') +
    cronJob('stuck', sleep, 'concurrencyPolicy: Forbid') +
    cronJob('paused', sleep, 'suspend: true')
  berth.repository.commit('Add jobs', { 'app/jobs.yaml': jobs })
  berth.start('--pod-security', 'privileged')
  const minutes = () => ran('tick').map((line) => line.replace(/^tick-([0-9]+)-.*/, '$1'))
  await berth.until('a run has begun', () => ran('tick').length > 0)
  await berth.stop('SIGKILL')
  berth.start('--pod-security', 'privileged')
  await berth.until('the next run has begun', () => minutes().length > 1, 90_000)
  await berth.stop('SIGKILL')
  berth.start('--pod-security', 'privileged')
  const tick = { 'berth.dev/container': 'main', 'berth.dev/owner': 'CronJob/tick' }
  await berth.until('only the last run is left', async () => {
    const [pod, ...others] = await berth.containers(tick)
    const ended = (await objectOf('tick'))?.message.includes('last run Complete') ?? false
    return ended && others.length === 0 && (pod?.Labels['berth.dev/pod'] ?? '').includes(minutes().at(-1) ?? 'none')
  })
  expect(new Set(minutes()).size).toBe(ran('tick').length)
  expect(ran('stuck')).toHaveLength(1)
  expect(ran('paused')).toEqual([])
  expect(await objectOf('stuck')).toMatchObject({ message: expect.stringContaining('1 run active') })
  expect(await objectOf('paused')).toMatchObject({ health: 'Suspended', message: 'suspended' })
}, 240_000)
