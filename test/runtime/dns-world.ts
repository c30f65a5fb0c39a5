import { randomInt } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { systemClock } from '../../src/base/clock.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import type { Applier, NodeSettings, NodeShell } from '../../src/runtime/docker/node/contract.ts'
import { createDnsApplier } from '../../src/runtime/docker/node/dns.ts'
import { openShell } from '../../src/runtime/docker/node/shell.ts'
import { nodeEntry } from '../../src/runtime/network/node-entry.ts'
import type { NetworkTable } from '../../src/runtime/network/table.ts'
import { type DnsUpstream, dnsUpstream } from '../support/dns-upstream.ts'
import { engineJson } from '../support/engine-call.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { testNodeImage } from '../support/node-image.ts'

/** The name that the upstream server of these tests knows, and its address. */
export const outside = { name: 'www.example.test', address: '192.0.2.7' } as const

/** Has a C library with its resolver, too. */
export const nodeImage = testNodeImage

/** A node container with nothing but the DNS server, on the network of the test engine's host. */
export interface DnsWorld extends AsyncDisposable {
  readonly settings: NodeSettings
  readonly docker: EngineWorld
  readonly node: string
  readonly resolver: Resolver
  readonly shell: NodeShell
  readonly upstream: DnsUpstream
  readonly applier: Applier
  apply(table: NetworkTable): Promise<void>
  /** An applier that knows nothing, as after a restart of Berth. */
  another(): Promise<Applier>
  /** A newer node container takes over; resolves when the one before it has ended. */
  replace(): Promise<void>
}

export async function dnsWorld(socket: string, image: string = nodeImage): Promise<DnsWorld> {
  const docker = new EngineWorld(socket)
  const engine = `test-dns-${randomInt(0x10000).toString(16)}`
  const { third, upstreamAddress, upstream } = await ownRange()
  const settings = settingsOf(engine, third)
  const container = (since: number, mounts: object) => ({
    Image: image,
    Entrypoint: ['sh', '-c', nodeEntry],
    Cmd: [],
    Env: [`BERTH_SERVICE_CIDR=${settings.serviceCIDR}`, `BERTH_NODE_SINCE=${since}`],
    Volumes: { '/state': {} },
    HostConfig: { NetworkMode: 'host', CapAdd: ['NET_ADMIN', 'NET_RAW'], Dns: [upstreamAddress], ...mounts },
  })
  const node = await started(socket, container(1, {}))
  const api = new HostApi(parseEndpoint('test', socket), defaultDeadlines, () => {})
  const shell = await openShell(api, node, systemClock, () => {})
  const applier = createDnsApplier(settings)
  await applier.attach(shell)
  // What takes longer than a few of those before is asked again: it does not keep to its time-out.
  const resolver = new Resolver({ timeout: 8000, tries: 4 })
  resolver.setServers([settings.dnsAddress])
  const shells = [shell]
  const nodes = [node]
  return {
    ...{ settings, docker, node, resolver, shell, applier, upstream },
    apply: async (table) => {
      await applier.apply(table)
    },
    async another() {
      const made = createDnsApplier(settings)
      const own = await openShell(api, node, systemClock, () => {})
      shells.push(own)
      await made.attach(own)
      return made
    },
    async replace() {
      const last = nodes.at(-1) ?? node
      nodes.push(await started(socket, container(nodes.length + 1, { VolumesFrom: [node] })))
      await engineJson(socket, 'POST', `/containers/${last}/wait`)
    },
    async [Symbol.asyncDispose]() {
      resolver.cancel()
      // Without its script it is not started again, which would take the address once more.
      const newest = await openShell(api, nodes.at(-1) ?? node, systemClock, () => {})
      shells.push(newest)
      await newest.run(`rm /state/dns/run.sh; kill "$(cat /dev/shm/berth-dns/pid)"; sleep 0.3
ip address del ${settings.dnsAddress}/32 dev lo; ip route del local ${settings.serviceCIDR} dev lo`)
      for (const each of shells) each.close()
      api.close()
      for (const id of nodes.reverse()) await docker.destroy(id)
      await upstream[Symbol.asyncDispose]()
    },
  }
}

/** Nobody else on this machine has it: the address of the upstream server, which only one can have, says so. */
async function ownRange() {
  for (;;) {
    const third = randomInt(256)
    const upstreamAddress = `127.77.${third}.1`
    try {
      return { third, upstreamAddress, upstream: await dnsUpstream(upstreamAddress, outside.name, outside.address) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

function settingsOf(engine: string, third: number): NodeSettings {
  return {
    engine,
    host: 'local',
    podCIDR: '10.195.0.0/16',
    serviceCIDR: `10.194.${third}.0/24`,
    zone: 'cluster.local',
    dnsAddress: `10.194.${third}.10`,
    ingressHttpPort: 0,
    ingressHttpsPort: 0,
    proxyProtocol: false,
  }
}

async function started(socket: string, options: object): Promise<string> {
  const { Id: id } = await engineJson<{ Id: string }>(socket, 'POST', '/containers/create', options)
  await engineJson(socket, 'POST', `/containers/${id}/start`)
  return id
}
