/** Doubling waits: `initialMs` for attempt 1, twice that for 2, … never more than `maxMs`. */
export function backoffMs(attempt: number, initialMs: number, maxMs: number): number {
  if (attempt < 1) return 0
  return Math.min(initialMs * 2 ** Math.min(attempt - 1, 52), maxMs)
}
