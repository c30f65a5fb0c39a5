import type { ContainerInspectInfo } from 'dockerode'
import { RuntimeError } from '../errors.ts'
import type { ContainerRecord, Observed } from './observe.ts'

/** Before and after; undefined: not there. */
export type RecordChanged = (before: ContainerRecord | undefined, after: ContainerRecord | undefined) => void

/**
 * The containers of one host, as last inspected. Each id is inspected by one call at a time, so answers cannot overtake each other;
 * requests that come before a look has begun share it.
 */
export class ContainerCache {
  readonly #inspect: (id: string) => Promise<ContainerInspectInfo>
  readonly #observe: (info: ContainerInspectInfo) => Observed | Promise<Observed>
  readonly #changed: RecordChanged
  readonly #copiedChanged: () => void
  readonly #records = new Map<string, ContainerRecord>()
  readonly #copied = new Map<string, string>()
  readonly #waiting = new Map<string, Promise<void>>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(
    inspect: (id: string) => Promise<ContainerInspectInfo>,
    observe: (info: ContainerInspectInfo) => Observed | Promise<Observed>,
    changed: RecordChanged,
    copiedChanged: () => void,
  ) {
    this.#inspect = inspect
    this.#observe = observe
    this.#changed = changed
    this.#copiedChanged = copiedChanged
  }

  get(id: string): ContainerRecord | undefined {
    return this.#records.get(id)
  }

  has(id: string): boolean {
    return this.#records.has(id) || this.#copied.has(id)
  }

  ids(): string[] {
    return [...this.#records.keys(), ...this.#copied.keys()]
  }

  records(): IterableIterator<ContainerRecord> {
    return this.#records.values()
  }

  /** Containers that carry our labels under a name that is not theirs. */
  copied(): string[] {
    return [...this.#copied.values()]
  }

  /** Looks at one container again; resolves when what is known is at least as new as the call. */
  refresh(id: string): Promise<void> {
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) return waiting
    const look = this.#lookAfter(id, this.#running.get(id))
    this.#waiting.set(id, look)
    return look
  }

  /** It is known to be gone. */
  drop(id: string): void {
    this.#set(id, { kind: 'foreign' })
  }

  async #lookAfter(id: string, before: Promise<void> | undefined): Promise<void> {
    // How the look before ended is its own callers' matter.
    await before?.catch(() => {})
    this.#waiting.delete(id)
    const look = this.#look(id)
    this.#running.set(id, look)
    try {
      await look
    } finally {
      if (this.#running.get(id) === look) this.#running.delete(id)
    }
  }

  async #look(id: string): Promise<void> {
    try {
      this.#set(id, await this.#observe(await this.#inspect(id)))
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'NO_SUCH_CONTAINER') throw error
      this.drop(id)
    }
  }

  #set(id: string, seen: Observed): void {
    const copied = seen.kind === 'copied' ? seen.message : undefined
    if (this.#copied.get(id) !== copied) {
      if (copied === undefined) this.#copied.delete(id)
      else this.#copied.set(id, copied)
      this.#copiedChanged()
    }
    const before = this.#records.get(id)
    const after = seen.kind === 'ours' ? seen.record : undefined
    if (after) this.#records.set(id, after)
    else this.#records.delete(id)
    if (!same(before, after)) this.#changed(before, after)
  }
}

// Records are built in one place, so equal ones have equal texts.
function same(a: ContainerRecord | undefined, b: ContainerRecord | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
