import type { ContainerCreateOptions, ContainerInfo } from 'dockerode'
import type { Clock } from '../../../base/clock.ts'
import { errorText, oneLine } from '../../../base/errors.ts'
import { shortHash } from '../../../base/hash.ts'
import { RuntimeError } from '../../errors.ts'
import { type NodeMark, nodeName, nodeVolumeName, oldNodeName, parseNodeMark, writeNodeLabels } from '../../labels.ts'
import { nodeEntry } from '../../network/node-entry.ts'
import { allocationsFile, ownerFile, statePath } from '../../network/node-paths.ts'
import { parseRange } from '../addresses.ts'
import type { HostApi } from '../host-api.ts'
import { logLines } from '../log-lines.ts'
import { neighbourOverlap } from '../network-overlap.ts'
import type { NodeSettings } from './contract.ts'
import { retire } from './retire.ts'
import { openShell } from './shell.ts'

/** A container that has not taken over by then does not come up. */
const longestStart = 20
const longestAllocations = 64 * 1024 * 1024
/** For HAProxy's sessions to see that they are to end; they have no less by themselves. */
const stopSeconds = 10

/** One node container of the installation, in whatever state. */
interface Found {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly mark: NodeMark
}

/** A node container that runs. */
export interface NodeContainer {
  readonly id: string
  /** Why it is not the one that it should be; empty: it is. */
  readonly message: string
}

/** The node containers of one installation on one host. One at a time is meant to be; while one replaces another, there are two. */
export class NodeContainers {
  readonly #api: HostApi
  readonly #settings: NodeSettings
  readonly #clock: Clock
  /** Id of the one that is known to have taken over. */
  #up = ''

  constructor(api: HostApi, settings: NodeSettings, clock: Clock) {
    this.#api = api
    this.#settings = settings
    this.#clock = clock
  }

