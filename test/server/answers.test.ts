import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { type Served, serve } from '../../src/cli/serve.ts'
import type { AppStatus } from '../../src/report/status.ts'
import { ask } from '../../src/server/client.ts'
import { breathe, open, pass, repository, runtime } from '../support/engine-fixture.ts'

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: 'app:1' }] }
`

let served: Served | undefined
let release: () => void
let never: Promise<void>

beforeEach(() => {
  never = new Promise((done) => {
    release = done
  })
})
afterEach(async () => {
  await served?.close()
  served = undefined
  // Before the engine is closed, which waits for what is being done.
  release()
  await breathe()
})

async function serving(engine: Parameters<typeof serve>[0]): Promise<string> {
  const settings = { applications: [], listen: '127.0.0.1:0' } as unknown as Parameters<typeof serve>[1]
  served = await serve(engine, settings, silentLog)
  return served.address
}

async function statusAt(address: string): Promise<AppStatus | undefined> {
  return (JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }).apps[0]
}

test('what is known is told while a call to Docker has no answer', async () => {
  repository.push('Run it', { 'web.yaml': web })
  const engine = open()
  let asked = 0
  runtime.createSandbox = () => {
    asked += 1
    return never
  }
  await engine.start()
  await pass(2_000)
  expect(asked).toBe(1)
  const address = await serving(engine)
  expect(await ask(address, 'GET', '/healthz')).toBe('ok\n')
  expect(await statusAt(address)).toMatchObject({ name: 'shop', sync: 'OutOfSync', health: 'Missing' })
  expect(await ask(address, 'GET', '/metrics')).toContain('berth_application_health{app="shop",health="Missing"} 1')
})

test('what is known is told while the repository has no answer', async () => {
  const engine = open()
  repository.fetch = async () => {
    await never
    throw new Error('it was given up')
  }
  await engine.start()
  await pass(2_000)
  const address = await serving(engine)
  expect(await statusAt(address)).toMatchObject({
    name: 'shop',
    stage: 'fetching',
    message: 'waiting for the first commit',
  })
  await ask(address, 'POST', '/sync')
  expect(await statusAt(address)).toMatchObject({ stage: 'fetching' })
})

test('what is known is told while no host has answered yet', async () => {
  const engine = open()
  runtime.start = () => never
  const started = engine.start()
  await pass(2_000)
  const address = await serving(engine)
  expect(await ask(address, 'GET', '/healthz')).toBe('ok\n')
  expect(await statusAt(address)).toMatchObject({ name: 'shop', stage: 'fetching' })
  release()
  await started
})
