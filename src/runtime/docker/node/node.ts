import { backoffMs } from '../../../base/backoff.ts'
import type { Clock } from '../../../base/clock.ts'
import { errorText } from '../../../base/errors.ts'
import type { Log } from '../../../base/log.ts'
import { RuntimeError } from '../../errors.ts'
import type { HostNetwork, PodTraffic } from '../../live.ts'
import type { NetworkTable } from '../../network/table.ts'
import type { HostApi } from '../host-api.ts'
import type { Images } from '../images.ts'
import { trailing } from '../trailing.ts'
import { allocationsText, parseAllocations } from './allocations.ts'
import { AllocationsFile } from './allocations-file.ts'
import type { Appliers } from './appliers.ts'
import { NodeContainers } from './container.ts'
import type { Allocations, Applier, NodeSettings } from './contract.ts'
import { nodeImage } from './image.ts'
import { Lane } from './lane.ts'
import { openShell } from './shell.ts'

const firstRetryMs = 1000
const longestRetryMs = 60_000
/** So long pods wait to be in a traffic that cannot be had; then they count as those of no Service. */
const longestOutageMs = 30_000

export interface HostNodeParts {
  readonly settings: NodeSettings
  /** Reference of the node container's image. */
  readonly image: string
  readonly appliers: Appliers
  readonly api: HostApi
  readonly images: Images
  readonly clock: Clock
  readonly log: Log
  /** `facts` are others. */
  readonly changed: () => void
  /** Pods (`namespace/name`) whose traffic is another, by the host's own doing; undefined: any. */
  readonly trafficChanged: (pods?: readonly string[]) => void
}

/** The data path of one host: its node container, and what runs in it at the newest table. Nothing is made before there is a table. */
export class HostNode {
  readonly #parts: HostNodeParts
  readonly #containers: NodeContainers
  readonly #file: AllocationsFile
  readonly #haproxy: Lane
  readonly #nft: Lane
  readonly #lanes: readonly Lane[]
  #allocations: Allocations | undefined
  #wanted = false
  #reachable = false
  #closed = false
  #message = ''
  #failures = 0
  #cancelRetry: () => void = () => {}
  #table: NetworkTable | undefined
  /** There will be a table. */
  #expected = false
  /** Requests have not been carried for long. */
  #isOut = false
  #cancelOutage: (() => void) | undefined

