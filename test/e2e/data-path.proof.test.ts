// What goes on while something of it is gone: Berth, the node container, Docker, the packet rules, the image, a port.
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppStatus } from '../../src/report/status.ts'
import { mayStartEngines, startTestEngine } from '../support/docker-engine.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { ensureNodeImage } from '../support/node-image.ts'
import { type DeploymentOptions, deployment, TestBerth } from './berth.ts'
import {
  askAll,
  client,
  closeServices,
  lookUpAll,
  nodes,
  podAddress,
  runIn,
  service,
  servicesBerth,
} from './network.ts'
import { insidePod, Traffic, type TrafficResult } from './traffic.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const range = 208
/** One test needs what the one before it left. */
const inTurn = { concurrent: false }

const services = [
  service('web', '{ selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }'),
  service(
    'spoken',
    '{ selector: { app: web }, ports: [{ port: 9000, targetPort: 8080 }] }',
    ', annotations: { berth.dev/service-mode: http }',
  ),
].join('---\n')
const web = (options: DeploymentOptions = {}) => ({ 'app/web.yaml': deployment({ replicas: 2, ...options }) })

beforeAll(async () => {
  await ensureTestImages(socket)
  await ensureNodeImage(socket)
})

/** To both Services of a shop, and for the name of one. */
async function traffic(berth: TestBerth, second: number, inside?: readonly string[]): Promise<Traffic> {
  const [first = '', other = ''] = await lookUpAll(berth, ['web', 'spoken'])
  const paths = [
    { name: 'detected', host: first, port: 80 },
    { name: 'http', host: other, port: 9000 },
  ]
  return new Traffic({ paths, server: `10.${second}.0.10`, name: 'web.shop.svc.cluster.local' }, inside)
}

function expectNoFailure({ requests, failures, names, failedNames }: TrafficResult): void {
  expect(failures).toEqual([])
  expect(failedNames).toEqual([])
  expect(requests).toBeGreaterThan(100)
  expect(names).toBeGreaterThan(100)
}

/** How many servers of an image run. */
async function running(berth: TestBerth, image: string): Promise<number> {
  const containers = await berth.containers({ 'berth.dev/container': 'main' })
  return containers.filter(({ Image, State }) => Image === image && State === 'running').length
}

