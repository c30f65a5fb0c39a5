// A runtime of which only pods, figures and records matter, and an autoscaler over it.

import { Autoscaler } from '../../src/autoscale/autoscaler.ts'
import type { ScaleTarget } from '../../src/autoscale/scalers.ts'
import type { Key } from '../../src/base/key.ts'
import { keyOf } from '../../src/base/key.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import type { HorizontalPodAutoscaler, MetricSpec } from '../../src/manifests/types.ts'
import { RuntimeError } from '../../src/runtime/errors.ts'
import type { LiveHost, LivePod, LiveVolume } from '../../src/runtime/live.ts'
import type { ContainerUsage, VolumeSpec } from '../../src/runtime/port.ts'
import { container, host, now, type PodChanges, pod, podSpec, template } from '../reconcile/plan/world.ts'
import { FakeClock } from '../sim/fake-clock.ts'

export const web: Key = 'shop/Deployment/web'
export const webScaler: Key = 'shop/HorizontalPodAutoscaler/web'

const resources = { requests: { cpu: '100m', memory: '64Mi' } }
export const webTemplate = template('aa', podSpec({ containers: [container({ resources })] }))

export function cpuMetric(averageUtilization = 50): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }
}

export type ScalerChanges = Partial<HorizontalPodAutoscaler['spec']> & {
  readonly name?: string
  readonly annotations?: Record<string, string>
}

export function autoscaler({ name = 'web', annotations = {}, ...spec }: ScalerChanges = {}): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'shop', annotations },
    spec: {
      minReplicas: 2,
      maxReplicas: 10,
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      metrics: [cpuMetric()],
      ...spec,
    },
  }
}

export function scaleTarget(changes: ScalerChanges = {}, replicas: number | undefined = 3): ScaleTarget {
  return { app: 'demo', autoscaler: autoscaler(changes), replicas, template: () => webTemplate }
}

/** Pods that burn as told: cpu time grows with the clock. */
export class FakeFigures {
  readonly clock = new FakeClock(now)
  hosts: LiveHost[] = [host()]
  pods: LivePod[] = []
  kept: LiveVolume[] = []
  memoryBytes = 32 * 2 ** 20
  /** Why the engine does not answer; empty: it does. */
  refusal = ''
  /** Calls that change something, as text. */
  readonly calls: string[] = []
  #made = 0
  #cpuMillis = 0
  #cpuNanos = 0
  #burningSince = now

  /** Thousandths of a core that each container uses from now on. */
  set cpuMillis(cpuMillis: number) {
    this.#cpuNanos = this.#burnt()
    this.#burningSince = this.clock.now()
    this.#cpuMillis = cpuMillis
  }

  #burnt(): number {
    return this.#cpuNanos + (this.clock.now() - this.#burningSince) * this.#cpuMillis * 1000
  }

  /** All containers are new processes, whose time counts from 0. */
  restart(): void {
    this.#cpuNanos = 0
    this.#burningSince = this.clock.now()
  }

  /** As many pods of the wanted template; they started long ago. */
  run(count: number, changes: PodChanges = {}): void {
    this.pods = Array.from({ length: count }, (_none, index) =>
      pod(webTemplate, index, { createdAt: now - 3_600_000, ...changes }),
    )
  }

  hostFacts(): readonly LiveHost[] {
    return this.hosts
  }

  podsOf(owner: Key): readonly LivePod[] {
    return this.pods.filter((one) => `${one.namespace}/${one.owner}` === owner)
  }

  async usage(_host: string, ids: readonly string[]): Promise<ContainerUsage[]> {
    if (this.refusal !== '') throw new RuntimeError('ENGINE_ERROR', 'local', this.refusal)
    const at = this.clock.now()
    const cpuNanos = this.#burnt()
    return ids.map((id) => ({ id, at, cpuNanos, memoryBytes: this.memoryBytes }))
  }

  volumesOf(subject: Key): readonly LiveVolume[] {
    return this.kept.filter((volume) => `${volume.namespace}/${volume.subject}` === subject)
  }

  volumes(): readonly LiveVolume[] {
    return this.kept
  }

  async createVolume(on: string, volume: VolumeSpec): Promise<void> {
    if (this.refusal !== '') throw new RuntimeError('ENGINE_ERROR', 'local', this.refusal)
    this.calls.push(`create ${volume.namespace}/${volume.subject} ${volume.detail}`)
    const name = [volume.namespace, volume.subject, volume.detail].join('_')
    if (this.kept.some((other) => other.name === name)) return
    this.#made += 1
    this.kept.push({ ...volume, host: on, name, createdAt: this.clock.now() + this.#made })
  }

  async removeVolume(_host: string, name: string): Promise<void> {
    if (this.refusal !== '') throw new RuntimeError('ENGINE_ERROR', 'local', this.refusal)
    this.calls.push(`remove ${name}`)
    this.kept = this.kept.filter((volume) => volume.name !== name)
  }
}

export interface World {
  readonly runtime: FakeFigures
  readonly scaler: Autoscaler
  readonly scaled: Key[]
  targets: ScaleTarget[]
  allRead: boolean
  /** Time passes, then one evaluation. */
  tick(ms?: number): Promise<void>
  /** The number that the target's planner is told. */
  number(manifest?: number): number
  message(name?: string): string | undefined
}

export interface WorldOptions {
  readonly runtime?: FakeFigures
  readonly prometheusURL?: string
  readonly log?: Log
}

export function world(targets: ScaleTarget[], options: WorldOptions = {}): World {
  const runtime = options.runtime ?? new FakeFigures()
  const scaled: Key[] = []
  const scaler = new Autoscaler({
    runtime,
    clock: runtime.clock,
    log: options.log ?? silentLog,
    targets: () => made.targets,
    allRead: () => made.allRead,
    prometheusURL: options.prometheusURL,
    onScale: (target) => scaled.push(target),
  })
  const made: World = {
    ...{ runtime, scaler, scaled, targets, allRead: true },
    async tick(ms = 15_000) {
      runtime.clock.advance(ms)
      await scaler.tick()
    },
    number: (manifest = 3) => scaler.replicasOf(web, manifest),
    message: (name = 'web') =>
      scaler.statusOf(keyOf({ namespace: 'shop', kind: 'HorizontalPodAutoscaler', name }))?.message,
  }
  scaler.refresh()
  return made
}
