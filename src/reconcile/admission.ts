import { type Key, keyOf, keyParts } from '../base/key.ts'
import type { ManifestObject, PodSpec, ResourceQuota } from '../manifests/types.ts'
import type { LivePod } from '../runtime/live.ts'
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
 * Keeps namespaces within their quotas. Several objects are looked at side by side, so pods that one look is about to make count for the
 * others from the moment when they are planned until they are there.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #reserved = new Map<string, LivePod>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Why `count` more pods of this spec are not admitted now; empty: they are. */
  refuses(namespace: string, spec: PodSpec, count: number): string {
    const quotas = this.#options.quotasIn(namespace)
    if (quotas.length === 0) return ''
    return refusesPods(quotas, this.#podsIn(namespace), spec, count, this.#options.now())
  }

  /** Counts the pods that these tasks make until the answer is called. To be called in the same turn as the plan was made. */
  reserve(tasks: readonly Task[]): () => void {
    const pods = tasks.flatMap(({ actions }) =>
      actions.flatMap((action) => (action.kind === 'createSandbox' ? [plannedPod(action, this.#options.now())] : [])),
    )
    const quoted = pods.filter(({ namespace }) => this.#options.quotasIn(namespace).length > 0)
    for (const pod of quoted) this.#reserved.set(nameOf(pod), pod)
    return () => {
      for (const pod of quoted) if (this.#reserved.get(nameOf(pod)) === pod) this.#reserved.delete(nameOf(pod))
    }
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
    const live = this.#options.podsIn(namespace)
    if (this.#reserved.size === 0) return live
    const there = new Set(live.map(nameOf))
    const coming = [...this.#reserved.values()].filter((pod) => pod.namespace === namespace && !there.has(nameOf(pod)))
    return [...live, ...coming]
  }
}

function nameOf({ host, namespace, name }: LivePod): string {
  return `${host}/${keyOf({ namespace, kind: 'Pod', name })}`
}
