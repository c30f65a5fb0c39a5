// Joins previews to their pull requests at a forge: one comment, edited in place, and a status of each head. Part of the corridor beside
// engine.ts.
import type { Clock } from './base/clock.ts'
import type { Log } from './base/log.ts'
import type { Parcel } from './notify/outbox.ts'
import { ToldFile } from './notify/told.ts'
import type { Previews } from './previews.ts'
import { type CommentingForge, openCommentingForge, PullRequestWords, type Told } from './pull-request-words.ts'
import type { ApplicationSettings, EngineSettings } from './settings.ts'

export interface CommentingParts {
  readonly settings: Pick<EngineSettings, 'id' | 'applications' | 'stateDir'>
  /** Of the engine, which is made later. */
  readonly previews: () => Pick<Previews, 'listed' | 'report'>
  readonly clock: Clock
  readonly log: Log
  /** Absent: as the settings say. Throws BAD_SETTINGS when it does not follow from them where it is. */
  readonly openForge?: (application: ApplicationSettings) => CommentingForge
}

// Changes come in swarms, and each look makes the texts of all.
const gatherMs = 1_000
// Hundreds of pull requests are not to take the time of what runs.
const restPerLook = 30
const closeGraceMs = 5_000

/** Tells pull requests what they are to know of their previews. Nobody waits for it; what cannot be told now is told later, also by the next process. */
export class Commenting {
  readonly #clock: Clock
  readonly #file: ToldFile<Readonly<Record<string, Told>>>
  #words: readonly PullRequestWords[] = []
  #cancel: (() => void) | undefined
  #lookAt = Number.POSITIVE_INFINITY
  #gatherMs = gatherMs
  #closed = false

  /** Goes on with what the process before it had not told. */
  constructor({ settings, previews, clock, log, openForge = openCommentingForge }: CommentingParts) {
    this.#clock = clock
    this.#file = new ToldFile(settings.stateDir, clock, log, () => this.#content(), 'told-previews.json')
    const ofForges = settings.applications.filter(({ forge }) => forge !== undefined)
    const { apps, waiting } = ofForges.length === 0 ? { apps: {}, waiting: {} } : this.#file.read()
    // Where previews were switched off, their pull requests are still to hear of it.
    const telling = ofForges.filter(({ name, previews: on }) => (on && on.provider !== 'branches') || apps[name])
    this.#words = telling.map((application) => {
      const { name } = application
      const [forge, told] = [openForge(application), apps[name] ?? {}]
      const parcels = waiting[name] as readonly Parcel<never>[] | undefined
      const changed = () => {
        this.#file.changed()
        this.changed()
      }
      return new PullRequestWords(
        { application, engine: settings.id, forge, previews, clock, log, changed },
        told,
        parcels ?? [],
      )
    })
    this.changed()
  }

  /** Something of a preview may read differently now. May be called often. */
  readonly changed = (): void => {
    this.#lookIn(this.#gatherMs)
  }

  /** Waits a few seconds for what is being told; the next process tells the rest. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    await Promise.all(this.#words.map((words) => words.close(closeGraceMs)))
    if (this.#words.length > 0) this.#file.write()
  }

  #look(): void {
    const began = this.#clock.now()
    this.#lookAt = Number.POSITIVE_INFINITY
    const inMs = Math.min(...this.#words.map((words) => words.look()))
    this.#gatherMs = Math.max(gatherMs, restPerLook * (this.#clock.now() - began))
    if (Number.isFinite(inMs)) this.#lookIn(Math.max(inMs, this.#gatherMs))
  }

  /** The sooner of this look and the one that was going to be. */
  #lookIn(ms: number): void {
    const at = this.#clock.now() + ms
    if (this.#closed || this.#words.length === 0 || at >= this.#lookAt) return
    this.#cancel?.()
    this.#lookAt = at
    this.#cancel = this.#clock.after(ms, () => this.#look())
  }

  #content() {
    return {
      apps: Object.fromEntries(this.#words.map(({ app, told }) => [app, told])),
      waiting: Object.fromEntries(this.#words.map(({ app, waiting }) => [app, waiting])),
    }
  }
}
