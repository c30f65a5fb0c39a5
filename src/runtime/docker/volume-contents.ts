import { RuntimeError } from '../errors.ts'
import type { HostApi } from './host-api.ts'
import type { ContainerRecord } from './observe.ts'
import { baseOf, isInMemory, isMadeNew, volumeRoot } from './volume-options.ts'
import type { Setup } from './volume-script.ts'

interface Filling {
  /** Volumes on disk that were made with the sandbox and not touched since. */
  readonly fresh: Set<string>
  readonly versions: Map<string, { readonly version: string; readonly startedAt: number }>
  /** Volumes on disk that were filled before this process looked. */
  readonly unread: Set<string>
}

const nothing: ReadonlyMap<string, string> = new Map()
const readsAtATime = 8

/** What is in the volumes that we fill, by sandbox. */
export class Filled {
  readonly #api: Pick<HostApi, 'linkTarget'>
  readonly #fillings = new Map<string, Filling>()

  constructor(api: Pick<HostApi, 'linkTarget'>) {
    this.#api = api
  }

  noted(record: ContainerRecord): void {
    if (this.#fillings.has(record.id)) return
    const onDisk = (record.sandbox?.volumes ?? []).filter((volume) => !isInMemory(volume))
    const ofPod = onDisk.filter(isMadeNew).map(({ name }) => name)
    const files = onDisk.filter(({ kind }) => kind === 'files').map(({ name }) => name)
    const isNew = record.facts.startedAt === 0
    this.#fillings.set(record.id, {
      fresh: new Set(isNew ? ofPod : []),
      versions: new Map(),
      unread: new Set(isNew ? [] : files),
    })
  }

  forget(id: string): void {
    this.#fillings.delete(id)
  }

  /** Volume -> version. What is in memory is lost when the sandbox is started anew. */
  contents(record: ContainerRecord): ReadonlyMap<string, string> {
    const filling = this.#fillings.get(record.id)
    if (filling === undefined || filling.versions.size === 0) return nothing
    const inMemory = new Set(record.sandbox?.volumes.filter(isInMemory).map(({ name }) => name))
    const current = [...filling.versions].filter(
      ([name, { startedAt }]) => !inMemory.has(name) || startedAt === record.facts.startedAt,
    )
    return new Map(current.map(([name, { version }]) => [name, version]))
  }

  /** Whether all of these are new and untouched; from now on they are not. */
  takeFresh(record: ContainerRecord, volumes: readonly string[]): boolean {
    const fresh = this.#fillings.get(record.id)?.fresh
    // Not one by one: each of them counts as touched, whatever the others are.
    return volumes.map((name) => fresh?.delete(name) ?? false).every((was) => was)
  }

  /** Whether that changed what is known. */
  wrote(record: ContainerRecord, setups: readonly Setup[]): boolean {
    const filling = this.#fillings.get(record.id)
    const filled = setups.filter(({ setup }) => setup.contents !== undefined)
    for (const { volume, setup } of filled) {
      filling?.unread.delete(volume.name)
      const { version = '' } = setup.contents ?? {}
      filling?.versions.set(volume.name, { version, startedAt: record.facts.startedAt })
    }
    return filled.length > 0
  }

  /** Asks the engine for what an earlier process wrote; answers whose contents are known now. */
  async read(records: readonly ContainerRecord[]): Promise<ContainerRecord[]> {
    const left = records.filter((record) => (this.#fillings.get(record.id)?.unread.size ?? 0) > 0)
    const changed: ContainerRecord[] = []
    const worker = async () => {
      for (let record = left.pop(); record !== undefined; record = left.pop()) {
        if (await this.#readOne(record)) changed.push(record)
      }
    }
    await Promise.all(Array.from({ length: readsAtATime }, worker))
    return changed
  }

  async #readOne(record: ContainerRecord): Promise<boolean> {
    const filling = this.#fillings.get(record.id)
    // To look mounts all volumes once more: not where paths of the host are among them. What is not known is written again.
    if (filling === undefined || record.sandbox?.volumes.some(({ kind }) => kind === 'host')) return false
    let changed = false
    for (const name of filling.unread) {
      try {
        const target = await this.#api.linkTarget(record.id, `${volumeRoot}/${name}/..data`)
        const found = baseOf(target ?? '')
        if (!filling.unread.delete(name) || !found.startsWith('..')) continue
        filling.versions.set(name, { version: found.slice(2), startedAt: record.facts.startedAt })
        changed = true
      } catch (error) {
        if (!(error instanceof RuntimeError) || error.code === 'HOST_UNREACHABLE') throw error
        filling.unread.delete(name)
      }
    }
    return changed
  }
}
