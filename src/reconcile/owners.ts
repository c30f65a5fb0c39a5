import { type Key, keyOf, keyParts } from '../base/key.ts'
import type { LivePod } from '../runtime/live.ts'
import type { Runtime } from '../runtime/port.ts'
import type { View } from './plan/desired.ts'
import { placedOn } from './plan/placement.ts'
import { keepsOthersAway } from './plan/pod-affinity.ts'

type Placed = View['placed']

interface Owner {
  readonly apps: ReadonlySet<string>
  readonly placed: Placed
  readonly guards: readonly LivePod[]
}

/**
 * Who owns the running pods, and what they hold of each host. Kept current owner by owner: with 30,000 pods, no look can afford a walk
 * over all of them.
 */
export class Owners {
  readonly #runtime: Pick<Runtime, 'pods' | 'podsOf'>
  readonly #owners = new Map<Key, Owner>()
  readonly #namespaces = new Map<string, Set<Key>>()
  /** Owners with pods that keep others away. */
  readonly #guarding = new Set<Key>()
  readonly #placed = new Map<string, { cpuMillis: number; memoryBytes: number; pods: number }>()
  /** By application, sorted; dropped when one comes or goes. */
  readonly #sorted = new Map<string, readonly Key[]>()
  /** Owners whose facts changed since they were last looked at; undefined: all are to be read. */
  #changed: Set<Key> | undefined

  constructor(runtime: Pick<Runtime, 'pods' | 'podsOf'>) {
    this.#runtime = runtime
  }

  /** Keys as `Runtime.watch` tells them; without any, everything is read again. */
  changed(keys?: readonly Key[]): void {
    if (keys === undefined) this.#changed = undefined
    else for (const key of keys) this.#changed?.add(key)
  }

  /** Owners of pods that carry the application's mark, sorted. */
  of(app: string): readonly Key[] {
    this.#read()
    let sorted = this.#sorted.get(app)
    if (!sorted) {
      sorted = [...this.#owners].flatMap(([key, owner]) => (owner.apps.has(app) ? [key] : [])).sort()
      // Of previews that are gone nothing is kept.
      if (sorted.length > 0) this.#sorted.set(app, sorted)
    }
    return sorted
  }

  /** Pods of one namespace. */
  podsIn(namespace: string): readonly LivePod[] {
    this.#read()
    return [...(this.#namespaces.get(namespace) ?? [])].sort().flatMap((key) => this.#runtime.podsOf(key))
  }

  /** What all pods ask of each host. */
  placed(): Placed {
    this.#read()
    return this.#placed
  }

  /** Pods that keep others away by a required anti-affinity. */
  guards(): readonly LivePod[] {
    this.#read()
    return [...this.#guarding].sort().flatMap((key) => this.#owners.get(key)?.guards ?? [])
  }

  #read(): void {
    if (this.#changed === undefined) {
      this.#owners.clear()
      this.#namespaces.clear()
      this.#guarding.clear()
      this.#placed.clear()
      this.#sorted.clear()
      this.#changed = new Set(this.#runtime.pods().map(ownerOf))
    }
    for (const key of this.#changed) this.#update(key)
    this.#changed.clear()
  }

  #update(key: Key): void {
    const pods = this.#runtime.podsOf(key)
    const before = this.#owners.get(key)
    const after = pods.length === 0 ? undefined : ownerFacts(pods)
    if (before) this.#add(before.placed, -1)
    if (after) this.#add(after.placed, 1)
    for (const app of [...(before?.apps ?? []), ...(after?.apps ?? [])]) {
      if (!before?.apps.has(app) || !after?.apps.has(app)) this.#sorted.delete(app)
    }
    if (after) this.#owners.set(key, after)
    else this.#owners.delete(key)
    if (after && after.guards.length > 0) this.#guarding.add(key)
    else this.#guarding.delete(key)
    if ((before === undefined) !== (after === undefined)) this.#list(key, after !== undefined)
  }

  #list(key: Key, there: boolean): void {
    const { namespace } = keyParts(key)
    const keys = this.#namespaces.get(namespace) ?? new Set<Key>()
    if (there) keys.add(key)
    else keys.delete(key)
    if (keys.size === 0) this.#namespaces.delete(namespace)
    else this.#namespaces.set(namespace, keys)
  }

  #add(placed: Placed, sign: 1 | -1): void {
    for (const [host, more] of placed) {
      const { cpuMillis, memoryBytes, pods } = this.#placed.get(host) ?? { cpuMillis: 0, memoryBytes: 0, pods: 0 }
      this.#placed.set(host, {
        cpuMillis: cpuMillis + sign * more.cpuMillis,
        memoryBytes: memoryBytes + sign * more.memoryBytes,
        pods: pods + sign * more.pods,
      })
    }
  }
}

function ownerFacts(pods: readonly LivePod[]): Owner {
  return { apps: new Set(pods.map((pod) => pod.app)), placed: placedOn(pods), guards: pods.filter(keepsOthersAway) }
}

function ownerOf(pod: LivePod): Key {
  const [kind = '', name = ''] = pod.owner.split('/')
  return keyOf({ namespace: pod.namespace, kind, name })
}
