// Plans of merges of all applications that have previews: whose, when, and one at a time. Part of the corridor beside engine.ts.
import type { Application } from './application.ts'
import type { Clock } from './base/clock.ts'
import { shortHash, stableText } from './base/hash.ts'
import { ImagedRepository } from './imaged.ts'
import { MergePlans, type MergePlansParts } from './merge-plans.ts'
import { previewAppName } from './preview/names.ts'
import { hasPreviews, type Previewed, rulesOf } from './preview-settings.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { MergePlan } from './report/preview-comment.ts'
import type { PreviewRow } from './report/status.ts'
import type { EngineSettings } from './settings.ts'
import type { Repository } from './sync/port.ts'

export interface PlanningParts
  extends Pick<MergePlansParts, 'runtime' | 'journal' | 'shadow' | 'files' | 'clock' | 'log'> {
  readonly settings: EngineSettings
  readonly wanted: Wanted
  readonly production: (app: string) => Application | undefined
  readonly repository: (of: Previewed) => Promise<Repository>
  readonly onChange: () => void
}

export class Planning {
  readonly #parts: PlanningParts
  readonly #lane: PlanLane
  readonly #plans = new Map<string, MergePlans>()
  /** Of what production decides for its previews: as they were read last. */
  readonly #rules = new Map<string, string>()
  /** Images of pull requests, by application and by what stands for their head. */
  readonly #images = new Map<string, ReadonlyMap<string, PreviewRow['images']>>()

  constructor(parts: PlanningParts) {
    this.#parts = parts
    for (const one of parts.settings.applications.filter(hasPreviews)) this.hasOtherRules(one)
    this.#lane = new PlanLane(parts.clock, () => this.#isBusy())
  }

  /** Plans of those of an application that it accepts; what the limits of previews refuse, such as a million replicas, is not planned either. */
  want(of: Previewed, rows: readonly PreviewRow[]): void {
    const { wanted } = this.#parts
    const plans = this.#plans.get(of.name) ?? this.#open(of)
    this.#plans.set(of.name, plans)
    const planned = rows.filter(({ id, is, head, images }) => {
      const commit = wanted.commitOf(previewAppName(of.name, id))
      return (is === 'awake' || is === 'asleep') && (of.previews.images ? images && commit : commit === head)
    })
    this.#images.set(of.name, new Map(planned.map((row) => [headOf(row), row.images])))
    plans.want(planned.map((row) => ({ id: row.id, head: headOf(row) })))
  }

  /** Undefined: there is none of this head. */
  of(app: string, row: Pick<PreviewRow, 'id' | 'head' | 'images'>): MergePlan | undefined {
    return this.#plans.get(app)?.of({ id: row.id, head: headOf(row) })
  }

  /** Something may have moved. */
  look(app: string): void {
    this.#plans.get(app)?.look()
  }

  /** Whether previews of an application would be made of other objects now than when this was asked last. */
  hasOtherRules(of: Previewed): boolean {
    const { ownNamespaces, storage } = rulesOf(of, { id: '', untrusted: false }, this.#parts)
    const classes = storage && { usual: storage.usual, own: [...storage.classes].sort() }
    const now = stableText({ own: [...ownNamespaces].sort(), classes })
    const before = this.#rules.get(of.name)
    this.#rules.set(of.name, now)
    return before !== undefined && before !== now
  }

  async close(): Promise<void> {
    this.#lane.close()
    await Promise.all([...this.#plans.values()].map((plans) => plans.close()))
  }

  #open(of: Previewed): MergePlans {
    const { settings: engine, production, repository, wanted, ...parts } = this.#parts
    let imaged: ImagedRepository | undefined
    return new MergePlans({
      ...parts,
      ...{ engine, settings: of, lane: this.#lane, ofImages: of.previews.images !== undefined },
      repository: async () => {
        const base = await repository(of)
        if (!of.previews.images) return base
        imaged ??= new ImagedRepository(base, of.path, (head) => this.#images.get(of.name)?.get(head))
        return imaged
      },
      accepted: () => wanted.commitOf(of.name) ?? '',
      live: () => liveText(production(of.name)),
      isBusy: () => production(of.name)?.outcome() === 'working',
    })
  }

  #isBusy(): boolean {
    const { settings, production } = this.#parts
    return settings.applications.some(({ name }) => production(name)?.outcome() === 'working')
  }
}

/** Where images are released, and nothing is merged, they stand for the commit. */
function headOf({ head, images }: Pick<PreviewRow, 'head' | 'images'>): string {
  return images ? stableText(images) : head
}

/** How what production runs is: a plan is of the moment. */
function liveText(application: Application | undefined): string {
  const { objects = [] } = application?.facts([]) ?? {}
  return shortHash(objects.map(({ kind, namespace, name, health, ready }) => [kind, namespace, name, health, ready]))
}

const stepMs = 1_000
/** Production may be at work for hours. */
const longestWaitMs = 30_000
const longestRestMs = 10_000
/** A plan takes no more than one part in so many of the time. */
const share = 4

/** One plan at a time, of whatever application; after production, and with a rest after each. */
export class PlanLane {
  readonly #clock: Clock
  readonly #isBusy: () => boolean
  readonly #wakes = new Set<() => void>()
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(clock: Clock, isBusy: () => boolean) {
    this.#clock = clock
    this.#isBusy = isBusy
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    let restMs = 0
    const result = this.#turn.then(async () => {
      await this.#production()
      const began = this.#clock.now()
      try {
        return await work()
      } finally {
        restMs = (share - 1) * (this.#clock.now() - began)
      }
    })
    const rest = () => this.#sleep(Math.min(longestRestMs, restMs))
    this.#turn = result.then(rest, rest)
    return result
  }

  close(): void {
    this.#closed = true
    for (const wake of this.#wakes) wake()
  }

  async #production(): Promise<void> {
    const until = this.#clock.now() + longestWaitMs
    while (!this.#closed && this.#isBusy() && this.#clock.now() < until) await this.#sleep(stepMs)
  }

  #sleep(ms: number): Promise<void> {
    if (this.#closed || ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#wakes.delete(wake)
        resolve()
      }
      const cancel = this.#clock.after(ms, wake)
      this.#wakes.add(wake)
    })
  }
}
