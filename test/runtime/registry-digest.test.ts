import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { defaultNetwork } from '../../src/manifests/config-network.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { createDockerRuntime } from '../../src/runtime/docker/runtime.ts'
import { FakeClock } from '../sim/fake-clock.ts'

let folder: string
let server: Server
let answer: { status: number; body: object }
let asked: { path: string | undefined; auth: string | undefined }[]

/** An engine that knows one call. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-registry-'))
  asked = []
  server = createServer((request, response) => {
    const auth = request.headers['x-registry-auth']
    asked.push({
      path: request.url,
      auth: typeof auth === 'string' ? Buffer.from(auth, 'base64').toString() : undefined,
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(join(folder, 'engine.sock'), resolve))
})
afterEach(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

const api = () => new HostApi({ socketPath: join(folder, 'engine.sock') }, defaultDeadlines, () => {})
const image = 'registry.example.com:5000/shop/web:pr-7'

test('an image that is there has a digest', async () => {
  answer = { status: 200, body: { Descriptor: { digest: 'sha256:12' }, Platforms: [] } }
  const one = api()
  expect(await one.registryDigest(image, { username: 'ann', password: 'x', serverAddress: 'r' })).toBe('sha256:12')
  one.close()
  expect(asked[0]?.path).toBe(`/distribution/${image}/json`)
  expect(JSON.parse(asked[0]?.auth ?? '')).toEqual({ username: 'ann', password: 'x', serveraddress: 'r' })
})

test.each([
  [404, 'manifest unknown', undefined],
  [404, 'errors:\nmanifest unknown: manifest unknown\n', undefined],
  [404, 'page not found', 'page not found'],
  [401, 'unauthorized', 'unauthorized'],
  [403, 'denied: requested access to the resource is denied', 'denied'],
  [429, 'toomanyrequests: slow down', 'toomanyrequests'],
  [500, 'received unexpected HTTP status: 502 Bad Gateway', '502'],
  [500, 'Get "http://r/v2/": dial tcp: lookup r: no such host', 'no such host'],
])('%d %s', async (status, message, words) => {
  answer = { status, body: { message } }
  const one = api()
  if (words === undefined) expect(await one.registryDigest(image)).toBeUndefined()
  else {
    await expect(one.registryDigest(image)).rejects.toMatchObject({
      name: 'RuntimeError',
      message: expect.stringContaining(words),
    })
  }
  one.close()
})

test('without a host that answers nobody can ask', async () => {
  const runtime = createDockerRuntime({
    ...{
      engine: 'digest',
      hosts: [{ name: 'away', endpoint: `unix://${join(folder, 'none.sock')}` }],
      pauseImage: 'p',
    },
    network: { ...defaultNetwork, mode: 'names', zone: 'cluster.local' },
    ...{ clock: new FakeClock(), log: silentLog },
  })
  await expect(runtime.registryDigest(image)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
  await runtime.close()
})
