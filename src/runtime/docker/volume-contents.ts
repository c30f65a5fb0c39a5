import { RuntimeError } from '../errors.ts'
import type { HostApi } from './host-api.ts'
import type { ContainerRecord } from './observe.ts'
import { baseOf, isInMemory, isMadeNew, volumeRoot } from './volume-options.ts'
import { resolveScript, type Setup } from './volume-script.ts'

interface Filling {
  /** Volumes on disk that were made with the sandbox and not touched since. */
  readonly fresh: Set<string>
  readonly versions: Map<string, { readonly version: string; readonly startedAt: number }>
  /** Volumes that were filled before this process looked. */
  readonly unread: Set<string>
}

const nothing: ReadonlyMap<string, string> = new Map()
const readsAtATime = 8

/** What is in the volumes that we fill, by sandbox. */
export class Filled {
  readonly #api: Pick<HostApi, 'linkTarget' | 'run'>
  readonly #fillings = new Map<string, Filling>()

  constructor(api: Pick<HostApi, 'linkTarget' | 'run'>) {
    this.#api = api
  }

  noted(record: ContainerRecord): void {
    if (this.#fillings.has(record.id)) return
    const volumes = record.sandbox?.volumes ?? []
    const ofPod = volumes.filter((volume) => !isInMemory(volume) && isMadeNew(volume)).map(({ name }) => name)
    const files = volumes.filter(({ kind }) => kind === 'files').map(({ name }) => name)
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
    if (filling === undefined) return false
    const { unread, versions } = filling
    try {
      const links = await this.#links(record, [...unread])
      const found = links.filter(([name, link]) => unread.has(name) && /^\.\.[^.]/.test(link) && link !== dataLink)
      for (const [name, link] of found) {
        versions.set(name, { version: link.slice(2), startedAt: record.facts.startedAt })
      }
      for (const [name] of links) unread.delete(name)
      return found.length > 0
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code === 'HOST_UNREACHABLE') throw error
      // What is not known is written again.
      unread.clear()
      return false
    }
  }

  /** Volume -> the name that `..data` leads to; without those that can only be asked while the sandbox runs. */
  async #links(record: ContainerRecord, names: readonly string[]): Promise<(readonly [name: string, link: string])[]> {
    const paths = names.map((name) => `${volumeRoot}/${name}/${dataLink}`)
    if (needsShell(record)) {
      if (record.facts.state !== 'running') return []
      const output = await this.#api.run(record.id, ['sh', '-c', resolveScript(paths)], Buffer.alloc(0))
      const lines = output.split('\n')
      return names.map((name, index) => [name, baseOf(lines[index] ?? '')])
    }
    const targets = await Promise.all(paths.map((path) => this.#api.linkTarget(record.id, path)))
    return names.map((name, index) => [name, baseOf(targets[index] ?? '')])
  }
}

const dataLink = '..data'

/** To look from outside mounts all volumes once more: not where paths of the host are among them, and memory would be found empty. */
function needsShell({ sandbox }: ContainerRecord): boolean {
  return sandbox?.volumes.some((volume) => volume.kind === 'host' || isInMemory(volume)) ?? false
}
