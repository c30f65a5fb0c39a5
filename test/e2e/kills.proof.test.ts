import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages } from '../support/images.ts'
import { deployment, TestBerth } from './berth.ts'
import { killed } from './kills.ts'

let berth: TestBerth
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(() => {
  berth = new TestBerth('kills')
})
afterEach(() => berth.close())

test('SIGKILL at ten moments of a rollout: the next start goes on, nothing is doubled or lost', async () => {
  await killed(berth, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('what outlives the pause container of its pod ends before that starts again', async () => {
  const commit = berth.repository.commit('Add', { 'app/web.yaml': deployment({ replicas: 1 }) })
  berth.start()
  await berth.synced(commit)
  const [main] = await berth.containers({ 'berth.dev/container': 'main' })
  const pause = (await berth.containers()).find(({ Labels }) => !Labels['berth.dev/container'])
  await engineCall(berth.socket, 'POST', `/containers/${pause?.Id}/kill`)
  await berth.until('the container was made again, and answers', async ({ health }) => {
    const [now] = await berth.containers({ 'berth.dev/container': 'main' })
    return health === 'Healthy' && now?.State === 'running' && now.Id !== main?.Id
  })
  const filters = JSON.stringify({ container: [main?.Id, pause?.Id], event: ['start', 'die'] })
  const until = Math.ceil(Date.now() / 1000)
  const events = await engineCall(
    berth.socket,
    'GET',
    `/events?since=0&until=${until}&filters=${encodeURIComponent(filters)}`,
  )
  const told = events.text.trim().split('\n').slice(-3)
  const names = new Map([
    [main?.Id, 'main'],
    [pause?.Id, 'pause'],
  ])
  const order = told.map((line) => JSON.parse(line)).map(({ id, status }) => `${names.get(id)} ${status}`)
  expect(order).toEqual(['pause die', 'main die', 'pause start'])
})
