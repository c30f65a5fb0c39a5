import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Memory } from './once.ts'
import type { Parcel } from './outbox.ts'

/** What was told, and what still has to be. */
export interface ToldContent<M> {
  readonly apps: Readonly<Record<string, M>>
  /** By receiver. */
  readonly waiting: Readonly<Record<string, readonly Parcel<unknown>[]>>
}

const nothing = { apps: {}, waiting: {} }
const gatherMs = 500

/** `told.json` or the like in the state directory, so that a restart repeats nothing and forgets nothing. May be deleted at any time. */
export class ToldFile<M extends object = Memory> {
  readonly #file: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #content: () => ToldContent<M>
  #cancel: (() => void) | undefined
  /** Said once, until a write works again. */
  #failing = false

  constructor(stateDir: string, clock: Clock, log: Log, content: () => ToldContent<M>, name = 'told.json') {
    this.#file = join(stateDir, name)
    this.#clock = clock
    this.#log = log
    this.#content = content
  }

  /** A file that cannot be read is as good as none. */
  read(): ToldContent<M> {
    try {
      const { apps = {}, waiting = {} } = JSON.parse(readFileSync(this.#file, 'utf8')) as Partial<ToldContent<M>>
      return isContent({ apps, waiting }) ? { apps, waiting } : nothing
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.warn('what was told is not known any more', { file: this.#file, reason: errorText(error) })
      }
      return nothing
    }
  }

  /** Soon, together with whatever else changes. */
  changed(): void {
    this.#cancel ??= this.#clock.after(gatherMs, () => this.write())
  }

  write(): void {
    this.#cancel?.()
    this.#cancel = undefined
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true, mode: 0o700 })
      const fresh = `${this.#file}.new`
      writeFileSync(fresh, JSON.stringify(this.#content()), { mode: 0o600 })
      renameSync(fresh, this.#file)
      this.#failing = false
    } catch (error) {
      if (!this.#failing) {
        this.#log.warn('what was told cannot be written down', { file: this.#file, reason: errorText(error) })
      }
      this.#failing = true
    }
  }
}

function isContent({ apps, waiting }: ToldContent<object>): boolean {
  const parcels = Object.values(waiting).flat()
  const isParcel = ({ key, since, payload }: Partial<Parcel<unknown>>) =>
    typeof key === 'string' && typeof since === 'number' && typeof payload === 'object' && payload !== null
  return Object.values(apps).every((memory) => typeof memory === 'object' && memory !== null) && parcels.every(isParcel)
}
