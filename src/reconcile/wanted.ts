import { type Key, keyOf, keyParts } from '../base/key.ts'
import type { Located } from '../manifests/check.ts'
import type { ConfigMap, ManifestObject, PodSpec, Secret } from '../manifests/types.ts'
import { waveOf } from '../manifests/wave.ts'
import type { Desired } from './plan/desired.ts'
import { isPlannedKind } from './plan/planned.ts'
import { resolveTemplate } from './plan/template.ts'

/** One application's accepted objects and since when they are wanted. */
interface WantedApp {
  readonly commit: string
  readonly objects: ReadonlyMap<Key, Located>
}

interface Entry {
  readonly app: string
  readonly commit: string
  readonly since: number
  readonly object: ManifestObject
  /** Built when first asked for; dropped when the object or a config that it reads changes. */
  desired?: Desired | undefined
}

/**
 * The desired side, by key: all accepted objects of all applications. Accepting a commit costs its changed objects and
 * those that read them; nothing here depends on the size of the rest.
 */
export class Wanted {
  readonly #apps = new Map<string, WantedApp>()
  readonly #entries = new Map<Key, Entry>()
  /** ConfigMap or Secret -> workloads whose environment reads it. */
  readonly #readers = new Map<Key, Set<Key>>()
  /** How many wanted objects each namespace has. */
  readonly #namespaces = new Map<string, number>()
  /** Application -> wave -> keys that are planned. */
  readonly #waves = new Map<string, Map<number, Set<Key>>>()

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
    const touched = new Set<Key>([...changed, ...removed])
    for (const key of removed) this.#remove(key)
    for (const key of changed) {
      const located = objects.get(key)
      if (located) this.#put(key, { app, commit, since: now, object: located.object })
    }
    for (const key of [...touched]) {
      for (const reader of this.#readers.get(key) ?? []) {
        const entry = this.#entries.get(reader)
        // One that changed itself has just been put anew.
        if (!entry || touched.has(reader)) continue
        this.#entries.set(reader, { app: entry.app, commit, since: now, object: entry.object })
        touched.add(reader)
      }
    }
    return [...touched]
  }

  commitOf(app: string): string | undefined {
    return this.#apps.get(app)?.commit
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
    return (this.#namespaces.get(namespace) ?? 0) > 0
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
    entry.desired ??= this.#desire(entry)
    return entry.desired
  }

  #put(key: Key, entry: Entry): void {
    this.#remove(key)
    this.#entries.set(key, entry)
    this.#count(entry.object, 1)
    if (isPlanned(key)) this.#wave(entry).add(key)
    for (const config of configsOf(entry.object)) {
      const readers = this.#readers.get(config) ?? new Set()
      readers.add(key)
      this.#readers.set(config, readers)
    }
  }

  #remove(key: Key): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    for (const config of configsOf(entry.object)) this.#readers.get(config)?.delete(key)
    this.#count(entry.object, -1)
    const wave = this.#wave(entry)
    wave.delete(key)
    if (wave.size === 0) this.#waves.get(entry.app)?.delete(waveOf(entry.object))
    this.#entries.delete(key)
  }

  #wave({ app, object }: Entry): Set<Key> {
    const waves = this.#waves.get(app) ?? new Map<number, Set<Key>>()
    this.#waves.set(app, waves)
    const wave = waves.get(waveOf(object)) ?? new Set<Key>()
    waves.set(waveOf(object), wave)
    return wave
  }

  #count(object: ManifestObject, by: number): void {
    const namespace = object.metadata.namespace ?? object.metadata.name
    this.#namespaces.set(namespace, (this.#namespaces.get(namespace) ?? 0) + by)
  }

  #desire({ app, commit, since, object }: Entry): Desired | undefined {
    const common = { app, commit, since }
    switch (object.kind) {
      case 'Namespace':
        return { ...common, kind: 'Namespace', object }
      case 'Pod':
        return { ...common, kind: 'Pod', object, template: this.#template(object.metadata, object.spec, object) }
      case 'ReplicaSet':
      case 'Deployment': {
        const { metadata, spec } = object.spec.template
        const template = this.#template(metadata ?? {}, spec, object)
        return object.kind === 'ReplicaSet'
          ? { ...common, kind: 'ReplicaSet', object, template, replicas: object.spec.replicas }
          : { ...common, kind: 'Deployment', object, template, replicas: object.spec.replicas }
      }
      default:
        return undefined
    }
  }

  #template(metadata: Parameters<typeof resolveTemplate>[0]['metadata'], spec: PodSpec, owner: ManifestObject) {
    const namespace = owner.metadata.namespace ?? ''
    return resolveTemplate({ metadata, spec }, namespace, `${owner.kind}/${owner.metadata.name}`, (kind, name) => {
      const found = this.#entries.get(keyOf({ namespace, kind, name }))?.object
      return found?.kind === 'ConfigMap' || found?.kind === 'Secret' ? (found as ConfigMap | Secret) : undefined
    })
  }
}

function configsOf(object: ManifestObject): Key[] {
  const spec = podSpecOf(object)
  const namespace = object.metadata.namespace ?? ''
  const names = new Set<Key>()
  const add = (kind: string, name: string | undefined): void => {
    if (name !== undefined) names.add(keyOf({ namespace, kind, name }))
  }
  for (const container of spec?.containers ?? []) {
    for (const source of container.envFrom ?? []) {
      add('ConfigMap', source.configMapRef?.name)
      add('Secret', source.secretRef?.name)
    }
    for (const variable of container.env ?? []) {
      add('ConfigMap', variable.valueFrom?.configMapKeyRef?.name)
      add('Secret', variable.valueFrom?.secretKeyRef?.name)
    }
  }
  return [...names]
}

function podSpecOf(object: ManifestObject): PodSpec | undefined {
  if (object.kind === 'Pod') return object.spec
  return object.kind === 'Deployment' || object.kind === 'ReplicaSet' ? object.spec.template.spec : undefined
}

/** Kinds whose pods or networks a planner looks after; the others are read by these or only shown. */
export function isPlanned(key: Key): boolean {
  return isPlannedKind(keyParts(key).kind)
}
