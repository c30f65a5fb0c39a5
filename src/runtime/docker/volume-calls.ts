import type { MountSettings } from 'dockerode'
import type { Log } from '../../base/log.ts'
import { RuntimeError } from '../errors.ts'
import { sandboxName, volumeOwner } from '../labels.ts'
import type { Mount } from '../live.ts'
import type { PodRef, PodVolume, VolumeSetup } from '../port.ts'
import type { Host } from './host.ts'
import type { ContainerRecord } from './observe.ts'
import { Filled } from './volume-contents.ts'
import { checkRelative, mountOptions, parentOf, podVolumeNames, sourceOf, volumeRoot } from './volume-options.ts'
import {
  checkSetup,
  hostPathRefusal,
  isNeeded,
  newVolumeEntries,
  resolveScript,
  type Setup,
  setUpScript,
  stagedEntries,
} from './volume-script.ts'
import { tarOf } from './volume-tar.ts'

/**
 * Volumes of the pods of one host: they come with the sandbox, are filled and prepared through it, and go when nothing of the pod is left.
 *
 * A `subPath` is looked up inside the sandbox before its container is made, and what it really is gets mounted: a symbolic link that leads
 * out of the volume is refused. A process of the pod that swaps a folder for such a link between the look and the start of the container
 * (milliseconds, and again whenever Docker starts the same container) is not noticed.
 */
export class VolumeCalls {
  readonly filled: Filled
  readonly #host: Host
  readonly #engine: string
  readonly #log: Log
  readonly #touched: (record: ContainerRecord) => void
  /** Volumes to be removed with their pod, by `namespace/name`. */
  readonly #names = new Map<string, readonly string[]>()
  readonly #removals = new Map<string, Promise<void>>()
  readonly #turns = new Map<string, Promise<void>>()
  /** Paths of the host on mounts that pass nothing on. */
  readonly #private = new Set<string>()

  constructor(host: Host, engine: string, log: Log, touched: (record: ContainerRecord) => void) {
    this.#host = host
    this.#engine = engine
    this.#log = log
    this.#touched = touched
    this.filled = new Filled(host.api)
  }

  /** Takes in a sandbox that is there. */
  noted(pod: PodRef, record: ContainerRecord): void {
    const volumes = record.sandbox?.volumes ?? []
    if (volumes.length === 0) return
    this.filled.noted(record)
    const names = podVolumeNames(this.#engine, pod, volumes)
    if (names.length > 0) this.#names.set(podKey(pod), names)
  }

  /** Nothing of the pod is left: its volumes go too. */
  podGone(pod: PodRef): void {
    const names = this.#names.get(podKey(pod))
    if (names === undefined) return
    this.#names.delete(podKey(pod))
    const removal = this.#remove(names).finally(() => {
      if (this.#removals.get(podKey(pod)) === removal) this.#removals.delete(podKey(pod))
    })
    this.#removals.set(podKey(pod), removal)
  }

  /** Resolves when the volumes of a pod that is gone are gone. */
  async settled(pod: PodRef): Promise<void> {
    await this.#removals.get(podKey(pod))
  }

