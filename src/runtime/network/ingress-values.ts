import { ipv4Number, ipv4Range, isIpv6, isIpv6Range } from '../../manifests/ipv4.ts'

/** What an annotation says, or what was expected instead. */
export type Read<T> = { readonly value: T } | { readonly expected: string }

export type Reader<T> = (text: string) => Read<T>

/** Reads text that `pattern` matches whole. */
function matching(pattern: RegExp, expected: string): Reader<string> {
  return (text) => (pattern.test(text) && text.length <= 2048 ? { value: text } : { expected })
}

export const flag: Reader<boolean> = (text) => {
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' }
  return { expected: 'expected "true" or "false"' }
}

export function whole(from: number, to: number): Reader<number> {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : -1
    return number >= from && number <= to ? { value: number } : { expected: `expected a number from ${from} to ${to}` }
  }
}

const unitsMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000 }

/** Seconds, or a number with its unit; answers ms. */
export const timeMs: Reader<number> = (text) => {
  const [, amount = '', unit = ''] = /^(\d{1,9})(us|ms|s|m|h)?$/.exec(text) ?? []
  if (amount === '') return { expected: 'expected a time like "60" or "60s"' }
  return { value: Math.ceil(Number(amount) * (unitsMs[unit] ?? 1000)) }
}

const unitsBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** `8m`; 0: any size. */
export const sizeBytes: Reader<number | undefined> = (text) => {
  const [, amount = '', unit = ''] = /^(\d{1,9})([kmg])?$/i.exec(text) ?? []
  if (amount === '') return { expected: 'expected a size like "8m"' }
  const bytes = Number(amount) * (unitsBytes[unit.toLowerCase()] ?? 1)
  return { value: bytes === 0 ? undefined : bytes }
}

export const path = matching(/^\/[!-~]*$/, 'expected a path that begins with "/"')
/** A path, or an address that a client is sent to. */
export const place = matching(/^(?:\/|https?:\/\/[^\s/])[!-~]*$/, 'expected an address like "https://example.com/"')
export const token = matching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a name of letters, digits and "-"')
export const host = matching(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'expected a host name')
/** One line, as the value of a header. */
export const line = matching(/^[\t -~]*$/, 'expected one line of printable ASCII')

/** Addresses and ranges, with commas between. */
export const sources: Reader<readonly string[]> = (text) => {
  const list = text.split(',').map((one) => one.trim())
  const fine = list.every(
    (one) => ipv4Number(one) !== undefined || ipv4Range(one) !== undefined || isIpv6(one) || isIpv6Range(one),
  )
  return fine ? { value: list } : { expected: 'expected addresses like "10.0.0.0/8, 192.0.2.1"' }
}

/** `https://shop.example.com`, `https://*.example.com` or `*`, with commas between. */
export const origins: Reader<readonly string[]> = (text) => {
  const list = text.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
  const fine =
    list.length > 0 && list.every((one) => /^(?:\*|[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9.*-]+(?::\d{1,5})?)$/.test(one))
  return fine ? { value: list } : { expected: 'expected origins like "https://shop.example.com", or "*"' }
}

/** Headers to be set, one a line: `X-Frame-Options DENY`. */
export const headers: Reader<Readonly<Record<string, string>>> = (text) => {
  const lines = text.split('\n').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
  const pairs = lines.map((one) => /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s+"?([\t -~]*?)"?$/.exec(one))
  if (pairs.some((pair) => pair === null)) return { expected: 'expected a header and its value in each line' }
  return { value: Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? ''])) }
}

export function word<const T>(words: Readonly<Record<string, T>>): Reader<T> {
  return (text) => {
    const name = text.toLowerCase()
    const value = Object.hasOwn(words, name) ? words[name] : undefined
    if (value !== undefined) return { value }
    return { expected: `expected one of ${Object.keys(words).join(', ')}` }
  }
}
