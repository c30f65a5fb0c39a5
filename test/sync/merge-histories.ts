import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { BaseFinder } from '../../src/sync/merge/bases.ts'
import { mergeThree } from '../../src/sync/merge/merge-three.ts'
import { FolderReader } from '../../src/sync/objects/folder.ts'
import { environment, Fixture, Sandbox } from './fixture.ts'
import { Dice, meddle, paths } from './revert-histories.ts'

export interface MergeCounts {
  /** Merged by both, with the same tree. */
  clean: number
  /** A conflict for both. */
  conflicts: number
  /** Not known to us, or a conflict for us alone. */
  careful: number
  /** Pairs that come from several commits. */
  crossed: number
  /** Where we said what is not so: what must not be. */
  readonly differing: string[]
}

/** Makes a history with branches for each seed, and merges pairs of its commits: by ourselves, and with `git merge-tree`. */
export async function compareMerges(seeds: readonly number[]): Promise<MergeCounts> {
  const counts: MergeCounts = { clean: 0, conflicts: 0, careful: 0, crossed: 0, differing: [] }
  for (const seed of seeds) {
    using sandbox = new Sandbox()
    const dice = new Dice(seed)
    const fixture = new Fixture(sandbox.path)
    const commits = makeBranches(dice, fixture)
    const reader = new FolderReader(join(fixture.path, '.git/objects'))
    try {
      for (let pairs = 0; pairs < 8; pairs++) {
        await compare(fixture, reader, [dice.of(commits), dice.of(commits)], counts, `seed ${seed}`)
      }
    } finally {
      reader.close()
    }
  }
  return counts
}

async function compare(
  fixture: Fixture,
  reader: FolderReader,
  [onto, head]: readonly [string, string],
  counts: MergeCounts,
  title: string,
): Promise<void> {
  const bases = await new BaseFinder(reader).find(onto, head)
  const found = bases.kind === 'found' ? bases.oids.toSorted().join(' ') : bases.kind
  const expected = lines(fixture, 'merge-base', '--all', onto, head).toSorted().join(' ')
  if (found !== expected) counts.differing.push(`${title}: bases of ${onto} ${head}: ${found}, expected ${expected}`)
  if (found.includes(' ')) counts.crossed++
  if (found === '' || found.includes(' ')) return
  const [base, ours, theirs] = [found, onto, head].map((oid) => fixture.head(`${oid}^{tree}`))
  const merged = await mergeThree(reader, { base: base!, ours: ours!, theirs: theirs! })
  const [tree] = lines(fixture, 'merge-tree', '--write-tree', '--no-messages', onto, head)
  if (merged.kind === 'merged') {
    if (merged.tree === tree) counts.clean++
    else counts.differing.push(`${title}: ${onto} ${head}: ${merged.tree}, expected ${tree ?? 'a conflict'}`)
  } else if (tree !== undefined || merged.kind === 'unknown') counts.careful++
  else counts.conflicts++
}

/** What git prints; nothing when it says no. */
function lines(fixture: Fixture, ...args: string[]): string[] {
  try {
    return execFileSync('git', args, { cwd: fixture.path, env: environment, encoding: 'utf8', stdio: 'pipe' })
      .split('\n')
      .filter((line) => line !== '')
  } catch {
    return []
  }
}

/** Commits on several branches, each a small change of an earlier one, or of two. */
function makeBranches(dice: Dice, fixture: Fixture): string[] {
  for (const path of paths.filter((path) => path !== 'c/in')) fixture.write(path, dice.text())
  const commits = [fixture.commit({})]
  for (let count = 0; count < 12; count++) {
    const from = commits[Math.max(0, commits.length - 1 - dice.below(4))]!
    fixture.git('checkout', '-q', '--detach', '-f', from)
    fixture.git('clean', '-q', '-f', '-d', '-x')
    meddle(dice, fixture.path, dice.of(paths))
    fixture.git('add', '-A')
    const parents = dice.below(2) === 0 ? [from, dice.of(commits)] : [from]
    commits.push(fixture.commitTree(fixture.git('write-tree'), ...new Set(parents)))
  }
  return commits
}
