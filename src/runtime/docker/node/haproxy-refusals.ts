import { type Key, keyParts } from '../../../base/key.ts'
import { fileText, type HaproxyPart } from '../../network/haproxy-part.ts'

interface Refusal {
  readonly text: string
  /** Of HAProxy. */
  readonly words: string
  /** When it is tried again, ms; undefined: only as another text. */
  readonly until: number | undefined
}

/** Parts that HAProxy does not take, which are left out so that the others are served. */
export class HaproxyRefusals {
  readonly #refusals = new Map<Key, Refusal>()

  /** HAProxy's words; undefined: it takes the part, as far as known. */
  of(part: HaproxyPart): string | undefined {
    const refusal = this.#refusals.get(part.key)
    return refusal?.text === fileText(part) ? refusal.words : undefined
  }

  /** `errors`: by name in the folder. False: what is wrong is in none of the parts, or in one that is nobody's alone and that all others need. */
  add(parts: readonly HaproxyPart[], errors: ReadonlyMap<string, string>, until: number | undefined): boolean {
    const bad = parts.filter(({ path }) => errors.has(nameOf(path)))
    if (bad.some(({ key }) => keyParts(key).name === '')) return false
    for (const part of bad) {
      this.#refusals.set(part.key, { text: fileText(part), words: errors.get(nameOf(part.path)) ?? '', until })
    }
    return bad.length > 0
  }

  /** Some are to be tried again. */
  get expire(): boolean {
    return [...this.#refusals.values()].some(({ until }) => until !== undefined)
  }

  /** Answers whether some are to be tried again now, ms. */
  end(now: number): boolean {
    const over = [...this.#refusals].filter(([, { until = Infinity }]) => until <= now)
    for (const [key] of over) this.#refusals.delete(key)
    return over.length > 0
  }
}

function nameOf(path: string): string {
  return path.slice('haproxy/'.length)
}
