import { quoted } from '../found.ts'
import { dataKeyFault } from '../names.ts'
import type { Review } from '../review.ts'

type TextMap = Readonly<Record<string, string>>

/** All values of one ConfigMap or Secret together, bytes. */
const longestData = 1024 * 1024

/** Keys and size of the maps of a ConfigMap or Secret. */
export function reviewData(maps: Readonly<Record<string, TextMap>>, review: Review): void {
  let length = 0
  for (const [member, map] of Object.entries(maps)) {
    for (const [key, value] of Object.entries(map)) {
      const fault = dataKeyFault(key)
      if (fault) review.problem([member, key], `${fault}, found ${quoted(key)}`)
      length += value.length
    }
  }
  if (length > longestData) review.problem([], `expected at most ${longestData} bytes of data, found ${length}`)
}

/** Values are never part of the message. */
export function reviewBase64(member: string, map: TextMap, review: Review): void {
  for (const [key, value] of Object.entries(map)) {
    if (!isBase64(value)) review.problem([member, key], 'expected base64, found other text')
  }
}

export function isBase64(text: string): boolean {
  const plain = text.replace(/[\r\n]/g, '')
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain)
}
