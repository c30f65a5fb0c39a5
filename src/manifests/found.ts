import { oneLine } from '../base/errors.ts'

/** A value as the end of a message: `"three" (string)`, `3 (number)`, `a list`, `nothing`. Text is cut and escaped. */
export function found(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return `${quoted(value)} (string)`
  if (typeof value === 'bigint') return `${value} (number)`
  return `${String(value)} (${typeof value})`
}

/** What kind of value it is, for values that must not be shown. */
export function foundKind(value: unknown): string {
  if (typeof value === 'string') return 'a string'
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number'
  if (typeof value === 'boolean') return 'a boolean'
  return found(value)
}

/** Foreign text between quotes, cut at 60 characters. */
export function quoted(text: string): string {
  return `"${oneLine(text, 60)}"`
}

/** `a, b or c` */
export function oneOf(values: readonly unknown[]): string {
  const texts = values.map((value) => String(value))
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`
}
