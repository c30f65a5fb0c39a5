import type { Action } from '../../src/reconcile/plan/action.ts'
import type { Desired, Workload } from '../../src/reconcile/plan/desired.ts'
import { ordinalOf } from '../../src/reconcile/plan/stateful-set-identity.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import { ceilingProblem } from './guard-ceilings.ts'
import { floorProblem } from './guard-floors.ts'
import type { QuotaHard } from './guard-quota.ts'
import { quotaProblem } from './guard-quota.ts'
import { claimTemplate } from './objects.ts'
import type { Truth } from './truth.ts'

/** What Berth must never do, checked against what is true, not against what Berth knows. Answers the broken rule. */
export class Guard {
  readonly #truth: Truth
  readonly #quota: () => QuotaHard | undefined

  constructor(truth: Truth, quota: () => QuotaHard | undefined) {
    this.#truth = truth
    this.#quota = quota
  }

  /** Before an action is done for `desired`; undefined: for an object that is gone. */
  check(action: Action, desired: Desired | undefined): string | undefined {
    const hostName = 'pod' in action ? action.pod.host : action.host
    const engine = this.#truth.engines.get(hostName)
    if (!engine) return `no such host ${hostName}`
    if (!engine.reachable) return `${action.kind} on unreachable host ${hostName}`
    if ('id' in action && engine.boxes.get(action.id)?.installation === '') {
      return `${action.kind} on a foreign container`
    }
    const workload = desired && 'template' in desired ? desired : undefined
    switch (action.kind) {
      case 'createSandbox':
        return this.#checkCreate(action, workload)
      case 'createVolume':
        return this.#checkNewData(action)
      case 'removeVolume':
        return this.#checkRemoval(action, workload)
      case 'markLeaving':
      case 'stop':
      case 'remove':
        return workload && floorProblem(this.#truth, action, workload)
      default:
        return undefined
    }
  }

  #checkCreate({ pod, sandbox }: Extract<Action, { kind: 'createSandbox' }>, desired: Workload | undefined) {
    if (!desired) return `pod ${pod.name} made for an object that is gone`
    return (
      this.#checkName(pod, desired) ??
      ceilingProblem(this.#truth, pod, sandbox, desired) ??
      quotaProblem(this.#truth, pod, sandbox.spec, this.#quota())
    )
  }

  #checkName(pod: PodRef, desired: Workload): string | undefined {
    const others = this.#truth.boxes().filter((box) => box.pod === pod.name && box.host !== pod.host)
    const known = desired.kind === 'StatefulSet' ? others : others.filter((box) => !this.#truth.isHidden(box.host))
    return known[0] && `pod ${pod.name} is made on ${pod.host} while it is on ${known[0].host}`
  }

  /** A claim has its data once, wherever nobody can look at the moment. */
  #checkNewData({ host, volume }: Extract<Action, { kind: 'createVolume' }>): string | undefined {
    if (volume.detail !== '') return undefined
    const other = this.#truth.volumesOf(volume.subject).find(({ live }) => live.detail === '' && live.host !== host)
    return other && `data of ${volume.subject} is made on ${host} while it is on ${other.live.host}`
  }

  #checkRemoval({ name, host }: Extract<Action, { kind: 'removeVolume' }>, desired: Workload | undefined) {
    const volume = this.#truth.engines.get(host)?.volumes.get(name)
    if (volume?.live.detail !== '') return undefined
    const claim = volume.live.subject.slice('PersistentVolumeClaim/'.length)
    const pod = claim.slice(claimTemplate.length + 1)
    const ordinal = desired && ordinalOf(desired.object.metadata.name, pod)
    if (desired?.kind !== 'StatefulSet' || ordinal === undefined) return `data of claim ${claim} is removed`
    const { ordinals, replicas, persistentVolumeClaimRetentionPolicy: policy } = desired.object.spec
    const start = ordinals?.start ?? 0
    if (policy?.whenScaled !== 'Delete') return `data of claim ${claim} is removed, which is to be retained`
    if (ordinal >= start && ordinal < start + replicas) return `data of claim ${claim} is removed, pod ${pod} is wanted`
    const left = this.#truth.boxes().find((box) => box.pod === pod)
    return left && `data of claim ${claim} is removed while pod ${pod} is there`
  }
}
