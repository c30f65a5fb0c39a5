import { type Key, keyOf, keyParts } from '../base/key.ts'
import type { ManifestObject, PodSpec, ResourceQuota } from '../manifests/types.ts'
import type { LivePod } from '../runtime/live.ts'
import type { PodRef } from '../runtime/port.ts'
import type { ObjectStatus, Task } from './plan/action.ts'
import { plannedPod } from './plan/forecast.ts'
import { amountText, hardOf, refusesPods, usedBy } from './plan/quota.ts'
import { exceededByObjects, objectUsage } from './plan/quota-objects.ts'

export interface AdmissionOptions {
  readonly quotasIn: (namespace: string) => readonly ResourceQuota[]
  readonly objectsIn: (namespace: string) => readonly ManifestObject[]
  readonly podsIn: (namespace: string) => readonly LivePod[]
  readonly now: () => number
}

/**
 * Keeps namespaces within their quotas, and looks out of each other's way. Several objects are looked at side by side, so pods that one
 * look is about to make count for the others from the moment when they are planned until they are there, and those that it is about to
 * take out are missing from then on.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #reserved = new Map<string, LivePod>()
  /** Pods that tasks under way mark for removal. */
  readonly #going = new Set<string>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Why `count` more pods of this spec are not admitted now; empty: they are. */
  refuses(namespace: string, spec: PodSpec, count: number): string {
    const quotas = this.#options.quotasIn(namespace)
    if (quotas.length === 0) return ''
    return refusesPods(quotas, this.#podsIn(namespace), spec, count, this.#options.now())
  }

  /**
   * Counts what these tasks make and take out until the answer is called. To be called in the same turn as the plan was made. No two looks
   * at the same time are about one pod.
   */
  reserve(tasks: readonly Task[]): () => void {
    const actions = tasks.flatMap((task) => task.actions)
    const coming = actions.flatMap((action) =>
      action.kind === 'createSandbox' ? [plannedPod(action, this.#options.now())] : [],
    )
    const going = actions.flatMap((action) => (action.kind === 'markLeaving' ? [nameOf(action.pod)] : []))
    for (const pod of coming) this.#reserved.set(nameOf(pod), pod)
    for (const name of going) this.#going.add(name)
    return () => {
      for (const pod of coming) if (this.#reserved.get(nameOf(pod)) === pod) this.#reserved.delete(nameOf(pod))
      for (const name of going) this.#going.delete(name)
    }
  }

  /** Pods as they will be once the tasks under way are done; `namespace` undefined: `pods` are all there are. */
  foreseen(pods: readonly LivePod[], namespace?: string): readonly LivePod[] {
    const staying =
      this.#going.size === 0
        ? pods
        : pods.map((pod) => (this.#going.has(nameOf(pod)) ? { ...pod, leaving: true } : pod))
    return this.#withComing(staying, namespace)
  }

  /** Undefined for what is no quota. */
  statusOf(key: Key): ObjectStatus | undefined {
    const { kind, namespace, name } = keyParts(key)
    if (kind !== 'ResourceQuota') return undefined
    const quota = this.#options.quotasIn(namespace).find(({ metadata }) => metadata.name === name)
    if (!quota) return undefined
    const objects = this.#options.objectsIn(namespace)
    const used = new Map([...objectUsage(objects), ...usedBy(quota, this.#podsIn(namespace), this.#options.now())])
    const hard = hardOf(quota)
    const exceeded = exceededByObjects(quota, objects)
    const amounts = [...hard.keys()].map(
      (resource) => `${resource} ${amountText(used, resource)}/${amountText(hard, resource)}`,
    )
    const message = exceeded.length > 0 ? `exceeded: ${exceeded.join(', ')}` : amounts.join(', ')
    const health = exceeded.length > 0 ? 'Degraded' : 'Healthy'
    return { kind, namespace, name, sync: 'Synced', health, ready: '', message, failed: false }
  }

  #podsIn(namespace: string): readonly LivePod[] {
    return this.#withComing(this.#options.podsIn(namespace), namespace)
  }

  #withComing(live: readonly LivePod[], namespace: string | undefined): readonly LivePod[] {
    if (this.#reserved.size === 0) return live
    const there = new Set(live.map(nameOf))
    const coming = [...this.#reserved.values()].filter(
      (pod) => (namespace === undefined || pod.namespace === namespace) && !there.has(nameOf(pod)),
    )
    return [...live, ...coming]
  }
}

function nameOf({ host, namespace, name }: PodRef): string {
  return `${host}/${keyOf({ namespace, kind: 'Pod', name })}`
}
