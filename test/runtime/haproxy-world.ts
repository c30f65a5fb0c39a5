// One node container with its real HAProxy and the real applier. Pods are servers in this process: it is in the host's network.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { expect } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { keyOf } from '../../src/base/key.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { NodeContainers } from '../../src/runtime/docker/node/container.ts'
import type { NodeSettings, NodeShell, TrafficApplier } from '../../src/runtime/docker/node/contract.ts'
import { createHaproxyApplier } from '../../src/runtime/docker/node/haproxy.ts'
import { HaproxyClient } from '../../src/runtime/docker/node/haproxy-client.ts'
import { openShell } from '../../src/runtime/docker/node/shell.ts'
import type {
  BackendRow,
  NetworkProblem,
  NetworkTable,
  ServicePortRow,
  ServiceRow,
} from '../../src/runtime/network/table.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { testNodeImage } from '../support/node-image.ts'

const testSocket = process.env.BERTH_TEST_DOCKER ?? ''

export interface HaproxyWorld extends AsyncDisposable {
  readonly settings: NodeSettings
  readonly docker: EngineWorld
  readonly node: string
  readonly shell: NodeShell
  readonly applier: TrafficApplier
  /** A node container of this image takes the place of the one before, which ends by itself. */
  replace(image: string): Promise<void>
  /** Ids of the node containers that run. */
  nodes(): Promise<readonly string[]>
  /** As the engine would: expect, then apply. */
  apply(table: Partial<NetworkTable>): Promise<readonly NetworkProblem[]>
  /** Resolves once workers that were replaced take nothing new any more: each hears of it a moment after the next one is there. */
  replaced(): Promise<void>
  /** An applier of a process that was started anew. */
  again(): Promise<TrafficApplier>
  readonly empty: NetworkTable
  /** Pods that `watch` told of. */
  readonly changes: readonly string[]
  /** A plain container on a network of its own. */
  container(name: string, command: readonly string[]): Promise<string>
  /** Names of the servers that the current worker has. */
  servers(): Promise<readonly string[]>
  /** `show proc`: how many workers there are, and how often HAProxy was loaded anew. */
  workers(): Promise<{ readonly running: number; readonly reloads: number }>
}

export async function haproxyWorld(serviceCIDR: string, more: Partial<NodeSettings> = {}): Promise<HaproxyWorld> {
  await ensureTestImages(testSocket)
  const settings: NodeSettings = {
    ...{ engine: `test-${randomBytes(4).toString('hex')}`, host: 'local', podCIDR: '10.196.0.0/16', serviceCIDR },
    ...{ zone: 'cluster.local', dnsAddress: '', ingressHttpPort: 0, ingressHttpsPort: 0, proxyProtocol: false },
    ...more,
  }
  const api = new HostApi(parseEndpoint('local', testSocket), defaultDeadlines, () => {})
  const docker = new EngineWorld(testSocket)
  const { Id: image } = JSON.parse((await engineCall(testSocket, 'GET', `/images/${testNodeImage}/json`)).text)
  const containers = new NodeContainers(api, settings, systemClock)
  const { id: node } = await containers.ensure(image)
  const shells: NodeShell[] = []
  const attached = async () => {
    const shell = await openShell(api, node, systemClock, () => {})
    shells.push(shell)
    const applier = createHaproxyApplier(settings)
    await applier.attach(shell)
    return { shell, applier }
  }
  const { shell, applier } = await attached()
  const changes: string[] = []
  applier.watch((pods) => changes.push(...pods))
  // While it takes a new configuration, the master does not answer.
  const socat = (socket: string, command: string) => {
    const once = `echo "${command}" | socat -t5 - UNIX-CONNECT:/state/run/${socket}.sock`
    return shell.run(`for try in $(seq 100); do ${once} && exit 0; sleep 0.05; done; exit 1`)
  }
  return {
    ...{ settings, docker, node, shell, applier, changes, empty: emptyTable },
    async container(name, command) {
      const Labels = { 'berth.dev/engine': settings.engine }
      const network = `${settings.engine}-${name}`
      await engineJson(testSocket, 'POST', '/networks/create', { Name: network, Labels })
      const body = { Image: testImages.one, Cmd: command, Labels, HostConfig: { NetworkMode: network } }
      const url = `/containers/create?name=${settings.engine}-${name}`
      const { Id: id } = await engineJson<{ Id: string }>(testSocket, 'POST', url, body)
      await engineJson(testSocket, 'POST', `/containers/${id}/start`)
      return id
    },
    async servers() {
      const lines = (await socat('haproxy', 'show servers state')).split('\n')
      return lines.flatMap((line) => line.split(' ')[3] ?? [])
    },
    apply: (table) => bring(applier, table),
    replaced: () => expect.poll(() => new HaproxyClient(shell).sessions([])).toBeDefined(),
    async replace(image) {
      let id = ''
      // The one before may end at the very moment at which it is told not to start again.
      const ensure = async () => {
        const found = await containers.ensure(image)
        id = found.id
        return found.message
      }
      await expect.poll(ensure, { timeout: 30_000 }).toBe('')
      applier.detach()
      const next = await openShell(api, id, systemClock, () => {})
      shells.push(next)
      await applier.attach(next)
    },
    async nodes() {
      const rows = await api.listNodes()
      return rows.flatMap(({ Id, State, Labels }) =>
        State === 'running' && Labels['berth.dev/engine'] === settings.engine ? [Id] : [],
      )
    },
    again: async () => (await attached()).applier,
    async workers() {
      let text = ''
      // While it starts a worker the master takes no connection.
      await expect.poll(async () => (text = await socat('master', 'show proc').catch(() => ''))).toContain('master')
      const reloads = Number(/master\s+(\d+)/.exec(text)?.[1] ?? -1)
      return { running: (text.match(/\bworker\b\s/g) ?? []).length, reloads }
    },
    async [Symbol.asyncDispose]() {
      applier.detach()
      for (const each of shells) each.close()
      await docker.clean(settings.engine)
      api.close()
    },
  }
}

