import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRepository } from '../src/sync/repository.ts'
import { startGitServer } from '../test/sync/git-server.ts'

const rounds = 15
const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
}

/**
 * A repository of many files (10,000 unless told) on a Git server over HTTP, and one of its 500 folders that a commit broke: how long
 * until the commit that puts the folder back is made and pushed, and the same for taking the commit back three-way. Each by an engine
 * that has just fetched the head, which is what a failed rollout finds.
 */
export async function run(args: readonly string[]): Promise<void> {
  const files = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 10_000)
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-rollback-'))
  const bare = join(folder, 'root', 'repo.git')
  makeRepository(join(folder, 'work'), bare, files)
  const server = await startGitServer(join(folder, 'root'))
  try {
    const url = `${server.origin}/repo.git`
    const native = await measure(url, folder, 'native')
    const embedded = await measure(url, folder, 'embedded')
    console.log(`${files} files, ${rounds} times each; restore / revert, medians`)
    for (const [name, times] of Object.entries({ native, embedded })) {
      console.log(`${name}: ${median(times.restore).toFixed(0)} ms / ${median(times.revert).toFixed(0)} ms`)
    }
    const worst = Math.max(...embedded.restore).toFixed(0)
    console.log(
      `rollback: ${median(embedded.restore).toFixed(0)} ms p50, ${worst} ms at most, embedded (target 1000 ms)`,
    )
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Times {
  readonly restore: number[]
  readonly revert: number[]
}

async function measure(url: string, folder: string, backend: 'native' | 'embedded'): Promise<Times> {
  const repository = await openRepository({ url, storeDir: join(folder, backend), backend, revision: 'main' })
  const times: Times = { restore: [], revert: [] }
  const author = { name: 'Berth', email: 'berth@example.com' }
  let at = Date.now()
  const write = async (change: Parameters<typeof repository.write>[0]['change'], into?: number[]): Promise<string> => {
    const start = performance.now()
    const result = await repository.write({ change, message: 'Roll back', author, at: ++at })
    if (result.kind !== 'written') throw new Error(`expected a commit, got ${result.kind}`)
    into?.push(performance.now() - start)
    await repository.fetch()
    return result.oid
  }
  try {
    const { oid: bad } = await repository.fetch()
    const [parent = ''] = (await repository.commit(bad)).parents
    // The first also brings the commit that the store does not have.
    let last = await write({ kind: 'restore', path: 'team-0/app-0', to: parent })
    for (let round = 0; round < rounds; round++) {
      last = await write({ kind: 'revert', commit: last }, times.revert)
      last = await write({ kind: 'restore', path: 'team-0/app-0', to: parent }, times.restore)
    }
    await write({ kind: 'revert', commit: last })
  } finally {
    await repository.close()
  }
  return times
}

function makeRepository(work: string, bare: string, files: number): void {
  mkdirSync(work, { recursive: true })
  git(work, 'init', '-q', '-b', 'main')
  for (let at = 0; at < files; at++) {
    const folder = join(work, `team-${at % 20}`, `app-${Math.floor(at / 20) % 25}`)
    if (at < 500) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${at}.yaml`), `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-${at}\n`)
  }
  git(work, 'add', '.')
  git(work, 'commit', '-q', '-m', 'All')
  writeFileSync(join(work, 'team-0/app-0/0.yaml'), 'broken\n')
  git(work, 'commit', '-q', '-a', '-m', 'Break')
  git(work, 'clone', '-q', '--bare', work, bare)
  git(bare, 'repack', '-a', '-d', '-q')
  git(bare, 'config', 'http.receivepack', 'true')
  git(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
}

function git(path: string, ...args: string[]): void {
  execFileSync('git', ['-C', path, ...args], { env: environment })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
