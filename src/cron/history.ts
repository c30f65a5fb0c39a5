/** One run of a CronJob, as its history lists it. */
export interface Run {
  readonly name: string
  /** Undefined: it has not ended. */
  readonly finished: 'Complete' | 'Failed' | undefined
  /** Undefined: it has not begun. */
  readonly startTime: number | undefined
}

/** The name of the run that is due at a time (ms): the same however often it is asked for. */
export function jobName(cronJob: string, scheduled: number): string {
  return `${cronJob}-${Math.floor(scheduled / 60_000)}`
}

/** Those that began first come first; equal ones by name. */
export function sortByStart<R extends Run>(runs: readonly R[]): R[] {
  const start = ({ startTime }: R): number => startTime ?? Number.POSITIVE_INFINITY
  return [...runs].sort((a, b) => {
    const [first, second] = [start(a), start(b)]
    if (first !== second) return first < second ? -1 : 1
    return a.name < b.name ? -1 : 1
  })
}

/** Names of ended runs that fall out of the history, sorted; a limit that is not set keeps all. */
export function historyCleanup(
  runs: readonly Run[],
  limits: { readonly successful: number | undefined; readonly failed: number | undefined },
): string[] {
  const expired = (finished: Run['finished'], limit: number | undefined): Run[] => {
    const ended = sortByStart(runs.filter((run) => run.finished === finished))
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit))
  }
  return [...expired('Complete', limits.successful), ...expired('Failed', limits.failed)].map(({ name }) => name).sort()
}
