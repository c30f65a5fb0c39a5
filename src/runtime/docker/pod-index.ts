import { type Key, keyOf } from '../../base/key.ts'
import type { ContainerHealth, LiveContainer, LivePod, PodTraffic } from '../live.ts'
import type { PodRef } from '../port.ts'
import type { ContainerRecord } from './observe.ts'

/** What only this process knows of a container. */
export interface Knows {
  health(host: string, record: ContainerRecord): ContainerHealth
  stopping(host: string, id: string): boolean
  traffic(pod: PodRef): PodTraffic
  /** Volume -> version, of a sandbox. */
  contents(host: string, sandbox: ContainerRecord): ReadonlyMap<string, string>
}

interface PodEntry {
  readonly ref: PodRef
  records: readonly ContainerRecord[]
  /** Undefined: to be put together again. */
  pod: LivePod | undefined
}

/** Puts containers together to pods, found by their owner. */
export class PodIndex {
  readonly #knows: Knows
  readonly #pods = new Map<string, PodEntry>()
  readonly #byOwner = new Map<Key, Set<string>>()
  #all: readonly LivePod[] | undefined

  constructor(knows: Knows) {
    this.#knows = knows
  }

  /** Takes a change in; says which keys have other facts now. */
  change(host: string, before: ContainerRecord | undefined, after: ContainerRecord | undefined): Key[] {
    const keys = new Set<Key>()
    if (before && (after === undefined || entryKey(host, before) !== entryKey(host, after)))
      this.#remove(host, before, keys)
    if (after) this.#put(host, after, keys)
    for (const record of [before, after]) if (record) keys.add(ownerKey(record))
    return [...keys]
  }

  /** Health or stopping of a container changed. */
  touch(host: string, record: ContainerRecord): Key {
    const entry = this.#pods.get(entryKey(host, record))
    if (entry) this.#forget(entry)
    return ownerKey(record)
  }

  /** The traffic of pods changed, of these (`namespace/name`) or of any: the keys of those for whom that is so. */
  traffic(pods?: ReadonlySet<string>): Key[] {
    const changed = [...this.#pods.values()].filter(
      ({ ref, pod }) =>
        pod !== undefined &&
        (pods === undefined || pods.has(`${ref.namespace}/${ref.name}`)) &&
        pod.traffic !== this.#knows.traffic(ref),
    )
    for (const entry of changed) this.#forget(entry)
    return [...new Set(changed.flatMap((entry) => entry.records.map(ownerKey)))]
  }

  records(ref: PodRef): readonly ContainerRecord[] {
    return this.#pods.get(refKey(ref))?.records ?? []
  }

  podsOf(owner: Key): readonly LivePod[] {
    const keys = this.#byOwner.get(owner) ?? []
    const entries = [...keys].flatMap((key) => this.#pods.get(key) ?? [])
    return entries.map((entry) => this.#build(entry)).sort(byName)
  }

  all(): readonly LivePod[] {
    this.#all ??= [...this.#pods.values()].map((entry) => this.#build(entry)).sort(byName)
    return this.#all
  }

  ownersIn(host: string): Key[] {
    const entries = [...this.#pods.values()].filter((entry) => entry.ref.host === host)
    return [...new Set(entries.flatMap((entry) => entry.records.map(ownerKey)))]
  }

  #put(host: string, record: ContainerRecord, keys: Set<Key>): void {
    const key = entryKey(host, record)
    let entry = this.#pods.get(key)
    if (entry === undefined) {
      entry = { ref: podOf(host, record), records: [], pod: undefined }
      this.#pods.set(key, entry)
      keys.add(namespaceKey(record))
    }
    entry.records = without(entry.records, record.id).concat(record)
    this.#forget(entry)
    const owner = ownerKey(record)
    const owned = this.#byOwner.get(owner) ?? new Set()
    this.#byOwner.set(owner, owned.add(key))
  }

  #remove(host: string, record: ContainerRecord, keys: Set<Key>): void {
    const key = entryKey(host, record)
    const entry = this.#pods.get(key)
    if (entry === undefined) return
    entry.records = without(entry.records, record.id)
    this.#forget(entry)
    const owner = ownerKey(record)
    if (!entry.records.some((other) => ownerKey(other) === owner)) {
      const owned = this.#byOwner.get(owner)
      owned?.delete(key)
      if (owned?.size === 0) this.#byOwner.delete(owner)
    }
    if (entry.records.length === 0) {
      this.#pods.delete(key)
      keys.add(namespaceKey(record))
    }
  }

  #forget(entry: PodEntry): void {
    entry.pod = undefined
    this.#all = undefined
  }

