import type { Clock } from '../../base/clock.ts'
import type { Container, Probe } from '../../manifests/types.ts'
import type { ContainerHealth } from '../live.ts'
import { afterProbe, initialProbeState, type ProbeKind, type ProbeState } from '../probe-state.ts'
import type { ProbeAnswer } from './probe-net.ts'

export interface ProbedContainer {
  readonly spec: Container
  /** ms. */
  readonly startedAt: number
  /** Since when it is ready where no probe says otherwise, ms. */
  readonly readyFrom: number
  /** It ran before this process looked at it for the first time. */
  readonly adopted: boolean
  /** From 0 to 1, spreads the probes of adopted containers over their period. */
  readonly phase: number
}

/** Carries out one probe, within its time-out. */
export type RunProbe = (kind: ProbeKind, probe: Probe) => Promise<ProbeAnswer>

interface Series {
  readonly probe: Probe
  state: ProbeState
  looked: boolean
  errors: number
  succeeded: boolean
  quick: number
  countedAt: number
  cancel: () => void
}

const firstQuickMs = 50
// A command costs a hundred times what a connection does.
const firstQuickExecMs = 250

/**
 * The probes of one running container. The states are those of kubelet; the first success of a startup or readiness probe is looked for
 * more often than its period (50 ms, doubling), and failures between two periods do not count, so that thresholds keep their meaning in
 * seconds. A rollout is then as quick as its pods, whatever their period.
 */
export class ContainerProber {
  readonly #clock: Clock
  readonly #target: ProbedContainer
  readonly #run: RunProbe
  readonly #changed: () => void
  readonly #series = new Map<ProbeKind, Series>()
  readonly #beganAt: number
  #health: ContainerHealth
  #readySince: number | undefined
  #message = ''
  #closed = false

  constructor(clock: Clock, target: ProbedContainer, run: RunProbe, changed: () => void) {
    this.#clock = clock
    this.#target = target
    this.#run = run
    this.#changed = changed
    const now = clock.now()
    // The engine's clock may differ from ours: only for containers that were not seen starting it is all there is.
    this.#beganAt = target.adopted ? Math.min(target.startedAt, now) : now
    const { startupProbe, readinessProbe, livenessProbe } = target.spec
    this.#add('startup', startupProbe)
    this.#add('readiness', readinessProbe)
    this.#add('liveness', livenessProbe)
    this.#health = this.#judge()
    if (startupProbe) this.#schedule('startup', this.#firstDelay(startupProbe))
    else this.#begin()
  }

  get startedAt(): number {
    return this.#target.startedAt
  }

  get health(): ContainerHealth {
    return this.#health
  }

  close(): void {
    this.#closed = true
    for (const series of this.#series.values()) series.cancel()
  }

  #add(kind: ProbeKind, probe: Probe | undefined): void {
    if (!probe) return
    const state = initialProbeState(kind)
    const countedAt = Number.NEGATIVE_INFINITY
    this.#series.set(kind, {
      probe,
      state,
      looked: false,
      errors: 0,
      succeeded: false,
      quick: 0,
      countedAt,
      cancel: () => {},
    })
  }

  /** The container has started: the other probes may look. */
  #begin(): void {
    const readiness = this.#series.get('readiness')
    if (readiness) this.#schedule('readiness', this.#firstDelay(readiness.probe))
    const liveness = this.#series.get('liveness')
    if (!liveness) return
    const spread = this.#target.adopted ? this.#target.phase * liveness.probe.periodSeconds * 1000 : 0
    this.#schedule('liveness', Math.max(spread, this.#firstDelay(liveness.probe)))
  }

  #firstDelay(probe: Probe): number {
    return Math.max(0, this.#beganAt + (probe.initialDelaySeconds ?? 0) * 1000 - this.#clock.now())
  }

  #schedule(kind: ProbeKind, delayMs: number): void {
    const series = this.#series.get(kind)
    if (!series || this.#closed) return
    series.cancel()
    series.cancel = this.#clock.after(delayMs, () => void this.#look(kind, series))
  }

  async #look(kind: ProbeKind, series: Series): Promise<void> {
    const { probe } = series
    const periodMs = probe.periodSeconds * 1000
    const answer = await this.#run(kind, probe)
    if (this.#closed) return
    const first = !series.looked
    // A probe that cannot be carried out is no look, unless it never can.
    if (answer.outcome === 'error') series.errors += 1
    if (answer.outcome !== 'error' || series.errors >= probe.failureThreshold) series.looked = true
    const now = this.#clock.now()
    const due = answer.outcome === 'success' || now - series.countedAt >= periodMs
    if (due) {
      series.state = afterProbe(series.state, probe, answer.outcome)
      series.countedAt = now
    }
    if (answer.outcome === 'success') series.succeeded = true
    else this.#message = `${kind} probe failed: ${answer.message}`
    this.#settle()
    if (kind === 'startup' && series.state.result !== 'Unknown') {
      if (series.state.result === 'Success') this.#begin()
      return
    }
    // A container that is to be killed for it is not asked again.
    if (kind === 'liveness' && series.state.result === 'Failure') return
    const spread = first && kind !== 'liveness' && this.#target.adopted ? this.#target.phase * periodMs : periodMs
    this.#schedule(kind, this.#quickDelay(kind, series, periodMs) ?? spread)
  }

  #quickDelay(kind: ProbeKind, series: Series, periodMs: number): number | undefined {
    if (kind === 'liveness' || series.succeeded) return undefined
    const delayMs = (series.probe.exec ? firstQuickExecMs : firstQuickMs) * 2 ** series.quick
    if (delayMs >= periodMs) return undefined
    series.quick += 1
    // The last quick look before the next one that counts must not push that one back.
    return Math.min(delayMs, Math.max(1, series.countedAt + periodMs - this.#clock.now()))
  }

  #settle(): void {
    const before = this.#health
    this.#health = this.#judge()
    const fields = ['known', 'started', 'ready', 'failing', 'message'] as const
    if (fields.some((field) => this.#health[field] !== before[field])) this.#changed()
  }

  #judge(): ContainerHealth {
    const { startup, readiness, liveness } = Object.fromEntries(this.#series) as Partial<Record<ProbeKind, Series>>
    const started = !startup || startup.state.result === 'Success'
    const ready = started && (!readiness || readiness.state.result === 'Success')
    const failing = startup?.state.result === 'Failure' || liveness?.state.result === 'Failure'
    if (!ready) this.#readySince = undefined
    else this.#readySince ??= startup || readiness ? this.#clock.now() : this.#target.readyFrom
    if (ready && !failing) this.#message = ''
    return {
      known: this.#known(started),
      started,
      // It is not probed before.
      hookDone: true,
      ready,
      readySince: this.#readySince,
      failing,
      message: this.#message,
    }
  }

  /** What ran before we came may have been ready all the time: nobody may act on the initial state. */
  #known(started: boolean): boolean {
    if (!this.#target.adopted) return true
    const gate = started ? this.#series.get('readiness') : this.#series.get('startup')
    if (!gate || gate.looked) return true
    return this.#firstDelay(gate.probe) > 0
  }
}
