// How often a pull request is told something, and all of them together. Pure.

/** What one was told of one commit. */
export interface ToldOften {
  readonly head: string
  readonly count: number
  /** The last time, ms. */
  readonly at: number
}

/** When the next one may be told, ms. What changes again and again, as a crash loop does, is told ever less often. */
export function nextAt(told: ToldOften | undefined, head: string, leastMs: number): number {
  if (!told) return 0
  if (told.head !== head || told.count < 10) return told.at + leastMs
  return told.at + leastMs * (told.count < 30 ? 6 : 30)
}

export function toldAgain(told: ToldOften | undefined, head: string, now: number): ToldOften {
  return { head, count: told?.head === head ? told.count + 1 : 1, at: now }
}

export const hourMs = 3_600_000
const quickMs = 1_000
const slowMs = 9_000
const quickOnes = 100

/** The pause after a call. GitHub takes 80 in a minute and 500 in an hour that make something: 100 at once, then 400 an hour. */
export function paceMs(callsInHour: number): number {
  return callsInHour < quickOnes ? quickMs : slowMs
}

/** The same for texts that differ in how long something takes, or how often it was tried, alone. */
export function steadyText(text: string): string {
  return text
    .replace(/\brestarted (?:once|\d+ times)/g, 'restarted')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .replace(/\b\d+(?:\.\d+)? (?:ms|s|min|h|days)\b/g, '…')
}
