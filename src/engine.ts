// The corridor: the only place that sees every room. Commits come in from Git, become wanted objects, are compared with what runs,
// and what differs is done; the report tells it.

import { Application, type Outcome } from './application.ts'
import type { ApplicationParts } from './application-parts.ts'
import type { Clock } from './base/clock.ts'
import { type Key, keyParts } from './base/key.ts'
import type { Log } from './base/log.ts'
import { Certifying } from './certifying.ts'
import { startCronWake } from './cron/wake.ts'
import { describe, pulledAt, recorded } from './engine-facts.ts'
import { foreseen } from './foreseeing.ts'
import { ImagePushes } from './image-pushes.ts'
import type { HistoryEntry, Journal } from './journal/journal.ts'
import { lastWordsOf } from './last-words.ts'
import { Networking } from './networking.ts'
import { previewOf } from './preview/names.ts'
import { Previews } from './previews.ts'
import type { PullRequests } from './pulls/pull-requests.ts'
import { Calm } from './reconcile/calm.ts'
import { Controller } from './reconcile/controller.ts'
import { Lanes } from './reconcile/lanes.ts'
import { Looker } from './reconcile/looker.ts'
import type { Task } from './reconcile/plan/action.ts'
import { isPlanned, Wanted } from './reconcile/wanted.ts'
import type { DiffItem } from './report/diff.ts'
import type { AppEvent } from './report/event.ts'
import { type AppStatus, appStatus } from './report/status.ts'
import { leftBehind } from './reporting.ts'
import type { PullRequest } from './reverting.ts'
import type { LivePod } from './runtime/live.ts'
import { remembered } from './runtime/network/remembered.ts'
import type { Runtime } from './runtime/port.ts'
import { Scaling } from './scaling.ts'
import type { ApplicationSettings, EngineSettings } from './settings.ts'
import { ReadFiles } from './source/read-files.ts'
import type { Repository } from './sync/port.ts'
import { Waking } from './waking.ts'

export interface EngineParts {
  readonly settings: EngineSettings
  readonly runtime: Runtime
  readonly journal: Journal
  readonly openRepository: (application: ApplicationSettings) => Promise<Repository>
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1): spreads polls. */
  readonly random: () => number
  /** Called with each thing done, in the plan's words, and with what did not work. */
  readonly onDone?: (app: string, key: Key, task: Task, error: unknown) => void
  /** Called when a report would read differently; often, so the caller thins it out. */
  readonly onChange?: () => void
  /** Called with what people may want to hear of; must be quick and never throw. */
  readonly tell?: (event: AppEvent) => void
  /** Opens a pull request at the application's forge, or finds the one of this branch; absent: nobody can. */
  readonly openPullRequest?: (
    application: ApplicationSettings,
    request: PullRequest,
  ) => Promise<{ readonly url: string }>
  /** Where the pull requests are that previews are made of; absent: branches stand for them. */
  readonly pullRequests?: (application: ApplicationSettings) => PullRequests
  /** What was read already; absent: nothing. */
  readonly files?: ReadFiles
}

export type { Outcome } from './application.ts'

/** What a revision would do with one object. */
export type PreviewItem = DiffItem

const firstProbesMs = 2_000

export class Engine {
  readonly #parts: EngineParts
  readonly #wanted: Wanted
  readonly #scaling: Scaling
  readonly #certifying: Certifying
  readonly #networking: Networking
  readonly #controller: Controller
  readonly #looker: Looker
  readonly #calm: Calm
  readonly #applications: Application[]
  readonly #previews: Previews
  /** Who waits for images that registries do not have yet. */
  readonly pushes: ImagePushes
  readonly #waking = new Waking(() => this.#previews.all)
  readonly #leftBehind = remembered((pods: readonly LivePod[]) => leftBehind(pods, (app) => this.#isConfigured(app)))
  #unwatch: (() => void) | undefined
  #unwatchUses: (() => void) | undefined
  #endCron: (() => void) | undefined
  /** False until `start`: a process that only reports must not repair. */
  #acts = false
  #closed = false

