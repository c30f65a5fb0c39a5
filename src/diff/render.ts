import { oneLine } from '../base/errors.ts'
import { stableText } from '../base/hash.ts'
import type { Difference } from './compare.ts'

const longestValue = 60

/** `env.LEVEL: "2" -> "1"`; a value from a Secret is only ever `changed`. */
export function renderDifference({ path, from, to, secret }: Difference): string {
  if (secret) return `${path}: changed`
  if (from === undefined) return `${path}: missing, wanted ${shown(to)}`
  return to === undefined ? `${path}: ${shown(from)}, not wanted` : `${path}: ${shown(from)} -> ${shown(to)}`
}

function shown(value: unknown): string {
  return oneLine(stableText(value), longestValue)
}
