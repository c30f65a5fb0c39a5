import PQueue from 'p-queue'
import type { Clock } from '../base/clock.ts'
import { errorText } from '../base/errors.ts'
import { type Key, keyOf, keyParts } from '../base/key.ts'
import type { Log } from '../base/log.ts'
import type { LiveHost, LiveVolume } from '../runtime/live.ts'
import type { Runtime } from '../runtime/port.ts'
import { behaviorOf } from './behavior.ts'
import { decide, firstMemory } from './decide.ts'
import { noReads, takeReads } from './figures.ts'
import { type Answer, measure } from './measure.ts'
import { runningContainers, type SeenPod, seePods, staysOf, type WantedTemplate } from './pods.ts'
import { Prometheus } from './prometheus.ts'
import { queryOf, readsUsage } from './queries.ts'
import { recordedNumber, recordKind, recordSteps, recordsFor } from './records.ts'
import { isOff, markOf, markParts, nothingKnown, offStatus, type Scaler, Scalers, type ScaleTarget } from './scalers.ts'
import { type AutoscalerStatus, evaluatedStatus, unscalable } from './status.ts'

export interface AutoscalerOptions {
  readonly runtime: Pick<
    Runtime,
    'hostFacts' | 'podsOf' | 'usage' | 'volumesOf' | 'volumes' | 'createVolume' | 'removeVolume'
  >
  readonly clock: Clock
  readonly log: Log
  /** All autoscalers that are wanted now. */
  readonly targets: () => Iterable<ScaleTarget>
  /** Every application has an accepted revision: records of what is not among the targets are of nobody's, and go. */
  readonly allRead: () => boolean
  /** Undefined: metrics that are no resources cannot be had. */
  readonly prometheusURL: string | undefined
  /** The number of the target's replicas is another one now. */
  readonly onScale: (target: Key) => void
  readonly everyMs?: number
}

/** A scaler that is evaluated now, with what was found. */
interface Evaluation {
  readonly scaler: Scaler
  readonly given: ScaleTarget
  readonly template: WantedTemplate
  readonly seen: readonly SeenPod[]
  /** One per metric; undefined: it needs none. */
  readonly queries: readonly (string | undefined)[]
}

/** What an evaluation goes by. */
interface Found {
  readonly answers: ReadonlyMap<string, Answer>
  readonly hosts: readonly LiveHost[]
  readonly now: number
}

const usualTickMs = 15_000
/** Queries, and records written, at the same time. */
const width = 4
const noPrometheus: Answer = {
  ok: false,
  message: 'no Prometheus to ask: spec.autoscaling.prometheusURL of the Engine names one',
}

/**
 * Evaluates every autoscaler every 15 s. It acts on nothing but numbers: whoever plans a target asks for its number. What fails here
 * reaches nobody else: it is said in the status.
 */
export class Autoscaler {
  readonly #options: AutoscalerOptions
  readonly #prometheus: Prometheus | undefined
  readonly #scalers: Scalers
  readonly #queue = new PQueue({ concurrency: width })
  readonly #end = new AbortController()
  #reads = noReads
  /** Host -> why its figures could not be read at the last evaluation. */
  #troubles: ReadonlyMap<string, string> = new Map()
  #cancel: () => void = () => {}
  #running: Promise<void> = Promise.resolve()

  constructor(options: AutoscalerOptions) {
    const { runtime, prometheusURL } = options
    this.#options = options
    this.#scalers = new Scalers((autoscaler) => runtime.volumesOf(autoscaler))
    this.#prometheus = prometheusURL === undefined ? undefined : new Prometheus({ url: prometheusURL })
  }

  /** Evaluates now and from then on. */
  start(): void {
    this.#running = this.#loop()
  }

  /** An evaluation that runs is ended first. */
  async close(): Promise<void> {
    this.#end.abort()
    this.#cancel()
    await this.#running
  }

