/** A time (ms) at which something is due without any event telling so. */
export interface LookAgain {
  readonly at: number
  readonly reason: string
}

export function earliest(times: readonly (LookAgain | undefined)[]): LookAgain | undefined {
  return times.reduce((first, time) => (time && (!first || time.at < first.at) ? time : first), undefined)
}
