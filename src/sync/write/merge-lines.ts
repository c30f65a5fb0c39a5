import { diffLines, type Hunk } from './line-diff.ts'

/** A hunk, and all the old lines that it could as well stand at: equal lines around it leave that open. */
interface Reach extends Hunk {
  readonly from: number
  readonly to: number
}

/**
 * Merges two changes of one text line by line (diff3). Undefined: both changed the same lines, or lines that touch, differently. Where a
 * change could stand in several places and the other is near, that is a conflict too: nothing is ever guessed. `otherwise` may say what
 * stands there then.
 */
export function mergeLines(
  base: string,
  ours: string,
  theirs: string,
  otherwise: (ours: readonly string[], theirs: readonly string[]) => readonly string[] | undefined = () => undefined,
): string | undefined {
  const [old, our, their] = [linesOf(base), linesOf(ours), linesOf(theirs)]
  const ourHunks = diffLines(old, our)
  const theirHunks = diffLines(old, their)
  if (!ourHunks || !theirHunks) return undefined
  const [left, right] = [ourHunks, theirHunks].map((hunks) => hunks.map((hunk) => reachOf(old, hunk)))
  const merged: string[] = []
  let at = 0
  for (const region of regionsOf(left!, right!)) {
    const text =
      resolved(old, region) ?? otherwise(applied(old, region, region.left), applied(old, region, region.right))
    if (!text) return undefined
    for (let line = at; line < region.from; line++) merged.push(old[line]!)
    for (const line of text) merged.push(line)
    at = region.to
  }
  return [...merged, ...old.slice(at)].join('')
}

/** With their line ends; the last may have none. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function reachOf(old: readonly string[], hunk: Hunk): Reach {
  const { at, removed, added } = hunk
  const only = removed === 0 ? added : added.length === 0 ? old.slice(at, at + removed) : undefined
  if (!only) return { ...hunk, from: at, to: at + removed }
  // A run of lines that is only added or only removed slides over lines equal to its own first or last.
  let down = 0
  while (at + removed + down < old.length && old[at + removed + down] === only[down % only.length]) down++
  let up = 0
  while (at - up > 0 && old[at - up - 1] === only[(only.length - 1 - (up % only.length)) % only.length]) up++
  return { ...hunk, from: at - up, to: at + removed + down }
}

interface Region {
  readonly from: number
  readonly to: number
  readonly left: readonly Reach[]
  readonly right: readonly Reach[]
}

/** Hunks that overlap or touch, together. */
function regionsOf(left: readonly Reach[], right: readonly Reach[]): Region[] {
  const all = [...left.map((hunk) => ({ hunk, ours: true })), ...right.map((hunk) => ({ hunk, ours: false }))].sort(
    (a, b) => a.hunk.from - b.hunk.from || a.hunk.to - b.hunk.to,
  )
  const regions: Region[] = []
  for (const { hunk, ours } of all) {
    const last = regions.at(-1)
    const joins = last !== undefined && hunk.from <= last.to
    const region: Region = joins ? last : { from: hunk.from, to: hunk.to, left: [], right: [] }
    const joined: Region = {
      from: region.from,
      to: Math.max(region.to, hunk.to),
      left: ours ? [...region.left, hunk] : region.left,
      right: ours ? region.right : [...region.right, hunk],
    }
    if (joins) regions.pop()
    regions.push(joined)
  }
  return regions
}

function resolved(old: readonly string[], region: Region): readonly string[] | undefined {
  const [ours, theirs] = [applied(old, region, region.left), applied(old, region, region.right)]
  if (region.right.length === 0) return ours
  if (region.left.length === 0) return theirs
  return ours.join('') === theirs.join('') ? ours : undefined
}

/** The old lines of a region with some hunks done. */
function applied(old: readonly string[], { from, to }: Region, hunks: readonly Hunk[]): string[] {
  const lines: string[] = []
  let at = from
  for (const hunk of hunks.toSorted((a, b) => a.at - b.at)) {
    lines.push(...old.slice(at, hunk.at), ...hunk.added)
    at = hunk.at + hunk.removed
  }
  return [...lines, ...old.slice(at, to)]
}