  constructor(parts: HostNodeParts) {
    const { api, settings, clock, appliers } = parts
    this.#parts = parts
    this.#containers = new NodeContainers(api, settings, clock)
    const open = (container: string, ended: () => void) => openShell(api, container, clock, ended)
    this.#file = new AllocationsFile(open)
    const lane = (applier: Applier) =>
      new Lane({
        applier,
        clock,
        open,
        before: () => this.#file.write(),
        changed: () => {
          this.#lookForOutage()
          parts.changed()
        },
        failed: (error) => this.#laneFailed(error),
      })
    this.#haproxy = lane(appliers.haproxy)
    appliers.haproxy.outdated(() => this.#haproxy.again())
    this.#nft = lane(appliers.nft)
    appliers.nft.outdated(() => this.#nft.again())
    this.#lanes = [this.#nft, this.#haproxy, lane(appliers.dns)]
  }

  facts(): HostNetwork {
    const messages = [this.#message, ...this.#lanes.map((lane) => lane.message)].filter((message) => message !== '')
    return {
      mode: this.#lanes.every((lane) => lane.served) ? 'services' : 'starting',
      message: messages[0] ?? '',
      problems: this.#lanes.flatMap((lane) => lane.problems),
      allocations: this.#allocations,
    }
  }

  /** Of a pod, `namespace/name`. */
  trafficOf(pod: string): PodTraffic {
    const isUnknown = this.#expected && this.#table === undefined
    const traffic = isUnknown ? 'joining' : this.#parts.appliers.haproxy.trafficOf(pod)
    return traffic === 'joining' && this.#isOut ? 'none' : traffic
  }

  /** There will be a table: what was served before goes on, so nobody may be taken for out of traffic until it is there. */
  expect(): void {
    if (this.#closed) return
    this.#expected = true
    this.#lookForOutage()
  }

  set(table: NetworkTable, allocations: Allocations): void {
    if (this.#closed) return
    this.#allocations = allocations
    this.#table = table
    this.#lookForOutage()
    this.#file.want(allocationsText(allocations))
    this.#parts.appliers.haproxy.expect(table)
    for (const lane of this.#lanes) lane.want(table)
    if (this.#wanted) return
    this.#wanted = true
    this.look()
  }

  /** The host answers: what it remembers is read, and its container looked after. */
  async reached(): Promise<void> {
    this.#reachable = true
    this.#failures = 0
    await this.#recall()
    this.look()
    for (const lane of this.#lanes) lane.wake()
  }

  lost(): void {
    this.#reachable = false
    this.#cancelRetry()
  }

  /** Networks came or went. */
  networksChanged(): void {
    this.#nft.again()
  }

  /** Resolves when the rules of all networks that there are now are in; throws a RuntimeError that says what keeps them out. */
  async rulesFor(): Promise<void> {
    try {
      await this.#parts.appliers.nft.rulesFor()
    } catch (error) {
      if (!(error instanceof RuntimeError) || this.#message === '') throw error
      throw new RuntimeError(error.code, error.subject, this.#message, { cause: error })
    }
  }

  /** Other installations that run beside this one. */
  neighbours(): Promise<readonly { readonly engine: string; readonly serviceCIDR: string }[]> {
    return this.#containers.neighbours()
  }

  /** Something may have happened to the container. */
  look(): void {
    this.#cancelRetry()
    void this.#look()
  }

  /** The newest table is in effect, or it is told why not. */
  get rests(): boolean {
    return this.#message !== '' || !this.#wanted || this.#lanes.every((lane) => lane.rests)
  }

  /** What runs goes on running. */
  close(): void {
    this.#closed = true
    this.#cancelRetry()
    this.#cancelOutage?.()
    for (const lane of this.#lanes) lane.close()
  }

  readonly #look = trailing(async () => {
    if (this.#closed || !this.#wanted || !this.#reachable) return
    try {
      const { images, image, clock } = this.#parts
      const id = await nodeImage(images, image, clock, (message) => this.#tell(message))
      const container = await this.#containers.ensure(id)
      if (this.#closed) return
      this.#file.use(container.id)
      for (const lane of this.#lanes) lane.use(container.id)
      this.#tell(container.message)
      if (container.message === '') this.#failures = 0
      else this.#retry()
    } catch (error) {
      this.#failed(error)
    }
  })

  async #recall(): Promise<void> {
    if (this.#allocations !== undefined) return
    try {
      const [anyImage] = this.#parts.images.present().values()
      const text = await this.#containers.allocations(anyImage)
      this.#allocations ??= parseAllocations(text ?? '')
      this.#parts.changed()
    } catch (error) {
      this.#failed(new Error(`what Services were given cannot be read: ${errorText(error)}`, { cause: error }))
    }
  }

  #lookForOutage(): void {
    if (this.#haproxy.served && this.#haproxy.message === '') {
      this.#cancelOutage?.()
      this.#cancelOutage = undefined
      this.#setOut(false)
    } else if (!this.#closed) {
      this.#cancelOutage ??= this.#parts.clock.after(longestOutageMs, () => this.#setOut(true))
    }
  }

  #setOut(isOut: boolean): void {
    if (isOut === this.#isOut) return
    this.#isOut = isOut
    const ports = this.#table?.services.flatMap(({ ports }) => ports)
    const pods = ports && new Set(ports.flatMap(({ backends }) => backends.map(({ pod }) => pod)))
    this.#parts.trafficChanged(pods && [...pods].filter((pod) => pod !== ''))
  }

  #laneFailed(error: unknown): void {
    const { log, settings } = this.#parts
    if (error instanceof RuntimeError) {
      log.warn('the data path fails', { host: settings.host, error: error.message })
    } else {
      log.error('bug in the data path', { host: settings.host, error: stackOf(error) })
    }
    this.look()
  }

  #failed(error: unknown): void {
    this.#parts.log.warn('no node container', { host: this.#parts.settings.host, error: errorText(error) })
    this.#tell(errorText(error))
    this.#retry()
  }

  #retry(): void {
    if (this.#closed || !this.#reachable) return
    this.#failures += 1
    const delay = backoffMs(this.#failures, firstRetryMs, longestRetryMs)
    this.#cancelRetry()
    this.#cancelRetry = this.#parts.clock.after(delay, () => void this.#recall().then(() => this.#look()))
  }

  #tell(message: string): void {
    if (message === this.#message) return
    this.#message = message
    this.#parts.changed()
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : errorText(error)
}
