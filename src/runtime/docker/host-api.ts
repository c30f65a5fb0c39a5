import type { IncomingMessage } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import Dockerode, {
  type ContainerCreateOptions,
  type ContainerInfo,
  type ContainerInspectInfo,
  type ContainerStats,
  type ImageInfo,
  type NetworkCreateOptions,
  type NetworkInspectInfo,
  type VolumeCreateOptions,
  type VolumeInspectInfo,
} from 'dockerode'
import { errorText } from '../../base/errors.ts'
import { RuntimeError } from '../errors.ts'
import { engineLabel, nodeLabel } from '../labels.ts'
import type { RegistryAuth } from '../port.ts'
import { alreadySo, type Call, runtimeError } from './api-errors.ts'
import type { Endpoint } from './endpoint.ts'
import { eventFilters } from './event-filters.ts'
import { unframed } from './log-lines.ts'
import type { ResourceOptions } from './options.ts'
import { beginning, exchange, keepAliveAgent, Transport } from './transport.ts'
import { firstFile, longestTarHead } from './volume-tar.ts'

/** How long each sort of call may take before its host counts as unreachable, ms. */
export interface Deadlines {
  readonly quick: number
  /** Create, remove: disk work. */
  readonly slow: number
  /** A start on a bridge took 2.6 s with 16 at a time; images on slow disks take longer. */
  readonly start: number
}

export const defaultDeadlines: Deadlines = { quick: 15_000, slow: 60_000, start: 120_000 }

export interface HostInfo {
  readonly cpuMillis: number
  readonly memoryBytes: number
  /** In Kubernetes' words: `amd64`, `arm64`. */
  readonly arch: string
  readonly os: string
  /** Pools that the engine takes subnets of its own choice from, where it tells them. */
  readonly addressPools: readonly string[]
  /** In the engine's words: `Debian GNU/Linux 12 (bookworm)`, `Docker Desktop`. */
  readonly system: string
  readonly rootless: boolean
}

interface EngineInfo {
  readonly NCPU: number
  readonly MemTotal: number
  readonly Architecture: string
  readonly OSType: string
  readonly OperatingSystem?: string
  readonly SecurityOptions?: readonly string[]
  readonly DefaultAddressPools?: readonly { readonly Base: string }[]
}

const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
}

/** One of the events that `events` asks for. */
export interface EngineEvent {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

/** To give a large volume to another group takes its time. */
const longestCommandMs = 10 * 60_000

/** The calls to one engine, each with a deadline and with its failures as RuntimeErrors. What is already so is success. */
export class HostApi {
  readonly #agent = keepAliveAgent()
  readonly #endpoint: Endpoint
  readonly #deadlines: Deadlines
  readonly #clients = new Map<number, Dockerode>()
  readonly #unanswered: () => void
  #isClosed = false

  /** `unanswered` is called when a call got no answer: the host may be gone without the event stream having ended. */
  constructor(endpoint: Endpoint, deadlines: Deadlines, unanswered: () => void) {
    this.#endpoint = endpoint
    this.#deadlines = deadlines
    this.#unanswered = unanswered
  }

  /** Calls that come later are refused: they would open connections that nobody ends. */
  close(): void {
    this.#isClosed = true
    this.#agent.destroy()
  }

  async ping(): Promise<void> {
    await this.#within(Math.min(5000, this.#deadlines.quick)).ping()
  }

