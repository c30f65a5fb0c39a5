// Every way in which a commit fails by itself, each under load on a real engine, and each taken back in Git.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTestImages } from '../support/images.ts'
import { ensureNodeImage } from '../support/node-image.ts'
import { Registry } from '../support/registry.ts'
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

test('an image that the registry does not have', async () => {
  await using registry = await Registry.start()
  await world.healthy({ 'app/web.yaml': deployment() })
  const words = await world.takenBack({ 'app/web.yaml': deployment({ image: `${registry.address}/none:1` }) })
  expect(words).toMatch(/(ErrImagePull|ImagePullBackOff): \S+\/none:1: .*(manifest unknown|not found)/)
})

test('a crash loop', async () => {
  await world.healthy({ 'app/web.yaml': deployment() })
  const env = { EXIT_AFTER: '1', EXIT_CODE: '7', READY_AFTER: 'never' }
  const words = await world.takenBack({ 'app/web.yaml': deployment({ env }) }, 180_000)
  expect(words).toContain('CrashLoopBackOff')
  expect(words).toContain('Exit code: 7')
  expect(words).toContain('    ending with code 7')
})

test('a value in a Secret with which the program ends; its output is told without it', async () => {
  // As with any program that checks its settings first, it is not ready before.
  const secret = (values: Readonly<Record<string, string>>): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'settings' }, stringData: values })
  const web = deployment({ more: '          envFrom: [{ secretRef: { name: settings } }]' })
  await world.healthy({ 'app/web.yaml': web, 'app/secret.json': secret({ MESSAGE: 'one' }) })
  const bad = secret({ MESSAGE: 'two', EXIT_CODE: '93', EXIT_AFTER: '1', READY_AFTER: 'never' })
  const words = await world.takenBack({ 'app/secret.json': bad }, 180_000)
  expect(words).toContain('CrashLoopBackOff')
  expect(words).toContain('    ending with code ***')
})
