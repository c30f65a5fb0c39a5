// Pods on networks that an earlier build made, or this one without a node container, are moved to networks of today while they run: a pod
// is joined to the new network beside the old one, Services lead to its new address, what is under way over the old one ends, and then it
// leaves the old one. All that is to be done is read from the engine, so that a restart of Berth goes on.
import type { Clock } from '../../base/clock.ts'
import { errorText } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { RuntimeError } from '../errors.ts'
import { newestGeneration } from '../labels.ts'
import type { PodTraffic } from '../live.ts'
import { timeToLive } from '../network/dns-zones.ts'
import { podAddress } from '../pod-address.ts'
import { addressHex } from './addresses.ts'
import type { ContainerCache } from './container-cache.ts'
import type { HostApi } from './host-api.ts'
import type { NetworkRecord, Networks } from './networks.ts'
import type { ContainerRecord, SandboxRecord } from './observe.ts'
import { type ClusterDns, resolvScript } from './resolv-conf.ts'
import { trailing } from './trailing.ts'

export interface MigrationParts {
  readonly host: string
  readonly api: HostApi
  readonly networks: Networks
  readonly containers: ContainerCache
  readonly clock: Clock
  readonly log: Log
  /** Undefined: Services are not served (yet), so everything stays as it is. */
  readonly dns: () => ClusterDns | undefined
  /** Of a pod, `namespace/name`. */
  readonly traffic: (pod: string) => PodTraffic
  /** Requests through Services may go to this address. */
  readonly leadsTo: (address: string) => boolean
}

const lookEveryMs = 250
/** Names tell the old address as long as they may be remembered. */
const shortestMoveMs = (timeToLive + 1) * 1000
/** Connections that do not end by themselves are cut. */
const longestMoveMs = 30_000
const againMs = 30_000

interface Sandbox extends ContainerRecord {
  readonly sandbox: SandboxRecord
}

export class NetworkMigration {
  readonly #parts: MigrationParts
  /** Sandboxes, as started, that ask the DNS server of today. */
  readonly #asking = new Set<string>()
  #cancelAgain: () => void = () => {}
  #closed = false

  constructor(parts: MigrationParts) {
    this.#parts = parts
  }

