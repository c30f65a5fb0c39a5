// The previews of all applications: each is an Application of its own, made and removed while the engine runs. Part of the corridor beside
// engine.ts.
import type { Application } from './application.ts'
import { Awaiting, type AwaitingParts } from './awaiting.ts'
import type { Clock } from './base/clock.ts'
import { errorText } from './base/errors.ts'
import { type Key, keyOf } from './base/key.ts'
import type { Log } from './base/log.ts'
import { Confining } from './confining.ts'
import { Ending, type EndingParts } from './ending.ts'
import type { Journal } from './journal/journal.ts'
import { type Located, type ManifestSet, objectKey } from './manifests/check.ts'
import { Planning, type PlanningParts } from './planning.ts'
import { forcedObjects } from './preview/forced.ts'
import { previewAppName, previewName, previewOf } from './preview/names.ts'
import { type Registries, sameImages } from './preview-images.ts'
import { previewObjects } from './preview-objects.ts'
import { type ListedPreview, listedPreviews, mergeOf, previewReport } from './preview-reports.ts'
import { requestsOf } from './preview-requests.ts'
import { hasPreviews, isUnseen, obstacleTo, type Previewed, rulesOf, settingsOf } from './preview-settings.ts'
import { Sharing } from './preview-sharing.ts'
import { type PreviewAnswer, Previewing, type PreviewOrder, type PreviewVerb } from './previewing.ts'
import type { PullRequests } from './pulls/pull-requests.ts'
import type { Wanted } from './reconcile/wanted.ts'
import { Removing, type RemovingParts } from './removing.ts'
import { type PreviewReport, renderPreviewComment } from './report/preview-comment.ts'
import type { PreviewMark, PreviewRow } from './report/status.ts'
import type { Runtime } from './runtime/port.ts'
import type { ApplicationSettings, EngineSettings } from './settings.ts'
import type { Transformed } from './source/application.ts'
import { FollowingRepository } from './sync/following.ts'
import { PinnedRepository } from './sync/pinned.ts'
import type { Repository } from './sync/port.ts'

export interface PreviewsParts extends Pick<RemovingParts, 'markGone' | 'lookAt' | 'isBusy' | 'forget' | 'ownersOf'> {
  readonly pushes: Registries['pushes']
  readonly settings: EngineSettings
  readonly runtime: Runtime
  readonly wanted: Wanted
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly openRepository: (application: ApplicationSettings) => Promise<Repository>
  /** Pull requests of another kind than branches; absent: there are none. */
  readonly pullRequests?: ((application: ApplicationSettings) => PullRequests) | undefined
  readonly make: (
    settings: ApplicationSettings,
    more: {
      readonly openRepository: () => Promise<Repository>
      readonly transform: (objects: ManifestSet) => Transformed
    },
  ) => Application
  readonly isKnown: AwaitingParts['isKnown']
  /** As of the last look. */
  readonly statusOf: EndingParts['statusOf']
  /** Other objects are wanted now. */
  readonly wantedChanged: (keys: readonly Key[]) => void
  readonly onChange: () => void
  /** See MergePlansParts. */
  readonly shadow: PlanningParts['shadow']
  readonly production: PlanningParts['production']
}

interface Preview {
  readonly of: Previewed
  readonly application: Application
  /** Set once its base is open. */
  pinned: PinnedRepository | undefined
  order: PreviewOrder
}

export class Previews {
  readonly #parts: PreviewsParts
  readonly #previewings = new Map<string, Previewing>()
  readonly #planning: Planning
  readonly #previews = new Map<string, Preview>()
  readonly #removing: Removing
  readonly #confining = new Confining()
  readonly #endings: Ending
  readonly #awaiting: Awaiting
  readonly #sharing: Sharing
  /** One for all previews of an application. */
  readonly #repositories = new Map<string, Promise<Repository>>()
  readonly #ending = new Set<Promise<unknown>>()
  #acts = false

