// Jobs: what runs once runs once, whatever happens to Berth and to ended containers.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages } from '../support/images.ts'
import type { TestBerth } from './berth.ts'
import { type JobsBerth, jobsBerth, sleep } from './jobs.ts'

let berth: TestBerth
let ran: JobsBerth['ran']
let job: JobsBerth['job']
let objectOf: JobsBerth['objectOf']
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  ;({ berth, ran, job, objectOf } = jobsBerth('jobs'))
})
afterEach(() => berth.close())

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
})
