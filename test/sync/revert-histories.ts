import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { GitError } from '../../src/sync/errors.ts'
import { FolderReader } from '../../src/sync/objects/folder.ts'
import { changedTree } from '../../src/sync/write/build.ts'
import { Draft } from '../../src/sync/write/draft.ts'
import { environment, Fixture, Sandbox } from './fixture.ts'

export interface Counts {
  /** Taken back by both, with the same tree. */
  clean: number
  /** A conflict for both. */
  conflicts: number
  /** A conflict for us alone. */
  careful: number
  /** Where we gave a tree and git another one, or none: what must not be. */
  readonly differing: string[]
}

/** Makes a history for each seed, and takes each of its commits back at its end: by ourselves, and with `git revert`. */
export async function compareReverts(seeds: readonly number[]): Promise<Counts> {
  const counts: Counts = { clean: 0, conflicts: 0, careful: 0, differing: [] }
  for (const seed of seeds) {
    using sandbox = new Sandbox()
    const fixture = new Fixture(sandbox.path)
    const commits = makeHistory(new Dice(seed), fixture)
    for (const commit of commits) {
      const { ours, theirs } = await revertBoth(fixture, commit)
      if (ours === theirs) counts[ours === undefined ? 'conflicts' : 'clean']++
      else if (ours === undefined) counts.careful++
      else counts.differing.push(`seed ${seed}: ${commit}: ${ours}, expected ${theirs ?? 'a conflict'}`)
    }
  }
  return counts
}

/** The root tree after taking a commit back, by ourselves and with `git revert`; undefined: a conflict. The work tree stays. */
export async function revertBoth(fixture: Fixture, commit: string) {
  const reader = new FolderReader(join(fixture.path, '.git/objects'))
  try {
    return { ours: await ownRevert(reader, fixture.head(), commit), theirs: gitRevert(fixture, commit) }
  } finally {
    reader.close()
  }
}

async function ownRevert(reader: FolderReader, head: string, commit: string): Promise<string | undefined> {
  const draft = new Draft(reader)
  try {
    return await changedTree(draft, await draft.commit(head), { kind: 'revert', commit })
  } catch (error) {
    if (error instanceof GitError && error.code === 'CONFLICT') return undefined
    throw error
  }
}

function gitRevert(fixture: Fixture, commit: string): string | undefined {
  const mainline = fixture.git('rev-list', '--parents', '-1', commit).split(' ').length > 2 ? ['-m', '1'] : []
  const options = { cwd: fixture.path, env: environment, stdio: 'ignore' } as const
  try {
    execFileSync('git', ['revert', '--no-commit', ...mainline, commit], options)
    return fixture.git('write-tree')
  } catch {
    return undefined
  } finally {
    fixture.git('reset', '-q', '--hard')
  }
}

export const paths = [
  'a.yaml',
  'b.yaml',
  'c',
  'c.d',
  'c/in',
  'sub/a.yaml',
  'sub/b.yaml',
  'sub/deep/x',
  'sub/deep/y',
  'z/run',
]

/** Commits but the first, some of them merges. */
function makeHistory(dice: Dice, fixture: Fixture): string[] {
  for (const path of paths.filter((path) => path !== 'c/in')) fixture.write(path, dice.text())
  const commits = [fixture.commit({})]
  for (let count = 0; count < 7; count++) {
    for (let changes = 1 + dice.below(3); changes > 0; changes--) meddle(dice, fixture.path, dice.of(paths))
    const oid = fixture.commit({})
    commits.push(dice.below(4) === 0 ? fixture.commitTree(fixture.git('write-tree'), commits.at(-1)!, oid) : oid)
  }
  return commits.slice(1)
}

/** Does one random thing to a file of the work tree. */
export function meddle(dice: Dice, root: string, path: string): void {
  const file = join(root, path)
  const found = statOf(file)
  const kind = dice.below(12)
  if (!found?.isFile() || kind === 0) {
    for (let at = dirname(file); at !== root; at = dirname(at)) {
      if (statOf(at)?.isDirectory() === false) rmSync(at)
    }
    rmSync(file, { recursive: true, force: true })
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, dice.text())
  } else if (kind === 1) rmSync(file)
  else if (kind === 2) chmodSync(file, dice.of([0o644, 0o755]))
  else if (kind === 3) {
    rmSync(file)
    symlinkSync(`target-${dice.below(3)}`, file)
  } else if (kind === 4 || kind === 5) move(dice, root, path, kind === 5)
  else edit(dice, file)
}

/** A file, or its whole folder, gets another name. */
function move(dice: Dice, root: string, path: string, whole: boolean): void {
  const from = join(root, whole && path.includes('/') ? path.split('/')[0]! : path)
  const to = `${from}-${dice.below(3)}`
  if (statOf(to)) return
  renameSync(from, to)
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

function edit(dice: Dice, file: string): void {
  const lines = readFileSync(file, 'utf8').split(/(?<=\n)/)
  const at = dice.below(lines.length + 1)
  lines.splice(at, dice.below(3), ...Array.from({ length: dice.below(3) }, () => dice.line()))
  writeFileSync(file, lines.join(''))
}

/** Numbers that look random and are the same in every run. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = (seed * 2654435761) % 4294967296
  }

  below(most: number): number {
    this.#state = (this.#state * 1664525 + 1013904223) % 4294967296
    return Math.floor((this.#state / 4294967296) * most)
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  /** Few different ones, so that equal lines are near each other. */
  line(): string {
    return this.of(['---\n', '\n', `key: ${this.below(5)}\n`, `name: ${this.below(1000)}\n`])
  }

  text(): string {
    return Array.from({ length: 10 + this.below(20) }, () => this.line()).join('')
  }
}
