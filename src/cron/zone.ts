/** A span of time in which a zone's clocks have one distance from UTC, ms. */
export interface Stretch {
  readonly from: number
  /** Not in it any more. */
  readonly until: number
  /** Local time minus UTC. */
  readonly offsetMs: number
}

export interface Zone {
  /** The stretch in which a moment (ms) lies. */
  stretchAt(at: number): Stretch
}

const minuteMs = 60_000
const weekMs = 7 * 24 * 60 * minuteMs

const utc: Zone = {
  stretchAt: () => ({ from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY, offsetMs: 0 }),
}

const zones = new Map<string, Zone | undefined>([['UTC', utc]])

/** A zone by its IANA name, `Europe/Berlin`; undefined: there is no such zone. */
export function zoneOf(name: string): Zone | undefined {
  if (!zones.has(name)) zones.set(name, makeZone(name))
  return zones.get(name)
}

function makeZone(name: string): Zone | undefined {
  const offsetAt = offsetsOf(name)
  if (!offsetAt) return undefined
  const years = new Map<number, readonly Stretch[]>()
  let last: Stretch | undefined
  return {
    stretchAt(at) {
      if (last && at >= last.from && at < last.until) return last
      const year = new Date(at).getUTCFullYear()
      const stretches = years.get(year) ?? stretchesOf(year, offsetAt)
      years.set(year, stretches)
      last = stretches.find((stretch) => at < stretch.until) ?? stretches[stretches.length - 1]
      return last ?? utc.stretchAt(at)
    },
  }
}

/** The distance from UTC at a moment, as the runtime's zone data has it. */
function offsetsOf(name: string): ((at: number) => number) | undefined {
  // Numeric offsets would be understood too, but they are no zones.
  if (!/^[A-Za-z]/.test(name)) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    return (at) => {
      const [, sign, hours, minutes] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(format.format(at)) ?? []
      const distance = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * minuteMs
      return sign === '-' ? -distance : distance
    }
  } catch {
    return undefined
  }
}

/** One year's stretches. No zone changes its clocks twice within a week. */
function stretchesOf(year: number, offsetAt: (at: number) => number): Stretch[] {
  const end = Date.UTC(year + 1, 0, 1)
  const stretches: Stretch[] = []
  let from = Date.UTC(year, 0, 1)
  let offsetMs = offsetAt(from)
  for (let before = from; before < end; before += weekMs) {
    const after = Math.min(before + weekMs, end)
    if (offsetAt(after) === offsetMs) continue
    const until = changeWithin(before, after, offsetMs, offsetAt)
    stretches.push({ from, until, offsetMs })
    from = until
    offsetMs = offsetAt(after)
  }
  if (from < end) stretches.push({ from, until: end, offsetMs })
  return stretches
}

/** The first whole minute with another offset. */
function changeWithin(before: number, after: number, offsetMs: number, offsetAt: (at: number) => number): number {
  let [low, high] = [before, after]
  while (high - low > minuteMs) {
    const middle = low + Math.floor((high - low) / 2 / minuteMs) * minuteMs
    if (offsetAt(middle) === offsetMs) low = middle
    else high = middle
  }
  return high
}
