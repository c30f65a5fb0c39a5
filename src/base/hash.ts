import { createHash } from 'node:crypto'

/** JSON with sorted keys and without undefined members: equal values give equal text. */
export function stableText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => stableText(item ?? null)).join(',')}]`
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${stableText(member)}`)
  return `{${members.join(',')}}`
}

// Kubernetes' safe alphabet: no vowels, so that a hash never spells a word, and no 0, 1, 3.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** A short name-safe hash (lower-case letters and digits) of any plain value; independent of key order. */
export function shortHash(value: unknown, length = 10): string {
  const digest = createHash('sha256').update(stableText(value)).digest()
  return Array.from(digest.subarray(0, length), (byte) => alphabet[byte % alphabet.length]).join('')
}

/** The whole SHA-256 of a text, as lower-case hex. */
export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