  /** To be called when other objects are wanted; from then on `replicasOf` knows of them. */
  refresh(): void {
    this.#scalers.want(this.#options.targets())
    for (const target of this.#scalers.changes()) this.#options.onScale(target)
  }

  /**
   * How many pods a target is to have: the manifest's number where no autoscaler is, or where it is 0. Cheap, and to be asked at each
   * look: a number from before a restart may become known late, with the host that it is recorded on. Until all applications are read, a
   * record stands for an autoscaler that may still come.
   */
  replicasOf(target: Key, manifestReplicas: number): number {
    return this.#scalers.replicasOf(target, manifestReplicas) ?? this.#heldFor(target, manifestReplicas)
  }

  #heldFor(target: Key, manifestReplicas: number): number {
    if (manifestReplicas === 0 || this.#options.allRead()) return manifestReplicas
    const records = recordsFor(this.#options.runtime.volumes(), keyParts(target).namespace, markOf(target))
    return recordedNumber(records, markOf(target)) ?? manifestReplicas
  }

  /** Undefined: not wanted. */
  statusOf(autoscaler: Key): AutoscalerStatus | undefined {
    return this.#scalers.get(autoscaler)?.status
  }

  /** One evaluation of all. Throws only for bugs. */
  async tick(): Promise<void> {
    const now = this.#options.clock.now()
    const hosts = this.#options.runtime.hostFacts()
    this.refresh()
    const evaluations = this.#scalers.all().flatMap((scaler) => this.#begin(scaler, hosts, now) ?? [])
    const [answers] = await Promise.all([this.#ask(evaluations), this.#readUsage(evaluations)])
    await Promise.all([
      ...evaluations.map((evaluation) => this.#finish(evaluation, { answers, hosts, now })),
      ...this.#unwantedRecords().map((autoscaler) => this.#record(autoscaler, undefined, hosts)),
    ])
  }

  async #loop(): Promise<void> {
    const { clock, log, everyMs = usualTickMs } = this.#options
    const startedAt = clock.now()
    try {
      await this.tick()
    } catch (error) {
      log.error('an evaluation of the autoscalers ended early; this is a bug', { error: errorText(error) })
    }
    if (this.#end.signal.aborted) return
    this.#cancel = clock.after(Math.max(0, startedAt + everyMs - clock.now()), () => this.start())
  }

  /** Undefined: all is said without figures. */
  #begin(scaler: Scaler, hosts: readonly LiveHost[], now: number): Evaluation | undefined {
    const { given, target } = scaler
    if (isOff(scaler)) Object.assign(scaler, nothingKnown)
    const off = offStatus(scaler)
    const template = off ? undefined : given.template()
    if (!template) {
      scaler.status = off ?? unscalable(`${markOf(target)} has no pod template that can be read`)
      return undefined
    }
    const seen = seePods(this.#options.runtime.podsOf(target), hosts, scaler.readiness, now)
    scaler.readiness = new Map(seen.map(({ pod, readiness }) => [pod.uid, readiness]))
    const names = seen.filter(staysOf).map(({ pod }) => pod.name)
    const { metrics = [] } = given.autoscaler.spec
    return { scaler, given, template, seen, queries: metrics.map((metric) => queryOf(given.autoscaler, metric, names)) }
  }

  /** Answers by query; equal queries are asked once. */
  async #ask(evaluations: readonly Evaluation[]): Promise<ReadonlyMap<string, Answer>> {
    const queries = new Set(evaluations.flatMap((one) => one.queries.filter((query) => query !== undefined)))
    const ask = async (query: string): Promise<readonly [string, Answer]> => {
      const answer = await this.#prometheus?.query(query, this.#end.signal)
      return [query, answer ?? noPrometheus]
    }
    return new Map(await this.#queue.addAll([...queries].map((query) => () => ask(query))))
  }

  /** Reads what all containers of these pods use, host by host. */
  async #readUsage(evaluations: readonly Evaluation[]): Promise<void> {
    const byHost = new Map<string, string[]>()
    for (const { seen } of evaluations.filter(({ given }) => readsUsage(given.autoscaler))) {
      for (const { pod } of seen.filter((one) => staysOf(one) && one.observed.reachable)) {
        const ids = byHost.get(pod.host) ?? []
        ids.push(...runningContainers(pod).map(({ id }) => id))
        byHost.set(pod.host, ids)
      }
    }
    const troubles = new Map<string, string>()
    const reads = [...byHost].map(async ([host, ids]) => {
      try {
        return await this.#options.runtime.usage(host, ids)
      } catch (error) {
        troubles.set(host, `figures of host ${host} cannot be read: ${errorText(error, 200)}`)
        return []
      }
    })
    const read = (await Promise.all(reads)).flat()
    this.#reads = takeReads(this.#reads, [...byHost.values()].flat(), read)
    this.#troubles = troubles
  }

  async #finish(evaluation: Evaluation, { answers, hosts, now }: Found): Promise<void> {
    const { scaler, given, template, seen, queries } = evaluation
    // Another commit may have come meanwhile.
    if (this.#scalers.get(scaler.key) !== scaler || isOff(scaler) || this.#end.signal.aborted) return
    const { spec } = given.autoscaler
    const current = this.replicasOf(scaler.target, given.replicas ?? 0)
    const { up, down } = behaviorOf(spec)
    const scene = {
      ...{ seen, template, figures: this.#reads.figures, current, now },
      tolerance: { up: up.tolerance, down: down.tolerance },
      trouble: seen.map(({ pod }) => this.#troubles.get(pod.host)).find((words) => words !== undefined) ?? '',
    }
    const outcomes = (spec.metrics ?? []).map((metric, index) =>
      measure(metric, scene, answers.get(queries[index] ?? '')),
    )
    const proposals = outcomes.map((outcome) => (outcome.ok ? outcome.replicas : undefined))
    const decision = decide(spec, current, proposals, scaler.memory ?? firstMemory(current, now), now)
    const readyPods = seen.filter((one) => staysOf(one) && one.readiness.ready).length
    scaler.memory = decision.memory
    scaler.status = evaluatedStatus({ spec, outcomes, decision, current, readyPods })
    // A number that nothing speaks for is not kept: the manifest's counts until then.
    if (decision.from === 'metrics invalid' && scaler.decided === undefined) return
    // Recorded first: a restart must not fall back behind what somebody has acted on.
    await this.#record(scaler.key, { scaler, replicas: decision.replicas }, hosts)
    this.#decided(scaler, decision.replicas, current)
  }

  #decided(scaler: Scaler, replicas: number, current: number): void {
    const { log, onScale } = this.#options
    this.#scalers.decided(scaler, replicas)
    if (replicas === current) return
    log.info('scaled', { target: scaler.target, from: current, to: replicas, because: scaler.status.message })
    onScale(scaler.target)
  }

  /** Autoscalers that have left a record and are switched off, or not wanted any more. */
  #unwantedRecords(): Key[] {
    const { runtime, allRead, onScale } = this.#options
    const off = this.#scalers.all().filter(isOff)
    const gone = allRead() ? runtime.volumes().filter((volume) => this.#isOfNobody(volume)) : []
    // Their numbers held until now.
    for (const { namespace, facts } of gone) onScale(keyOf({ namespace, ...markParts(facts.target ?? '') }))
    const keys = gone.map(({ namespace, subject }) => keyOf({ namespace, ...markParts(subject) }))
    return [...new Set([...keys, ...off.map(({ key }) => key)])]
  }

  #isOfNobody({ namespace, subject }: LiveVolume): boolean {
    const parts = markParts(subject)
    return parts.kind === recordKind && this.#scalers.get(keyOf({ namespace, ...parts })) === undefined
  }

  /** What cannot be written now is tried again at the next evaluation. */
  async #record(
    autoscaler: Key,
    wanted: { readonly scaler: Scaler; readonly replicas: number } | undefined,
    hosts: readonly LiveHost[],
  ): Promise<void> {
    const { runtime, log } = this.#options
    const recorded = wanted && {
      ...keyParts(autoscaler),
      ...{ app: wanted.scaler.given.app, target: markOf(wanted.scaler.target), replicas: wanted.replicas },
    }
    const steps = recordSteps(runtime.volumesOf(autoscaler), recorded, hosts)
    if (steps.length === 0) return
    await this.#queue.add(async () => {
      try {
        for (const step of steps) {
          if (step.kind === 'create') await runtime.createVolume(step.host, step.volume)
          else await runtime.removeVolume(step.host, step.name)
        }
      } catch (error) {
        log.warn('the number of an autoscaler could not be recorded', { autoscaler, error: errorText(error) })
      }
    })
  }
}