export function bring(applier: TrafficApplier, table: Partial<NetworkTable>): Promise<readonly NetworkProblem[]> {
  const whole = { ...emptyTable, ...table }
  applier.expect(whole)
  return applier.apply(whole)
}

export const emptyTable: NetworkTable = {
  services: [],
  ingress: { routes: [], certificates: [], challenges: {} },
  policies: [],
  zone: 'cluster.local',
}

export function service(
  name: string,
  clusterIP: string,
  port: Partial<ServicePortRow>,
  more: Partial<ServiceRow> = {},
): ServiceRow {
  return {
    ...{
      key: keyOf({ namespace: 'shop', kind: 'Service', name }),
      namespace: 'shop',
      name,
      type: 'ClusterIP',
      clusterIP,
    },
    ...{ externalName: '', externalIPs: [], selector: {}, sourceRanges: [], affinitySeconds: undefined, addresses: [] },
    ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: 0, mode: 'tcp', backends: [], ...port }],
    ...more,
  }
}

/** Something that answers at an address of its own. */
export interface Pod extends AsyncDisposable {
  readonly row: BackendRow
  readonly draining: BackendRow
  readonly sockets: ReadonlySet<Socket>
  /** Takes no more, ends what is idle, resolves when nothing is left. */
  leave(): Promise<void>
  /** All at once. */
  crash(): Promise<void>
}

let lastAddress = 0

export async function httpPod(
  name: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end(name),
): Promise<Pod> {
  const server = createServer(answer)
  server.keepAliveTimeout = 60_000
  return pod(name, server, () => server.closeIdleConnections())
}

export function tcpPod(name: string, serve: (socket: Socket) => void): Promise<Pod> {
  return pod(name, createTcpServer(serve), () => {})
}

async function pod(name: string, server: Server, closeIdle: () => void): Promise<Pod> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  const address = await listenAnywhere(server)
  const row: BackendRow = {
    name: `${name}_8080`,
    pod: `shop/${name}`,
    host: 'local',
    address,
    port: 8080,
    state: 'ready',
  }
  const closed = () => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()))
  const crash = async () => {
    const done = closed()
    for (const socket of sockets) socket.resetAndDestroy()
    await done
  }
  const leave = async () => {
    const done = closed()
    closeIdle()
    await done
  }
  return { row, draining: { ...row, state: 'draining' }, sockets, leave, crash, [Symbol.asyncDispose]: crash }
}

/** Test files run side by side, each in a worker of its own number; those that run at the same time are close together. */
const network = 100 + (Number(process.env.VITEST_POOL_ID ?? 0) % 128)

/** At port 8080 of an address that nobody else has. */
async function listenAnywhere(server: Server): Promise<string> {
  for (;;) {
    lastAddress += 1
    const address = `127.${network}.${10 + Math.floor(lastAddress / 250)}.${1 + (lastAddress % 250)}`
    try {
      server.listen(8080, address)
      await once(server, 'listening')
      return address
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
