// Previews of a source repository on a real engine: CI makes the images, a registry behind a password has them, and tells of them.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AppStatus } from '../../src/report/status.ts'
import { ask } from '../../src/server/client.ts'
import { runningEngine } from '../../src/server/state-dir.ts'
import { engineCall } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { debianRegistry, type LockedRegistry, registryUser } from '../support/locked-registry.ts'
import { TestBerth } from './berth.ts'
import { secret as secretOfHooks, TestForge } from './pull-forge.ts'
import { tracesOf, web } from './pull-scene.ts'

let berth: TestBerth
let forge: TestForge
let registry: LockedRegistry
let relay: Server
let pushed: string[]
/** What Berth answered the registry. */
let told: string[]
beforeAll(() => ensureTestImages(process.env.BERTH_TEST_DOCKER ?? ''))
beforeEach(async () => {
  berth = new TestBerth('images')
  // Where Berth listens is known once it runs.
  relay = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    const address = webhooks()
    if (address === undefined) {
      response.writeHead(503).end()
      return
    }
    const answer = await fetch(`${address}registry?token=${encodeURIComponent(secretOfHooks)}`, {
      method: 'POST',
      body,
      headers: { 'content-type': request.headers['content-type'] ?? '' },
    })
    told.push(await answer.text())
    response.writeHead(answer.status).end()
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  registry = await debianRegistry(`http://127.0.0.1:${(relay.address() as AddressInfo).port}/`)
  pushed = []
  told = []
})
afterEach(async () => {
  await forge.end()
  await berth.close()
  await forget()
  await registry[Symbol.asyncDispose]()
  relay.close()
})

const webhooks = () => /webhooks=(http:\/\/\S+)/.exec(berth.log)?.[1]

/** As CI does it, elsewhere: the host has to pull. */
async function ci(tag: string, image: string): Promise<string> {
  const { byTag, byDigest } = await registry.push(berth.socket, 'acme/shop', tag, image)
  pushed.push(byTag, byDigest)
  await forget()
  return `${byTag}@${byDigest.split('@')[1]}`
}

async function forget(): Promise<void> {
  for (const image of pushed) await engineCall(berth.socket, 'DELETE', `/images/${image}`)
}

function secret(): string {
  const { username, password, serverAddress } = registryUser(registry.address)
  const auths = { auths: { [serverAddress]: { username, password } } }
  const data = { '.dockerconfigjson': JSON.stringify(auths) }
  const metadata = { name: 'pull' }
  const type = 'kubernetes.io/dockerconfigjson'
  return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, type, stringData: data })
}

async function app(name: string): Promise<AppStatus | undefined> {
  const { address } = runningEngine(join(berth.dir, 'state'))!
  const { apps } = JSON.parse(await ask(address, 'GET', '/status')) as { apps: AppStatus[] }
  return apps.find((one) => one.name === name)
}

const row = async () => (await app('app'))?.previews?.[0]

/** What runs in the preview. */
async function images(): Promise<string[]> {
  const found = await berth.containers({ 'berth.dev/namespace': 'app-pr-1', 'berth.dev/container': 'main' })
  return [...new Set(found.filter(({ State }) => State === 'running').map(({ Image }) => Image))]
}

test('a pull request runs as soon as the registry tells of its image, and each push when its own is there', async () => {
  const image = `${registry.address}/acme/shop`
  const source = { repository: 'acme/shop', image, imageTemplate: `${image}:pr-{{number}}-{{shortSha}}` }
  forge = await TestForge.start(berth, { previews: { images: source } })
  await ci('main', testImages.one)
  const manifest = (message: string) =>
    web(message, 1, `${image}:main`).replace(
      '      containers:',
      '      imagePullSecrets: [{ name: pull }]\n      containers:',
    )
  const first = await forge.pushMain('Start', {
    'app/web.yaml': manifest('production'),
    'app/pull.yaml': secret(),
  })
  berth.start('--interval', '1h')
  await berth.synced(first)
  const pull = await forge.open({ 'app/web.yaml': 'what the source has is nothing that is applied' })
  const tag = `pr-1-${pull.head.slice(0, 7)}`
  await berth.until('it waits for its image', async () => {
    const { is, reason } = (await row()) ?? {}
    return is === 'queued' && reason === `the registry does not have ${image}:${tag} yet`
  })
  expect(await tracesOf(berth)).toEqual(['shop'])
  await forge.wasTold(pull.head, /^pending Waits: the registry does not have/)
  const one = await ci(tag, testImages.one)
  await berth.until('it runs', async () => {
    const preview = await app('app/pr-1')
    return preview?.commit === first && preview.sync === 'Synced' && preview.health === 'Healthy'
  })
  expect(await images()).toEqual([one])
  await forge.wasTold(pull.head, /^success Healthy/)
  await forge.said(
    pull,
    /release of its image would change in production\n\nOn .{9}: \*\*rolling replace, no downtime\*\*/,
  )
  const head = await forge.push(pull, { 'app/more.yaml': 'more' })
  await berth.until('the next one is waited for', async () => (await row())?.newest === head)
  expect(await row()).toMatchObject({ is: 'awake', head: expect.not.stringContaining(head) })
  expect(await images()).toEqual([one])
  const two = await ci(`pr-1-${head.slice(0, 7)}`, testImages.two)
  await berth.until('it has rolled', async () => (await images()).join() === two)
  await berth.until('it is healthy', async () => (await app('app/pr-1'))?.health === 'Healthy')
  expect(await row()).toMatchObject({ is: 'awake', reason: '', head })
  await forge.wasTold(head, /^success Healthy/)
  const changed = await forge.pushMain('Change production', {
    'app/web.yaml': manifest('changed'),
  })
  await berth.until('it follows production', async () => {
    const preview = await app('app/pr-1')
    return preview?.commit === changed && preview.sync === 'Synced' && preview.health === 'Healthy'
  })
  expect(await images()).toEqual([two])
  await forge.close(pull)
  await berth.until('it is gone', async () => (await tracesOf(berth)).join() === 'shop')
  expect(await berth.synced(changed)).toMatchObject({ health: 'Healthy', previews: [] })
  expect(told.filter((text) => text.includes('"applications":["app"]'))).toHaveLength(2)
  expect(berth.log).not.toContain(registryUser('').password)
  expect(berth.log).not.toContain(secretOfHooks)
})
