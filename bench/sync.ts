import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Repository, Snapshot } from '../src/sync/port.ts'
import { openRepository } from '../src/sync/repository.ts'
import { type GitServer, startGitServer } from '../test/sync/git-server.ts'

const rounds = 15
const execute = promisify(execFile)
const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
}

const sizes = [1_000, 10_000, 50_000]

interface Result {
  readonly files: number
  /** Of git alone, and of both back ends; ms. */
  readonly times: Readonly<Record<Looker, number>>
}

type Looker = 'git' | 'native' | 'embedded'

/**
 * Repositories of 1,000, 10,000 and 50,000 files (or of the sizes told), one of which changes and is pushed: how long until the
 * changed file and its content are known, side by side with `git fetch` and `git diff-tree` (names only) on the same server.
 */
export async function run(args: readonly string[]): Promise<void> {
  const told = args.filter((arg) => /^\d+$/.test(arg)).map(Number)
  const results: Result[] = []
  for (const files of told.length > 0 ? told : sizes) results.push(await measure(files))
  const ratios = (name: Looker): string =>
    results.map(({ times }) => `${(times[name] / times.git).toFixed(2)}x`).join(' / ')
  const counts = results.map(({ files }) => files.toLocaleString('en')).join(' / ')
  console.log(`sync: ${ratios('native')} native, ${ratios('embedded')} embedded at ${counts} files (targets 2x, 5x)`)
}

async function measure(files: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-sync-'))
  const source = join(folder, 'root', 'repo')
  makeSource(source, files)
  const server = await startGitServer(join(folder, 'root'))
  try {
    return await compare(server, source, folder, files)
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compare(server: GitServer, source: string, folder: string, files: number): Promise<Result> {
  const url = `${server.origin}/repo/.git`
  const plain = await new PlainGit(url, join(folder, 'plain')).clone()
  // One after the other: the first clone is measured too.
  const berth: Follower[] = []
  for (const backend of ['native', 'embedded'] as const) {
    berth.push(await Follower.open(url, join(folder, backend), backend))
  }
  const times: Record<Looker, number[]> = { git: [], native: [], embedded: [] }
  for (let round = 0; round < rounds + 2; round++) {
    push(source, round)
    await plain.remember()
    const looks = [
      { name: 'git' as const, look: () => plain.look() },
      ...berth.map((follower) => ({ name: follower.backend, look: () => follower.look() })),
    ]
    // Each goes first in turn, so that none always finds the server's caches cold.
    for (let at = 0; at < looks.length; at++) {
      const { name, look } = looks[(round + at) % looks.length]!
      const start = performance.now()
      const changed = await look()
      const tookMs = performance.now() - start
      if (changed !== 1) throw new Error(`${name}: ${changed} changed files, expected 1`)
      if (round >= 2) times[name].push(tookMs)
    }
  }
  const medians = { git: median(times.git), native: median(times.native), embedded: median(times.embedded) }
  const parts = [`git fetch + git diff-tree ${ms(medians.git)}`]
  for (const follower of berth) {
    const { backend, firstMs } = follower
    const quietMs = await follower.quietLook()
    parts.push(
      `${backend} ${ms(medians[backend])} (nothing new ${ms(quietMs)}, first clone and listing ${ms(firstMs)})`,
    )
  }
  await Promise.all(berth.map((follower) => follower.close()))
  console.log(`${files.toLocaleString('en')} files, one changes: ${parts.join('; ')}; medians of ${rounds}`)
  return { files, times: medians }
}

function ms(duration: number): string {
  return `${duration.toFixed(duration < 100 ? 1 : 0)} ms`
}

class Follower {
  readonly backend: 'native' | 'embedded'
  readonly firstMs: number
  readonly #repository: Repository
  #snapshot: Snapshot

  constructor(repository: Repository, snapshot: Snapshot, firstMs: number) {
    this.backend = repository.backend
    this.#repository = repository
    this.#snapshot = snapshot
    this.firstMs = firstMs
  }

  static async open(url: string, storeDir: string, backend: 'native' | 'embedded'): Promise<Follower> {
    const start = performance.now()
    const repository = await openRepository({ url, storeDir, backend, revision: 'main' })
    const snapshot = await repository.snapshot((await repository.fetch()).oid, '')
    return new Follower(repository, snapshot, performance.now() - start)
  }

  async look(): Promise<number> {
    const { oid } = await this.#repository.fetch()
    this.#snapshot = await this.#repository.snapshot(oid, '', this.#snapshot)
    const changed = new Set(this.#snapshot.changed)
    const read = await this.#repository.read(this.#snapshot.files.filter(({ path }) => changed.has(path)))
    return read.size
  }

  async quietLook(): Promise<number> {
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const start = performance.now()
      await this.#repository.fetch()
      times.push(performance.now() - start)
    }
    return median(times)
  }

  close(): Promise<void> {
    return this.#repository.close()
  }
}

/** What a script would do with git alone: a bare, shallow clone, then fetch and compare. */
class PlainGit {
  readonly #gitDir: string
  readonly #url: string
  #head = ''

  constructor(url: string, gitDir: string) {
    this.#url = url
    this.#gitDir = gitDir
  }

  async clone(): Promise<this> {
    const args = ['clone', '-q', '--bare', '--depth=1', '--single-branch', this.#url, this.#gitDir]
    await execute('git', args, { env: environment })
    return this
  }

  /** Not measured: which commit the next look starts from. */
  async remember(): Promise<void> {
    this.#head = await this.#git('rev-parse', 'main')
  }

  async look(): Promise<number> {
    await this.#git('fetch', '-q', '--no-tags', this.#url, '+refs/heads/main:refs/heads/main')
    const changed = await this.#git('diff-tree', '-r', this.#head, 'main')
    return changed.split('\n').filter((line) => line !== '').length
  }

  async #git(...args: string[]): Promise<string> {
    const { stdout } = await execute('git', [`--git-dir=${this.#gitDir}`, ...args], { env: environment })
    return stdout.trim()
  }
}

function makeSource(path: string, files: number): void {
  mkdirSync(path, { recursive: true })
  git(path, 'init', '-q', '-b', 'main')
  for (let at = 0; at < files; at++) {
    const folder = join(path, `team-${at % 20}`, `app-${Math.floor(at / 20) % 50}`)
    if (at < 1000) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${at}.yaml`), manifest(at))
  }
  git(path, 'config', 'gc.auto', '0')
  git(path, 'add', '.')
  git(path, 'commit', '-q', '-m', 'All')
  git(path, 'repack', '-a', '-d', '-q')
}

function push(path: string, round: number): void {
  writeFileSync(join(path, 'team-0/app-0/0.yaml'), manifest(1_000_000 + round))
  git(path, 'commit', '-q', '-a', '-m', `Change ${round}`)
}

function manifest(seed: number): string {
  const data = Array.from({ length: 12 }, (_, at) => `  key-${at}: "${(seed * 2654435761 + at * 40503) % 4294967296}"`)
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-${seed}\ndata:\n${data.join('\n')}\n`
}

function git(path: string, ...args: string[]): void {
  execFileSync('git', ['-C', path, ...args], { env: environment })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
