// Joins the autoscaler to the wanted objects: what it scales, and what the report says of it. Part of the corridor beside engine.ts.
import { Autoscaler, type AutoscalerOptions } from './autoscale/autoscaler.ts'
import { type ScaleTarget, targetOf } from './autoscale/scalers.ts'
import { type Key, keyOf, keyParts } from './base/key.ts'
import type { ObjectStatus } from './reconcile/plan/action.ts'
import type { Wanted } from './reconcile/wanted.ts'

export interface ScalingParts extends Omit<AutoscalerOptions, 'targets'> {
  readonly wanted: () => Wanted
}

/** The autoscalers of all applications. */
export class Scaling {
  readonly #wanted: () => Wanted
  readonly #autoscaler: Autoscaler

  constructor({ wanted, ...options }: ScalingParts) {
    this.#wanted = wanted
    this.#autoscaler = new Autoscaler({ ...options, targets: () => this.#targets() })
  }

  start(): void {
    this.#autoscaler.start()
  }

  /** Other objects are wanted now. */
  refresh(): void {
    this.#autoscaler.refresh()
  }

  replicasOf(target: Key, manifest: number): number {
    return this.#autoscaler.replicasOf(target, manifest)
  }

  /** Undefined for what is no autoscaler. */
  statusOf(key: Key): ObjectStatus | undefined {
    const status = this.#autoscaler.statusOf(key)
    if (!status) return undefined
    const { health, message, ready } = status
    return { ...keyParts(key), sync: 'Synced', health, ready, message, failed: false }
  }

  close(): Promise<void> {
    return this.#autoscaler.close()
  }

  #targets(): ScaleTarget[] {
    const wanted = this.#wanted()
    return wanted.autoscalers().map((autoscaler): ScaleTarget => {
      const { namespace = '', name } = autoscaler.metadata
      const key = targetOf(autoscaler)
      return {
        app: wanted.appOf(keyOf({ namespace, kind: 'HorizontalPodAutoscaler', name })) ?? '',
        autoscaler,
        replicas: replicasIn(wanted, key),
        template: () => {
          const desired = wanted.desired(key)
          return desired && 'template' in desired ? desired.template : undefined
        },
      }
    })
  }
}

/** The manifest's number; undefined for what is not there, or has none. */
function replicasIn(wanted: Wanted, key: Key): number | undefined {
  const object = wanted.object(key)
  switch (object?.kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
    case 'ReplicationController':
      return object.spec.replicas
    default:
      return undefined
  }
}