  /**
   * Sees to it that the container of this image runs: makes it beside another one, if need be, waits until it has taken over, and has the
   * other one finish. Throws a RuntimeError if none can be had.
   */
  async ensure(imageId: string): Promise<NodeContainer> {
    const { engine, serviceCIDR } = this.#settings
    const hash = shortHash({ imageId, nodeEntry, serviceCIDR, options: this.#options('', '', 0) })
    const found = await this.#list()
    const newest = found[0]
    const right = newest?.mark.hash === hash && newest.name === nodeName(engine, hash) ? newest : undefined
    const current = right ?? (await this.#create(imageId, hash, found))
    await this.#run(current)
    const others = found.filter(({ id }) => id !== current.id)
    const serving = others.find(({ state }) => state === 'running')
    const failure = await this.#failure(current)
    if (failure !== '' && serving) {
      return { id: serving.id, message: `the new node container does not come up: ${failure}` }
    }
    const stateOf = async (id: string) => (await this.#list()).find((one) => one.id === id)?.state
    for (const other of others) await retire(this.#api, { ...other, oldName: oldNodeName(other.mark) }, stateOf)
    return { id: current.id, message: failure === '' ? '' : `the node container does not come up: ${failure}` }
  }

  /** What was remembered on this host, as text; undefined: nothing. Makes nothing that stays. */
  async allocations(anyImage: string | undefined): Promise<string | undefined> {
    const [newest] = await this.#list()
    if (newest) return this.#allocationsIn(newest.id)
    if ((await this.#api.inspectVolume(nodeVolumeName(this.#settings.engine))) === undefined) return undefined
    if (anyImage === undefined) {
      const message = 'the volume of the node container cannot be read without an image'
      throw new RuntimeError('NO_SUCH_IMAGE', nodeVolumeName(this.#settings.engine), message)
    }
    // Only a container, if it never runs, shows what is in a volume.
    const reader = await this.#api.create({ Image: anyImage, Entrypoint: ['none'], HostConfig: this.#mounts() })
    try {
      return await this.#allocationsIn(reader)
    } finally {
      await this.#api.remove(reader)
    }
  }

  /** Other installations whose node containers run here. */
  async neighbours(): Promise<NodeMark[]> {
    const rows = await this.#api.listNodes()
    const running = rows.filter(({ State }) => State === 'running')
    // By their names, too: a pod has the labels of its image, which may say anything.
    const nodes = running.flatMap((row) => foundIn(row, parseNodeMark(row.Labels)?.engine ?? ''))
    return nodes.map(({ mark }) => mark).filter(({ engine }) => engine !== this.#settings.engine)
  }

  async #allocationsIn(id: string): Promise<string | undefined> {
    return (await this.#api.readFile(id, allocationsFile, longestAllocations))?.toString()
  }

  /** The newest first. */
  async #list(): Promise<Found[]> {
    const rows = await this.#api.listNodes()
    return rows.flatMap((row) => foundIn(row, this.#settings.engine)).sort((a, b) => b.mark.since - a.mark.since)
  }

  async #create(imageId: string, hash: string, found: readonly Found[]): Promise<Found> {
    const { engine, serviceCIDR } = this.#settings
    await this.#refuseOverlap()
    const name = nodeName(engine, hash)
    // An earlier one of the same make, which another one has taken over from since.
    const holder = found.find((other) => other.name === name)
    if (holder) await this.#api.rename(holder.id, oldNodeName(holder.mark))
    await this.#ensureVolume()
    const since = Math.max(this.#clock.now(), (found[0]?.mark.since ?? 0) + 1)
    const mark = { hash, since, serviceCIDR }
    const id = await this.#api.create({
      name,
      Labels: writeNodeLabels(engine, mark),
      ...this.#options(imageId, nodeEntry, since),
    })
    return { id, name, state: 'created', mark: { ...mark, engine } }
  }

  async #refuseOverlap(): Promise<void> {
    const { host, serviceCIDR } = this.#settings
    const range = parseRange(serviceCIDR)
    const refusal = range && neighbourOverlap(range, await this.neighbours())
    if (refusal !== undefined) throw new RuntimeError('SUBNET_TAKEN', host, refusal)
  }

  async #ensureVolume(): Promise<void> {
    const name = nodeVolumeName(this.#settings.engine)
    const labels = writeNodeLabels(this.#settings.engine, 'volume')
    const volume = await this.#api.createVolume({ Name: name, Labels: labels })
    if (parseNodeMark(volume.Labels ?? {})?.engine === this.#settings.engine) return
    throw new RuntimeError('NAME_TAKEN', name, `volume ${name} exists and is not ours: remove or rename it`)
  }

  #options(imageId: string, entry: string, since: number): ContainerCreateOptions {
    return {
      Image: imageId,
      Entrypoint: ['sh', '-c', entry],
      Cmd: [],
      User: '0',
      Env: [`BERTH_SERVICE_CIDR=${this.#settings.serviceCIDR}`, `BERTH_NODE_SINCE=${since}`],
      StopTimeout: stopSeconds,
      HostConfig: {
        ...this.#mounts(),
        NetworkMode: 'host',
        CapAdd: ['NET_ADMIN', 'NET_RAW'],
        RestartPolicy: { Name: 'always' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
      },
    }
  }

  #mounts() {
    const Source = nodeVolumeName(this.#settings.engine)
    return { Mounts: [{ Type: 'volume' as const, Source, Target: statePath }] }
  }

  async #run({ id, name, state }: Found): Promise<void> {
    if (state === 'paused') await this.#api.unpause(id)
    else if (state !== 'running' && state !== 'restarting') await this.#api.start(id, name)
  }

  /** Why it did not take over in time; empty: it did. */
  async #failure({ id, mark, state }: Found): Promise<string> {
    if (id === this.#up && state === 'running') return ''
    try {
      const shell = await openShell(this.#api, id, this.#clock, () => {})
      try {
        if ((await shell.run(waitForOwner(mark.since))).trim() !== 'up') return await this.#lastWords(id)
        this.#up = id
        return ''
      } finally {
        shell.close()
      }
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code === 'HOST_UNREACHABLE') throw error
      return errorText(error)
    }
  }

  async #lastWords(id: string): Promise<string> {
    return oneLine(logLines(await this.#api.logs(id, 3), true, 3).join(' ')) || 'it says nothing'
  }
}

function foundIn(row: ContainerInfo, engine: string): Found[] {
  const mark = parseNodeMark(row.Labels)
  const name = (row.Names[0] ?? '').replace(/^\//, '')
  const ours = mark?.engine === engine && (name === nodeName(engine, mark.hash) || name === oldNodeName(mark))
  return ours && mark ? [{ id: row.Id, name, state: row.State, mark }] : []
}

function waitForOwner(since: number): string {
  return `left=${longestStart * 10} owner=0
while [ $left -gt 0 ]; do
  [ -r ${ownerFile} ] && read -r owner <${ownerFile}
  if [ "$owner" -ge ${since} ]; then echo up; exit; fi
  sleep 0.1
  left=$((left - 1))
done`
}
