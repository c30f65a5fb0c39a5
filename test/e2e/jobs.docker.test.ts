import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { TestBerth } from './berth.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('jobs')
})
afterEach(() => berth.close())

const indexedJob = (more = '') => `apiVersion: batch/v1
kind: Job
metadata: {name: parts}
spec:
  completionMode: Indexed
  completions: 3
  parallelism: 2
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${testImages.one}
          command: [sh, -c, 'echo part $(JOB_COMPLETION_INDEX) of $(hostname); exit 0']
${more}`

const everyMinute = `apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: '* * * * *'
  successfulJobsHistoryLimit: 1
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          containers:
            - name: main
              image: ${testImages.one}
              command: [sh, -c, 'echo tick; exit 0']
`

async function objectOf(kind: string) {
  return (await berth.status()).objects.find((object) => object.kind === kind)
}

test('a Job does all its parts, and never again', async () => {
  const first = berth.repository.commit('Add parts', { 'app/parts.yaml': indexedJob() })
  berth.start()
  await berth.synced(first)
  expect(await objectOf('Job')).toMatchObject({ ready: '3/3', health: 'Healthy', message: 'Complete' })
  const containers = await berth.containers({ 'berth.dev/container': 'main', 'berth.dev/owner': 'Job/parts' })
  const pods = containers.map(({ Labels }) => Labels['berth.dev/pod']?.replace(/[a-z0-9]{10}/, 'hash')).sort()
  expect(pods).toEqual(['parts-0-hash-0', 'parts-1-hash-0', 'parts-2-hash-0'])

  await berth.stop('SIGKILL')
  for (const { Id } of await berth.containers({ 'berth.dev/owner': 'Job/parts' }))
    await engineCall(berth.socket, 'DELETE', `/containers/${Id}?force=true`)
  berth.start()
  await berth.until('the job is known again', async () => (await objectOf('Job'))?.message === 'Complete')
  expect(await objectOf('Job')).toMatchObject({ ready: '3/3', health: 'Healthy' })
  expect(await berth.containers({ 'berth.dev/owner': 'Job/parts' })).toEqual([])
}, 120_000)

test('a CronJob runs once a minute, even when Berth is killed in the middle', async () => {
  berth.repository.commit('Add tick', { 'app/tick.yaml': everyMinute })
  berth.start()
  const owner = { 'berth.dev/container': 'main', 'berth.dev/owner': 'CronJob/tick' }
  await berth.until('a run has begun', async () => (await berth.containers(owner)).length > 0, 90_000)
  await berth.stop('SIGKILL')
  berth.start()
  await berth.until(
    'its end is known',
    async () => (await objectOf('CronJob'))?.message.includes('last run Complete') ?? false,
    90_000,
  )
  const pods = (await berth.containers(owner)).map(({ Labels }) => Labels['berth.dev/pod'] ?? '')
  expect(pods.map((name) => name.replace(/^tick-[0-9]+-[a-z0-9]{10}/, 'tick-minute-hash'))).toContain(
    'tick-minute-hash-0',
  )
  expect(new Set(pods).size).toBe(pods.length)
  expect(pods.every((name) => name.endsWith('-0'))).toBe(true)
}, 240_000)
