// Thousands of containers say the same things: one copy of each is kept.

/** Remembers what was asked for lately: containers of one owner are mostly read one after the other. */
class Recent<T> {
  readonly #most: number
  readonly #known = new Map<string, T>()

  constructor(most: number) {
    this.#most = most
  }

  get(text: string, make: () => T): T {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const made = make()
    if (this.#known.size >= this.#most) this.#known.clear()
    this.#known.set(text, made)
    return made
  }
}

const texts = new Recent<string>(8_192)
const parsed = new Recent<unknown>(256)
const values = new Recent<unknown>(2_048)

/** An equal text, mostly one that others hold too. */
export function onceText(text: string): string {
  return texts.get(text, () => text)
}

/** What a JSON text says; equal texts mostly give the same value, so nobody may change it. Throws as JSON.parse does. */
export function onceParsed(text: string): unknown {
  return parsed.get(text, () => JSON.parse(text))
}

/** Longer ones are seldom said twice. */
const longestShared = 4_096

/** An equal value of plain data, mostly one that others hold too, so nobody may change it. */
export function once<T extends object>(value: T): T {
  const text = JSON.stringify(value)
  // Equal texts come from values of one shape, as each shape is built in one place.
  return text.length > longestShared ? value : (values.get(text, () => value) as T)
}