  /** After a listing: removes volumes of pods that went unnoticed, and reads what is in those of the others. */
  async review(): Promise<void> {
    const pods = new Set([...this.#host.containers.records()].map(({ mark }) => podKey({ ...mark, name: mark.pod })))
    const orphans: string[] = []
    for (const { name, namespace, pod } of this.#host.volumes.ofPods()) {
      const key = podKey({ namespace, name: pod })
      if (!pods.has(key)) orphans.push(name)
      // The sandbox, which would tell, may be gone while other containers are there.
      else this.#names.set(key, [...new Set([...(this.#names.get(key) ?? []), name])])
    }
    await this.#remove(orphans)
    const sandboxes = [...this.#host.containers.records()].filter((record) => record.sandbox !== undefined)
    for (const record of await this.filled.read(sandboxes)) this.#touched(record)
  }

  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      try {
        await this.#host.api.removeVolume(name)
      } catch (error) {
        // The next listing finds it again.
        if (!(error instanceof RuntimeError)) throw error
        this.#log.warn('volume not removed', { host: this.#host.name, volume: name, error: error.message })
      }
    }
  }

  /** Before a sandbox is made: a volume of an earlier pod of this name must not be taken for a new one, nor a foreign one for ours. */
  async prepare(pod: PodRef, volumes: readonly PodVolume[]): Promise<void> {
    await this.settled(pod)
    for (const volume of volumes) {
      if (volume.kind === 'docker') await this.#host.volumes.need(sourceOf(this.#engine, pod, volume))
    }
    await Promise.all(podVolumeNames(this.#engine, pod, volumes).map((name) => this.#clear(pod, name)))
  }

  async #clear(pod: PodRef, name: string): Promise<void> {
    const { api } = this.#host
    const found = await api.inspectVolume(name)
    if (found === undefined) return
    const owner = volumeOwner(this.#engine, name, found.Labels ?? {})
    if (owner === undefined || owner === 'copied' || owner.kind !== 'pod') {
      throw new RuntimeError('NAME_TAKEN', name, `volume ${name} exists and is not ours: remove it`)
    }
    try {
      await api.removeVolume(name)
    } catch (error) {
      // The sandbox that uses it may be the very one that is to be made: an answer was lost.
      const inUse = error instanceof RuntimeError && error.code === 'VOLUME_IN_USE'
      if (!inUse || !(await this.#exists(sandboxName(this.#engine, pod)))) throw error
    }
  }

  async #exists(name: string): Promise<boolean> {
    try {
      await this.#host.api.inspect(name)
      return true
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NO_SUCH_CONTAINER') return false
      throw error
    }
  }

  /** The mounts of one container, as API options. */
  async mounts(pod: PodRef, sandbox: ContainerRecord, mounts: readonly Mount[]): Promise<MountSettings[]> {
    if (mounts.length === 0) return []
    const volumes = volumesOf(sandbox)
    const used = mounts.map((mount) => ({ mount, volume: need(pod, volumes, mount.volume) }))
    const sources = await this.#subPaths(pod, sandbox, used)
    return used.map(({ mount, volume }) => {
      const source = sources.get(mount) ?? sourceOf(this.#engine, pod, volume)
      const propagation = this.#private.has(source) ? 'None' : mount.propagation
      return mountOptions({ ...mount, propagation }, volume, source)
    })
  }

  /** A start failed because a path's mount passes nothing on: to ask for what it does not pass on is left out, then. Whether that is so. */
  withoutPropagation(record: ContainerRecord, error: RuntimeError): boolean {
    const [, path] = /path (\/.*) is mounted on .* but it is not a shared or slave mount/.exec(error.message) ?? []
    if (path === undefined || this.#private.has(path)) return false
    this.#private.add(path)
    return record.facts.config.mounts.some(({ propagation }) => propagation === 'HostToContainer')
  }

  async #subPaths(pod: PodRef, sandbox: ContainerRecord, used: readonly Use[]): Promise<Map<Mount, string>> {
    const found = new Map<Mount, string>()
    const unknown: Use[] = []
    for (const use of used) {
      const { mount, volume } = use
      if (mount.subPath === '') continue
      checkRelative(volume.name, mount.subPath)
      // Nobody but us writes there, and the link has to be followed anew at each start.
      if (volume.kind === 'files') found.set(mount, `${await this.#rootOf(pod, volume)}/..data/${mount.subPath}`)
      else unknown.push(use)
    }
    if (unknown.length === 0) return found
    const script = resolveScript(unknown.map(({ mount }) => `${volumeRoot}/${mount.volume}/${mount.subPath}`))
    const output = await this.#host.api.run(sandbox.id, ['sh', '-c', script], Buffer.alloc(0))
    const lines = output.split('\n')
    for (const [index, { mount, volume }] of unknown.entries()) {
      const inside = insideOf(volume.name, mount.subPath, lines[index] ?? '')
      found.set(mount, `${await this.#rootOf(pod, volume)}${inside}`)
    }
    return found
  }

  /** Where a volume is on the host. */
  async #rootOf(pod: PodRef, volume: PodVolume): Promise<string> {
    const source = sourceOf(this.#engine, pod, volume)
    if (volume.kind === 'host') return source === '/' ? '' : source
    const found = await this.#host.api.inspectVolume(source)
    if (found) return found.Mountpoint
    throw new RuntimeError('NO_SUCH_VOLUME', source, `volume ${source} does not exist`)
  }

  /** One at a time for each sandbox. */
  async setUp(pod: PodRef, sandbox: ContainerRecord, setups: readonly VolumeSetup[]): Promise<void> {
    const before = this.#turns.get(sandbox.id)
    const turn = (async () => {
      // How the one before ended is its own caller's matter.
      await before?.catch(() => {})
      await this.#setUp(pod, sandbox.id, setups)
    })()
    this.#turns.set(sandbox.id, turn)
    try {
      await turn
    } finally {
      if (this.#turns.get(sandbox.id) === turn) this.#turns.delete(sandbox.id)
    }
  }

  async #setUp(pod: PodRef, id: string, wanted: readonly VolumeSetup[]): Promise<void> {
    const sandbox = this.#host.containers.get(id)
    if (sandbox === undefined) throw new RuntimeError('NO_SUCH_CONTAINER', id, `container ${id} is gone`)
    const volumes = volumesOf(sandbox)
    const setups = wanted.map((setup) => ({ setup, volume: need(pod, volumes, setup.volume) })).filter(isNeeded)
    if (setups.length === 0) return
    for (const setup of setups) checkSetup(setup)
    const fresh = this.filled.takeFresh(
      sandbox,
      setups.map(({ volume }) => volume.name),
    )
    // An archive call mounts all volumes of the container once more, which is no good for paths of the host.
    const byArchive = fresh && ![...volumes.values()].some((volume) => volume.kind === 'host')
    if (byArchive)
      await this.#host.api.putArchive(id, volumeRoot, tarOf(newVolumeEntries(setups), this.#host.clock.now()))
    else await this.#runScript(sandbox, setups)
    if (this.filled.wrote(sandbox, setups)) this.#touched(sandbox)
  }

  async #runScript(sandbox: ContainerRecord, setups: readonly Setup[]): Promise<void> {
    // Of its own: what is left of a call whose answer was lost may still be at work.
    const stage = `..new-${this.#host.clock.now().toString(36)}`
    const staged = stagedEntries(setups, stage)
    const archive = staged.length > 0 ? tarOf(staged, this.#host.clock.now()) : Buffer.alloc(0)
    const script = setUpScript(setups, stage, archive.length)
    const output = (await this.#host.api.run(sandbox.id, ['sh', '-c', script], archive)).trim()
    const last = output.slice(output.lastIndexOf('\n') + 1)
    if (last === 'done') return
    const [, refusal] = /^refused (.*)$/.exec(last) ?? []
    if (refusal !== undefined) throw new RuntimeError('VOLUME_REFUSED', sandbox.name, refusal)
    throw new RuntimeError('ENGINE_ERROR', sandbox.name, `the volumes could not be prepared: ${output || 'no answer'}`)
  }
}

/** The engine's words for a path of the host that is not there, in those of Kubernetes. Other errors as they are. */
export function missingSource(error: unknown, volumes: readonly PodVolume[]): unknown {
  if (!(error instanceof RuntimeError) || error.code !== 'REFUSED') return error
  const [, path] = /bind source path does not exist: (.+)$/.exec(error.message) ?? []
  const volume = volumes.find(
    (one) => one.kind === 'host' && (one.path === path || (one.type === 'FileOrCreate' && parentOf(one.path) === path)),
  )
  if (volume?.kind !== 'host') return error
  return new RuntimeError('VOLUME_REFUSED', error.subject, hostPathRefusal(volume.path, volume.type), { cause: error })
}

interface Use {
  readonly mount: Mount
  readonly volume: PodVolume
}

function volumesOf(sandbox: ContainerRecord): ReadonlyMap<string, PodVolume> {
  return new Map((sandbox.sandbox?.volumes ?? []).map((volume) => [volume.name, volume]))
}

function need(pod: PodRef, volumes: ReadonlyMap<string, PodVolume>, name: string): PodVolume {
  const volume = volumes.get(name)
  if (volume) return volume
  throw new RuntimeError('REFUSED', name, `pod ${pod.namespace}/${pod.name} has no volume ${name}`)
}

/** From what a path really is in the sandbox to the path inside the volume, with its slash. Throws when it is somewhere else. */
function insideOf(volume: string, subPath: string, real: string): string {
  const root = `${volumeRoot}/${volume}`
  if (real === root) return ''
  if (real.startsWith(`${root}/`)) return real.slice(root.length)
  const why = real === '' ? 'does not exist' : 'leads out of the volume'
  throw new RuntimeError('VOLUME_REFUSED', volume, `subPath ${subPath} of volume ${volume} ${why}`)
}

function podKey({ namespace, name }: Pick<PodRef, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}
