import { type Key, keyOf, keyParts } from '../base/key.ts'
import type { HorizontalPodAutoscaler } from '../manifests/types.ts'
import type { LiveVolume } from '../runtime/live.ts'
import type { Memory } from './decide.ts'
import type { Readiness, WantedTemplate } from './pods.ts'
import { recordedNumber, recordKind } from './records.ts'
import { type AutoscalerStatus, ambiguous, notYetEvaluated, switchedOff, unscalable } from './status.ts'

/** A wanted autoscaler and what it scales. */
export interface ScaleTarget {
  readonly app: string
  readonly autoscaler: HorizontalPodAutoscaler
  /** Of the target's manifest; undefined: there is no such object. */
  readonly replicas: number | undefined
  /** The target's pods as they are to be, after LimitRange. Asked for once an evaluation. */
  readonly template: () => WantedTemplate | undefined
}

/** What is known of one autoscaler from one evaluation to the next. */
export interface Scaler {
  readonly key: Key
  readonly target: Key
  given: ScaleTarget
  /** The name of the autoscaler that has the target already. */
  holder: string | undefined
  /** The last number that a metric or the range gave, in this process. */
  decided: number | undefined
  memory: Memory | undefined
  readiness: ReadonlyMap<string, Readiness>
  status: AutoscalerStatus
}

const scalableKinds = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']

/** What an autoscaler's reference points to. */
export function targetOf({ metadata, spec }: HorizontalPodAutoscaler): Key {
  const { kind, name } = spec.scaleTargetRef
  return keyOf({ namespace: metadata.namespace ?? '', kind, name })
}

/** `Kind/name`. */
export function markOf(target: Key): string {
  const { kind, name } = keyParts(target)
  return `${kind}/${name}`
}

export function markParts(mark: string): { readonly kind: string; readonly name: string } {
  const [kind = '', name = ''] = mark.split('/')
  return { kind, name }
}

/** All autoscalers that are wanted, and the numbers of their targets. */
export class Scalers {
  readonly #recordsOf: (autoscaler: Key) => readonly LiveVolume[]
  #byKey: ReadonlyMap<Key, Scaler> = new Map()
  #byTarget: ReadonlyMap<Key, Scaler> = new Map()
  /** Numbers as last told, of targets that have an autoscaler. */
  #told = new Map<Key, number>()

  constructor(recordsOf: (autoscaler: Key) => readonly LiveVolume[]) {
    this.#recordsOf = recordsOf
  }

  /** Takes what is wanted now. Of several autoscalers of one target the first by name has it. */
  want(targets: Iterable<ScaleTarget>): void {
    const scalers = Array.from(targets, (given) => this.#scalerOf(given)).sort((a, b) => (a.key < b.key ? -1 : 1))
    const byTarget = new Map<Key, Scaler>()
    for (const scaler of scalers) {
      const holder = byTarget.get(scaler.target)
      scaler.holder = holder && keyParts(holder.key).name
      if (!holder) byTarget.set(scaler.target, scaler)
    }
    this.#byKey = new Map(scalers.map((scaler) => [scaler.key, scaler]))
    this.#byTarget = byTarget
  }

  all(): readonly Scaler[] {
    return [...this.#byKey.values()]
  }

  get(autoscaler: Key): Scaler | undefined {
    return this.#byKey.get(autoscaler)
  }

  /** Undefined: no autoscaler has it. */
  replicasOf(target: Key, manifestReplicas: number): number | undefined {
    const scaler = this.#byTarget.get(target)
    return scaler && this.#number(scaler, manifestReplicas)
  }

  /** Targets whose number is another than at the last call; at first, than in the manifest. */
  changes(): readonly Key[] {
    const before = this.#told
    const numbers = [...this.#byTarget].map(([target, scaler]) => {
      const { replicas = 0 } = scaler.given
      return { target, number: this.#number(scaler, replicas), told: before.get(target) ?? replicas }
    })
    this.#told = new Map(numbers.map(({ target, number }) => [target, number]))
    const changed = numbers.filter(({ number, told }) => number !== told).map(({ target }) => target)
    return [...changed, ...[...before.keys()].filter((target) => !this.#told.has(target))]
  }

  /** The number is told with this call. */
  decided(scaler: Scaler, replicas: number): void {
    scaler.decided = replicas
    this.#told.set(scaler.target, replicas)
  }

  #scalerOf(given: ScaleTarget): Scaler {
    const { namespace = '', name } = given.autoscaler.metadata
    const key = keyOf({ namespace, kind: recordKind, name })
    const target = targetOf(given.autoscaler)
    const known = this.#byKey.get(key)
    // What it knows of another target says nothing of this one.
    if (known?.target === target) {
      known.given = given
      return known
    }
    return { key, target, given, holder: undefined, status: notYetEvaluated, ...nothingKnown }
  }

  #number(scaler: Scaler, manifestReplicas: number): number {
    const { minReplicas, maxReplicas } = scaler.given.autoscaler.spec
    if (manifestReplicas === 0 && minReplicas > 0) return 0
    const known = scaler.decided ?? recordedNumber(this.#recordsOf(scaler.key), markOf(scaler.target))
    return Math.min(maxReplicas, Math.max(minReplicas, known ?? manifestReplicas))
  }
}

/** Of a new autoscaler, and of one that was switched off: it begins anew with the manifest's number. */
export const nothingKnown: Pick<Scaler, 'decided' | 'memory' | 'readiness'> = {
  decided: undefined,
  memory: undefined,
  readiness: new Map(),
}

/** Its target asks for no pods at all, or belongs to another. */
export function isOff({ given, holder }: Scaler): boolean {
  return holder !== undefined || (given.replicas === 0 && given.autoscaler.spec.minReplicas > 0)
}

/** Why it is not evaluated; undefined: it is. */
export function offStatus(scaler: Scaler): AutoscalerStatus | undefined {
  const { given, target, holder } = scaler
  const { kind } = keyParts(target)
  if (!scalableKinds.includes(kind)) {
    const expected = `${scalableKinds.slice(0, -1).join(', ')} or ${scalableKinds.at(-1)}`
    return unscalable(`${kind} has no number of pods: expected ${expected}`)
  }
  if (holder !== undefined) return ambiguous(markOf(target), holder)
  if (given.replicas === undefined) return unscalable(`${markOf(target)} is not in the repository`)
  return isOff(scaler) ? switchedOff() : undefined
}
