import { type Key, keyOf, keyParts } from '../base/key.ts'
import { type Located, objectKey } from '../manifests/check.ts'
import type { HorizontalPodAutoscaler, ManifestObject, ResourceQuota } from '../manifests/types.ts'
import { waveOf } from '../manifests/wave.ts'
import type { LiveVolume } from '../runtime/live.ts'
import { type Desiring, desiredNow, type Entry } from './desire.ts'
import type { Desired } from './plan/desired.ts'
import { isPlannedKind } from './plan/planned.ts'
import { podTemplateOf, readsOf } from './plan/references.ts'
import { Storage } from './storage.ts'

/** One application's accepted objects. */
interface WantedApp {
  readonly commit: string
  readonly objects: ReadonlyMap<Key, Located>
}

export interface WantedOptions {
  /** Docker volumes that outlive pods: what they say claims were bound to stays so. */
  readonly volumes?: () => Iterable<LiveVolume>
  /** What an autoscaler makes of the manifest's number. */
  readonly replicasOf?: (target: Key, manifest: number) => number
}

/**
 * The desired side, by key: all accepted objects of all applications. Accepting a commit costs its changed objects and
 * those that depend on them; nothing here depends on the size of the rest.
 */
export class Wanted {
  readonly #apps = new Map<string, WantedApp>()
  readonly #entries = new Map<Key, Entry>()
  /** ConfigMap, Secret or claim -> workloads that read it. */
  readonly #readers = new Map<Key, Set<Key>>()
  /** The wanted objects of each namespace. */
  readonly #namespaces = new Map<string, Set<Key>>()
  /** Their objects, as they were asked for last; dropped where one comes, changes or goes. */
  readonly #lists = new Map<string, readonly ManifestObject[]>()
  /** The same by kind, as kinds of which there are few are asked for often: `Service shop`. */
  readonly #kinds = new Map<string, Set<Key>>()
  /** Application -> wave -> keys that are planned. */
  readonly #waves = new Map<string, Map<number, Set<Key>>>()
  readonly #storage: Storage
  readonly #desiring: Desiring

