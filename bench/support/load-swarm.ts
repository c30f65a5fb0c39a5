// The same server as a service of Docker's Swarm mode, on an engine of its own: whoever benches keeps theirs as it is.
import { errorText } from '../../src/base/errors.ts'
import { mayStartEngines, startTestEngine } from '../../test/support/docker-engine.ts'
import { engineJson } from '../../test/support/engine-call.ts'
import { ensureStub, processesOf, stubImage } from './load-shop.ts'
import type { SpeedLoad, Way } from './load-speed.ts'

const replicas = 3
const longestStartMs = 60_000
const trySeconds = 1

export interface Swarm {
  /** The address of a task of its own. */
  readonly task: Way
  /** The virtual address of the service. */
  readonly service: Way
  readonly containers: readonly string[]
}

/** Throws an Error that says why it cannot be. */
export async function withSwarm(load: SpeedLoad, use: (swarm: Swarm) => Promise<void>): Promise<void> {
  if (!mayStartEngines) throw new Error('it takes an engine of its own, and so root and dockerd')
  await using engine = await startTestEngine()
  const call = <T>(method: string, path: string, body?: unknown) => engineJson<T>(engine.host, method, path, body)
  await ensureStub(engine.host)
  await call('POST', '/swarm/init', { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' })
  const network = { Name: 'bench', Driver: 'overlay', Attachable: true }
  const { Id: net } = await call<{ Id: string }>('POST', '/networks/create', network)
  const { ID: service } = await call<{ ID: string }>('POST', '/services/create', {
    Name: 'web',
    TaskTemplate: { ContainerSpec: { Image: stubImage, Env: ['STUB_LOG_EVERY=0'] }, Networks: [{ Target: net }] },
    Mode: { Replicated: { Replicas: replicas } },
    EndpointSpec: { Mode: 'vip' },
  })
  const tasks = await running(() => call<Task[]>('GET', '/tasks'))
  const client = { Image: stubImage, HostConfig: { NetworkMode: 'bench' } }
  const { Id: id } = await call<{ Id: string }>('POST', '/containers/create', client)
  await call('POST', `/containers/${id}/start`)
  const inside = ['nsenter', `--net=/proc/${processesOf(id)[0]}/ns/net`, '--']
  const { Endpoint } = await call<{ Endpoint: { VirtualIPs: { Addr: string }[] } }>('GET', `/services/${service}`)
  const way = (name: string, address = ''): Way => ({ name, host: address.replace(/\/.*/, ''), port: 8080, inside })
  const task = way('Swarm task', tasks[0]?.NetworksAttachments[0]?.Addresses[0])
  const virtual = way('Swarm service', Endpoint.VirtualIPs[0]?.Addr)
  await load.measure(task, 'keep', trySeconds, [])
  try {
    await load.measure(virtual, 'keep', trySeconds, [])
  } catch (error) {
    const message = `nobody answers at its virtual address, while its tasks answer at theirs: ${errorText(error)}`
    throw new Error(`${message}; has this kernel IP_VS?`, { cause: error })
  }
  const containers = tasks.map(({ Status }) => Status.ContainerStatus?.ContainerID ?? '')
  await use({ task, service: virtual, containers })
}

interface Task {
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID: string } }
  readonly NetworksAttachments: readonly { readonly Addresses: readonly string[] }[]
}

async function running(list: () => Promise<Task[]>): Promise<Task[]> {
  for (const end = Date.now() + longestStartMs; Date.now() < end; ) {
    const tasks = (await list()).filter(({ Status }) => Status.State === 'running')
    if (tasks.length === replicas) return tasks
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error(`its tasks did not start within ${longestStartMs / 1000} s`)
}
