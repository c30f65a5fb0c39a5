// An engine of its own with the packet rules of one installation: real networks, the real applier, and a container in place of the node
// container that only runs the scripts which the applier left. Pods are plain containers.
import { request } from 'node:http'
import { systemClock } from '../../src/base/clock.ts'
import { parseRange, type Range } from '../../src/runtime/docker/addresses.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { Networks } from '../../src/runtime/docker/networks.ts'
import type { NodeSettings, NodeShell } from '../../src/runtime/docker/node/contract.ts'
import { createNftApplier, type NftApplier } from '../../src/runtime/docker/node/nft.ts'
import { openShell } from '../../src/runtime/docker/node/shell.ts'
import type { NetworkTable } from '../../src/runtime/network/table.ts'
import { startTestEngine, type TestEngine } from '../support/docker-engine.ts'
import { engineCall, engineJson } from '../support/engine-call.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { testNodeImage } from '../support/node-image.ts'

export const nodeImage = testNodeImage

export interface NftEngine extends AsyncDisposable {
  readonly engine: TestEngine
  readonly docker: EngineWorld
}

/** An engine with the images; several installations may be set up on it. */
export async function nftEngine(): Promise<NftEngine> {
  const engine = await startTestEngine()
  await copyImage(process.env.BERTH_TEST_DOCKER ?? '', engine.host, nodeImage)
  return { engine, docker: new EngineWorld(engine.host), [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
}

export interface NftWorld {
  readonly settings: NodeSettings
  readonly networks: Networks
  readonly applier: NftApplier
  readonly shell: NodeShell
  /** Id of what stands for the node container. */
  readonly node: string
  /** In the host's network namespace. */
  run(script: string): Promise<string>
  apply(table: Partial<NetworkTable>): ReturnType<NftApplier['apply']>
  /** A container on the namespace's network that runs `script`. */
  pod(namespace: string, name: string, script: string, options?: Record<string, unknown>): Promise<TestPod>
  close(): Promise<void>
}

export interface TestPod {
  readonly id: string
  readonly address: string
  /** Runs a shell script in it; answers what it printed, also when it failed. */
  run(script: string): Promise<string>
}

const empty: NetworkTable = {
  services: [],
  ingress: { routes: [], certificates: [], challenges: {} },
  policies: [],
  zone: 'cluster.local',
}

export interface WorldOptions {
  readonly installation?: string
  readonly podCIDR?: string
  readonly serviceCIDR?: string
}

export async function nftWorld({ engine, docker }: NftEngine, given: WorldOptions = {}): Promise<NftWorld> {
  const { installation = 'test-nft', podCIDR = '10.244.0.0/14', serviceCIDR = '10.96.0.0/16' } = given
  const settings: NodeSettings = {
    ...{ engine: installation, host: 'local', podCIDR, serviceCIDR, zone: 'cluster.local' },
    ...{ dnsAddress: '', ingressHttpPort: 0, ingressHttpsPort: 0, proxyProtocol: false },
  }
  const api = new HostApi(parseEndpoint('local', engine.host), defaultDeadlines, () => {})
  const node = await startNode(engine.host, installation, serviceCIDR)
  const shell = await openShell(api, node, systemClock, () => {})
  const applier = createNftApplier(settings, () => networks.records())
  const networks = new Networks(api, {
    ...{ engine: installation, podRange: range(podCIDR), mtu: 0, local: true },
    ...{ hostBlock: () => range(`${podCIDR.split('/')[0]}/20`), podsIn: () => 0, addressPools: () => [] },
    services: () => ({
      serviceRange: range(serviceCIDR),
      rulesFor: () => applier.rulesFor(),
      neighbours: async () => [],
      clock: systemClock,
    }),
    changed: () => {},
  })
  await applier.attach(shell)
  const run = (id: string) => (script: string) => docker.exec(id, ['sh', '-c', script])
  return {
    ...{ settings, networks, applier, shell, node },
    run: run(node),
    apply: (table) => applier.apply({ ...empty, ...table }),
    async pod(namespace, name, script, options = {}) {
      const network = await networks.withRoom(namespace)
      const host = { NetworkMode: network.name, ...(options.HostConfig ?? {}) }
      const body = { Image: nodeImage, Cmd: ['sh', '-c', script], ...options, HostConfig: host }
      const id = await startContainer(engine.host, `${installation}_${namespace}_${name}`, body)
      return { id, address: await addressOf(engine.host, id, network.name), run: run(id) }
    },
    async close() {
      shell.close()
      api.close()
    },
  }
}

/** Answers TCP and UDP on 8080 with its name and the address that asks. */
export function answering(name: string): string {
  const answer = `SYSTEM:'read line; echo ${name} to $SOCAT_PEERADDR'`
  return `socat UDP4-RECVFROM:8080,fork ${answer} & exec socat TCP4-LISTEN:8080,fork,reuseaddr ${answer}`
}

/** Asks one of them; answers nothing when nobody does within a second. */
export function ask(protocol: 'tcp' | 'udp', address: string, port = 8080, more = ''): string {
  const target = protocol === 'tcp' ? `TCP4:${address}:${port},connect-timeout=1` : `UDP4:${address}:${port}`
  return `echo x | timeout 3 socat -t1 -T1 - ${target}${more} 2>&1`
}

/** What a node container does for the packet rules, more often. */
const entry = `ip route replace local "$SERVICES" dev lo
mkdir -p /state/nft
[ -e /state/nft/apply.sh ] && sh /state/nft/apply.sh
while sleep 1; do [ -e /state/nft/check.sh ] && sh /state/nft/check.sh; done`

function startNode(socket: string, installation: string, serviceCIDR: string): Promise<string> {
  return startContainer(socket, `${installation}-node`, {
    Image: nodeImage,
    Cmd: ['sh', '-c', entry],
    Env: [`SERVICES=${serviceCIDR}`],
    HostConfig: {
      NetworkMode: 'host',
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      Binds: [`${installation}-node:/state`],
      RestartPolicy: { Name: 'always' },
    },
  })
}

export async function startContainer(socket: string, name: string, body: object): Promise<string> {
  const { Id: id } = await engineJson<{ Id: string }>(socket, 'POST', `/containers/create?name=${name}`, body)
  await engineJson(socket, 'POST', `/containers/${id}/start`)
  return id
}

export async function addressOf(socket: string, id: string, network: string): Promise<string> {
  const found = await engineJson<{ NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }>(
    socket,
    'GET',
    `/containers/${id}/json`,
  )
  return found.NetworkSettings.Networks[network]?.IPAddress ?? ''
}

function range(text: string): Range {
  const found = parseRange(text)
  if (!found) throw new Error(text)
  return found
}

async function copyImage(from: string, to: string, image: string): Promise<void> {
  const archive = await engineBytes(from, `/images/${image}/get`)
  const answer = await engineCall(to, 'POST', '/images/load', archive, 'application/x-tar')
  if (answer.status !== 200) throw new Error(`${image}: ${answer.text}`)
}

function engineBytes(socket: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket.replace(/^unix:\/\//, ''), path, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(Buffer.concat(chunks)) : reject(new Error(`${path}: ${answer.statusCode}`)),
      )
    })
    call.on('error', reject)
    call.end()
  })
}
