import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import type { TestBerth } from './berth.ts'
import { type JobsBerth, jobsBerth, sleep } from './jobs.ts'

let berth: TestBerth
let ran: JobsBerth['ran']
let cronJob: JobsBerth['cronJob']
let objectOf: JobsBerth['objectOf']
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  ;({ berth, ran, cronJob, objectOf } = jobsBerth('jobs'))
})
afterEach(() => berth.close())

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
})