describe.concurrent('without Berth', () => {
  let berth: TestBerth
  let commit: string
  const start = () => berth.start('--pod-security', 'privileged')

  beforeAll(async () => {
    berth = servicesBerth('data-path', { range })
    commit = berth.repository.commit('Add', { ...web(), 'app/services.yaml': services, 'app/client.yaml': client() })
    start()
    await berth.synced(commit)
  })
  afterAll(() => closeServices(berth, { range }))

  test('all goes on, and the next Berth leaves what is right as it is', inTurn, async () => {
    using asked = await traffic(berth, range + 1)
    await asked.more(50)
    const before = await haproxy(berth)
    expect(before.servers.length).toBeGreaterThan(1)

    await berth.stop('SIGKILL')
    await asked.more(200)
    start()
    commit = berth.repository.commit('One more', web({ replicas: 3 }))
    await berth.synced(commit)
    await asked.more(50)

    expectNoFailure(await asked.end())
    const after = await haproxy(berth)
    expect(after.process).toBe(before.process)
    const names = new Set(before.servers.map(({ name }) => name))
    const kept = after.servers.filter(({ name }) => names.has(name))
    expect(after.servers.length).toBeGreaterThan(kept.length)
    expect(kept.map(({ name }) => name)).toEqual([...names])
    const elapsed = after.seconds - before.seconds
    for (const { unchangedSeconds } of kept) expect(unchangedSeconds).toBeGreaterThanOrEqual(elapsed)
  })

  test('a node container that is killed is back within seconds', inTurn, async () => {
    using asked = await traffic(berth, range + 1)
    await asked.more(50)
    const [node] = await nodes(berth)
    const killed = Date.now()
    await new EngineWorld(socket).kill(node?.Id ?? '')
    await berth.until('it runs', async () => (await nodes(berth))[0]?.State === 'running')
    await berth.until('all answers', async () => {
      const answers = await askAll(berth, ['web:80', 'spoken:9000'])
      return answers.every((answer) => answer === 'version 1')
    })
    const back = Date.now()
    await asked.more(100)

    const { failures } = await asked.end()
    expect(failures.filter(({ began }) => began < killed - 1000 || began > back)).toEqual([])
    expect(back - killed).toBeLessThan(15_000)
  })

  test('a rollout during which Berth is killed costs no request', inTurn, async () => {
    using asked = await traffic(berth, range + 1)
    commit = berth.repository.commit('Version 2', web({ replicas: 3, image: testImages.two }))
    await berth.until('it has begun', async () => (await running(berth, testImages.two)) > 0)
    await berth.stop('SIGKILL')
    expect(await running(berth, testImages.one)).toBeGreaterThan(0)
    await asked.more(100)
    start()
    await berth.synced(commit)
    await berth.until('the old pods are gone', async () => (await running(berth, testImages.one)) === 0)
    await asked.more(50)
    expectNoFailure(await asked.end())
    expect(berth.log).toMatch(/take pod web-.* out of traffic/)
    expect(berth.log).not.toMatch(/stop pod web-.*because="old revision/)
  })

  test('ports that others have are told, and taken once they are free', inTurn, async () => {
    const [nodePort, hostPort] = [30_000 + (process.pid % 1300), 20_000 + (process.pid % 10_000)]
    const ports = '[{ name: a, port: 80, targetPort: 8080, nodePort: NODE }, { name: b, port: 81, targetPort: 8080 }]'
    const open = `{ type: NodePort, selector: { app: web }, ports: ${ports.replace('NODE', String(nodePort))} }`
    const pod = client('door').replace('command:', `ports: [{ containerPort: 7000, hostPort: ${hostPort} }], command:`)
    const others = await Promise.all([listen(nodePort), listen(hostPort)])
    try {
      commit = berth.repository.commit('Doors', { 'app/open.yaml': service('open', open), 'app/door.yaml': pod })
      const words = (app: AppStatus, name: string) => app.objects.find((one) => one.name === name)?.message ?? ''
      await berth.until('both are told', (app) => {
        const isTold = /^start sandbox of pod door: .* bind: address already in use$/.test(words(app, 'door'))
        return isTold && words(app, 'open') === `port ${nodePort} is in use on this host`
      })
      expect(await askAll(berth, ['open:80', 'open:81', 'web:80'])).toEqual(Array(3).fill('version 2'))
    } finally {
      for (const other of others) other.close()
    }
    await berth.synced(commit)
    const answer = await fetch(`http://127.0.0.1:${nodePort}/`)
    expect(await answer.text()).toBe('version 2\n')
  })
})

describe.runIf(mayStartEngines)('with an engine of its own', { concurrent: true }, () => {
  test('Docker is ended and killed, and the packet rules flushed: all goes on', async () => {
    await using engine = await startTestEngine({ liveRestore: true })
    await ensureTestImages(engine.host)
    await ensureNodeImage(engine.host)
    const berth = servicesBerth('live-restore', { range, socket: engine.host, inside: engine.command })
    try {
      const first = berth.repository.commit('Add', {
        ...web(),
        'app/services.yaml': services,
        'app/client.yaml': client(),
        'app/stranger.yaml': client('stranger', ', namespace: other'),
      })
      berth.start()
      await berth.synced(first)
      using asked = await traffic(berth, range + 1, await insidePod(berth, 'client'))
      await asked.more(50)
      for (const how of ['stop', 'kill'] as const) {
        await engine.stop(how)
        await asked.more(100)
        await engine.start()
        await asked.more(100)
      }
      const second = berth.repository.commit('Version 2', web({ image: testImages.two }))
      await berth.synced(second)
      await berth.until('the old pods are gone', async () => (await running(berth, testImages.one)) === 0)

      await berth.stop('SIGKILL')
      const name = (await berth.pods()).find((each) => each.startsWith('web-')) ?? ''
      const target = `${await podAddress(berth, name)}:8080`
      const seen = async () =>
        (await Promise.all(['client', 'stranger'].map((pod) => askAll(berth, [target], pod)))).flat()
      expect(await seen()).toEqual(['version 2', expect.stringMatching(/^-/)])
      const [node] = await nodes(berth)
      const table = `nft list chain ip berth_${berth.id.replaceAll('-', '_')} forward_pods 2>/dev/null | grep -q drop`
      const flushed = await runIn(berth, node?.Id ?? '', `nft flush ruleset; ${table} || echo gone`)
      expect(flushed.trim()).toBe('gone')
      const waited = await runIn(
        berth,
        node?.Id ?? '',
        `for each in $(seq 350); do ${table} && break; sleep 0.1; done; ${table} && echo back`,
      )
      expect(waited.trim()).toBe('back')
      expect(await seen()).toEqual(['version 2', expect.stringMatching(/^-/)])
      expectNoFailure(await asked.end())
    } finally {
      await berth.close()
    }
  })

  test('without an image that can be had, pods start after half a minute', async () => {
    await using engine = await startTestEngine()
    await ensureTestImages(engine.host)
    const berth = servicesBerth('no-image', {
      range,
      socket: engine.host,
      inside: engine.command,
      nodeImage: 'nothing:1',
    })
    try {
      const commit = berth.repository.commit('Add', { ...web(), 'app/services.yaml': services })
      berth.start()
      const told = /^network of host local: image nothing:1 could be neither pulled \(.+\) nor built \(.+\)$/
      await berth.until('it is told', ({ warnings }) => warnings.some((warning) => told.test(warning)))
      expect(await running(berth, testImages.one)).toBe(0)
      const isBack = ({ objects }: AppStatus) =>
        objects.some(({ kind, health }) => kind === 'Deployment' && health === 'Healthy')
      const { objects } = await berth.until('its pods run', (app) => app.commit === commit && isBack(app))
      expect(await running(berth, testImages.one)).toBe(2)
      const waiting = { kind: 'Service', health: 'Progressing', message: 'waits for the network' }
      expect(objects.filter(({ kind }) => kind === 'Service')).toMatchObject([waiting, waiting])
    } finally {
      await berth.close()
    }
  })
})

test('names mode leads names of Services to pods, without a warning', async () => {
  const berth = new TestBerth('names-mode')
  try {
    const commit = berth.repository.commit('Add', {
      ...web(),
      'app/service.yaml': service('site', '{ selector: { app: web }, ports: [{ port: 8080 }] }'),
      'app/client.yaml': client(),
    })
    berth.start()
    const { warnings } = await berth.synced(commit)
    expect(warnings).toEqual([])
    expect(await askAll(berth, ['site:8080'])).toEqual(['version 1'])
    expect(await nodes(berth)).toEqual([])
  } finally {
    await berth.close()
  }
})

interface Seen {
  readonly process: string
  /** Since that began. */
  readonly seconds: number
  readonly servers: readonly { readonly name: string; readonly unchangedSeconds: number }[]
}

/** What HAProxy says of itself. */
async function haproxy(berth: TestBerth): Promise<Seen> {
  const [node] = await nodes(berth)
  const ask = "echo 'show info;show servers state' | socat -t5 - UNIX-CONNECT:/state/run/haproxy.sock"
  const text = await runIn(berth, node?.Id ?? '', ask)
  const servers = text.split('\n').flatMap((line) => {
    const [, backend = '', , server = '', , , , , , unchanged = ''] = line.split(' ')
    const isServer = /^\d+ \S*shop/.test(line)
    return isServer ? [{ name: `${backend}/${server}`, unchangedSeconds: Number(unchanged) }] : []
  })
  return {
    process: /^Pid: (\d+)/m.exec(text)?.[1] ?? '',
    seconds: Number(/^Uptime_sec: (\d+)/m.exec(text)?.[1]),
    servers,
  }
}

/** Another program at a port of this machine. */
async function listen(port: number): Promise<Server> {
  const server = createServer()
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(port, '0.0.0.0', done)
  })
  return server
}
