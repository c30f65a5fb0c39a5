/** `0,2-5,7`: sorted, runs of three and more are written as a range. */
export function indexesText(indexes: readonly number[]): string {
  const runs: { from: number; to: number }[] = []
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const last = runs[runs.length - 1]
    if (last && index === last.to + 1) last.to = index
    else runs.push({ from: index, to: index })
  }
  return runs
    .map(({ from, to }) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`))
    .join(',')
}

/** The indexes below `completions` that a text names; pieces that are none are skipped. */
export function parseIndexes(text: string, completions: number): number[] {
  const found = new Set<number>()
  for (const piece of text.split(',')) {
    const [, from, to] = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(piece) ?? []
    if (from === undefined) continue
    const end = Math.min(Number(to ?? from), completions - 1)
    for (let index = Number(from); index <= end; index += 1) found.add(index)
  }
  return [...found].sort((a, b) => a - b)
}

/** Those of earlier looks and those of pods that have ended, without what no index can be. */
export function mergedIndexes(
  previous: readonly number[],
  more: readonly (number | undefined)[],
  completions: number,
): number[] {
  const valid = [...previous, ...more].filter((index) => index !== undefined && index >= 0 && index < completions)
  return [...new Set(valid)].filter((index) => index !== undefined).sort((a, b) => a - b)
}

export interface FailedPod {
  readonly index: number | undefined
  /** Failures of this index before this pod's. */
  readonly earlierFailures: number
  /** The pod failure policy says that its index is lost. */
  readonly failsIndex: boolean
}

/** Indexes that are not tried again. */
export function failedIndexes(
  pods: readonly FailedPod[],
  limitPerIndex: number | undefined,
  completions: number,
  previous: readonly number[] = [],
): number[] {
  const failed = pods.filter(
    ({ earlierFailures, failsIndex }) =>
      failsIndex || (limitPerIndex !== undefined && earlierFailures >= limitPerIndex),
  )
  return mergedIndexes(
    previous,
    failed.map(({ index }) => index),
    completions,
  )
}

/** The lowest `count` indexes that nothing is known of. */
export function pendingIndexes(taken: ReadonlySet<number>, completions: number, count: number): number[] {
  const free: number[] = []
  for (let index = 0; index < completions && free.length < count; index += 1) if (!taken.has(index)) free.push(index)
  return free
}
