// One evaluation of all autoscalers, of 1,000 targets with 3 pods each and two metrics, without an engine and a Prometheus: figures are there at
// once. Each time some targets get another number, and so a record. Argument: number of targets.
import { Autoscaler } from '../src/autoscale/autoscaler.ts'
import type { ScaleTarget } from '../src/autoscale/scalers.ts'
import { type Key, keyOf } from '../src/base/key.ts'
import { silentLog } from '../src/base/log.ts'
import type { HorizontalPodAutoscaler } from '../src/manifests/types.ts'
import type { LivePod, LiveVolume } from '../src/runtime/live.ts'
import type { ContainerUsage, VolumeSpec } from '../src/runtime/port.ts'
import { container, host, now, pod, podSpec, template } from '../test/reconcile/plan/world.ts'
import { FakeClock } from '../test/sim/fake-clock.ts'
import { countFrom, quantile } from './support/numbers.ts'

const podsEach = 3
const ticks = 60
/** The first evaluations write a record for each target, and are compiled. */
const warmUp = 10
const tickMs = 15_000
const resources = { requests: { cpu: '100m', memory: '64Mi' } }
const wanted = template('aa', podSpec({ containers: [container({ resources })] }))

export async function run(args: readonly string[]): Promise<void> {
  const targets = countFrom(args, 1_000)
  const world = new BenchWorld(targets)
  let changes = 0
  const scaler = new Autoscaler({
    ...{ runtime: world, clock: world.clock, log: silentLog, allRead: () => true, prometheusURL: undefined },
    targets: () => world.targets,
    onScale: () => {
      changes += 1
    },
  })
  const times: number[] = []
  let before = process.cpuUsage()
  for (let tick = 0; tick < warmUp + ticks; tick += 1) {
    world.clock.advance(tickMs)
    if (tick === warmUp) [before, changes] = [process.cpuUsage(), 0]
    const began = performance.now()
    await scaler.tick()
    if (tick >= warmUp) times.push(performance.now() - began)
  }
  const { user, system } = process.cpuUsage(before)
  if (changes === 0) throw new Error('no number changed: nothing was measured')
  const cpuMs = (user + system) / 1000 / ticks
  console.log(
    `${targets} targets, ${targets * podsEach} pods: ${Math.round(changes / ticks)} numbers changed each time`,
  )
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
  const share = `${((cpuMs / tickMs) * 100).toFixed(2)} % of a core`
  console.log(
    `autoscale: ${p50.toFixed(1)} ms p50, ${p99.toFixed(1)} ms p99, ${cpuMs.toFixed(1)} ms of cpu per evaluation (${targets} targets; each ${tickMs / 1000} s: ${share})`,
  )
}

/** Pods, figures and records in memory. */
class BenchWorld {
  readonly clock = new FakeClock(now)
  readonly targets: readonly ScaleTarget[]
  readonly #hosts = [host()]
  readonly #pods = new Map<Key, readonly LivePod[]>()
  readonly #kept = new Map<Key, LiveVolume[]>()

  constructor(count: number) {
    const names = Array.from({ length: count }, (_none, number) => `server-${number}`)
    this.targets = names.map((name) => ({
      ...{ app: 'bench', autoscaler: autoscalerOf(name), replicas: podsEach, template: () => wanted },
    }))
    for (const name of names) {
      const pods = Array.from({ length: podsEach }, (_none, number) =>
        pod(wanted, number, { name: `${name}-aa-${number}`, owner: `Deployment/${name}`, createdAt: now - 3_600_000 }),
      )
      this.#pods.set(keyOf({ namespace: 'shop', kind: 'Deployment', name }), pods)
    }
  }

  hostFacts() {
    return this.#hosts
  }

  podsOf(owner: Key): readonly LivePod[] {
    return this.#pods.get(owner) ?? []
  }

  /** One container of ten after the other is busy for a while. */
  async usage(_host: string, ids: readonly string[]): Promise<ContainerUsage[]> {
    const at = this.clock.now()
    const phase = Math.floor((at - now) / tickMs)
    return ids.map((id, index) => {
      const waves = Math.floor((phase + Math.floor(index / podsEach)) / 10) + 1
      return { id, at, cpuNanos: (at - now) * 40_000 + waves * tickMs * 100_000, memoryBytes: 2 ** 25 }
    })
  }

  volumesOf(subject: Key): readonly LiveVolume[] {
    return this.#kept.get(subject) ?? []
  }

  volumes(): readonly LiveVolume[] {
    return [...this.#kept.values()].flat()
  }

  async createVolume(on: string, volume: VolumeSpec): Promise<void> {
    const subject: Key = `${volume.namespace}/HorizontalPodAutoscaler/${volume.subject.split('/')[1] ?? ''}`
    const made = { ...volume, host: on, name: `${subject} ${volume.detail}`, createdAt: this.clock.now() }
    this.#kept.set(subject, [...this.volumesOf(subject), made])
  }

  async removeVolume(_host: string, name: string): Promise<void> {
    const [subject = ''] = name.split(' ')
    const [namespace, kind, own] = subject.split('/')
    const key: Key = `${namespace}/${kind}/${own}`
    this.#kept.set(
      key,
      this.volumesOf(key).filter((volume) => volume.name !== name),
    )
  }
}

function autoscalerOf(name: string): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'shop' },
    spec: {
      minReplicas: 2,
      maxReplicas: 20,
      scaleTargetRef: { kind: 'Deployment', name },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '48Mi' } } },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
  }
}