  constructor(given: EngineParts) {
    const parts = { files: new ReadFiles(), ...given }
    this.#parts = parts
    const { runtime, clock, log, settings } = parts
    const allRead = () => settings.applications.every(({ name }) => this.#wanted.commitOf(name) !== undefined)
    this.#scaling = new Scaling({
      ...{ runtime, clock, log, allRead, prometheusURL: settings.prometheusURL },
      wanted: () => this.#wanted,
      onScale: (target) => this.#controller.wake(target),
    })
    this.#wanted = new Wanted({
      volumes: () => runtime.volumes(),
      replicasOf: (target, manifest) => this.#scaling.replicasOf(target, manifest),
    })
    this.#certifying = new Certifying({
      ...{ runtime, clock, log, network: settings.network, stateDir: settings.stateDir },
      changed: () => this.#networking.certificatesChanged(),
    })
    this.#networking = new Networking({
      ...{ runtime, clock, log, network: settings.network, certifying: this.#certifying },
      previews: () => this.#waking.rests(),
      wanted: () => this.#wanted,
      leftPolicies: () => this.#previews.leftPolicies,
      unread: () =>
        settings.applications
          .map(({ name }) => name)
          .filter((name) => this.#wanted.commitOf(name) === undefined && this.#looker.ownersOf(name).length > 0),
    })
    this.#calm = new Calm(clock)
    this.#looker = new Looker({
      runtime,
      wanted: this.#wanted,
      lanes: new Lanes(runtime, this.#calm),
      clock,
      policyOf: (app) => this.#application(app)?.policy,
      yields: (app) => previewOf(app) !== undefined,
      onDone: (app, key, task, error) => this.#done(app, key, task, error),
      onStatus: (app, key) => {
        for (const application of this.#all()) {
          if (application.name === app) application.looked(key)
          else application.handedOver(key)
        }
        for (const released of this.#looker.released(app, key)) this.#controller.wake(released)
        parts.onChange?.()
      },
      allRead,
      onEmptied: (namespace) => this.#controller.wake(namespace),
    })
    this.#controller = new Controller({
      look: (key) => this.#looker.look(key),
      onBug: (key, error) =>
        log.error('a look failed', {
          key,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      clock,
      yields: (key) => {
        const app = this.#wanted.appOf(key) ?? this.#looker.goneFrom(key)
        return app !== undefined && previewOf(app) !== undefined
      },
    })
    this.#applications = settings.applications.map((application) => this.#make(application))
    this.pushes = new ImagePushes({
      ...{ runtime, wanted: this.#wanted, list: (apps) => this.#previews.pollNow(apps) },
      apps: () => this.#all().map(({ name }) => name),
    })
    this.#previews = new Previews({
      ...parts,
      pushes: this.pushes,
      wanted: this.#wanted,
      shadow: (looking) => new Engine(looking),
      production: (app) => this.#application(app),
      make: (application, more) => this.#make(application, more),
      isKnown: (app) => this.#wanted.commitOf(app) !== undefined || this.#application(app)?.outcome() === 'refused',
      statusOf: (key) => this.#looker.statusOf(key),
      wantedChanged: (keys) => this.#wake(keys),
      ownersOf: (app) => this.#looker.ownersOf(app),
      markGone: (app, keys) => {
        for (const key of keys) this.#looker.gone(app, key)
        this.#wake(keys)
        for (const key of keys) this.#controller.wake(key)
      },
      lookAt: (key) => this.#controller.wake(key),
      isBusy: (key) => this.#controller.isBusy(key),
      forget: (key) => this.#looker.forget(key),
      onChange: () => {
        this.#networking.previewsChanged()
        parts.onChange?.()
      },
    })
  }

  /** `more`: of a preview, of which nobody is told but its pull request. */
  #make(settings: ApplicationSettings, more?: Pick<ApplicationParts, 'openRepository' | 'transform'>): Application {
    const { runtime, clock, log, ...parts } = this.#parts
    const volumesOf = (app: string) => runtime.volumes().filter((volume) => volume.app === app)
    return new Application({
      settings,
      openRepository: () => parts.openRepository(settings),
      files: more ? undefined : parts.files,
      wanted: this.#wanted,
      journal: parts.journal,
      clock,
      log,
      random: parts.random,
      liveOwners: () => [...new Set([...this.#looker.ownersOf(settings.name), ...recorded(volumesOf(settings.name))])],
      volumes: () => volumesOf(settings.name),
      // A process that only looks evaluates no autoscaler: it has nothing to say of them.
      statusOf: (key) =>
        this.#looker.statusOf(key) ??
        this.#networking.statusOf(key) ??
        (this.#acts ? this.#scaling.statusOf(key) : undefined),
      warnings: () => [
        ...this.#networking.warnings(),
        ...this.#previews.warnings(settings.name),
        ...this.#leftBehind(runtime.pods()),
      ],
      approveGone: (key) => this.#looker.gone(settings.name, key),
      isGone: (key) => this.#looker.isGone(key),
      wake: (keys) => {
        this.#wake(keys)
        if (more) this.#previews.previewAccepted(settings.name)
        else this.#previews.productionAccepted()
      },
      lookAgain: (key) => this.#controller.wake(key),
      lastWords: (key) => lastWordsOf(runtime, key, clock),
      pulledAt: (host, image) => pulledAt(runtime, host, image),
      openPullRequest: parts.openPullRequest && ((request) => parts.openPullRequest!(settings, request)),
      onChange: () => parts.onChange?.(),
      tell: (event) => {
        if (!more) parts.tell?.(event)
      },
      ...more,
    })
  }

  /** Connects to the hosts, takes up the last good commits, then follows the repositories. */
  async start(): Promise<void> {
    this.#acts = true
    await this.observe()
    // Whatever is read is looked at at once.
    this.#parts.runtime.expectNetwork()
    for (const application of this.#applications) await application.restore()
    await this.#previews.restore()
    // What began now would be ended by nobody.
    if (this.#closed) return
    this.#certifying.start()
    this.#networking.start()
    for (const application of this.#applications) application.follow()
    this.#previews.start()
    this.#unwatchUses = this.#parts.runtime.watchUses((uses) => this.#waking.used(uses))
    this.#scaling.start()
    this.#endCron = startCronWake(() => this.#controller.wakeDue())
  }

  /** Only looks: connects to the hosts and keeps their facts current, touches nothing. */
  async observe(): Promise<void> {
    await this.#parts.runtime.start()
    this.#unwatch = this.#parts.runtime.watch((keys) => {
      this.#looker.factsChanged(keys)
      // Before anybody is woken: whether a pod is in traffic decides on what is done to others.
      this.#networking.factsChanged(keys)
      if (!this.#acts) return
      for (const key of keys) if (this.#isMine(key)) this.#controller.wake(key)
      if (keys.some((key) => keyParts(key).kind === 'Host')) this.#wakeAll()
    })
    if (!this.#acts) await this.#probesKnown()
  }

  /** A process that has just begun to look does not know yet who is ready; the first probes answer at once, or never. */
  async #probesKnown(): Promise<void> {
    const { runtime, clock } = this.#parts
    const until = clock.now() + firstProbesMs
    const unknown = () =>
      runtime.pods().some((pod) => pod.containers.some((one) => one.state === 'running' && !one.health.known))
    while (unknown() && clock.now() < until) await new Promise<void>((done) => clock.after(50, done))
  }

  /** Ends what is being done, starts nothing more. Everything that runs goes on running. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unwatch?.()
    this.#unwatchUses?.()
    this.#endCron?.()
    await Promise.all([this.#scaling.close(), this.#certifying.close()])
    await Promise.all([this.#previews.close(), ...this.#applications.map((application) => application.close())])
    this.#calm.close()
    await this.#controller.close()
    await this.#parts.runtime.close()
    this.#parts.journal.close()
  }

  /** Asks the repositories now: of these applications, or of all. */
  syncNow(apps: readonly string[] = this.applications): void {
    for (const application of this.#applications) if (apps.includes(application.name)) application.pollNow()
    this.#previews.pollNow(apps)
  }

  status(): AppStatus[] {
    const foreign = this.#parts.runtime.conflicts()
    return this.#all().map((application) => {
      const { name } = application
      const told = appStatus(application.facts([...foreign, ...this.#strays(name)]))
      const previews = this.#previews.rows(name)
      const preview = this.#previews.markOf(name)
      return { ...told, ...(previews && { previews }), ...(preview && { preview }) }
    })
  }

  /** How far the convergence to the heads is; the worst of the applications, once none is working any more. */
  outcome(): Outcome {
    const outcomes = this.#applications.map((application) => application.outcome())
    const worst = (['unreachable', 'working', 'refused', 'degraded'] as const).find((outcome) =>
      outcomes.includes(outcome),
    )
    if (worst === undefined && !this.#parts.runtime.networkRests()) return 'working'
    return worst ?? 'synced'
  }

  history(app: string): HistoryEntry[] {
    return this.#parts.journal.history(app)
  }

  get applications(): readonly string[] {
    return this.#applications.map((application) => application.name)
  }

  /** Why no host answers; empty when one does. */
  unreachable(): string {
    const hosts = this.#parts.runtime.hostFacts()
    if (hosts.some((host) => host.reachable)) return ''
    return hosts.map((host) => `host ${host.name} does not answer: ${host.message}`).join('; ')
  }

  /** Nothing is being looked at or done right now. */
  get quiet(): boolean {
    return this.#controller.quiet
  }

  /**
   * What would happen if `revision` (default: the head) were applied now; needs `observe`, touches nothing. A revision that
   * would be refused or held is in the status, and answers no items for its application.
   */
  async preview(revision?: string): Promise<PreviewItem[]> {
    const items: PreviewItem[] = []
    for (const application of this.#applications) {
      const differences = await application.look(revision)
      items.push(...(await foreseen(application.name, differences, this.#looker, () => this.#parts.clock.now())))
    }
    return items.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  get previews(): Previews {
    return this.#previews
  }

  /** Previews after what they are previews of. */
  #all(): readonly Application[] {
    return [...this.#applications, ...this.#previews.applications]
  }

  #isConfigured(app: string): boolean {
    const name = previewOf(app)?.app ?? app
    return this.#parts.settings.applications.some((application) => application.name === name)
  }

  #application(name: string): Application | undefined {
    return this.#all().find((application) => application.name === name)
  }

  #wake(keys: readonly Key[]): void {
    this.#scaling.refresh()
    this.#networking.wantedChanged(keys)
    for (const key of keys) {
      this.#looker.wanted(key)
      if (this.#acts && isPlanned(key)) this.#controller.wake(key)
    }
  }

  /** A host came or went, or a pull ended: whoever waits for it is not known by name. */
  #wakeAll(): void {
    for (const { name } of this.#all()) {
      for (const key of this.#wanted.keys(name)) if (isPlanned(key)) this.#controller.wake(key)
    }
  }

  /** Keys of owners that no application here knows are another's business. */
  #isMine(key: Key): boolean {
    if (keyParts(key).kind === 'Namespace') return true
    return isPlanned(key) && (this.#wanted.appOf(key) !== undefined || this.#looker.isGone(key))
  }

  #strays(app: string): string[] {
    if (this.#wanted.commitOf(app) === undefined) return []
    return this.#looker
      .ownersOf(app)
      .filter((key) => this.#wanted.appOf(key) === undefined && !this.#looker.isGone(key))
      .map((key) => `${describe(key)} runs with this application's mark but is not in Git; it is left alone`)
  }

  #done(app: string, key: Key, task: Task, error: unknown): void {
    this.#application(app)?.did(task, error)
    this.#parts.onDone?.(app, key, task, error)
  }
}
