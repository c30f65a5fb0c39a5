// A failed commit on a real engine and a real repository; the other ways to fail are in rollback.proof.test.ts.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import { ensureNodeImage } from '../support/node-image.ts'
import { deployment } from './berth.ts'
import { RollbackWorld } from './rollback-world.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
beforeAll(async () => {
  await ensureTestImages(socket)
  await ensureNodeImage(socket)
})
let world: RollbackWorld
beforeEach(() => {
  world = new RollbackWorld()
})
afterEach(() => world.close())

test('a readiness that never comes is taken back in Git, no request fails, and a person can go on from there', async () => {
  const good = await world.healthy({ 'app/web.yaml': deployment({ replicas: 2 }) })
  const before = await world.berth.pods()
  const deadline = '  progressDeadlineSeconds: 15'
  const never = deployment({ replicas: 2, strategy: deadline, env: { READY_AFTER: 'never' } })
  const words = await world.takenBack({ 'app/web.yaml': never })
  expect(words).toContain(`Roll back app to ${good.slice(0, 7)}: Deployment web failed`)
  expect(words).toContain('ProgressDeadlineExceeded')
  expect(words).toMatch(/The last lines of container main of pod web-\S+:\n\n {4}serving version 1 on port 8080/)
  expect(await world.berth.pods()).toEqual(before)

  const { stdout } = await world.berth.command('history')
  expect(stdout).toContain('rolledBack')
  expect(stdout).toMatch(/ {2}reverts [0-9a-f]{7}/)

  const held = world.push('Once more', { 'app/web.yaml': never })
  const refused = await world.berth.until(
    'the same folder is held',
    (app) => app.head === held && app.sync === 'Refused',
  )
  expect(refused.message).toContain('it failed before')
  expect(await world.berth.pods()).toEqual(before)

  const back = await world.berth.command('rollback')
  expect(back.stderr).toBe('')
  expect(back.code).toBe(0)
  await world.berth.synced(world.git('rev-parse', 'main'))
  expect(world.git('rev-parse', 'main:app')).toBe(world.git('rev-parse', `${good}:app`))
})
