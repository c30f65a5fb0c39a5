import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { BaseFinder } from '../../src/sync/merge/bases.ts'
import { Lineage } from '../../src/sync/merge/lineage.ts'
import { mergeRecursive } from '../../src/sync/merge/recursive.ts'
import { FolderReader } from '../../src/sync/objects/folder.ts'
import { mergeLines } from '../../src/sync/write/merge-lines.ts'
import { environment, Fixture, Sandbox } from './fixture.ts'
import { Dice } from './revert-histories.ts'

export interface CrossingCounts {
  /** Merged by both, with the same tree. */
  clean: number
  /** A conflict for both. */
  conflicts: number
  /** Not known to us, or a conflict for us alone. */
  careful: number
  /** Of all these: pairs that come from at least three commits, or whose bases come from several. */
  several: number
  nested: number
  /** Where we said what is not so: what must not be. */
  readonly differing: string[]
}

type Files = ReadonlyMap<string, string>

interface Made {
  readonly files: Files
  readonly parents: readonly number[]
}

/** A history for each seed in which two or three lines merge each other again and again, and merges of its last commits: ours, and git's. */
export async function compareCrossings(seeds: readonly number[]): Promise<CrossingCounts> {
  const counts: CrossingCounts = { clean: 0, conflicts: 0, careful: 0, several: 0, nested: 0, differing: [] }
  using sandbox = new Sandbox()
  const fixture = new Fixture(join(sandbox.path, 'repo'))
  const pairs = write(fixture, seeds)
  const reader = new FolderReader(join(fixture.path, '.git/objects'))
  try {
    for (const { seed, onto, head } of pairs) {
      const bases = await new BaseFinder(reader).find(onto, head)
      if (bases.kind !== 'found') throw new Error(bases.kind)
      if (bases.oids.length < 2) continue
      const lineage = new Lineage(reader)
      await lineage.meet(bases.oids)
      if (bases.oids.length > 2) counts.several++
      if (lineage.all.length > bases.oids.length + 1) counts.nested++
      const [ours, theirs] = [onto, head].map((oid) => fixture.head(`${oid}^{tree}`))
      const merged = await mergeRecursive(reader, lineage, { bases: bases.oids, ours: ours!, theirs: theirs! })
      const tree = gitTree(fixture, onto, head)
      if (merged.kind === 'merged') {
        if (merged.tree === tree) counts.clean++
        else counts.differing.push(`seed ${seed}: ${onto} ${head}: ${merged.tree}, expected ${tree ?? 'a conflict'}`)
      } else if (tree !== undefined || merged.kind === 'unknown') counts.careful++
      else counts.conflicts++
    }
  } finally {
    reader.close()
  }
  return counts
}

function gitTree(fixture: Fixture, onto: string, head: string): string | undefined {
  try {
    const options = { cwd: fixture.path, env: environment, encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync('git', ['merge-tree', '--write-tree', '--no-messages', onto, head], options).trim()
  } catch {
    return undefined
  }
}

/** Writes all histories at once; answers the ids of what is to be merged. */
function write(fixture: Fixture, seeds: readonly number[]) {
  let input = ''
  let mark = 0
  for (const seed of seeds) {
    const dice = new Dice(seed)
    const commits = history(dice)
    const first = mark + 1
    let at = 1_700_000_000
    for (const { files, parents } of commits) {
      mark++
      // Some of the same second.
      at += dice.below(3) === 0 ? 0 : 10
      input += `commit refs/heads/s${seed}-${mark - first}\nmark :${mark}\ncommitter A <a@b> ${at} +0000\ndata 1\n.\n`
      const [from, ...others] = parents.map((parent) => first + parent)
      if (from !== undefined) input += `from :${from}\n`
      for (const other of others) input += `merge :${other}\n`
      input += 'deleteall\n'
      for (const [path, text] of files) input += `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`
    }
  }
  fixture.feed(input, '-c', 'fastimport.unpackLimit=0', 'fast-import', '--quiet', '--force')
  const refs = fixture.git('for-each-ref', '--format=%(refname:short) %(objectname)').split('\n')
  const oids = new Map(refs.map((line) => line.split(' ') as [string, string]))
  return seeds.flatMap((seed) => {
    const names = [...oids.keys()].filter((name) => name.startsWith(`s${seed}-`))
    const newest = names.map((name) => Number(name.split('-')[1])).sort((a, b) => b - a)
    const [one, two, three] = newest.map((number) => oids.get(`s${seed}-${number}`)!)
    return [
      { seed, onto: one!, head: two! },
      { seed, onto: three!, head: two! },
    ]
  })
}

/** Lines that each change something, then merge what the others have, from before they did the same; and that again. */
function history(dice: Dice): readonly Made[] {
  const text = (name: string) => Array.from({ length: 14 }, (_, line) => `${name} ${line}\n`).join('')
  const commits: Made[] = [{ files: new Map(['a', 'b', 'd/c'].map((path) => [path, text(path)])), parents: [] }]
  const add = (files: Files, ...parents: number[]): number => commits.push({ files, parents }) - 1
  const edited = (from: number) => add(changed(dice, commits[from]!.files), from)
  let lines = Array.from({ length: 2 + dice.below(2) }, () => edited(0))
  for (let times = 1 + dice.below(3); times > 0; times--) {
    const before = lines
    lines = before.map((own, at) => {
      const [first = own, ...rest] = before.filter((_, other) => other !== at)
      const once = add(joined(dice, commits[0]!.files, commits[own]!.files, commits[first]!.files), own, first)
      const more = rest[0]
      if (more === undefined || dice.below(3) === 0) return once
      return add(joined(dice, commits[0]!.files, commits[once]!.files, commits[more]!.files), once, more)
    })
    if (dice.below(3) > 0) lines = lines.map((line) => (dice.below(3) > 0 ? edited(line) : line))
  }
  return commits
}

/** What somebody might make of a merge: what goes together, and one of the two, or something else, where it does not. */
function joined(dice: Dice, base: Files, ours: Files, theirs: Files): Files {
  const files = new Map<string, string>()
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    const [old = '', left, right] = [base.get(path), ours.get(path), theirs.get(path)]
    const picked = dice.below(2) === 0 ? (left ?? right) : (right ?? left)
    const merged = left !== undefined && right !== undefined ? mergeLines(old, left, right) : picked
    // The same words, whoever resolves it; or not.
    const resolved = dice.below(2) === 0 ? ((left ?? '') < (right ?? '') ? left : right) : picked
    if (left === undefined || right === undefined ? dice.below(4) > 0 : true) files.set(path, merged ?? resolved ?? '')
  }
  return files
}

function changed(dice: Dice, before: Files): Files {
  const files = new Map(before)
  for (let count = 1 + dice.below(2); count > 0; count--) {
    const path = dice.of(['a', 'b', 'd/c', 'e'])
    const lines = (files.get(path) ?? '').split(/(?<=\n)/)
    const kind = dice.below(12)
    const at = dice.below(Math.max(1, lines.length))
    if (kind === 0) files.delete(path)
    else if (kind === 1) lines.splice(at, 1)
    else if (kind === 2) lines.splice(at, 0, `new ${dice.below(3)}\n`)
    else lines[at] = `${path} ${at} is ${dice.below(3)}\n`
    if (kind !== 0) files.set(path, lines.join(''))
  }
  return files
}
