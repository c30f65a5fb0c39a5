// Takes applications away with all they have, claims and networks too, until nothing is left. Part of the corridor beside engine.ts.
import type { Clock } from './base/clock.ts'
import { type Key, keyOf, keyParts } from './base/key.ts'
import type { LiveVolume } from './runtime/live.ts'
import type { Runtime } from './runtime/port.ts'

export interface RemovingParts {
  readonly runtime: Pick<Runtime, 'hostFacts' | 'volumes'>
  readonly clock: Clock
  /** Owners of running pods that carry this application's mark. */
  readonly ownersOf: (app: string) => readonly Key[]
  readonly usesNamespace: (namespace: string) => boolean
  /** Approves the removal of what a key has, and has it looked at. */
  readonly markGone: (app: string, keys: readonly Key[]) => void
  readonly lookAt: (key: Key) => void
  /** Somebody looks at it right now, or is about to: something may still come of it. */
  readonly isBusy: (key: Key) => boolean
  /** Nothing is left of it. */
  readonly forget: (key: Key) => void
  readonly ended: (app: string) => void
}

interface Removal {
  readonly namespaces: Set<string>
  readonly keys: Set<Key>
  /** How many checks in a row have found nothing. */
  clean: number
}

const checkMs = 1_000
/** What was begun before the end may show itself a little later. */
const cleanChecks = 2

export class Removing {
  readonly #parts: RemovingParts
  readonly #removals = new Map<string, Removal>()
  #cancel: (() => void) | undefined
  #closed = false

  constructor(parts: RemovingParts) {
    this.#parts = parts
  }

  /** `keys`: what it wanted until now; nothing is wanted of it any more. */
  begin(app: string, namespace: string, keys: readonly Key[]): void {
    if (this.#closed) return
    const removal = this.#removals.get(app) ?? { namespaces: new Set<string>(), keys: new Set<Key>(), clean: 0 }
    this.#removals.set(app, removal)
    removal.namespaces.add(namespace)
    const all = [...keys, ...this.#left(app, removal)]
    for (const key of all) removal.keys.add(key)
    this.#parts.markGone(app, [...new Set(all)])
    this.#cancel ??= this.#parts.clock.after(checkMs, () => this.#check())
  }

  has(app: string): boolean {
    return this.#removals.has(app)
  }

  /** Of those of which there is something left. */
  get names(): Iterable<string> {
    return this.#removals.keys()
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  #check(): void {
    this.#cancel = undefined
    for (const [app, removal] of [...this.#removals]) {
      const left = this.#left(app, removal)
      const isLeft = left.length > 0 || [...removal.keys].some((key) => this.#parts.isBusy(key))
      removal.clean = isLeft ? 0 : removal.clean + 1
      if (removal.clean >= cleanChecks) this.#end(app, removal)
      else this.#goOn(app, removal, left)
    }
    if (this.#removals.size > 0) this.#cancel ??= this.#parts.clock.after(checkMs, () => this.#check())
  }

  /** What came of something that was under way is marked as it is found. */
  #goOn(app: string, removal: Removal, left: readonly Key[]): void {
    const fresh = left.filter((key) => !removal.keys.has(key))
    for (const key of fresh) removal.keys.add(key)
    if (fresh.length > 0) this.#parts.markGone(app, fresh)
    for (const key of left) this.#parts.lookAt(key)
  }

  #end(app: string, { keys }: Removal): void {
    this.#removals.delete(app)
    for (const key of keys) this.#parts.forget(key)
    this.#parts.ended(app)
  }

  /** What there still is on the hosts. */
  #left(app: string, { namespaces }: Removal): Key[] {
    const { runtime, ownersOf, usesNamespace } = this.#parts
    const owners = ownersOf(app)
    const volumes = runtime.volumes().filter((volume) => volume.app === app)
    for (const key of owners) namespaces.add(keyParts(key).namespace)
    for (const { namespace } of volumes) namespaces.add(namespace)
    const networks = [...namespaces].filter(
      (namespace) => !usesNamespace(namespace) && runtime.hostFacts().some(({ networks }) => networks.has(namespace)),
    )
    const spaces = networks.map((name) => keyOf({ namespace: '', kind: 'Namespace', name }))
    return [...new Set([...owners, ...volumes.map(subjectOf), ...spaces])]
  }
}

function subjectOf({ namespace, subject }: LiveVolume): Key {
  const [kind = '', name = ''] = subject.split('/')
  return keyOf({ namespace, kind, name })
}
