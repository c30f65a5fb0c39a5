// What waits for an image until a registry has it: pods whose pull failed, and commits of pull requests. Part of the corridor beside engine.ts.
import { imagesOf } from './preview/images.ts'
import { isPushed } from './preview/pushed-images.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { Runtime } from './runtime/port.ts'

/** Commits of pull requests that wait for images. */
export interface AwaitedImages {
  /** All that are asked for at times. */
  readonly awaited: readonly string[]
  /** Asks for these with the next list, however short ago that was done. */
  askSoon(images: readonly string[]): void
}

export interface ImagePushesParts {
  readonly runtime: Pick<Runtime, 'hostFacts' | 'pullSoon'>
  readonly wanted: Wanted
  /** Names of all applications and previews. */
  readonly apps: () => readonly string[]
  /** Lists the pull requests of these now. */
  readonly list: (apps: readonly string[]) => void
}

/**
 * Has what waits for an image try at once when a registry says that it was pushed, instead of when its time comes. Nothing else changes: what is
 * not there all the same waits on as if it had tried by itself.
 */
export class ImagePushes {
  readonly #parts: ImagePushesParts
  /** By application. */
  readonly #requests = new Map<string, AwaitedImages>()

  constructor(parts: ImagePushesParts) {
    this.#parts = parts
  }

  join(app: string, requests: AwaitedImages): void {
    this.#requests.set(app, requests)
  }

  waitingFor(pushed: readonly string[]): { readonly image: string; readonly applications: readonly string[] }[] {
    const waiting = new Map<string, Set<string>>()
    const note = (image: string, apps: readonly string[]) => {
      const known = waiting.get(image) ?? new Set()
      waiting.set(image, new Set([...known, ...apps]))
    }
    const isMeant = (image: string) => pushed.some((one) => isPushed(image, one))
    for (const image of this.#failedPulls().filter(isMeant)) note(image, this.#usersOf(image))
    for (const [app, { awaited }] of this.#requests) for (const image of awaited.filter(isMeant)) note(image, [app])
    return [...waiting].map(([image, apps]) => ({ image, applications: [...apps].sort() }))
  }

  /** Images as named by `waitingFor`. */
  ask(images: readonly string[]): void {
    const { runtime, list } = this.#parts
    for (const image of this.#failedPulls().filter((one) => images.includes(one))) runtime.pullSoon(image)
    const asked = [...this.#requests].filter(([, { awaited }]) => awaited.some((image) => images.includes(image)))
    for (const [, requests] of asked) requests.askSoon(images)
    if (asked.length > 0) list(asked.map(([app]) => app))
  }

  #failedPulls(): string[] {
    const all = this.#parts.runtime.hostFacts().flatMap(({ pulls }) => [...pulls])
    return [...new Set(all.filter(([, { state }]) => state === 'failed').map(([image]) => image))]
  }

  #usersOf(image: string): string[] {
    const { wanted, apps } = this.#parts
    const uses = (app: string) =>
      [...wanted.keys(app)].some((key) => {
        const object = wanted.object(key)
        return object !== undefined && imagesOf(object).includes(image)
      })
    return apps().filter(uses)
  }
}
