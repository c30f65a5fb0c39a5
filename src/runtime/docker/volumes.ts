import type { VolumeInspectInfo } from 'dockerode'
import { stableText } from '../../base/hash.ts'
import { type Key, keyOf } from '../../base/key.ts'
import { RuntimeError } from '../errors.ts'
import { mayBeKeptVolume, volumeName, volumeOwner, writeVolumeLabels } from '../labels.ts'
import type { LiveVolume, VolumeFilling } from '../live.ts'
import type { VolumeSpec } from '../port.ts'
import type { HostApi } from './host-api.ts'
import { trailing } from './trailing.ts'

/** A volume that is made and removed with its pod. */
export interface PodVolumeRecord {
  readonly name: string
  readonly namespace: string
  readonly pod: string
}

export interface VolumesSettings {
  readonly host: string
  readonly engine: string
  /** The objects whose volumes are others now. */
  readonly changed: (subjects: readonly Key[]) => void
}

/** The volumes of one host that outlive pods; and, as of the last listing, those that do not. */
export class Volumes {
  readonly #api: HostApi
  readonly #settings: VolumesSettings
  readonly #kept = new Map<string, LiveVolume>()
  readonly #bySubject = new Map<Key, readonly LiveVolume[]>()
  readonly #filling = new Map<string, VolumeFilling>()
  #copied: readonly string[] = []
  #ofPods: readonly PodVolumeRecord[] = []
  /** Seen by themselves while a listing was under way, which may be older. */
  #seenSince = new Set<string>()

  constructor(api: HostApi, settings: VolumesSettings) {
    this.#api = api
    this.#settings = settings
  }

  readonly refresh = trailing(() => this.#list())

  async #list(): Promise<void> {
    this.#seenSince = new Set()
    const rows = await this.#api.listVolumes(this.#settings.engine)
    const listed = new Set(rows.map((row) => row.Name))
    const copied: string[] = []
    const ofPods: PodVolumeRecord[] = []
    const changed: Key[] = []
    for (const name of [...this.#kept.keys()]) {
      if (!listed.has(name) && !this.#seenSince.has(name)) changed.push(...this.#set(name, undefined))
    }
    for (const row of rows) {
      const owner = volumeOwner(this.#settings.engine, row.Name, row.Labels ?? {})
      if (owner === 'copied') copied.push(`volume ${row.Name} carries our labels but not a name of ours: left alone`)
      else if (owner?.kind === 'pod') ofPods.push({ name: row.Name, namespace: owner.namespace, pod: owner.pod })
      else if (!this.#seenSince.has(row.Name)) changed.push(...this.#set(row.Name, this.#read(row)))
    }
    this.#copied = copied.sort()
    this.#ofPods = ofPods
    this.#tell(changed)
  }

  /** Looks at one volume that somebody made or removed. */
  async look(name: string): Promise<void> {
    if (!this.#kept.has(name) && !mayBeKeptVolume(this.#settings.engine, name)) return
    const found = await this.#api.inspectVolume(name)
    this.#see(name, found && this.#read(found))
  }

  /** How a copy into a volume goes; undefined: there is none. */
  fills(name: string, filling: VolumeFilling | undefined): void {
    if (filling) this.#filling.set(name, filling)
    else this.#filling.delete(name)
    const { filling: _, ...known } = this.#kept.get(name) ?? {}
    if ('name' in known) this.#tell(this.#set(name, { ...known, ...(filling && { filling }) } as LiveVolume))
  }

  all(): Iterable<LiveVolume> {
    return this.#kept.values()
  }

  of(subject: Key): readonly LiveVolume[] {
    return this.#bySubject.get(subject) ?? []
  }

  ofPods(): readonly PodVolumeRecord[] {
    return this.#ofPods
  }

  copied(): readonly string[] {
    return this.#copied
  }

  async create(volume: VolumeSpec): Promise<void> {
    const { engine } = this.#settings
    const name = volumeName(engine, volume)
    const Labels = writeVolumeLabels(engine, volume)
    const { driver: Driver, options: DriverOpts } = volume
    const made = await this.#api.createVolume({ Name: name, Driver, DriverOpts: { ...DriverOpts }, Labels })
    // The engine answers with a volume that was there before as if it had made it.
    const wanted = stableText([Driver, DriverOpts, Labels])
    if (stableText([made.Driver, made.Options ?? {}, made.Labels ?? {}]) !== wanted) {
      const ours = volumeOwner(engine, name, made.Labels ?? {}) !== undefined
      this.#see(name, this.#read(made))
      const whose = ours ? 'is there with other facts or options' : 'exists and is not ours: remove or rename it'
      throw new RuntimeError('NAME_TAKEN', name, `volume ${name} ${whose}`)
    }
    this.#see(name, this.#read(made))
  }

  async remove(name: string): Promise<void> {
    if (!this.#kept.has(name)) {
      const found = await this.#api.inspectVolume(name)
      if (found === undefined) return
      if (this.#read(found) === undefined) {
        throw new RuntimeError('REFUSED', name, `volume ${name} is not one of ours: left alone`)
      }
    }
    await this.#api.removeVolume(name)
    this.#see(name, undefined)
  }

  /** Throws when there is none: the engine would make a new one in its place. */
  async need(name: string): Promise<void> {
    if (!this.#kept.has(name)) await this.look(name)
    if (!this.#kept.has(name)) throw new RuntimeError('NO_SUCH_VOLUME', name, `volume ${name} does not exist`)
  }

  #see(name: string, volume: LiveVolume | undefined): void {
    this.#seenSince.add(name)
    this.#tell(this.#set(name, volume))
  }

  /** Answers whose volumes are others now. */
  #set(name: string, after: LiveVolume | undefined): Key[] {
    const before = this.#kept.get(name)
    if (stableText(before) === stableText(after)) return []
    if (after) this.#kept.set(name, after)
    else this.#kept.delete(name)
    const subjects = new Set([before, after].flatMap((volume) => (volume ? [subjectKey(volume)] : [])))
    for (const subject of subjects) {
      const others = this.of(subject).filter((volume) => volume.name !== name)
      const now = after && subjectKey(after) === subject ? [...others, after].sort(byName) : others
      if (now.length > 0) this.#bySubject.set(subject, now)
      else this.#bySubject.delete(subject)
    }
    return [...subjects]
  }

  #tell(subjects: readonly Key[]): void {
    if (subjects.length > 0) this.#settings.changed([...new Set(subjects)])
  }

  #read(row: VolumeInspectInfo): LiveVolume | undefined {
    const owner = volumeOwner(this.#settings.engine, row.Name, row.Labels ?? {})
    if (owner === undefined || owner === 'copied' || owner.kind === 'pod') return undefined
    const { app, namespace, subject, detail, facts } = owner
    const filling = this.#filling.get(row.Name)
    const createdAt = 'CreatedAt' in row && typeof row.CreatedAt === 'string' ? Date.parse(row.CreatedAt) || 0 : 0
    return {
      ...{ host: this.#settings.host, name: row.Name, app, namespace, subject, detail, facts },
      driver: row.Driver,
      options: row.Options ?? {},
      createdAt,
      ...(filling && { filling }),
    }
  }
}

function byName(a: LiveVolume, b: LiveVolume): number {
  return a.name < b.name ? -1 : 1
}

function subjectKey({ namespace, subject }: LiveVolume): Key {
  const [kind = '', name = ''] = subject.split('/')
  return keyOf({ namespace, kind, name })
}
