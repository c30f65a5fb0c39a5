import { CallError } from '../outward/errors.ts'

/** What an answer may cost. Absent: as usual. */
export interface AnswerLimits {
  readonly longestBytes?: number
  /** For a call with its answer. */
  readonly timeoutMs?: number
}

/** A page of pull requests or comments has the texts of as many strangers, each of which may be a megabyte long. */
export const pageLimits: AnswerLimits = { longestBytes: 64 * 2 ** 20, timeoutMs: 30_000 }
export const pageSize = 50

export interface Page<T> {
  readonly items: readonly T[]
  /** Undefined: the server does not say. Then only an empty page is the end, as servers may give fewer than were asked for. */
  readonly more: boolean | undefined
}

/** Whether there is a page after this one, by the header `link`. */
export function pageOf<T>(items: readonly T[], link: string | null | undefined): Page<T> {
  if (/\brel="?next\b/.test(link ?? '')) return { items, more: true }
  return { items, more: items.length < pageSize ? false : undefined }
}

/**
 * What is on all pages together. Throws what a page throws, and TOO_LARGE beyond `most`: a part of a list is never taken for
 * the whole.
 */
export async function allPages<T>(
  page: (number: number) => Promise<Page<T>>,
  { what, most }: { readonly what: string; readonly most: number },
): Promise<{ readonly items: readonly T[]; readonly pages: number }> {
  const items: T[] = []
  for (let number = 1; number <= most; number++) {
    const { items: found, more } = await page(number)
    items.push(...found)
    if (items.length > most) break
    if (more === false || (more === undefined && found.length === 0)) return { items, pages: number }
  }
  throw new CallError('TOO_LARGE', `there are more than ${most} ${what}`)
}

/** What should be a list, by whatever server or proxy. Throws BAD_ANSWER. */
export function itemsOf<T>(data: readonly T[], what: string): readonly T[] {
  if (Array.isArray(data) && data.every((one) => typeof one === 'object' && one !== null)) return data
  throw new CallError('BAD_ANSWER', `expected a list of ${what}, found something else`)
}