  constructor(parts: PreviewsParts) {
    this.#parts = parts
    const { runtime, clock, wanted, journal } = parts
    this.#removing = new Removing({
      ...parts,
      ...{ runtime, clock, usesNamespace: (namespace) => wanted.usesNamespace(namespace) },
      ended: (name) => {
        journal.forget(name)
        this.#confining.end(name)
        this.#previewings.get(previewOf(name)?.app ?? '')?.decide()
        parts.onChange()
      },
    })
    const askAgain = (app: string) => this.#previewings.get(app)?.decide()
    this.#awaiting = new Awaiting({ ...parts, askAgain })
    this.#endings = new Ending({
      ...parts,
      over: (name) => askAgain(previewOf(name)?.app ?? ''),
    })
    this.#planning = new Planning({ ...parts, repository: (of) => this.#repository(of) })
    this.#sharing = new Sharing(parts.settings.previewQuota)
    for (const settings of parts.settings.applications) {
      if (hasPreviews(settings)) this.#previewings.set(settings.name, this.#previewing(settings))
    }
  }

  get leftPolicies(): Confining['policies'] {
    return this.#confining.policies
  }

  get applications(): readonly Application[] {
    const all = [...this.#previews.values()].map(({ application }) => application)
    return all.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  markOf(name: string): PreviewMark | undefined {
    const preview = previewOf(name)
    const row = preview && this.#previewings.get(preview.app)?.row(preview.id)
    return preview && row && { of: preview.app, id: preview.id, is: row.is, reason: row.reason }
  }

  /** Of each application that has them. */
  get all(): Iterable<Previewing> {
    return this.#previewings.values()
  }

  rows(app: string): PreviewRow[] | undefined {
    return this.#previewings
      .get(app)
      ?.rows()
      .map((row) => {
        const plan = this.#planning.of(app, row)
        return plan ? { ...row, merge: mergeOf(plan) } : row
      })
  }

  /** What the pull request is told, in Markdown. */
  comment(app: string, id: string): string {
    const report = this.report(app, id)
    return report ? renderPreviewComment(report) : `there is no pull request ${id} of ${app}`
  }

  report(app: string, id: string): PreviewReport | undefined {
    const row = (this.#previewings.get(app)?.rows() ?? []).find((one) => one.id === id)
    return row && this.#report(app, row)
  }

  /** Those that are open, and those of which there is something left; undefined: not known. An application without previews has none. */
  listed(app: string): readonly ListedPreview[] | undefined {
    const previewing = this.#previewings.get(app)
    if (!this.#acts || previewing?.isListed === false) return undefined
    return listedPreviews(app, previewing?.rows() ?? [], this.#removing.names, (row) => this.#report(app, row))
  }

  #report(app: string, row: PreviewRow): PreviewReport | undefined {
    const of = this.#settingsOf(app)
    const name = previewAppName(app, row.id)
    const [plan, leaving] = [this.#planning.of(app, row), this.#removing.has(name)]
    return of && previewReport(of, row, this.#previews.get(name), { ...this.#parts, plan, leaving })
  }

  warnings(app: string): string[] {
    const trouble = this.#previewings.get(app)?.trouble ?? ''
    return trouble === '' ? [] : [`pull requests are not known, previews stay as they are: ${trouble}`]
  }

  answer(verb: PreviewVerb, app: string, id: string): PreviewAnswer {
    const previewing = this.#previewings.get(app)
    if (!previewing) return { done: false, text: `application ${app} has no previews` }
    if (!this.#acts) return { done: false, text: 'the engine is starting' }
    return previewing.answer(verb, id)
  }

  /** Takes up those that there were. What cannot be read now is cut off from all others until it can. */
  async restore(): Promise<void> {
    for (const [app, previewing] of this.#previewings) {
      for (const order of previewing.restored()) {
        if (this.#want(this.#settingsOf(app)!, order) !== '') continue
        await this.#previews.get(previewAppName(app, order.id))?.application.restore()
      }
    }
    for (const name of this.#found()) {
      const of = this.#settingsOf(previewOf(name)?.app ?? '')
      if (of && this.#parts.wanted.commitOf(name) === undefined) this.#confine(of, name)
    }
  }

  start(): void {
    this.#acts = true
    for (const { application } of this.#previews.values()) application.follow()
    for (const previewing of this.#previewings.values()) previewing.pollNow()
    // Where they were switched off.
    const isOver = (name: string) => {
      const { app = '' } = previewOf(name) ?? {}
      return !this.#previewings.has(app) && this.#parts.settings.applications.some((one) => one.name === app)
    }
    for (const name of this.#found()) if (isOver(name)) this.#remove(name)
  }

  /** Asks for the pull requests of these applications now. */
  pollNow(apps: readonly string[]): void {
    for (const [app, previewing] of this.#previewings) if (this.#acts && apps.includes(app)) previewing.pollNow()
  }

  /** Some application accepted a commit: what previews are made by may be other rules, and what merges would do. */
  productionAccepted(): void {
    for (const of of this.#parts.settings.applications.filter(hasPreviews)) {
      this.#planning.look(of.name)
      const look = this.#planning.hasOtherRules(of) ? 'readAgain' : 'pollNow'
      if (look === 'pollNow' && !of.previews.images) continue
      for (const { application, of: one } of this.#previews.values()) if (one.name === of.name) application[look]()
    }
  }

  /** A preview accepted a commit: what its merge would do can be worked out, without waiting for the next list. */
  previewAccepted(name: string): void {
    this.#wantPlans(previewOf(name)?.app ?? '')
  }

  async close(): Promise<void> {
    this.#removing.close()
    this.#endings.close()
    this.#awaiting.close()
    await Promise.all([...this.#previewings.values()].map((previewing) => previewing.close()))
    const opened = await Promise.allSettled(this.#repositories.values())
    // Together: a look that waits for a remote ends when the repository is closed.
    await Promise.all([
      ...this.applications.map((application) => application.close()),
      ...this.#ending,
      this.#planning.close(),
      ...opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)),
    ])
  }

  #previewing(settings: Previewed): Previewing {
    const { journal, clock, log, random, onChange } = this.#parts
    const requests = requestsOf(settings, () => this.#repository(settings), this.#parts)
    const previewing = new Previewing({
      ...{ settings, requests, journal, clock, log, random },
      onChange: () => {
        this.#wantPlans(settings.name)
        this.#sharing.decided(settings.name)
        onChange()
      },
      want: (order) => this.#want(settings, order),
      end: (id, since) => this.#end(settings, id, since),
      remove: (id) => this.#remove(previewAppName(settings.name, id)),
      found: () => {
        this.#sweepNetworks()
        const names = this.#found().filter((name) => !this.#removing.has(name))
        return names.flatMap((name) => (previewOf(name)?.app === settings.name ? (previewOf(name)?.id ?? []) : []))
      },
      namespaceOf: (id) => previewName(settings.name, id),
      isUnseen: (id) => isUnseen(previewName(settings.name, id), this.#parts),
      room: () => this.#sharing.roomOf(settings.name),
    })
    const { quota } = settings.previews
    this.#sharing.join(settings.name, { quota, awake: () => previewing.awake, decide: () => previewing.decide() })
    return previewing
  }

  /** A merge elsewhere changes no manifest of production, unless an image is released. */
  #wantPlans(app: string): void {
    const [settings, rows] = [this.#settingsOf(app), this.#previewings.get(app)?.rows()]
    if (!settings || !rows) return
    const { images, targetBranch = settings.revision } = settings.previews
    if (images || targetBranch === settings.revision) this.#planning.want(settings, rows)
  }

  #settingsOf(app: string): Previewed | undefined {
    return this.#parts.settings.applications.filter(hasPreviews).find(({ name }) => name === app)
  }

  /** Opened at first use, and asked once: what is missing is brought into a store that there is. */
  #repository(settings: ApplicationSettings): Promise<Repository> {
    const known = this.#repositories.get(settings.name)
    if (known !== undefined) return known
    const opened = this.#parts.openRepository(settings).then(async (repository) => {
      if ((await repository.head()) === undefined) await repository.fetch()
      return repository
    })
    this.#repositories.set(settings.name, opened)
    opened.catch(() => this.#repositories.delete(settings.name))
    return opened
  }

  #want(of: Previewed, order: PreviewOrder): string {
    const name = previewAppName(of.name, order.id)
    if (this.#removing.has(name)) return 'the one before is still being removed'
    const preview = this.#previews.get(name)
    if (!preview)
      return this.#awaiting.reason(of.name) || obstacleTo(of, order, this.#parts) || this.#open(of, order, name)
    const before = preview.order
    // Its claims may have data of production, which strangers are not given.
    if (order.untrusted && !before.untrusted) {
      this.#remove(name)
      return 'it is made anew, without data of production'
    }
    preview.order = order
    preview.pinned?.pin(order.head)
    this.#endings.forget(name)
    const isOther = before.asleep !== order.asleep || before.untrusted !== order.untrusted || before.ending
    if (isOther || !sameImages(before.images, order.images)) preview.application.readAgain()
    else if (before.head !== order.head) preview.application.pollNow()
    return ''
  }

  #open(of: Previewed, order: PreviewOrder, name: string): string {
    const application = this.#parts.make(settingsOf(of, order, name), {
      openRepository: async () => {
        const base = await this.#repository(of)
        const pinned = new PinnedRepository(base, order.branch, this.#headOf(name, preview.order))
        preview.pinned = of.previews.images ? new FollowingRepository(base) : pinned
        return preview.pinned
      },
      transform: (objects) => this.#endings.noted(previewObjects(objects, of, preview.order, this.#parts)),
    })
    const preview: Preview = { of, application, pinned: undefined, order }
    this.#previews.set(name, preview)
    if (this.#acts) application.follow()
    return ''
  }

  /** One that ends stays what it was. */
  #headOf(name: string, { head, ending }: PreviewOrder): string {
    const { wanted, journal } = this.#parts
    return (ending && (wanted.commitOf(name) || journal.applied(name)?.commit)) || head
  }

  /** Runs what it has for its end. Answers what that waits for; empty: it can go. */
  #end(of: Previewed, id: string, since: number): string {
    const name = previewAppName(of.name, id)
    const preview = this.#previews.get(name)
    const waits = preview ? this.#endings.waits(name, since, of.previews.hookTimeoutMs) : ''
    if (!preview || waits === '' || preview.order.ending) return waits
    preview.order = { ...preview.order, ending: true }
    preview.pinned?.pin(this.#headOf(name, preview.order))
    preview.application.readAgain()
    return waits
  }

  #remove(name: string): void {
    const { app, id } = previewOf(name)!
    const preview = this.#previews.get(name)
    this.#previews.delete(name)
    if (preview) this.#track(preview.application.close())
    const { wanted, clock, wantedChanged } = this.#parts
    const own = [...wanted.keys(name)]
    this.#confining.begin(name, this.#settingsOf(app), preview?.order, this.#parts)
    // Others may be touched by what vanishes, and are not to go with it.
    wantedChanged(wanted.drop(name, clock.now()))
    this.#removing.begin(name, previewName(app, id), own)
  }

  #track(ending: Promise<unknown>): void {
    const tracked = ending
      .catch((error: unknown) => this.#parts.log.error('a preview did not end', { reason: errorText(error) }))
      .finally(() => this.#ending.delete(tracked))
    this.#ending.add(tracked)
  }

  /** It runs, but what it is to be is not known: nothing of it is touched, and it reaches nobody else. */
  #confine(of: Previewed, name: string): void {
    const { wanted, clock, wantedChanged } = this.#parts
    const { id } = previewOf(name)!
    const order = { id, branch: '', head: '', asleep: false, untrusted: true }
    const forced = forcedObjects(rulesOf(of, order, this.#parts)).map(
      (object) => [objectKey(object), { object, file: '', line: 0 }] as readonly [Key, Located],
    )
    const objects = new Map(forced)
    wantedChanged(wanted.accept(name, '', objects, [...objects.keys()], [], clock.now()))
  }

  /** Names of previews that have something on the hosts. */
  #found(): readonly string[] {
    const { runtime } = this.#parts
    const apps = new Set([...runtime.pods(), ...runtime.volumes()].map(({ app }) => app))
    return [...apps].filter((name) => previewOf(name) !== undefined).sort()
  }

  /** What an earlier process did not come to: a network in which nothing is left belongs to nobody that could be asked. */
  #sweepNetworks(): void {
    const { runtime, wanted, lookAt } = this.#parts
    const names = new Set(runtime.hostFacts().flatMap(({ networks }) => [...networks]))
    const unused = [...names].filter((name) => !wanted.usesNamespace(name))
    for (const name of unused) lookAt(keyOf({ namespace: '', kind: 'Namespace', name }))
  }
}