  /** Networks, or what they are served by, changed. */
  wake(): void {
    if (this.#closed || this.#parts.dns() === undefined) return
    if (this.#outdated.length > 0 || this.#sandboxes.some((record) => this.#asksElsewhere(record))) this.#begin()
  }

  /** A container changed. */
  look(record: ContainerRecord | undefined): void {
    if (!this.#closed && isSandbox(record) && this.#asksElsewhere(record)) this.#begin()
  }

  #begin(): void {
    this.#cancelAgain()
    void this.#run()
  }

  close(): void {
    this.#closed = true
    this.#cancelAgain()
  }

  /** Why networks of before are still there. */
  problems(): string[] {
    return this.#outdated.flatMap((network) =>
      this.#on(network)
        .filter((record) => this.#isBound(record))
        .map(
          ({ mark }) =>
            `network ${network.name} of an earlier build stays until pod ${mark.namespace}/${mark.pod} is replaced, as it was told its address`,
        ),
    )
  }

  readonly #run = trailing(async () => {
    const dns = this.#parts.dns()
    if (dns === undefined || this.#closed) return
    // Names of Docker lead to pods on the old network only: nobody may depend on them when the first pod leaves it.
    for (const record of this.#sandboxes) {
      if (this.#asksElsewhere(record)) await this.#bear(record.name, () => this.#askOf(record, dns))
    }
    const namespaces = Map.groupBy(this.#outdated, ({ mark }) => mark.namespace)
    await Promise.all([...namespaces.values()].map((networks) => this.#empty(networks)))
    if (!this.#closed && this.#outdated.length > 0) {
      this.#cancelAgain = this.#parts.clock.after(againMs, () => this.wake())
    }
  })

  async #empty(networks: readonly NetworkRecord[]): Promise<void> {
    for (const network of networks) {
      for (const record of this.#on(network)) {
        if (this.#closed || this.#parts.dns() === undefined) return
        if (!this.#isBound(record)) await this.#bear(record.name, () => this.#move(record, network))
      }
      if (this.#on(network).length === 0) {
        await this.#bear(network.name, async () => {
          await this.#parts.api.removeNetwork(network.id)
          await this.#parts.networks.refresh()
        })
      }
    }
  }

  async #move(record: Sandbox, old: NetworkRecord): Promise<void> {
    const { api, containers, networks, log, host } = this.#parts
    const { id, mark } = record
    if (!record.sandbox.attached.some((each) => networks.generation(each) >= newestGeneration)) {
      const target = await networks.withRoom(mark.namespace)
      log.info('pod moves to another network', { host, pod: `${mark.namespace}/${mark.pod}`, network: target.name })
      try {
        await api.connectNetwork(target.id, id)
      } catch (error) {
        if (error instanceof RuntimeError && error.code === 'SUBNET_TAKEN') networks.markFull(target.name)
        throw error
      }
      await containers.refresh(id)
    }
    const { State: state, NetworkSettings: settings } = await api.inspect(id)
    const address = settings.Networks[old.name]?.IPAddress ?? ''
    if (state.Running && address !== '') await this.#quiet(id, `${mark.namespace}/${mark.pod}`, address)
    await api.disconnectNetwork(old.id, id)
    await containers.refresh(id)
    networks.markRoom(old.name)
  }

  /** Resolves when nobody uses the old address any more, or for too long. */
  async #quiet(id: string, pod: string, address: string): Promise<void> {
    const { clock, traffic, leadsTo } = this.#parts
    const begin = clock.now()
    for (;;) {
      await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve))
      const took = clock.now() - begin
      if (this.#closed) throw new RuntimeError('REFUSED', id, 'Berth ends')
      if (took >= longestMoveMs) return
      if (took < shortestMoveMs || leadsTo(address) || traffic(pod) === 'joining') continue
      if (!(await this.#isConnected(id, address))) return
    }
  }

  async #isConnected(id: string, address: string): Promise<boolean> {
    const established = ` (0000000000000000FFFF0000)?${addressHex(address)}:.... [0-9A-F]+:.... 01 `
    const script = `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE '${established}' && echo connected`
    return (await this.#parts.api.run(id, ['sh', '-c', script], Buffer.alloc(0))).includes('connected')
  }

  async #askOf(record: Sandbox, dns: ClusterDns): Promise<void> {
    const script = this.#script(record, dns)
    await this.#parts.api.run(record.id, ['sh', '-c', `${script}:`], Buffer.alloc(0))
    this.#asking.add(startOf(record))
  }

  /** It was made where Services were names of Docker, and cannot know better. */
  #asksElsewhere(record: Sandbox): boolean {
    const dns = this.#parts.dns()
    const { facts, sandbox } = record
    if (dns === undefined || facts.state !== 'running' || sandbox.asksCluster || this.#asking.has(startOf(record)))
      return false
    return this.#script(record, dns) !== ''
  }

  #script({ sandbox, mark }: Sandbox, dns: ClusterDns): string {
    return sandbox.spec ? resolvScript(sandbox.spec, mark.namespace, dns) : ''
  }

  /** One of its containers was told the address of the pod, which has to stay then. */
  #isBound({ id }: Sandbox): boolean {
    const containers = [...this.#parts.containers.records()].filter((record) => record.sandboxId === id)
    return containers.some(({ facts }) =>
      JSON.stringify(facts.config).includes(JSON.stringify(podAddress).slice(1, -1)),
    )
  }

  get #outdated(): NetworkRecord[] {
    return this.#parts.networks.records().filter(({ mark }) => mark.generation < newestGeneration)
  }

  get #sandboxes(): Sandbox[] {
    return [...this.#parts.containers.records()].filter(isSandbox)
  }

  #on({ name }: NetworkRecord): Sandbox[] {
    return this.#sandboxes.filter(({ sandbox }) => sandbox.attached.includes(name))
  }

  /** What does not work with one pod is no reason to leave the others where they are. */
  async #bear(subject: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      this.#parts.log.warn('a pod cannot move to another network', {
        ...{ host: this.#parts.host, subject, error: errorText(error) },
      })
    }
  }
}

function isSandbox(record: ContainerRecord | undefined): record is Sandbox {
  return record?.sandbox !== undefined
}

function startOf({ id, facts }: ContainerRecord): string {
  return `${id} ${facts.startedAt}`
}
