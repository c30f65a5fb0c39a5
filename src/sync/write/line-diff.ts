/** A run of lines that differs: `removed` lines from `at` on in the old text, in whose place `added` stands. */
export interface Hunk {
  readonly at: number
  readonly removed: number
  readonly added: readonly string[]
}

/** Beyond that many differences nobody merges by machine; memory grows with the square. */
const mostEdits = 2000

/** The smallest set of hunks that makes `after` of `before` (Myers); undefined when they have too little in common. */
export function diffLines(before: readonly string[], after: readonly string[]): Hunk[] | undefined {
  const start = commonStart(before, after)
  const end = commonEnd(before, after, start)
  const old = before.slice(start, before.length - end)
  const now = after.slice(start, after.length - end)
  const kept = keptLines(old, now)
  if (!kept) return undefined
  const hunks: Hunk[] = []
  let [x, y] = [0, 0]
  for (const [keptX, keptY] of [...kept, [old.length, now.length] as const]) {
    if (keptX > x || keptY > y) hunks.push({ at: start + x, removed: keptX - x, added: now.slice(y, keptY) })
    x = keptX + 1
    y = keptY + 1
  }
  return hunks
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length)
  let count = 0
  while (count < most && a[count] === b[count]) count++
  return count
}

function commonEnd(a: readonly string[], b: readonly string[], start: number): number {
  const most = Math.min(a.length, b.length) - start
  let count = 0
  while (count < most && a[a.length - 1 - count] === b[b.length - 1 - count]) count++
  return count
}

/** Pairs of equal lines in order, as many as there can be. */
function keptLines(a: readonly string[], b: readonly string[]): (readonly [number, number])[] | undefined {
  const trace: Int32Array[] = []
  // Furthest x on each diagonal x - y, shifted so that no index is below zero.
  const limit = Math.min(a.length + b.length, mostEdits)
  const furthest = new Int32Array(2 * limit + 3)
  for (let edits = 0; edits <= limit; edits++) {
    trace.push(furthest.slice(limit - edits, limit + edits + 3))
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const at = diagonal + limit + 1
      const down = diagonal === -edits || (diagonal !== edits && furthest[at - 1]! < furthest[at + 1]!)
      let x = down ? furthest[at + 1]! : furthest[at - 1]! + 1
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++
      furthest[at] = x
      if (x >= a.length && x - diagonal >= b.length) return backtrack(trace, a.length, b.length, edits)
    }
  }
  return undefined
}

function backtrack(trace: readonly Int32Array[], endX: number, endY: number, edits: number) {
  const kept: (readonly [number, number])[] = []
  let [x, y] = [endX, endY]
  for (let left = edits; left >= 0; left--) {
    const furthest = trace[left]!
    const diagonal = x - y
    // In the copy of this step, diagonal 0 is at `left + 1`.
    const at = diagonal + left + 1
    const down = diagonal === -left || (diagonal !== left && furthest[at - 1]! < furthest[at + 1]!)
    const fromX = left === 0 ? 0 : down ? furthest[at + 1]! : furthest[at - 1]!
    const fromY = left === 0 ? 0 : fromX - (down ? diagonal + 1 : diagonal - 1)
    const stepX = left === 0 || down ? fromX : fromX + 1
    while (x > stepX) kept.push([--x, --y])
    x = fromX
    y = fromY
  }
  return kept.reverse()
}