  info(): Promise<HostInfo> {
    return this.#call('engine', 'other', this.#deadlines.quick, async (docker) => {
      const info: EngineInfo = await docker.info()
      const addressPools = (info.DefaultAddressPools ?? []).map((pool) => pool.Base)
      const arch = architectures[info.Architecture] ?? info.Architecture
      const rootless = (info.SecurityOptions ?? []).some((option) => /\brootless\b/.test(option))
      const { NCPU: cpus, MemTotal: memoryBytes, OSType: os, OperatingSystem: system = '' } = info
      return { cpuMillis: cpus * 1000, memoryBytes, addressPools, arch, os, system, rootless }
    })
  }

  /** Ends only when the connection does. */
  events(): Promise<Readable> {
    return this.#call('events', 'other', this.#deadlines.quick, async (docker) => {
      const stream = await docker.getEvents({ filters: JSON.stringify(eventFilters) })
      return stream as Readable
    })
  }

  listContainers(engine: string): Promise<ContainerInfo[]> {
    const filters = JSON.stringify({ label: [`${engineLabel}=${engine}`] })
    return this.#call('containers', 'other', this.#deadlines.slow, (docker) =>
      docker.listContainers({ all: true, filters }),
    )
  }

  /** Node containers of all installations, also those that do not run. */
  listNodes(): Promise<ContainerInfo[]> {
    const filters = JSON.stringify({ label: [engineLabel, nodeLabel] })
    return this.#call('containers', 'other', this.#deadlines.slow, (docker) =>
      docker.listContainers({ all: true, filters }),
    )
  }

  inspect(id: string): Promise<ContainerInspectInfo> {
    return this.#call(id, 'other', this.#deadlines.quick, (docker) => docker.getContainer(id).inspect())
  }

  create(options: ContainerCreateOptions): Promise<string> {
    const name = options.name ?? ''
    return this.#call(
      name,
      'create',
      this.#deadlines.slow,
      async (docker) => (await docker.createContainer(options)).id,
    )
  }

  start(id: string, subject: string): Promise<void> {
    return this.#call(subject, 'start', this.#deadlines.start, async (docker) => {
      await docker.getContainer(id).start().catch(unless(304))
    })
  }

  /** Returns when the process has ended. */
  stop(id: string, graceSeconds: number): Promise<void> {
    return this.#call(id, 'other', graceSeconds * 1000 + this.#deadlines.slow, async (docker) => {
      await docker.getContainer(id).stop({ t: graceSeconds }).catch(unless(304, 404))
    })
  }

  /** Kills it if need be. */
  remove(id: string): Promise<void> {
    return this.#call(id, 'other', this.#deadlines.slow, async (docker) => {
      await docker.getContainer(id).remove({ force: true, v: true }).catch(unless(404))
    })
  }

  rename(id: string, name: string): Promise<void> {
    return this.#call(name, 'other', this.#deadlines.quick, async (docker) => {
      await docker.getContainer(id).rename({ name })
    })
  }

  update(id: string, resources: ResourceOptions): Promise<void> {
    return this.#call(id, 'other', this.#deadlines.quick, async (docker) => {
      await docker.getContainer(id).update(resources)
    })
  }

  /** The engine does not start it again by itself. */
  restartNoMore(id: string): Promise<void> {
    return this.#call(id, 'other', this.#deadlines.quick, async (docker) => {
      await docker.getContainer(id).update({ RestartPolicy: { Name: 'no' } })
    })
  }

  unpause(id: string): Promise<void> {
    return this.#call(id, 'other', this.#deadlines.quick, async (docker) => {
      await docker.getContainer(id).unpause()
    })
  }

  /** One reading; of a container that does not run, without figures. */
  stats(id: string): Promise<ContainerStats> {
    return this.#call(id, 'other', this.#deadlines.quick, (docker) =>
      docker.getContainer(id).stats({ stream: false, 'one-shot': true }),
    )
  }

  /** Framed, unless the container has a terminal. */
  logs(id: string, lines: number): Promise<Buffer> {
    return this.#call(id, 'other', this.#deadlines.quick, (docker) =>
      docker.getContainer(id).logs({ follow: false, stdout: true, stderr: true, tail: lines }),
    )
  }

  listImages(): Promise<ImageInfo[]> {
    return this.#call('images', 'other', this.#deadlines.slow, (docker) => docker.listImages())
  }

  /** The user that an image names for its processes; empty: root. */
  imageUser(reference: string): Promise<string> {
    return this.#call(reference, 'other', this.#deadlines.quick, async (docker) => {
      const { Config: config } = await docker.getImage(reference).inspect()
      return config?.User ?? ''
    })
  }

  /** Progress as JSON lines; the outcome is in the last of them. */
  pull(name: string, tag: string, auth?: RegistryAuth): Promise<Readable> {
    return this.#call(name, 'other', this.#deadlines.slow, async (docker) => {
      const stream = await docker.createImage({ fromImage: name, tag, ...(auth && { authconfig: auth }) })
      return stream as Readable
    })
  }

  /** What the image's registry has under this reference; undefined: nothing. The engine asks it. */
  registryDigest(reference: string, auth?: RegistryAuth): Promise<string | undefined> {
    return this.#call(reference, 'other', this.#deadlines.quick, async (docker) => {
      const options = auth && { authconfig: { ...auth, serveraddress: auth.serverAddress } }
      const found = await docker.getImage(reference).distribution(options).catch(unlessUnknown)
      return found?.Descriptor.digest
    })
  }

  /** The same of a build from an archive with a Dockerfile. */
  build(reference: string, archive: Buffer): Promise<Readable> {
    return this.#call(reference, 'other', this.#deadlines.slow, async (docker) => {
      const stream = await docker.buildImage(Readable.from([archive]), { t: reference, rm: true, forcerm: true })
      return stream as Readable
    })
  }

  listNetworks(): Promise<NetworkInspectInfo[]> {
    return this.#call('networks', 'other', this.#deadlines.quick, (docker) => docker.listNetworks())
  }

  createNetwork(options: NetworkCreateOptions): Promise<string> {
    return this.#call(
      options.Name,
      'network',
      this.#deadlines.slow,
      async (docker) => (await docker.createNetwork(options)).id,
    )
  }

  connectNetwork(id: string, container: string): Promise<void> {
    return this.#call(container, 'network', this.#deadlines.slow, async (docker) => {
      await docker.getNetwork(id).connect({ Container: container })
    })
  }

  disconnectNetwork(id: string, container: string): Promise<void> {
    return this.#call(container, 'network', this.#deadlines.slow, async (docker) => {
      await docker.getNetwork(id).disconnect({ Container: container }).catch(unless(404))
    })
  }

  removeNetwork(id: string): Promise<void> {
    return this.#call(id, 'network', this.#deadlines.slow, async (docker) => {
      await docker.getNetwork(id).remove().catch(unless(404))
    })
  }

  /** Volumes with the installation's label. */
  listVolumes(engine: string): Promise<VolumeInspectInfo[]> {
    const filters = JSON.stringify({ label: [`${engineLabel}=${engine}`] })
    return this.#call('volumes', 'other', this.#deadlines.slow, async (docker) => {
      const { Volumes: volumes } = await docker.listVolumes({ filters })
      return volumes ?? []
    })
  }

  /** Undefined: there is none. */
  inspectVolume(name: string): Promise<VolumeInspectInfo | undefined> {
    return this.#call(name, 'other', this.#deadlines.quick, (docker) =>
      docker.getVolume(name).inspect().catch(unless(404)),
    ).then((found) => found ?? undefined)
  }

  /** Answers with a volume that has the name already as if it were new. */
  createVolume(options: VolumeCreateOptions): Promise<VolumeInspectInfo> {
    return this.#call(options.Name ?? '', 'create', this.#deadlines.slow, async (docker) => {
      const volume = await docker.createVolume(options)
      return await volume.inspect()
    })
  }

  removeVolume(name: string): Promise<void> {
    return this.#call(name, 'other', this.#deadlines.slow, async (docker) => {
      await docker.getVolume(name).remove().catch(unless(404))
    })
  }

  /** Unpacks an archive in a folder of a container, whether it runs or not. */
  putArchive(id: string, folder: string, archive: Buffer): Promise<void> {
    return this.#call(id, 'other', this.#deadlines.slow, async (docker) => {
      await docker.getContainer(id).putArchive(archive, { path: folder })
    })
  }

  /** A file in a container, whether it runs or not, up to so many bytes; undefined: there is none. */
  readFile(id: string, path: string, bytes: number): Promise<Buffer | undefined> {
    return this.#call(id, 'other', this.#deadlines.quick, async (docker) => {
      const archive = await docker.getContainer(id).getArchive({ path }).catch(unless(404))
      if (!archive) return undefined
      const begun = await beginning(archive as Readable, bytes + longestTarHead, this.#deadlines.quick)
      return firstFile(begun)?.subarray(0, bytes)
    })
  }

  /** Where a symbolic link in a container leads, from the container's root; undefined: there is none. */
  linkTarget(id: string, path: string): Promise<string | undefined> {
    return this.#call(id, 'other', this.#deadlines.quick, async (docker) => {
      const answer: IncomingMessage | undefined = await docker.getContainer(id).infoArchive({ path }).catch(unless(404))
      const head = answer?.headers['x-docker-container-path-stat']
      answer?.resume()
      const stat: { linkTarget?: string } = JSON.parse(Buffer.from(String(head ?? ''), 'base64').toString() || '{}')
      return stat.linkTarget || undefined
    })
  }

  /** Runs a command as root in a running container to its end, with `input` to read; answers what it printed. */
  run(id: string, command: readonly string[], input: Buffer): Promise<string> {
    return this.#call(id, 'other', this.#deadlines.slow, async (docker) => {
      const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true }
      const exec = await docker.getContainer(id).exec({ Cmd: [...command], User: '0', ...attach })
      const stream: Duplex = await exec.start({ hijack: true, stdin: true, Detach: false, Tty: false })
      return unframed(await exchange(stream, input, longestCommandMs))
    })
  }

  /** A shell as root in a running container, open until the stream is. What it prints is framed. */
  shell(id: string): Promise<Duplex> {
    return this.#call(id, 'other', this.#deadlines.quick, async (docker) => {
      const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true }
      const exec = await docker.getContainer(id).exec({ Cmd: ['sh'], User: '0', ...attach })
      return exec.start({ hijack: true, stdin: true, Detach: false, Tty: false })
    })
  }

  /** Begins a command in a running container. `output` ends when the command does. */
  exec(id: string, command: readonly string[], deadlineMs: number): Promise<{ id: string; output: Readable }> {
    return this.#call(id, 'other', deadlineMs, async (docker) => {
      const exec = await docker.getContainer(id).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true })
      const output = await exec.start({ Detach: false, Tty: false })
      return { id: exec.id, output: output as Readable }
    })
  }

  execResult(id: string): Promise<{ Running: boolean; ExitCode: number | null }> {
    return this.#call(id, 'other', this.#deadlines.quick, (docker) => docker.getExec(id).inspect())
  }

  #within(deadlineMs: number): Dockerode {
    if (this.#isClosed) throw new RuntimeError('HOST_UNREACHABLE', 'engine', 'Berth has let go of this engine')
    const known = this.#clients.get(deadlineMs)
    if (known) return known
    const options = { modem: new Transport(this.#endpoint, this.#agent, deadlineMs), Promise }
    const made = new Dockerode(options)
    // Deadlines of stops and probes differ by user's choice: not worth keeping.
    if (this.#clients.size < 16) this.#clients.set(deadlineMs, made)
    return made
  }

  async #call<T>(subject: string, call: Call, deadlineMs: number, run: (docker: Dockerode) => Promise<T>): Promise<T> {
    try {
      return await run(this.#within(deadlineMs))
    } catch (thrown) {
      const error = runtimeError(thrown, subject, call)
      if (error.code === 'HOST_UNREACHABLE' && !this.#isClosed) this.#unanswered()
      throw error
    }
  }
}

/** An engine that has no such call answers 404, too. */
function unlessUnknown(error: unknown): undefined {
  if (!alreadySo(error, 404) || /page not found/.test(errorText(error))) throw error
}

function unless(...statuses: readonly number[]) {
  return (error: unknown): undefined => {
    if (!alreadySo(error, ...statuses)) throw error
  }
}
