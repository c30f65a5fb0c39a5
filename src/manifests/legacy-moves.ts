import type { Path } from './position.ts'

export type Plain = Record<string, unknown>

/** Where a member went: its path today, and the one in the file. */
export type Move = readonly [to: Path, from: Path]

/** The map at a path; undefined when there is none. */
export function mapAt(value: unknown, ...path: readonly (string | number)[]): Plain | undefined {
  let here = value
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined
    here = Reflect.get(here, part)
  }
  return isPlain(here) ? here : undefined
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
