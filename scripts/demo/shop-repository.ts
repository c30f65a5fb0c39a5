import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const example = resolve(import.meta.dirname, '../../manifests-example')

// Nobody's own settings (signing, hooks, templates) may change what the demo does.
const settings = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Demo',
  GIT_AUTHOR_EMAIL: 'demo@example.com',
  GIT_COMMITTER_NAME: 'Demo',
  GIT_COMMITTER_EMAIL: 'demo@example.com',
}

/** A repository made of `manifests-example`, and a clone of it in which somebody works and pushes. */
export class ShopRepository {
  /** What Berth follows. */
  readonly url: string
  readonly #work: string

  constructor(folder: string) {
    this.url = join(folder, 'shop.git')
    this.#work = join(folder, 'work')
    git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', this.url)
    git(folder, 'init', '--quiet', '--initial-branch=main', this.#work)
    this.#git('remote', 'add', 'origin', this.url)
    cpSync(example, this.#work, { recursive: true })
  }

  /** Commits everything as it is and pushes; answers the commit's id. */
  push(subject: string): string {
    this.#git('add', '--all')
    this.#git('commit', '--quiet', '--message', subject)
    this.#git('push', '--quiet', 'origin', 'main')
    return this.#git('rev-parse', 'HEAD')
  }

  /** Commits everything as it is on a new branch, and pushes that: a pull request, where no forge is. The clone stays on `main`. */
  propose(branch: string, subject: string): string {
    this.#git('checkout', '--quiet', '-b', branch)
    this.#git('commit', '--quiet', '--all', '--message', subject)
    this.#git('push', '--quiet', 'origin', branch)
    const commit = this.#git('rev-parse', 'HEAD')
    this.#git('checkout', '--quiet', 'main')
    return commit
  }

  /** Merges a branch into `main` and pushes; answers the id of the merge. */
  merge(branch: string): string {
    this.#git('merge', '--quiet', '--no-ff', '--no-edit', branch)
    this.#git('push', '--quiet', 'origin', 'main')
    return this.#git('rev-parse', 'HEAD')
  }

  /** Takes the newest commit back with a new one, and pushes. */
  revert(): string {
    this.#git('revert', '--no-edit', 'HEAD')
    this.#git('push', '--quiet', 'origin', 'main')
    return this.#git('rev-parse', 'HEAD')
  }

  replace(file: string, from: string, to: string): void {
    const path = join(this.#work, file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`${file} holds no "${from}"`)
    writeFileSync(path, text.replace(from, to))
  }

  remove(file: string): void {
    rmSync(join(this.#work, file))
  }

  #git(...args: string[]): string {
    return git(this.#work, ...args)
  }
}

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...settings } }).trim()
}
