// Joins what happens to applications to those who want to hear of it: the forge, Git notes, notifications. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { shortHash } from './base/hash.ts'
import type { Log } from './base/log.ts'
import { type CommitStatus, type Deployment, type Forge, openForge } from './forge/forge.ts'
import {
  type DeploymentWords,
  deploymentWords,
  type StatusWords,
  statusWords,
  supersededWords,
} from './forge/states.ts'
import { deliver } from './notify/deliver.ts'
import { noteText } from './notify/note.ts'
import { isNoNews, type Memory, notifiedOf, verdictOn } from './notify/once.ts'
import { Outbox, type OutboxParts, type Parcel } from './notify/outbox.ts'
import { ToldFile } from './notify/told.ts'
import type { AppEvent } from './report/event.ts'
import type { ApplicationSettings, EngineSettings, NotificationSettings } from './settings.ts'
import type { Repository } from './sync/port.ts'

export interface TellingParts {
  readonly settings: Pick<EngineSettings, 'applications' | 'notifications' | 'externalURL' | 'stateDir'>
  /** To write notes; opened when the first one is written. */
  readonly openRepository: (application: ApplicationSettings) => Promise<Repository>
  readonly clock: Clock
  readonly log: Log
}

interface Note {
  readonly app: string
  readonly commit: string
  readonly text: string
  readonly at: number
}

interface ForgeBoxes {
  readonly settings: NonNullable<ApplicationSettings['forge']>
  readonly statuses: Outbox<CommitStatus> | undefined
  readonly deployments: Outbox<Deployment> | undefined
}

interface Notified {
  readonly settings: NotificationSettings
  readonly outbox: Outbox<AppEvent>
}

/** Whatever it sends. */
interface AnyOutbox {
  readonly waiting: readonly Parcel<unknown>[]
  put(key: string, payload: never, since: number): void
  close(graceMs: number): Promise<void>
}

// A push for each of several outcomes that follow each other closely would be noise.
const noteLingerMs = 3_000
// All problems of a commit may be many.
const longestMessage = 16_384
const closeGraceMs = 5_000
// Looks at a repository that is away come at least this often, or as often as its interval says; a look itself may take long.
const longestWaitMs = 300_000

/** Tells everybody who is configured. Nobody waits for it: what cannot be told now waits here, and on disk over a restart. */
export class Telling {
  readonly #parts: TellingParts
  readonly #file: ToldFile
  readonly #boxes = new Map<string, AnyOutbox>()
  readonly #forges = new Map<string, ForgeBoxes>()
  /** By application; those of one repository share one. */
  readonly #notes = new Map<string, Outbox<Note>>()
  readonly #notified: readonly Notified[]
  readonly #memories: Map<string, Memory>
  /** What is to be notified of unless something else comes. */
  readonly #held = new Map<string, { readonly event: AppEvent; readonly cancel: () => void }>()
  readonly #repositories = new Map<string, Promise<Repository>>()