  constructor({ volumes = () => [], replicasOf = (_target, manifest) => manifest }: WantedOptions = {}) {
    this.#storage = new Storage({ volumes, replicasOf })
    this.#desiring = {
      find: (key) => this.#entries.get(key)?.object,
      limits: (namespace) => this.inNamespace('LimitRange', namespace),
      storage: this.#storage,
      replicasOf,
    }
  }

  /** Puts a revision in the place of the application's last one. Answers every key that has to be looked at. */
  accept(
    app: string,
    commit: string,
    objects: ReadonlyMap<Key, Located>,
    changed: readonly Key[],
    removed: readonly Key[],
    now: number,
  ): Key[] {
    this.#apps.set(app, { commit, objects })
    const depended = this.#dependents([...changed, ...removed])
    const touched = new Set<Key>([...changed, ...removed])
    for (const key of removed) this.#remove(key)
    for (const key of changed) {
      const located = objects.get(key)
      if (located) this.#put(key, { app, commit, since: now, object: located.object })
    }
    for (const key of [...depended, ...this.#dependents(changed)]) {
      const entry = this.#entries.get(key)
      // One that changed itself has just been put anew.
      if (!entry || touched.has(key)) continue
      this.#entries.set(key, { app: entry.app, commit, since: now, object: entry.object })
      touched.add(key)
    }
    return [...touched]
  }

  /** The application wants nothing any more. Answers every key that has to be looked at. */
  drop(app: string, now: number): Key[] {
    const keys = this.accept(app, '', new Map(), [], [...this.keys(app)], now)
    this.#apps.delete(app)
    this.#waves.delete(app)
    return keys
  }

  commitOf(app: string): string | undefined {
    return this.#apps.get(app)?.commit
  }

  /** As they were accepted; undefined: the application wants nothing. */
  objectsOf(app: string): ReadonlyMap<Key, Located> | undefined {
    return this.#apps.get(app)?.objects
  }

  /** Keys of one application. */
  keys(app: string): Iterable<Key> {
    return this.#apps.get(app)?.objects.keys() ?? []
  }

  object(key: Key): ManifestObject | undefined {
    return this.#entries.get(key)?.object
  }

  appOf(key: Key): string | undefined {
    return this.#entries.get(key)?.app
  }

  /** Whether any application wants something in this namespace. */
  usesNamespace(namespace: string): boolean {
    return (this.#namespaces.get(namespace)?.size ?? 0) > 0
  }

  /** Objects of one kind in a namespace. */
  inNamespace<K extends ManifestObject['kind']>(
    kind: K,
    namespace: string,
  ): Extract<ManifestObject, { readonly kind: K }>[] {
    return [...(this.#kinds.get(`${kind} ${namespace}`) ?? [])].flatMap((key) => {
      const object = this.#entries.get(key)?.object
      return object && isOf(object, kind) ? [object] : []
    })
  }

  /** All objects of a namespace; the same list until one of them is another. */
  objectsIn(namespace: string): readonly ManifestObject[] {
    const keys = this.#namespaces.get(namespace)
    if (!keys) return []
    const list = this.#lists.get(namespace) ?? [...keys].flatMap((key) => this.#entries.get(key)?.object ?? [])
    this.#lists.set(namespace, list)
    return list
  }

  /** All that any application wants something in; the empty one for objects without. */
  namespaces(): readonly string[] {
    return [...this.#namespaces.keys()]
  }

  quotas(namespace: string): readonly ResourceQuota[] {
    return this.inNamespace('ResourceQuota', namespace)
  }

  autoscalers(): readonly HorizontalPodAutoscaler[] {
    return this.namespaces().flatMap((namespace) => this.inNamespace('HorizontalPodAutoscaler', namespace))
  }

  /** Keys of the same application that stand in lower waves than this one. */
  earlier(key: Key): Key[] {
    const entry = this.#entries.get(key)
    const waves = entry && this.#waves.get(entry.app)
    if (!waves || waves.size < 2) return []
    const own = waveOf(entry.object)
    return [...waves].filter(([wave]) => wave < own).flatMap(([, keys]) => [...keys])
  }

  /** The object with its references followed; undefined for what is not wanted, or is only read by others. */
  desired(key: Key): Desired | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    entry.desired = desiredNow(entry, key, this.#desiring)
    return entry.desired
  }

  /** Keys whose desired side depends on these objects. */
  #dependents(keys: readonly Key[]): Key[] {
    const direct = keys.flatMap((key) => this.#direct(key))
    if (!keys.some((key) => storageKinds.has(keyParts(key).kind) || this.#storage.competes(key))) return direct
    // Which volume a claim gets depends on what other claims take.
    return [...direct, ...[...this.#entries.values()].filter(usesStorage).map(({ object }) => objectKey(object))]
  }

  #direct(key: Key): Key[] {
    const { kind, namespace } = keyParts(key)
    switch (kind) {
      case 'LimitRange':
        return [...(this.#namespaces.get(namespace) ?? [])].filter(
          (other) => this.#hasPods(other) || keyParts(other).kind === 'PersistentVolumeClaim',
        )
      case 'ResourceQuota':
        return [...(this.#namespaces.get(namespace) ?? [])].filter((other) => this.#hasPods(other))
      case 'HorizontalPodAutoscaler': {
        const object = this.#entries.get(key)?.object
        if (object?.kind !== 'HorizontalPodAutoscaler') return []
        return [keyOf({ namespace, kind: object.spec.scaleTargetRef.kind, name: object.spec.scaleTargetRef.name })]
      }
      default:
        return [...(this.#readers.get(key) ?? [])]
    }
  }

  #hasPods(key: Key): boolean {
    const object = this.#entries.get(key)?.object
    return object !== undefined && podTemplateOf(object) !== undefined
  }

  #put(key: Key, entry: Entry): void {
    this.#remove(key)
    this.#entries.set(key, entry)
    this.#storage.put(key, entry.app, entry.object)
    const namespace = namespaceOf(entry.object)
    this.#namespaces.set(namespace, (this.#namespaces.get(namespace) ?? new Set<Key>()).add(key))
    this.#lists.delete(namespace)
    const kind = `${entry.object.kind} ${namespace}`
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? new Set<Key>()).add(key))
    if (isPlanned(key)) this.#wave(entry).add(key)
    for (const read of readsOf(entry.object)) {
      this.#readers.set(read, (this.#readers.get(read) ?? new Set<Key>()).add(key))
    }
  }

  #remove(key: Key): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    for (const read of readsOf(entry.object)) {
      const readers = this.#readers.get(read)
      if (readers?.delete(key) && readers.size === 0) this.#readers.delete(read)
    }
    const namespace = namespaceOf(entry.object)
    const others = this.#namespaces.get(namespace)
    if (others?.delete(key) && others.size === 0) this.#namespaces.delete(namespace)
    this.#lists.delete(namespace)
    const kind = `${entry.object.kind} ${namespace}`
    const alike = this.#kinds.get(kind)
    if (alike?.delete(key) && alike.size === 0) this.#kinds.delete(kind)
    const wave = this.#wave(entry)
    wave.delete(key)
    if (wave.size === 0) this.#waves.get(entry.app)?.delete(waveOf(entry.object))
    this.#storage.remove(key)
    this.#entries.delete(key)
  }

  #wave({ app, object }: Entry): Set<Key> {
    const waves = this.#waves.get(app) ?? new Map<number, Set<Key>>()
    this.#waves.set(app, waves)
    const wave = waves.get(waveOf(object)) ?? new Set<Key>()
    waves.set(waveOf(object), wave)
    return wave
  }
}

const storageKinds: ReadonlySet<string> = new Set(['StorageClass', 'PersistentVolume', 'PersistentVolumeClaim'])

function usesStorage({ object }: Entry): boolean {
  if (object.kind === 'PersistentVolumeClaim') return true
  if (object.kind === 'StatefulSet' && object.spec.volumeClaimTemplates) return true
  return readsOf(object).some((read) => keyParts(read).kind === 'PersistentVolumeClaim')
}

/** A Namespace counts as part of itself; other objects without one are of none. */
function namespaceOf(object: ManifestObject): string {
  return object.metadata.namespace ?? (object.kind === 'Namespace' ? object.metadata.name : '')
}

function isOf<K extends ManifestObject['kind']>(
  object: ManifestObject,
  kind: K,
): object is Extract<ManifestObject, { readonly kind: K }> {
  return object.kind === kind
}

/** Kinds whose pods or networks a planner looks after; the others are read by these or only shown. */
export function isPlanned(key: Key): boolean {
  return isPlannedKind(keyParts(key).kind)
}
