import type { Clock } from '../../../base/clock.ts'
import type { Log } from '../../../base/log.ts'
import { type Labels, parseNodeMark } from '../../labels.ts'
import type { HostNetwork, PodTraffic } from '../../live.ts'
import { serviceAliases, serviceLinks } from '../../network/service-links.ts'
import type { NetworkTable, ServiceRow } from '../../network/table.ts'
import { parseRange, type Range } from '../addresses.ts'
import type { HostApi, HostInfo } from '../host-api.ts'
import type { Images } from '../images.ts'
import type { Networks, ServicesMode } from '../networks.ts'
import { createAppliers } from './appliers.ts'
import type { Allocations } from './contract.ts'
import { HostNode } from './node.ts'
import { type NodeOptions, whyNoNode } from './options.ts'

export interface DataPathParts {
  readonly host: string
  /** Undefined: there is to be no node container. */
  readonly options: NodeOptions | undefined
  readonly api: HostApi
  readonly images: Images
  readonly networks: Pick<Networks, 'records'>
  readonly clock: Clock
  readonly log: Log
  /** `facts` are others. */
  readonly changed: () => void
  /** Pods (`namespace/name`), of whatever host, whose traffic over this one is another; undefined: of any. */
  readonly trafficChanged: (pods?: readonly string[]) => void
  /** Previews that were asked for on this host: namespace -> when last, ms. */
  readonly previewsUsed: (uses: ReadonlyMap<string, number>) => void
}

/** The data path of one host: a node container, where there is to be one and the engine can have it. */
export class DataPath {
  readonly #node: HostNode | undefined
  readonly #engine: string | undefined
  readonly #range: Range | undefined
  readonly #clock: Clock
  /** Why the engine cannot. */
  #unable = ''
  #services: readonly ServiceRow[] = []

  constructor({ host, options, networks, trafficChanged, previewsUsed, ...parts }: DataPathParts) {
    this.#clock = parts.clock
    if (options === undefined) return
    const settings = { ...options.settings, host }
    const appliers = createAppliers(settings, () => networks.records(), parts.clock)
    appliers.haproxy.watch(trafficChanged)
    appliers.haproxy.watchUses(previewsUsed)
    this.#engine = settings.engine
    this.#range = parseRange(settings.serviceCIDR)
    this.#node = new HostNode({ ...parts, trafficChanged, settings, image: options.image, appliers })
  }

  facts(): HostNetwork {
    const message = this.#node === undefined ? '' : this.#unable
    return this.#able?.facts() ?? { mode: 'names', message, problems: [], allocations: new Map() }
  }

  /** Of a pod, `namespace/name`, of whatever host. */
  trafficOf(pod: string): PodTraffic {
    return this.#able?.trafficOf(pod) ?? 'none'
  }

  /** Variables that tell a container made now of the Services of its namespace. */
  links(namespace: string): Readonly<Record<string, string>> {
    return this.able ? serviceLinks(this.#services, namespace) : {}
  }

  /** Names that a pod made now answers to; none where they are served by the node container. */
  aliases(namespace: string, labels: Labels): readonly string[] {
    return this.able ? [] : serviceAliases(this.#services, namespace, labels)
  }

  /** There will be a table. */
  expect(): void {
    this.#able?.expect()
  }

  set(table: NetworkTable, allocations: Allocations): void {
    this.#services = table.services
    this.#able?.set(table, allocations)
  }

  networksChanged(): void {
    this.#able?.networksChanged()
  }

  /** What networks need of it; undefined: there is none. */
  mode(): ServicesMode | undefined {
    const node = this.#able
    if (node === undefined || this.#range === undefined) return undefined
    return {
      serviceRange: this.#range,
      rulesFor: () => node.rulesFor(),
      neighbours: () => node.neighbours(),
      clock: this.#clock,
    }
  }

  /** The host answers. */
  reached(info: HostInfo): void {
    this.#unable = whyNoNode(info)
    void this.#able?.reached()
  }

  lost(): void {
    this.#node?.lost()
  }

  look(): void {
    this.#able?.look()
  }

  /** Requests through Services may go to this address, as far as was said last. */
  leadsTo(address: string): boolean {
    return this.#services.some(({ ports }) =>
      ports.some(({ backends }) => backends.some((backend) => backend.address === address)),
    )
  }

  /** Something happened to a container with these labels. */
  happened(labels: Labels): void {
    if (this.#engine !== undefined && parseNodeMark(labels)?.engine === this.#engine) this.look()
  }

  /** The newest table is in effect, or it is told why not. */
  get rests(): boolean {
    return this.#able?.rests ?? true
  }

  close(): void {
    this.#node?.close()
  }

  /** There is a node container, or will be. */
  get able(): boolean {
    return this.#able !== undefined
  }

  get #able(): HostNode | undefined {
    return this.#unable === '' ? this.#node : undefined
  }
}
