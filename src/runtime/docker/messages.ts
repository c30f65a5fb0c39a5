import type { MountSettings } from 'dockerode'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import {
  hasTerminationMessages,
  type TerminationMessage,
  terminationMessageOf,
} from '../../manifests/termination-message.ts'
import type { PodSpec } from '../../manifests/types.ts'
import { asksForLog, loggedMessage, longestLogLines, messageVolume, writtenMessage } from '../end-message.ts'
import { RuntimeError } from '../errors.ts'
import { podVolumeName } from '../labels.ts'
import type { PodRef, PodVolume } from '../port.ts'
import type { ContainerCache } from './container-cache.ts'
import type { HostApi } from './host-api.ts'
import { unframed } from './log-lines.ts'
import type { ContainerRecord } from './observe.ts'
import { volumeRoot } from './volume-options.ts'
import { tarOf } from './volume-tar.ts'

/** Of a file that grew beyond all messages, the end of its beginning is taken. */
const longestFile = 1024 * 1024

const folder = `${volumeRoot}/${messageVolume}`

interface Heard {
  readonly finishedAt: number
  readonly message: string
}

/**
 * What containers say of their end. The file that a container writes to is in a volume of the pod, where it can be read once the container
 * is no more; the container sees nothing of the volume but its own file, so it cannot lead us elsewhere by a link.
 */
export class Messages {
  readonly #api: HostApi
  readonly #engine: string
  readonly #containers: () => ContainerCache
  readonly #clock: Clock
  readonly #log: Log
  readonly #heard = new Map<string, Heard>()

  constructor(api: HostApi, engine: string, containers: () => ContainerCache, clock: Clock, log: Log) {
    this.#api = api
    this.#engine = engine
    this.#containers = containers
    this.#clock = clock
    this.#log = log
  }

  /** Makes the file anew, empty and writable for all, and answers its mount; none where the container leaves no message. */
  async mounts(pod: PodRef, sandbox: ContainerRecord, container: string): Promise<MountSettings[]> {
    const asked = askedOf(sandbox, container)
    if (!asked || !hasFiles(sandbox)) return []
    const name = podVolumeName(this.#engine, pod, messageVolume)
    const volume = await this.#api.inspectVolume(name)
    if (!volume) throw new RuntimeError('NO_SUCH_VOLUME', name, `volume ${name} does not exist`)
    await this.#clear(sandbox, container)
    return [{ Type: 'bind', Source: `${volume.Mountpoint}/${container}`, Target: asked.path, ReadOnly: false }]
  }

  async #clear(sandbox: ContainerRecord, container: string): Promise<void> {
    if (!needsShell(sandbox)) {
      const entry = { kind: 'file', path: container, mode: 0o666, group: 0, data: new Uint8Array() } as const
      return this.#api.putArchive(sandbox.id, folder, tarOf([entry], this.#clock.now()))
    }
    const script = `cd ${folder} && rm -rf -- ${container} && umask 0 && : > ${container} && echo done`
    const output = await this.#api.run(sandbox.id, ['sh', '-c', script], Buffer.alloc(0))
    if (output.trim() === 'done') return
    const why = output.trim() || 'no answer'
    throw new RuntimeError('ENGINE_ERROR', sandbox.name, `the file for its message could not be made: ${why}`)
  }

  /** The same container with its message, once it has ended. */
  async heard(record: ContainerRecord): Promise<ContainerRecord> {
    const { state, finishedAt } = record.facts
    if (record.sandbox || (state !== 'exited' && state !== 'dead')) return record
    const known = this.#heard.get(record.id)
    const message = known?.finishedAt === finishedAt ? known.message : await this.#hear(record)
    return message === '' ? record : { ...record, facts: { ...record.facts, message } }
  }

  forget(id: string): void {
    this.#heard.delete(id)
  }

  async #hear(record: ContainerRecord): Promise<string> {
    try {
      const sandbox = await this.#sandboxOf(record)
      const asked = sandbox && askedOf(sandbox, record.mark.container)
      if (!asked) return ''
      const message = await this.#read(record, sandbox, asked)
      this.#heard.set(record.id, { finishedAt: record.facts.finishedAt, message })
      return message
    } catch (error) {
      // That it ended has to be known in any case; the next listing asks again.
      if (!(error instanceof RuntimeError)) throw error
      this.#log.debug('message not read', { container: record.name, error: error.message })
      return ''
    }
  }

  /** It may not have been listed yet. */
  async #sandboxOf({ sandboxId }: ContainerRecord): Promise<ContainerRecord | undefined> {
    const containers = this.#containers()
    if (!containers.get(sandboxId)) await containers.refresh(sandboxId)
    return containers.get(sandboxId)
  }

  async #read(record: ContainerRecord, sandbox: ContainerRecord, asked: TerminationMessage): Promise<string> {
    const { config, exitCode } = record.facts
    const written = writtenMessage(asked, await this.#file(sandbox, record.mark.container), config.env)
    if (!asksForLog(asked, written, exitCode)) return written
    const output = await this.#api.logs(record.id, longestLogLines)
    return loggedMessage(asked, config.tty ? output.toString() : unframed(output), config.env)
  }

  async #file(sandbox: ContainerRecord, container: string): Promise<string> {
    if (!hasFiles(sandbox)) return ''
    const path = `${folder}/${container}`
    if (!needsShell(sandbox)) return (await this.#api.readFile(sandbox.id, path, longestFile))?.toString() ?? ''
    if (sandbox.facts.state !== 'running') return ''
    const script = `head -c ${longestFile} -- ${path} 2>/dev/null`
    return this.#api.run(sandbox.id, ['sh', '-c', script], Buffer.alloc(0))
  }
}

/** What a pod has beside the volumes of its manifest. */
export function messageVolumes(spec: PodSpec): readonly PodVolume[] {
  if (!hasTerminationMessages(spec)) return []
  return [{ kind: 'empty', name: messageVolume, medium: 'disk', sizeBytes: 0, driver: 'local', options: {} }]
}

function askedOf({ sandbox }: ContainerRecord, container: string): TerminationMessage | undefined {
  return sandbox?.spec && terminationMessageOf(sandbox.spec, container)
}

/** Pods of earlier builds have none. */
function hasFiles({ sandbox }: ContainerRecord): boolean {
  return sandbox?.volumes.some(({ name }) => name === messageVolume) ?? false
}

/** An archive call mounts all volumes of the sandbox once more, which is no good for paths of the host. */
function needsShell({ sandbox }: ContainerRecord): boolean {
  return sandbox?.volumes.some(({ kind }) => kind === 'host') ?? false
}
