// Thousands of containers say the same things: one copy of each is kept.

/** Remembers what was asked for lately: containers of one owner are mostly read one after the other. */
class Recent<T> {
  readonly #make: (text: string) => T
  readonly #most: number
  readonly #known = new Map<string, T>()

  constructor(most: number, make: (text: string) => T) {
    this.#most = most
    this.#make = make
  }

  get(text: string): T {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const made = this.#make(text)
    if (this.#known.size >= this.#most) this.#known.clear()
    this.#known.set(text, made)
    return made
  }
}

const texts = new Recent(8_192, (text) => text)
const values = new Recent<unknown>(256, (text) => JSON.parse(text))

/** An equal text, mostly one that others hold too. */
export function onceText(text: string): string {
  return texts.get(text)
}

/** What a JSON text says; equal texts mostly give the same value, so nobody may change it. Throws as JSON.parse does. */
export function onceParsed(text: string): unknown {
  return values.get(text)
}