  #build(entry: PodEntry): LivePod {
    entry.pod ??= assemble(entry.ref, entry.records, this.#knows)
    return entry.pod
  }
}

function without(records: readonly ContainerRecord[], id: string): readonly ContainerRecord[] {
  return records.filter((record) => record.id !== id)
}

/** The newest attempt of each container is the one that counts; of several sandboxes the one that is not leaving. */
function assemble(ref: PodRef, records: readonly ContainerRecord[], knows: Knows): LivePod {
  const live = (record: ContainerRecord): LiveContainer => ({
    ...record.facts,
    health: knows.health(ref.host, record),
    stopping: knows.stopping(ref.host, record.id),
  })
  const sorted = [...records].sort(newestFirst)
  const sandbox = sorted.find((record) => record.sandbox !== undefined)
  const newest = new Map<string, ContainerRecord>()
  const leftovers: ContainerRecord[] = []
  for (const record of sorted) {
    if (record === sandbox) continue
    const name = record.mark.container
    if (name === '' || newest.has(name)) leftovers.push(record)
    else newest.set(name, record)
  }
  const [first] = sorted
  if (first === undefined) throw new Error(`pod ${ref.namespace}/${ref.name} has no container`)
  const { app, owner, template, commit } = (sandbox ?? first).mark
  return {
    ...ref,
    app,
    owner,
    template,
    commit,
    labels: sandbox?.sandbox?.labels ?? {},
    annotations: sandbox?.sandbox?.annotations ?? {},
    spec: sandbox?.sandbox?.spec,
    uid: sandbox?.id ?? '',
    createdAt: sandbox?.facts.createdAt ?? Math.min(...records.map((record) => record.facts.createdAt)),
    address: sandbox?.sandbox?.address,
    traffic: knows.traffic(ref),
    leaving: sandbox?.leaving ?? false,
    leavingSince: sandbox?.leavingSince,
    contents: sandbox ? knows.contents(ref.host, sandbox) : new Map(),
    sandbox: sandbox && live(sandbox),
    containers: [...newest.values()].map(live).sort(byName),
    leftovers: leftovers.map(live).sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

function newestFirst(a: ContainerRecord, b: ContainerRecord): number {
  return (
    Number(a.leaving) - Number(b.leaving) ||
    b.mark.restarts - a.mark.restarts ||
    b.facts.createdAt - a.facts.createdAt ||
    (a.id < b.id ? -1 : 1)
  )
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

export function ownerKey(record: ContainerRecord): Key {
  const [kind = '', name = ''] = record.mark.owner.split('/')
  return keyOf({ namespace: record.mark.namespace, kind, name })
}

function namespaceKey(record: ContainerRecord): Key {
  return keyOf({ namespace: '', kind: 'Namespace', name: record.mark.namespace })
}

function entryKey(host: string, record: ContainerRecord): string {
  return refKey(podOf(host, record))
}

export function podOf(host: string, record: ContainerRecord): PodRef {
  return { host, namespace: record.mark.namespace, name: record.mark.pod }
}

function refKey(ref: PodRef): string {
  return `${ref.host}/${ref.namespace}/${ref.name}`
}