  /** Goes on with what the process before it had not told. Throws CallError when it does not follow from the settings where a forge is. */
  constructor(parts: TellingParts) {
    const { settings, clock, log } = parts
    this.#parts = parts
    this.#file = new ToldFile(settings.stateDir, clock, log, () => this.#content())
    const ofRepositories = new Map<string, Outbox<Note>>()
    for (const { name, repoURL, forge, notes } of settings.applications) {
      if (forge) this.#forges.set(name, this.#forgeBoxes(name, repoURL, forge))
      if (!notes) continue
      const box = ofRepositories.get(repoURL) ?? this.#noteBox(repoURL)
      ofRepositories.set(repoURL, box)
      this.#notes.set(name, box)
    }
    this.#notified = (settings.notifications ?? []).map((receiver) => ({
      settings: receiver,
      outbox: this.#box<AppEvent>(`notification/${receiver.name}`, {
        name: `notification ${receiver.name}`,
        send: (event, signal) => deliver(receiver, event, this.#linkTo(event.app), signal),
      }),
    }))
    const { apps, waiting } = this.#boxes.size === 0 ? { apps: {}, waiting: {} } : this.#file.read()
    const names = new Set(settings.applications.map(({ name }) => name))
    this.#memories = new Map(Object.entries(apps).filter(([name]) => names.has(name)))
    for (const [name, box] of this.#boxes) this.#takeUp(box, waiting[name] ?? [])
  }

  /** Quick, and never throws: what the engine does must not depend on it. */
  readonly tell = (event: AppEvent): void => {
    if (this.#boxes.size === 0) return
    try {
      this.#take({ ...event, message: event.message.slice(0, longestMessage) })
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#parts.log.error('an event cannot be told', { app: event.app, kind: event.kind, reason })
    }
  }

  /** Waits a few seconds for what is being told; the next process tells the rest. */
  async close(): Promise<void> {
    for (const { event } of [...this.#held.values()]) this.#notifyHeld(event)
    await Promise.all([...this.#boxes.values()].map((box) => box.close(closeGraceMs)))
    if (this.#boxes.size > 0) this.#file.write()
    const repositories = await Promise.allSettled(this.#repositories.values())
    await Promise.all(repositories.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)))
  }

  #take(event: AppEvent): void {
    const { app, commit } = event
    const waitMs = 3 * Math.max(longestWaitMs, this.#application(app)?.intervalMs ?? 0)
    const before = this.#memories.get(app) ?? {}
    const { memory, changed, superseded, notify } = verdictOn(event, before, waitMs)
    this.#memories.set(app, memory)
    this.#file.changed()
    if (changed) {
      if (superseded !== undefined) {
        const words = supersededWords(commit)
        this.#tellForge(app, superseded, words.status, words.deployment)
      }
      const isNews = !isNoNews(event, before.last)
      this.#tellForge(app, commit, statusWords(event), isNews ? deploymentWords(event) : undefined)
      const text = isNews ? noteText(event) : undefined
      if (text !== undefined) this.#notes.get(app)?.put(`${app}/${commit}`, { app, commit, text, at: event.at })
    }
    // An outage says nothing of what the last commit came to.
    if (event.kind !== 'unreachable') this.#release(app)
    if (notify === 'now') this.#notify(event)
    else if (notify !== 'not') {
      const cancel = this.#parts.clock.after(notify.inMs, () => this.#notifyHeld(event))
      this.#held.set(app, { event, cancel })
    }
  }

  #tellForge(
    app: string,
    commit: string,
    status: StatusWords | undefined,
    deployment: DeploymentWords | undefined,
  ): void {
    const forge = this.#forges.get(app)
    if (!forge) return
    const link = this.#linkTo(app)
    const about = { commit, ...(link === '' ? {} : { url: link }) }
    if (status) forge.statuses?.put(commit, { ...about, ...status, context: `berth/${app}` })
    const { environment } = forge.settings
    if (deployment) forge.deployments?.put(commit, { ...about, ...deployment, environment })
  }

  #notify(event: AppEvent): void {
    for (const { settings, outbox } of this.#notified) {
      const all = settings.applications.length === 0
      const wanted = settings.events.includes(event.kind) && (all || settings.applications.includes(event.app))
      if (wanted) outbox.put(`${event.app}/${event.commit}`, event)
    }
  }

  #notifyHeld(event: AppEvent): void {
    const { app } = event
    this.#release(app)
    const at = this.#parts.clock.now()
    this.#memories.set(app, notifiedOf({ ...event, at }, this.#memories.get(app) ?? {}))
    this.#notify(event)
  }

  #release(app: string): void {
    this.#held.get(app)?.cancel()
    this.#held.delete(app)
  }

  #forgeBoxes(name: string, repoURL: string, settings: ForgeBoxes['settings']): ForgeBoxes {
    const forge: Forge = openForge(settings, repoURL)
    const statuses = () =>
      this.#box<CommitStatus>(`status/${name}`, {
        name: `commit statuses of ${name}`,
        send: (status, signal) => forge.setStatus(status, signal),
      })
    const deployments = () =>
      this.#box<Deployment>(`deployment/${name}`, {
        name: `deployments of ${name}`,
        send: async (deployment, signal) => forge.deployment?.(deployment, signal),
      })
    return {
      settings,
      statuses: settings.statuses ? statuses() : undefined,
      deployments: settings.deployments ? deployments() : undefined,
    }
  }

  /** Of one repository, one push at a time. */
  #noteBox(repoURL: string): Outbox<Note> {
    const send = (note: Note): Promise<void> => this.#write(note)
    return this.#box<Note>(`notes/${shortHash(repoURL)}`, { name: 'git notes', lingerMs: noteLingerMs, send })
  }

  async #write({ app, commit, text, at }: Note): Promise<void> {
    const application = this.#application(app)
    if (!application) return
    const opened = this.#repositories.get(app) ?? this.#parts.openRepository(application)
    this.#repositories.set(app, opened)
    opened.catch(() => this.#repositories.delete(app))
    await (await opened).note(commit, text, application.rollback.author, at)
  }

  #box<T>(name: string, parts: Pick<OutboxParts<T>, 'name' | 'send' | 'lingerMs'>): Outbox<T> {
    const { clock, log } = this.#parts
    const box = new Outbox<T>({ ...parts, clock, log, changed: () => this.#file.changed() })
    this.#boxes.set(name, box)
    return box
  }

  /** The file was written by a Berth with the same kinds of parcels for this name. */
  #takeUp(box: AnyOutbox, parcels: readonly Parcel<unknown>[]): void {
    for (const { key, payload, since } of parcels) box.put(key, payload as never, since)
  }

  #content() {
    const waiting = [...this.#boxes].map(([name, box]) => [name, box.waiting] as const)
    return {
      apps: Object.fromEntries(this.#memories),
      waiting: Object.fromEntries(waiting.filter(([, parcels]) => parcels.length > 0)),
    }
  }

  #application(name: string): ApplicationSettings | undefined {
    return this.#parts.settings.applications.find((application) => application.name === name)
  }

  /** Where the application is shown; '': nowhere. */
  #linkTo(app: string): string {
    const { externalURL } = this.#parts.settings
    return externalURL === undefined ? '' : `${externalURL.replace(/\/+$/, '')}/apps/${app}`
  }
}
