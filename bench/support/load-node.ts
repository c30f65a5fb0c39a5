import { systemClock } from '../../src/base/clock.ts'
import { parseEndpoint } from '../../src/runtime/docker/endpoint.ts'
import { defaultDeadlines, HostApi } from '../../src/runtime/docker/host-api.ts'
import { type Appliers, createAppliers } from '../../src/runtime/docker/node/appliers.ts'
import { NodeContainers } from '../../src/runtime/docker/node/container.ts'
import type { NodeShell } from '../../src/runtime/docker/node/contract.ts'
import { nodeOptions } from '../../src/runtime/docker/node/options.ts'
import { openShell } from '../../src/runtime/docker/node/shell.ts'
import type { NetworkTable } from '../../src/runtime/network/table.ts'
import { engineJson } from '../../test/support/engine-call.ts'
import { EngineWorld } from '../../test/support/engine-world.ts'
import { ensureNodeImage, testNodeImage } from '../../test/support/node-image.ts'
import { benchEngine } from './place.ts'

export const programs = ['haproxy', 'dns', 'nft'] as const
export type Program = (typeof programs)[number]

/** One node container with its programs, brought to tables by what the product brings them with. */
export interface BenchNode extends AsyncDisposable {
  readonly serviceCIDR: string
  /** How long each program took, ms. */
  apply(table: NetworkTable): Promise<Readonly<Record<Program, number>>>
  /** Resident memory of a program with its children, bytes. */
  memory(program: 'haproxy' | 'named'): Promise<number>
  /** How often HAProxy was loaded anew. */
  reloads(): Promise<number>
}

export async function benchNode(): Promise<BenchNode> {
  const socket = await benchEngine()
  await ensureNodeImage(socket)
  const place = (process.pid % 14) * 16
  const options = nodeOptions(`bench-services-${process.pid}`, {
    ...{ podCIDR: '10.199.0.0/16', mtu: 1500, mode: 'services', serviceCIDR: `10.112.${place}.0/20` },
    ingress: { httpPort: 0, httpsPort: 0 },
  })
  if (!options) throw new Error('there is to be a node container')
  const settings = { ...options.settings, host: 'local' }
  const api = new HostApi(parseEndpoint('local', socket), defaultDeadlines, () => {})
  const { Id: image } = await engineJson<{ Id: string }>(socket, 'GET', `/images/${testNodeImage}/json`)
  const { id: node } = await new NodeContainers(api, settings, systemClock).ensure(image)
  const appliers: Appliers = createAppliers(settings, () => [], systemClock)
  const shells: NodeShell[] = []
  const open = async () => {
    const shell = await openShell(api, node, systemClock, () => {})
    shells.push(shell)
    return shell
  }
  for (const program of programs) await appliers[program].attach(await open())
  const shell = await open()
  const timed = async (program: Program, table: NetworkTable) => {
    const began = performance.now()
    const problems = await appliers[program].apply(table)
    if (problems.length > 0) throw new Error(`${program}: ${problems[0]?.message}`)
    return performance.now() - began
  }
  return {
    serviceCIDR: settings.serviceCIDR,
    async apply(table) {
      appliers.haproxy.expect(table)
      const [haproxy = 0, dns = 0, nft = 0] = await Promise.all(programs.map((program) => timed(program, table)))
      return { haproxy, dns, nft }
    },
    async memory(program) {
      const text = await shell.run(`for p in /proc/[0-9]*; do
  read -r name <$p/comm && [ "$name" = ${program} ] && grep VmRSS $p/status
done 2>/dev/null; true`)
      const sizes = [...text.matchAll(/VmRSS:\s+(\d+) kB/g)].map(([, kilobytes]) => Number(kilobytes) * 1024)
      return sizes.reduce((sum, size) => sum + size, 0)
    },
    async reloads() {
      // While it takes a new configuration, the master does not answer.
      const once = "echo 'show proc' | socat -t5 - UNIX-CONNECT:/state/run/master.sock 2>/dev/null"
      const text = await shell.run(`for try in $(seq 100); do ${once} && break; sleep 0.05; done`)
      return Number(/master\s+(\d+)/.exec(text)?.[1] ?? Number.NaN)
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs) appliers[program].detach()
      for (const each of shells) each.close()
      await new EngineWorld(socket).clean(settings.engine)
      api.close()
    },
  }
}
