import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { GitError } from '../errors.ts'
import type { NativeGit } from '../native-git.ts'
import { meaningOf } from '../native-transfer.ts'
import { FolderReader } from '../objects/folder.ts'
import { maxTreeBytes, nothing } from '../objects/reader.ts'
import { showPath } from '../objects/tree.ts'
import { commitBytes } from '../write/commit-text.ts'
import { Draft, type NewObject } from '../write/draft.ts'
import type { Forebear } from './lineage.ts'
import type { TreesMerged } from './merge-three.ts'

export interface NativeMergeParts {
  readonly git: NativeGit
  /** For a while, and of nobody else. */
  readonly folder: string
}

/** Root trees, and the commits that both come from, each after those behind it. */
export interface NativeSides {
  readonly ours: string
  readonly theirs: string
  readonly forebears: readonly (Forebear & { readonly behind: readonly string[] })[]
}

/** Merges two trees with `git merge-tree`, in a repository made for it that borrows all objects and is gone afterwards. */
export class NativeMerge {
  readonly #parts: NativeMergeParts
  /** Git before 2.38 has another command of that name. */
  #unknown = false

  constructor(parts: NativeMergeParts) {
    this.#parts = parts
  }

  /** `extra`: objects that are in none of the folders. Undefined: this git cannot. */
  async merge(
    sides: NativeSides,
    { folders, extra }: { readonly folders: readonly string[]; readonly extra: readonly NewObject[] },
    deadline: number,
  ): Promise<TreesMerged | undefined> {
    if (this.#unknown) return undefined
    const { git, folder } = this.#parts
    const objects = join(folder, 'objects')
    rmSync(folder, { recursive: true, force: true })
    try {
      mkdirSync(join(objects, 'info'), { recursive: true, mode: 0o700 })
      mkdirSync(join(folder, 'refs'))
      writeFileSync(join(folder, 'HEAD'), 'ref: refs/heads/none\n')
      writeFileSync(join(objects, 'info/alternates'), folders.map((path) => `${path}\n`).join(''))
      const draft = new Draft(nothing)
      const [ours, theirs] = sidesOf(draft, sides)
      const given = [...extra, ...draft.all()]
      writeBriefly(objects, given)
      const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ours, theirs]
      const { code, stdout, stderr } = await git.run({ args: [`--git-dir=${folder}`, ...args], deadline })
      const [tree = '', ...paths] = stdout.split('\0').filter((part) => part !== '')
      if (code === 1 && isId(tree)) return { kind: 'conflict', paths: [...new Set(paths)].map(showPath).sort() }
      if (code === 0 && isId(tree)) {
        return { kind: 'merged', tree, objects: await madeIn(objects, new Set(given.map(({ oid }) => oid))) }
      }
      this.#unknown = code === 129
      if (this.#unknown) return undefined
      const said = stderr.trim().split('\n').at(-1) ?? ''
      throw new GitError(meaningOf(stderr), 'git', `git merge-tree failed: ${said.slice(0, 300)}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text)
}

/** Two commits, and those that they come from: all of the history that git has to see. */
function sidesOf(draft: Draft, { ours, theirs, forebears }: NativeSides): readonly [string, string] {
  const author = { name: 'berth', email: 'berth@localhost' }
  const made = new Map<string, string>()
  const commit = (tree: string, parents: Iterable<string>, at: number, message: string) =>
    draft.put('commit', commitBytes({ tree, parents: [...parents], author, at: at * 1000, message }))
  for (const { oid, tree, at, behind } of forebears) {
    // Git looks at their times: it merges the oldest first.
    const parents = behind.map((one) => made.get(one)!)
    made.set(oid, commit(tree, parents, at, oid))
  }
  const last = forebears.reduce((latest, { at }) => Math.max(latest, at), 0)
  return [commit(ours, made.values(), last, 'ours'), commit(theirs, made.values(), last, 'theirs')]
}

/** As loose files that nobody needs to find after a loss of power. */
function writeBriefly(objects: string, made: readonly NewObject[]): void {
  for (const { oid, type, data } of made) {
    const path = join(objects, oid.slice(0, 2))
    mkdirSync(path, { recursive: true })
    const whole = Buffer.concat([Buffer.from(`${type} ${data.length}\0`), data])
    writeFileSync(join(path, oid.slice(2)), deflateSync(whole, { level: 1 }))
  }
}

async function madeIn(objects: string, given: ReadonlySet<string>): Promise<NewObject[]> {
  const fans = readdirSync(objects).filter((name) => /^[0-9a-f]{2}$/.test(name))
  const oids = fans.flatMap((fan) => readdirSync(join(objects, fan)).map((rest) => fan + rest))
  const made = oids.filter((oid) => isId(oid) && !given.has(oid))
  const reader = new FolderReader(objects)
  try {
    const found = await reader.objects(made, maxTreeBytes)
    return found.flatMap((object, at) =>
      object?.data ? [{ oid: made[at]!, type: object.type, data: object.data }] : [],
    )
  } finally {
    reader.close()
  }
}
