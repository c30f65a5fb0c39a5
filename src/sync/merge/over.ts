import type { ObjectReader } from '../objects/reader.ts'
import type { NewObject } from '../write/draft.ts'

/** What the first does not have is asked of the second. Closing it closes neither. */
export function over(first: ObjectReader, second: ObjectReader): ObjectReader {
  const filled = async <T>(
    oids: readonly string[],
    ask: (reader: ObjectReader, oids: readonly string[]) => Promise<(T | undefined)[]>,
  ): Promise<(T | undefined)[]> => {
    const found = await ask(first, oids)
    const missing = oids.filter((_, at) => found[at] === undefined)
    if (missing.length === 0) return found
    const more = (await ask(second, missing)).values()
    return found.map((one) => one ?? more.next().value)
  }
  return {
    sizes: (oids) => filled(oids, (reader, some) => reader.sizes(some)),
    objects: (oids, maxBytes) => filled(oids, (reader, some) => reader.objects(some, maxBytes)),
    startingWith: (prefix) => first.startingWith(prefix),
    close: () => undefined,
  }
}

/** Objects in memory, by whole ids. */
export function inMemory(found: (oid: string) => NewObject | undefined): ObjectReader {
  return {
    sizes: async (oids) =>
      oids.map((oid) => {
        const object = found(oid)
        return object && { type: object.type, size: object.data.length }
      }),
    objects: async (oids, maxBytes) =>
      oids.map((oid) => {
        const object = found(oid)
        if (!object) return undefined
        const { type, data } = object
        return { type, size: data.length, data: data.length > maxBytes ? undefined : data }
      }),
    startingWith: async () => [],
    close: () => undefined,
  }
}
